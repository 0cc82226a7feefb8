import { describe, expect, it } from 'vitest'
import { type AnyStateMachine, createActor, createMachine } from 'xstate'
import { TroupeError } from '../../src/errors.ts'
import { withFlatPath } from '../../machines/flat-path.ts'

const PARTS = {
  context: () => ({ count: 0 }),
  guards: { isFew: ({ context }: { context: { count: number } }) => context.count < 2 },
  deeds: { nothing: () => {} },
  changes: { count: ({ context }: { context: { count: number } }) => ({ count: context.count + 1 }) },
  messages: {},
  addressee: () => {
    throw new Error('There is nobody to send to.')
  },
}

const NOT_FLAT: Readonly<Record<string, AnyStateMachine>> = {
  'a state within a state': createMachine({
    initial: 'a',
    states: { a: { initial: 'b', states: { b: {} } } },
  }),
  'a transition that needs no message': createMachine({
    initial: 'a',
    states: { a: { always: 'b' }, b: {} },
  }),
  'a timer': createMachine({ initial: 'a', states: { a: { after: { 5: 'b' } }, b: {} } }),
  'an exit action': createMachine({
    initial: 'a',
    states: { a: { exit: 'nothing', on: { go: 'b' } }, b: {} },
  }),
  'a transition of the whole': createMachine({ initial: 'a', states: { a: {} }, on: { go: '.a' } }),
  'a state that leads to itself': createMachine({ initial: 'a', states: { a: { on: { go: 'a' } } } }),
  'an action that it does not know': createMachine({ initial: 'a', states: { a: { entry: 'unheardOf' } } }),
}

describe('a chart that is run by a table', () => {
  it.each(Object.keys(NOT_FLAT))('may not have %s', (what) => {
    const machine = NOT_FLAT[what] as AnyStateMachine
    expect(() => withFlatPath(machine, PARTS)).toThrow(TroupeError)
  })

  it('goes on as its guards say, and keeps its context when nothing changes it', () => {
    const chart = createMachine({
      context: { count: 0 },
      initial: 'a',
      states: {
        a: {
          entry: 'count',
          on: {
            go: [{ guard: 'isFew', target: 'a', reenter: true }, { target: 'b' }],
            rest: { actions: 'nothing' },
          },
        },
        b: { type: 'final' },
      },
    })
    const actor = createActor(withFlatPath(chart, PARTS)).start()
    const first = actor.getSnapshot()
    actor.send({ type: 'rest' })
    actor.send({ type: 'unknown' })
    expect(actor.getSnapshot().context).toBe(first.context)
    actor.send({ type: 'go' })
    expect(actor.getSnapshot()).toMatchObject({ value: 'a', status: 'active', context: { count: 2 } })
    actor.send({ type: 'go' })
    expect(actor.getSnapshot()).toMatchObject({ value: 'b', status: 'done', context: { count: 2 } })
  })
})
