import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { getShortestPaths, getSimplePaths } from 'xstate/graph'
import { schedulerChart, schedulerMachine, searcherChart, searcherMachine } from 'troupe/machines'
import { DivergenceError, OptionError, SpaceError } from '../../src/errors.ts'
import { type Behaviour, type PolicyHarness, startPolicy } from './policy-harness.ts'

/** Milliseconds until the policy is ready again. */
function waitsFor(policy: PolicyHarness): number {
  const start = policy.now()
  while (policy.state() === 'backoff' && policy.now() < start + 100_000) policy.pass(1)
  return policy.now() - start
}

describe.each(['searcher', 'scheduler'] as const)('the actor around a %s', (actor) => {
  it('answers at once, message by message', () => {
    const policy = startPolicy({ actor })
    policy.send('a')
    policy.send('b')
    expect(policy.told).toEqual(['answered a', 'answered b'])
  })

  it('starts a policy that threw again after 100 ms, and tries the message again', () => {
    const policy = startPolicy({ actor })
    policy.send('a', 'throw')
    expect(policy.state()).toBe('backoff')
    policy.pass(99)
    expect(policy.calls).toEqual(['throw a'])
    policy.pass(1)
    expect(policy.state()).toBe('ready')
    expect(policy.calls).toEqual(['throw a', 'restart', 'answer a'])
    expect(policy.told).toEqual(['policy.restarted threw 1', 'answered a'])
  })

  it('waits twice as long each time: 100, 200, 400 ms; then it gives up', () => {
    const policy = startPolicy({ actor })
    const waits: number[] = []
    for (const name of ['a', 'b', 'c', 'd']) {
      policy.send(name, 'throw')
      if (policy.state() === 'backoff') waits.push(waitsFor(policy))
    }
    expect(waits).toEqual([100, 200, 400])
    expect(policy.state()).toBe('failed')
    expect(policy.told.at(-1)).toBe('policy.failed threw 3')
  })

  it('forgets restarts that are older than a minute', () => {
    const policy = startPolicy({ actor })
    const waits: number[] = []
    for (let i = 0; i < 12; i++) {
      policy.send(`m${i}`, 'throw')
      waits.push(waitsFor(policy))
      if (i % 3 === 2) policy.pass(60_001)
    }
    expect(waits).toEqual([100, 200, 400, 100, 200, 400, 100, 200, 400, 100, 200, 400])
    expect(policy.state()).toBe('ready')
  })

  it('keeps the order of messages that come while it is not ready', () => {
    const policy = startPolicy({ actor })
    policy.send('a', 'throw')
    for (const name of ['b', 'c', 'd']) policy.send(name)
    expect(policy.told).toEqual([])
    policy.pass(100)
    expect(policy.told).toEqual([
      'policy.restarted threw 1',
      'answered a',
      'answered b',
      'answered c',
      'answered d',
    ])
  })

  it('keeps that order also for what the experiment sends as soon as it hears of the restart', () => {
    const policy: PolicyHarness = startPolicy({
      actor,
      onTold: (line) => void (line.startsWith('policy.restarted') && policy.send('c')),
    })
    policy.send('a', 'throw')
    policy.send('b')
    policy.pass(100)
    expect(policy.told.slice(1)).toEqual(['answered a', 'answered b', 'answered c'])
  })

  it('does not lose those behind a message that throws again and again', () => {
    const policy = startPolicy({ actor })
    policy.send('a', 'throw')
    policy.send('b', 'throw')
    policy.send('c')
    policy.pass(100)
    expect(policy.state()).toBe('backoff')
    policy.pass(200)
    expect(policy.told).toEqual([
      'policy.restarted threw 1',
      'answered a',
      'policy.restarted threw 2',
      'answered b',
      'answered c',
    ])
  })

  it.each([
    new OptionError('x', 'an option'),
    new SpaceError('x', 'a space'),
    new DivergenceError('another answer'),
  ])('does not try again what would be wrong again: $name', (error) => {
    const policy = startPolicy({ actor, error })
    policy.send('a', 'throw')
    expect(policy.state()).toBe('failed')
    expect(policy.told).toEqual([`policy.failed ${error.message} 0`])
  })

  it('counts a restart that throws as one, and gives up after the same number', () => {
    const policy = startPolicy({ actor })
    policy.restartErrors.push(new Error('restart 1'), new Error('restart 2'), new Error('restart 3'))
    policy.send('a', 'throw')
    const waits: number[] = []
    while (policy.state() === 'backoff') {
      const start = policy.now()
      const restarts = policy.calls.filter((call) => call === 'restart').length
      while (policy.calls.filter((call) => call === 'restart').length === restarts) policy.pass(1)
      waits.push(policy.now() - start)
    }
    expect(waits).toEqual([100, 200, 400])
    expect(policy.state()).toBe('failed')
    expect(policy.told).toEqual(['policy.failed restart 3 3'])
  })

  it('comes back from a restart that throws once', () => {
    const policy = startPolicy({ actor })
    policy.restartErrors.push(new Error('not yet'))
    policy.send('a', 'throw')
    policy.pass(100)
    expect(policy.state()).toBe('backoff')
    policy.pass(200)
    expect(policy.told).toEqual(['policy.restarted not yet 2', 'answered a'])
  })

  it('does nothing more once it has given up', () => {
    const policy = startPolicy({ actor, error: new OptionError('x', 'an option') })
    policy.send('a', 'throw')
    policy.send('b')
    policy.pass(1_000_000)
    expect(policy.calls).toEqual(['throw a'])
    expect(policy.told).toHaveLength(1)
  })
})

