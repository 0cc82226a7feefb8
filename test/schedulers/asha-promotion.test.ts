import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AshaOptions, asha } from '../../src/schedulers/asha.ts'
import { concurrencyLimiter } from '../../src/searchers/concurrency-limiter.ts'
import { randomSearch } from '../../src/searchers/random-search.ts'
import { choice, gridSearch } from '../../src/space/choices.ts'
import { uniform } from '../../src/space/numbers.ts'
import { type SimulateOptions, simulate } from '../../src/testing/simulate.ts'
import { obeysSchedulerLaws } from './laws.ts'
import { SchedulerRun } from './scheduler-run.ts'

const halving = { type: 'promotion', maxT: 8, reductionFactor: 2 } as const

function runOf(options: Omit<AshaOptions<'promotion'>, 'type'> = {}, mode: 'min' | 'max' = 'max') {
  return new SchedulerRun(asha({ ...halving, ...options }), { modes: [mode] })
}

/** A run in which trials 0, 1, … wait at rung 1 with these values. */
function waitingWith(...values: readonly number[]) {
  const run = runOf()
  for (const [trial, value] of values.entries()) run.report(trial, 1, value)
  return run
}

describe('asha with promotion', () => {
  obeysSchedulerLaws(() => asha({ type: 'promotion', maxT: 9, reductionFactor: 3 }))
  describe('with brackets and no end at maxT', () => {
    obeysSchedulerLaws(() => asha({ ...halving, brackets: 3, stopLastTrials: false }))
  })

  it('ends those that wait at once, without one more report, when it knows that no other can come', () => {
    const run = new SchedulerRun(asha({ ...halving, reductionFactor: 3, maxT: 9 }), { budget: 4 })
    for (let trial = 0; trial < 4; trial++) run.add(trial)
    for (let trial = 0; trial < 4; trial++) run.choose()
    for (const [trial, value] of [0.9, 0.5, 0.7].entries()) run.report(trial, 1, value)
    expect(run.choose()).toBe(0)
    run.end(3, 'failed')
    expect(run.ended.size).toBe(0)
    run.end(0)
    expect([...run.ended]).toEqual([
      [1, 'pruned'],
      [2, 'pruned'],
    ])
  })

  it('starts trials in the order in which they came, however many there are', () => {
    const run = runOf()
    const started: (number | undefined)[] = []
    for (let trial = 0; trial < 2500; trial++) run.add(trial)
    for (let i = 0; i < 1500; i++) started.push(run.choose())
    // One that ended before it was started is passed over.
    run.end(1500, 'interrupted')
    for (let trial = 2500; trial < 2600; trial++) run.add(trial)
    for (let i = 0; i < 1099; i++) started.push(run.choose())
    expect(started).toEqual(Array.from({ length: 2600 }, (_, i) => i).filter((trial) => trial !== 1500))
    expect(run.choose()).toBeUndefined()
  })

  it('promotes trials that break no constraint first', () => {
    const run = runOf()
    run.report(0, 1, 0.9, { feasible: false })
    run.report(1, 1, 0.1)
    expect(run.report(2, 1, 0.8, { feasible: false })).toMatchObject({
      kind: 'pause',
      reason: expect.stringContaining('acc 0.8 (infeasible) is number 3 of 3 trials'),
      evidence: { value: 0.8, rank: 3, feasible: false },
    })
    expect(run.choose()).toBe(1)
  })

  it('gives nobody up while one that the user holds could still win', () => {
    const scheduler = asha(halving)
    const run = new SchedulerRun(scheduler, { budget: 2 })
    for (const [trial, value] of [0.9, 0.5].entries()) run.report(trial, 1, value)
    // Trial 0 is held by the user.
    const withoutHeld = { candidates: [{ trial: 1, status: 'paused' }], idle: false } as const
    expect(scheduler.choose?.(run.state, withoutHeld)).toBeUndefined()
    expect(run.ended.size).toBe(0)
    run.end(0, 'interrupted')
    expect(run.ended.size).toBe(0)
    expect(run.choose(true)).toBe(1)
  })

  it('lets every trial wait at its first rung, and says where it stands', () => {
    const run = runOf()
    run.report(0, 1, 0.5)
    expect(run.report(1, 1, 0.7)).toEqual({
      kind: 'pause',
      reason: 'acc 0.7 is number 1 of 2 trials at rung 1, from which 1 may go on',
      evidence: { rung: 1, value: 0.7, mode: 'max', rank: 1, competitors: 2, places: 1 },
    })
  })

  it('shows values in the metric’s own sign when small is good', () => {
    const run = runOf({}, 'min')
    run.report(0, 1, 0.3)
    expect(run.report(1, 1, 0.4)).toMatchObject({ kind: 'pause', evidence: { value: 0.4, rank: 2 } })
    expect(run.choose()).toBe(0)
  })

  it('names nobody while a rung is too small, and then the best', () => {
    const run = waitingWith(0.5)
    expect(run.choose()).toBeUndefined()
    run.report(1, 1, 0.4)
    expect(run.choose()).toBe(0)
    expect(run.choose()).toBeUndefined()
  })

  it('prefers the promotable trial of the highest rung to lower ones, and both to new trials', () => {
    const run = waitingWith(1, 2, 3, 4)
    run.add(4)
    expect(run.choose()).toBe(3)
    run.report(3, 2, 4)
    expect(run.choose()).toBe(2)
    run.report(2, 2, 3)
    expect(run.choose()).toBe(3)
    expect(run.choose()).toBe(4)
  })

  it('promotes a late comer that is among the best, whoever went on before it', () => {
    const run = waitingWith(1, 2)
    expect(run.choose()).toBe(1)
    run.report(2, 1, 9)
    expect(run.choose()).toBe(2)
  })

  it('lets a trial that was once too bad go on when enough worse ones have come', () => {
    const run = waitingWith(5, 9)
    expect(run.choose()).toBe(1)
    expect(run.choose()).toBeUndefined()
    run.report(2, 1, 1)
    expect(run.choose()).toBeUndefined()
    run.report(3, 1, 2)
    expect(run.choose()).toBe(0)
  })

  it('breaks ties by trial number, and ranks NaN last', () => {
    const run = waitingWith(NaN, 3, 3, -Infinity)
    expect([run.choose(), run.choose(), run.choose()]).toEqual([1, 2, undefined])
    for (const trial of [4, 5, 6, 7]) run.report(trial, 1, NaN)
    expect([run.choose(), run.choose(), run.choose()]).toEqual([3, 0, undefined])
  })

  it('does not pause between rungs, nor again where a trial was measured', () => {
    const run = waitingWith(1, 2)
    run.choose()
    expect(run.report(1, 1.5, 2)).toEqual({ kind: 'continue' })
    expect(run.report(1, 1, 2)).toEqual({ kind: 'continue' })
    expect(run.report(1, 2, 2)).toMatchObject({ kind: 'pause', evidence: { rung: 2 } })
  })

  it('counts a report that jumps over rungs at the highest one, and at none below it later', () => {
    const run = runOf()
    expect(run.report(0, 5, 1)).toMatchObject({ evidence: { rung: 4, competitors: 1 } })
    expect(run.report(1, 1, 1)).toMatchObject({ evidence: { rung: 1, competitors: 1 } })
  })

  it('ends a trial that has reached its full length as completed, and waits at no rung there', () => {
    expect(runOf().report(0, 8, 1)).toMatchObject({ kind: 'stop', outcome: 'completed' })
    expect(runOf({ stopLastTrials: false }).report(0, 8, 1)).toMatchObject({ evidence: { rung: 4 } })
    const run = runOf({ stopLastTrials: false, maxT: 1 })
    expect(run.report(0, 8, 1)).toEqual({ kind: 'continue' })
  })

  it('takes a time of NaN for no progress', () => {
    expect(runOf().report(0, NaN, 1)).toEqual({ kind: 'continue' })
  })

  it('when nothing else can come lets the best of each rung go on, however few there are', () => {
    const run = waitingWith(5)
    expect(run.choose()).toBeUndefined()
    expect(run.choose(true)).toBe(0)
    expect(run.report(0, 2, 5)).toMatchObject({ kind: 'pause', evidence: { places: 1 } })
    expect(run.choose(true)).toBe(0)
  })

  it('then ends those that can no longer win as pruned, as soon as nobody runs', () => {
    const run = waitingWith(5, 4, 3)
    expect(run.choose(true)).toBe(0)
    expect(run.ended.size).toBe(0)
    run.report(0, 8, 5)
    expect([...run.ended]).toEqual([
      [1, 'pruned'],
      [2, 'pruned'],
      [0, 'completed'],
    ])
  })

  it('names one that has lost when it must name one, and ends it and the others at its next report', () => {
    const run = waitingWith(5, 4, 3, 2)
    for (const trial of [0, 1]) {
      expect(run.choose()).toBe(trial)
      run.report(trial, 8, 5)
    }
    expect(run.choose(true)).toBe(2)
    expect(run.report(2, 2, 9)).toMatchObject({
      kind: 'stop',
      outcome: 'pruned',
      reason: 'acc 3 was number 3 of 4 trials at rung 1, from which 2 went on, and no other can come',
    })
    expect(run.ended).toEqual(
      new Map([0, 1, 2, 3].map((trial) => [trial, trial < 2 ? 'completed' : 'pruned'])),
    )
  })

  it('goes on as before when a trial comes after all', () => {
    const run = waitingWith(5, 4)
    expect(run.choose(true)).toBe(0)
    run.add(2)
    run.report(0, 8, 5)
    expect([...run.ended.keys()]).toEqual([0])
  })

  it.each(['failed', 'interrupted', 'pruned'] as const)(
    'lets another take the place of a trial that was promoted and has %s',
    (state) => {
      const run = waitingWith(5, 4, 3)
      expect(run.choose()).toBe(0)
      run.end(0, state)
      expect(run.choose()).toBe(1)
    },
  )

  it('never names a trial that has ended while it waited', () => {
    const run = waitingWith(5, 4)
    run.end(0, 'interrupted')
    run.report(2, 1, 1)
    expect(run.choose()).toBe(1)
  })

  it('promotes exactly those that algorithm 2 does, written down naively', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 60 }),
        fc.constantFrom(1.5, 2, 3, 4),
        (values, reductionFactor) => {
          const run = new SchedulerRun(asha({ type: 'promotion', maxT: 1000, reductionFactor }))
          const rungs: { trial: number; value: number }[][] = []
          const promoted = new Set<string>()
          const next = (): [number, number] | undefined => {
            for (let k = rungs.length - 1; k >= 0; k--) {
              const rung = rungs[k] ?? []
              const top = rung
                .toSorted((a, b) => b.value - a.value || a.trial - b.trial)
                .slice(0, Math.floor(rung.length / reductionFactor))
              const one = top.find(({ trial }) => !promoted.has(`${k}/${trial}`))
              if (one !== undefined) return [one.trial, k]
            }
            return undefined
          }
          for (const [trial, value] of values.entries()) {
            run.report(trial, 1, value)
            rungs[0] = [...(rungs[0] ?? []), { trial, value }]
            for (let expected = next(); expected !== undefined; expected = next()) {
              const [mover, k] = expected
              expect(run.choose()).toBe(mover)
              promoted.add(`${k}/${mover}`)
              if (reductionFactor ** (k + 1) >= 1000) return
              const moved = (values[mover] as number) + ((mover * 7) % 3)
              run.report(mover, reductionFactor ** (k + 1), moved)
              rungs[k + 1] = [...(rungs[k + 1] ?? []), { trial: mover, value: moved }]
            }
            expect(run.choose()).toBeUndefined()
          }
        },
      ),
    )
  })
})

