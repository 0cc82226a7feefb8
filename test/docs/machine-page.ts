import type { AnyStateMachine } from 'xstate'
import { toMermaid } from '../../machines/diagram.ts'

/** One message of the protocol, as its line in `machines/protocol.ts` tells it. */
interface Message {
  readonly type: string
  readonly from: string
  readonly to: string
  readonly why: string
}

/**
 * The page that shows every machine and every message, in Markdown.
 * @param machines - Machines with the same id are one: the chart and its variant with a fast path.
 * @param protocol - Source of `machines/protocol.ts`.
 * @throws {Error} when a machine has no description, or a message no line on who sends it to whom and why.
 */
export function machinePage(machines: readonly AnyStateMachine[], protocol: string): string {
  const byId = new Map(machines.map((machine) => [machine.id, machine]))
  // Not as given: a loader of modules need not keep the order of exports.
  const ordered = [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  return [
    '# Machines and messages',
    '',
    'Generated from `machines/` by `npm run docs`; a test fails when it is out of date.',
    'An arrow says `event [guard] / actions`. What changes no state stands in the state.',
    ...ordered.flatMap(machineSection),
    '',
    '## Messages',
    ...unionsOf(protocol).flatMap(messageSection),
    '',
  ].join('\n')
}

function machineSection(machine: AnyStateMachine): string[] {
  const states = statesOf(machine.root)
  return [
    '',
    `## ${machine.id}`,
    '',
    described(machine.root),
    '',
    '```mermaid',
    toMermaid(machine),
    '```',
    '',
    ...table(
      ['State', 'Meaning'],
      states.map((state) => [`\`${state.path.join('.')}\``, described(state)]),
    ),
  ]
}

function statesOf(node: AnyStateMachine['root']): AnyStateMachine['root'][] {
  return Object.values(node.states).flatMap((state) => [state, ...statesOf(state)])
}

function described({ id, description }: AnyStateMachine['root']): string {
  if (description === undefined) throw new Error(`${id} has no description. Say in one sentence what it is.`)
  return description
}

const UNION = /(?:\/\*\*([^*]*)\*\/\s*)?export type (\w+Message) =([\s\S]*?)(?=\n\n|\n*$)/g
const MEMBER = /(?:\/\*\*((?:[^*]|\*(?!\/))*)\*\/\s*)?\| \{\s*readonly type: '([^']+)'/g

function unionsOf(protocol: string): { readonly title: string; readonly messages: readonly Message[] }[] {
  return [...protocol.matchAll(UNION)].map(([, title, name = '', members = '']) => ({
    title: title?.trim().replace(/\.$/, '') ?? name,
    messages: [...members.matchAll(MEMBER)].map(([, comment, type = '']) => messageOf(type, comment)),
  }))
}

function messageOf(type: string, comment = ''): Message {
  const line = comment.replaceAll(/\s*\n\s*\*?\s*/g, ' ').trim()
  const [, from, to, why] = /^([^→:]+) → ([^:]+): (.+)$/.exec(line) ?? []
  if (from === undefined || to === undefined || why === undefined) {
    throw new Error(`${type} needs the line /** sender → receiver: why. */ above it, has "${line}".`)
  }
  return { type, from, to, why }
}

function messageSection({ title, messages }: ReturnType<typeof unionsOf>[number]): string[] {
  const rows = messages.map(({ type, from, to, why }) => [`\`${type}\``, `${from} → ${to}`, why])
  return ['', `### ${title}`, '', ...table(['Message', 'From → to', 'Why'], rows)]
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)]
}
