import type { AnyStateMachine } from 'xstate'

type StateNode = AnyStateMachine['root']
type Transition = NonNullable<StateNode['always']>[number]
type Named = string | { readonly type: string } | ((...args: never[]) => unknown)

/**
 * A machine as a Mermaid `stateDiagram-v2`, read off the machine itself, so it cannot be out of date.
 *
 * Nested states are boxes in boxes, regions of a parallel state are divided by lines. An arrow says
 * `event [guard] / actions`; `[else]` marks what is taken when the guards before it do not hold. What leads to no other
 * state (entry and exit actions, invoked actors, transitions without a target) stands in the state itself, or in
 * a note beside a state that has states in it.
 * @param machine - Any XState machine. Guards and actions that have no name show as `inline`.
 * @example console.log(toMermaid(trialMachine))
 */
export function toMermaid(machine: AnyStateMachine): string {
  const { root } = machine
  // Mermaid has regions only within a state.
  const isBoxed = root.type === 'parallel' || linesInside(root).length > 0
  const body = isBoxed ? linesOfState(root) : linesOfScope(root)
  return ['stateDiagram-v2', ...indent(body)].join('\n')
}

function linesOfState(node: StateNode): string[] {
  const id = idOf(node)
  if (node.type === 'history') return [`state "${node.history === 'deep' ? 'H*' : 'H'}" as ${id}`]
  const declaration = `state "${escape(node.key)}" as ${id}`
  const inside = linesInside(node).map(escape)
  if (childrenOf(node).length === 0) return [declaration, ...inside.map((line) => `${id} : ${line}`)]
  // Mermaid refuses descriptions of a state that has states in it.
  const note = inside.length === 0 ? [] : [`note left of ${id}`, ...indent(inside), 'end note']
  return [`${declaration} {`, ...indent(linesOfScope(node)), '}', ...note]
}

/** All that is drawn within `scope`: its states, then the arrows whose nearest common ancestor it is. */
function linesOfScope(scope: StateNode): string[] {
  const children = childrenOf(scope)
  if (scope.type === 'parallel') {
    return children.flatMap((region, i) => [...(i === 0 ? [] : ['--']), ...linesOfState(region)])
  }
  const first = scope.initial.target.map((target) => `[*] --> ${idOf(target)}`)
  const ends = children.filter((child) => child.type === 'final').map((child) => `${idOf(child)} --> [*]`)
  return [...children.flatMap(linesOfState), ...first, ...arrowsWithin(scope, scope), ...ends]
}

function arrowsWithin(scope: StateNode, from: StateNode): string[] {
  const own = transitionsOf(from).flatMap(({ transition, otherwise }) =>
    (transition.target ?? [])
      .filter((target) => !staysInside(from, target) && commonAncestor(from, target) === scope)
      .map((target) => `${idOf(from)} --> ${idOf(target)} : ${escape(label(transition, otherwise))}`),
  )
  return [...own, ...childrenOf(from).flatMap((child) => arrowsWithin(scope, child))]
}

function linesInside(node: StateNode): string[] {
  const entry = [
    ...node.entry.flatMap(nameOfAction),
    ...node.invoke.map(({ src }) => `invoke ${nameOf(src)}`),
  ]
  const exit = node.exit.flatMap(nameOfAction)
  const inner = transitionsOf(node).flatMap(({ transition, otherwise }) => {
    const text = label(transition, otherwise)
    if (transition.target === undefined) return [text]
    // Mermaid's layout fails on an arrow from a box to what is inside of it.
    const inside = transition.target.filter((target) => target !== node && staysInside(node, target))
    return inside.map((target) => `${text} → ${target.path.slice(node.path.length).join('.')}`)
  })
  return [
    ...(entry.length === 0 ? [] : [`entry / ${entry.join(', ')}`]),
    ...(exit.length === 0 ? [] : [`exit / ${exit.join(', ')}`]),
    ...inner,
  ]
}

function transitionsOf(node: StateNode): { transition: Transition; otherwise: boolean }[] {
  return [...(node.always === undefined ? [] : [node.always]), ...node.transitions.values()].flatMap(
    (candidates) =>
      candidates.map((transition, i) => ({ transition, otherwise: i > 0 && transition.guard === undefined })),
  )
}

function label({ eventType, guard, actions }: Transition, otherwise: boolean): string {
  const condition = otherwise ? 'else' : guard === undefined ? '' : nameOfGuard(guard)
  const effects = actions.flatMap(nameOfAction).join(', ')
  return [nameOfEvent(eventType), condition && `[${condition}]`, effects && `/ ${effects}`]
    .filter(Boolean)
    .join(' ')
}

const BUILT_IN_EVENT = /^xstate\.(after|done\.actor|done\.state|error\.actor|snapshot)\.(.+)$/

function nameOfEvent(type: string): string {
  const [, kind, about = ''] = BUILT_IN_EVENT.exec(type) ?? []
  if (kind === undefined) return type
  if (kind === 'done.state') return 'done'
  if (kind !== 'after') return `${kind.replace('.actor', '')}(${about})`
  // The delay, in milliseconds or by its name; then the state's id.
  const [delay = ''] = about.split('.')
  return Number.isNaN(Number(delay)) ? `after ${delay}` : `after ${delay} ms`
}

function nameOfGuard(guard: Named & { readonly guards?: readonly Named[] }): string {
  const parts = typeof guard === 'function' ? guard.guards?.map(nameOfGuard) : undefined
  if (parts === undefined) return nameOf(guard)
  const names = parts.map((part) => (part.includes(' ') ? `(${part})` : part))
  return nameOf(guard) === 'not' ? `not ${names.join()}` : names.join(` ${nameOf(guard)} `)
}

function nameOfAction(action: Named & { readonly event?: unknown; readonly sendId?: unknown }): string[] {
  // XState's own bookkeeping of `after`: the arrow says it already.
  const id = typeof action === 'function' ? (action.sendId ?? typeOf(action.event)) : ''
  return typeof id === 'string' && id.startsWith('xstate.after.') ? [] : [nameOf(action)]
}

function nameOf(named: unknown): string {
  const name = typeof named === 'function' ? named.name : (typeOf(named) ?? named)
  return typeof name !== 'string' || ['', 'actions', 'guard'].includes(name) ? 'inline' : name
}

function typeOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined
}

function childrenOf(node: StateNode): StateNode[] {
  return Object.values(node.states)
}

function staysInside(ancestor: StateNode, node: StateNode): boolean {
  return ancestor !== node && ancestor.path.every((key, i) => key === node.path[i])
}

function commonAncestor(a: StateNode, b: StateNode): StateNode {
  let scope = a.parent ?? a
  while (scope.parent !== undefined && !staysInside(scope, b)) scope = scope.parent
  return scope
}

// Words that Mermaid's state diagrams read as something else than the name of a state.
const RESERVED =
  /^(accDescr|accTitle|as|class|classDef|click|default|direction|end|hide|href|note|scale|state|style)$/i

function idOf(node: StateNode): string {
  const id = (node.path.length === 0 ? [node.key] : node.path).join('__').replaceAll(/\W/g, '_')
  return RESERVED.test(id) ? `${id}_` : id
}

// Mermaid ends a statement at `;` and reads `#…;` as a character's code.
function escape(text: string): string {
  return text.replaceAll(/[#;"<>]/g, (char) => `#${char.charCodeAt(0)};`)
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`)
}