describe('asha with promotion, in whole experiments', () => {
  const learning = {
    trainable: function* ({ level }: { readonly level: number }) {
      for (let step = 1; ; step++) yield { acc: level * (1 - 1 / (step + 1)) }
    },
    paramSpace: { level: uniform(0, 1) },
    metric: 'acc',
    mode: 'max',
    numSamples: 60,
    stepMs: 10,
    seed: 3,
  } as const
  const promoting = asha({ type: 'promotion', maxT: 27, reductionFactor: 3 })

  it('finds the same best as the stopping type, with fewer iterations for the bad ones', async () => {
    const [stopping, promotion] = await Promise.all([
      simulate({ ...learning, scheduler: asha({ maxT: 27, reductionFactor: 3 }) }),
      simulate({ ...learning, scheduler: promoting }),
    ])
    expect(promotion.results.getBestResult().config).toEqual(stopping.results.getBestResult().config)
    const iterations = (results: Iterable<{ readonly history: readonly unknown[] }>): number =>
      [...results].reduce((sum, { history }) => sum + history.length, 0)
    expect(iterations(promotion.results)).toBeLessThan(iterations(stopping.results))
  })

  it('ends every trial once: the best completed, the others pruned where they lost', async () => {
    const { results, trace } = await simulate({ ...learning, scheduler: promoting })
    const states = [...results].map(({ state }) => state)
    expect(states).toHaveLength(60)
    expect(new Set(states)).toEqual(new Set(['completed', 'pruned']))
    // A third of 60 goes on, then a third of these, and a few late comers that were better than those before them.
    const lengths = [...results].map(({ history }) => history.length)
    const longer = (than: number): number => lengths.filter((length) => length > than).length
    expect(longer(0)).toBe(60)
    expect(longer(1)).toBeGreaterThanOrEqual(20)
    expect(longer(1)).toBeLessThan(26)
    expect(longer(9)).toBeGreaterThanOrEqual(2)
    expect(longer(9)).toBeLessThan(6)
    expect(states.filter((state) => state === 'completed').length).toBe(
      lengths.filter((length) => length === 27).length,
    )
    expect([...trace].length).toBeGreaterThan(60)
  })

  it('works on async functions as on generators', async () => {
    const asynchronous = await simulate({
      ...learning,
      trainable: async ({ level }: { readonly level: number }, trial) => {
        for (let step = 1; ; step++) await trial.report({ acc: level * (1 - 1 / (step + 1)) })
      },
      scheduler: promoting,
    })
    const generator = await simulate({ ...learning, scheduler: promoting })
    const lengths = (results: Iterable<{ readonly history: readonly unknown[] }>): number[] =>
      [...results].map(({ history }) => history.length)
    expect(lengths(asynchronous.results)).toEqual(lengths(generator.results))
  })

  const curves = {
    trainable: function* (
      { level }: { readonly level: number },
      trial: { readonly number: number; random(): number },
    ) {
      for (let step = 1; step <= 12; step++) {
        if (trial.random() < 0.08) throw new Error('lost')
        yield { acc: trial.random() < 0.05 ? NaN : level * step }
      }
    },
    paramSpace: { level: choice([1, 2, 3]) },
    metric: 'acc',
    mode: 'max',
    stepMs: 10,
    seed: 3,
  } as const

  it('comes to an end whatever fails, with any number of trials, slots, retries and brackets', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          numSamples: fc.integer({ min: 1, max: 25 }),
          maxConcurrentTrials: fc.integer({ min: 1, max: 6 }),
          maxFailures: fc.constantFrom(0, 1, 3),
          brackets: fc.integer({ min: 1, max: 3 }),
          reductionFactor: fc.constantFrom(1.5, 2, 3),
          maxT: fc.constantFrom(1, 8, 9, 20),
          seed: fc.nat(),
        }),
        async ({ maxFailures, brackets, reductionFactor, maxT, ...options }) => {
          const { results } = await simulate({
            ...curves,
            ...options,
            failure: { maxFailures },
            scheduler: asha({ type: 'promotion', brackets, reductionFactor, maxT }),
          })
          expect(results.length).toBe(options.numSamples)
          for (const { state } of results) expect(['completed', 'pruned', 'failed']).toContain(state)
        },
      ),
      { numRuns: 60 },
    )
  })

  it.each([
    ['a limiter', { searcher: concurrencyLimiter(randomSearch(), { maxConcurrent: 2 }), numSamples: 20 }],
    [
      'a limiter of batches',
      { searcher: concurrencyLimiter(randomSearch(), { maxConcurrent: 4, batch: true }), numSamples: 20 },
    ],
    [
      'a grid, which ends of itself',
      { paramSpace: { level: gridSearch([1, 2, 3, 4, 5, 6, 7]) }, numSamples: 3 },
    ],
    ['one trial', { numSamples: 1 }],
  ] satisfies [string, Partial<SimulateOptions<{ level: number }>> & { paramSpace?: unknown }][])(
    'comes to an end under %s, with a trial of full length',
    async (_, options) => {
      const { results } = await simulate({
        ...learning,
        ...options,
        scheduler: promoting,
      } as Parameters<typeof simulate>[0])
      const lengths = [...results].map(({ history }) => history.length)
      expect(Math.max(...lengths)).toBe(27)
      expect(results.endedBy).not.toBe('deadlock')
    },
  )

  it('tells the searcher of every trial once', async () => {
    const told: number[] = []
    const inner = randomSearch()
    const { results } = await simulate({
      ...learning,
      scheduler: promoting,
      searcher: {
        ...inner,
        start: (context) => {
          const session = inner.start(context)
          return {
            ...session,
            tell: (trial) => {
              told.push(trial.number)
              return session.tell(trial)
            },
          }
        },
      },
    })
    expect(told.toSorted((a, b) => a - b)).toEqual([...results].map(({ number }) => number))
  })

  it.each(['stopping', 'promotion'] as const)(
    'has rungs in seconds with the %s type: dear trials are measured after fewer iterations',
    async (type) => {
      const { results } = await simulate({
        ...learning,
        numSamples: 30,
        scheduler: asha({ type, timeAttr: 'time_total_s', gracePeriod: 1, maxT: 9, reductionFactor: 3 }),
        stepMs: ({ number }) => (number % 2 === 0 ? 500 : 100),
      })
      const lowest = (rest: number): number =>
        Math.min(
          ...[...results].filter(({ number }) => number % 2 === rest).map(({ history }) => history.length),
        )
      expect(lowest(0)).toBe(2)
      expect(lowest(1)).toBe(10)
      const longest = Math.max(...[...results].map(({ metrics }) => metrics?.['time_total_s'] as number))
      expect(longest).toBeGreaterThanOrEqual(9)
      expect(longest).toBeLessThan(9.6)
    },
  )
})
