import { readFile } from 'node:fs/promises'
import { setup, StateMachine } from 'xstate'
import { describe, expect, it } from 'vitest'
import * as exported from '../../machines/index.ts'
import { machinePage } from '../docs/machine-page.ts'

const lamp = setup({}).createMachine({
  id: 'lamp',
  description: 'Gives light.',
  initial: 'dark',
  states: {
    dark: { description: 'Off.', on: { 'lamp.switch': 'bright' } },
    bright: { description: 'On.', type: 'final' },
  },
})

const protocol = `
/** What a lamp understands. */
export type LampMessage =
  /** hand → lamp: give light | or dark. */
  | { readonly type: 'lamp.switch' }
  /**
   * cat or dog → lamp: fall,
   * and break.
   */
  | {
      readonly type: 'lamp.push'
      readonly force: { readonly type: 'strong' }
    }

export type Other = { readonly type: 'no.message' }
`

describe('docs/machines.md', () => {
  it('is what the machines and the protocol say now', async () => {
    const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8')
    const machines = Object.values(exported).filter((value) => value instanceof StateMachine)
    const page = machinePage(machines, await read('machines/protocol.ts'))
    expect(await read('docs/machines.md'), 'out of date: run npm run docs').toBe(page)
  })

  it('shows each machine once, with its states, and each message with sender, receiver and reason', () => {
    const page = machinePage([lamp, Object.create(lamp)], protocol)
    expect(page.match(/## lamp/g)).toHaveLength(1)
    expect(page).toContain('dark --> bright : lamp.switch')
    expect(page).toContain('| `bright` | On. |')
    expect(page).toContain('### What a lamp understands')
    expect(page).toContain('| `lamp.switch` | hand → lamp | give light \\| or dark. |')
    expect(page).toContain('| `lamp.push` | cat or dog → lamp | fall, and break. |')
    expect(page).not.toContain('no.message')
  })

  it('cannot be made while a message lacks its line', () => {
    const silent = protocol.replace('hand → lamp: give', 'give')
    expect(() => machinePage([lamp], silent)).toThrow(/lamp\.switch needs the line/)
  })

  it('cannot be made while a state lacks its description', () => {
    const mute = setup({}).createMachine({
      id: 'mute',
      description: 'Says nothing.',
      initial: 'a',
      states: { a: {} },
    })
    expect(() => machinePage([mute], '')).toThrow(/mute\.a has no description/)
  })
})