describe('a searcher that thinks', () => {
  it('is given one message at a time; the others wait in order', async () => {
    const policy = startPolicy()
    policy.send('a', 'think')
    policy.send('b', 'think')
    policy.send('c')
    expect(policy.state()).toBe('thinking')
    expect(policy.calls).toEqual(['think a'])
    await policy.settle()
    expect(policy.told).toEqual(['answered a'])
    expect(policy.calls).toEqual(['think a', 'think b'])
    await policy.settle()
    expect(policy.told).toEqual(['answered a', 'answered b', 'answered c'])
    expect(policy.state()).toBe('ready')
  })

  it('is started again when its promise rejects, and thinks about the same message anew', async () => {
    const policy = startPolicy()
    policy.send('a', 'think')
    policy.send('b')
    await policy.settle(new Error('lost it'))
    expect(policy.state()).toBe('backoff')
    policy.pass(100)
    expect(policy.told).toEqual(['policy.restarted lost it 1', 'answered a', 'answered b'])
  })
})

// How the world brings about each event that the chart tells itself, so that a path of the chart can be walked for real.
const HAPPENS: Record<string, (policy: PolicyHarness, step: number) => void | Promise<void>> = {
  'searcher.ask': (policy, step) => policy.send(`m${step}`),
  'scheduler.ask': (policy, step) => policy.send(`m${step}`),
  'policy.thinks': (policy, step) => policy.send(`m${step}`, 'think'),
  'policy.thought': (policy) => policy.settle(),
  'policy.threw': (policy, step) => {
    if (policy.state() === 'thinking') return policy.settle(new Error('rejected'))
    return policy.send(`m${step}`, 'throw')
  },
}

const CHARTS = {
  searcher: { chart: searcherChart, machine: searcherMachine },
  scheduler: { chart: schedulerChart, machine: schedulerMachine },
}

describe.each(['searcher', 'scheduler'] as const)('the chart of the %s, explored', (actor) => {
  const { chart } = CHARTS[actor]
  const events = [
    `${actor}.ask`,
    'policy.threw',
    'policy.thinks',
    'policy.thought',
    `xstate.after.restartDelay.${actor}.backoff`,
  ]
  const explored = (mayRestart: boolean) => ({
    chart: chart.provide({ guards: { mayRestart: () => mayRestart } }),
    options: {
      events: events.map((type) => ({ type })),
      serializeState: ({ value }: { value: unknown }) => String(value),
      input: { host: {}, experiment: undefined, now: () => 0, holdTime: () => {} },
    } as never,
  })

  it('reaches every state', () => {
    const reached = [true, false].flatMap((mayRestart) => {
      const { chart: variant, options } = explored(mayRestart)
      return getShortestPaths(variant, options).map(({ state }) => state.value)
    })
    expect([...new Set(reached)].sort()).toEqual(Object.keys(chart.states).sort())
  })

  it('is, along every simple path, where the actor is when the world does the same', async () => {
    const { chart: variant, options } = explored(true)
    const paths = getSimplePaths(variant, options)
    expect(paths.length).toBeGreaterThanOrEqual(Object.keys(chart.states).length - 1)
    for (const { steps } of paths) {
      const policy = startPolicy({ actor })
      for (const [i, { state, event }] of steps.entries()) {
        const { type } = event as { type: string }
        if (type === 'xstate.init') continue
        if (type.startsWith('xstate.after')) policy.pass(400)
        else await HAPPENS[type]?.(policy, i)
        expect(policy.state()).toBe(state.value)
      }
    }
  })
})

describe('the policy actors, whatever happens', () => {
  const thing = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom<Behaviour>('answer', 'throw', 'think') },
    { weight: 2, arbitrary: fc.constantFrom('settle' as const, 'reject' as const) },
    { weight: 3, arbitrary: fc.constantFrom(1, 100, 400, 61_000) },
  )

  async function walk(
    things: readonly (Behaviour | 'settle' | 'reject' | number)[],
    machine: typeof searcherMachine,
  ): Promise<PolicyHarness> {
    const policy = startPolicy({ machine })
    let count = 0
    for (const next of things) {
      if (typeof next === 'number') policy.pass(next)
      else if (next === 'settle') await policy.settle()
      else if (next === 'reject') await policy.settle(new Error('rejected'))
      else policy.send(String(count++), next)
    }
    return policy
  }

  it('answer every message once and in order, until they give up', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(thing, { maxLength: 40 }), async (things) => {
        const policy = await walk(things, searcherMachine)
        const answered = policy.told.filter((line) => line.startsWith('answered'))
        expect(answered).toEqual(answered.map((_, i) => `answered ${i}`))
        if (policy.state() !== 'ready') return
        const sent = things.filter((next) => next === 'answer' || next === 'throw' || next === 'think')
        expect(answered).toHaveLength(sent.length)
      }),
    )
  })

  it('do the same on the fast path as on the plain chart', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(thing, { maxLength: 40 }), async (things) => {
        const fast = await walk(things, searcherMachine)
        const plain = await walk(things, searcherChart)
        expect(fast.told).toEqual(plain.told)
        expect(fast.calls).toEqual(plain.calls)
        expect(fast.state()).toBe(plain.state())
      }),
    )
  })
})
