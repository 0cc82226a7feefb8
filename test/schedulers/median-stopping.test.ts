import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { type MedianStoppingOptions, medianStopping } from '../../src/schedulers/median-stopping.ts'
import { randomStream } from '../../src/random/random.ts'
import { concurrencyLimiter } from '../../src/searchers/concurrency-limiter.ts'
import { randomSearch } from '../../src/searchers/random-search.ts'
import { uniform } from '../../src/space/numbers.ts'
import { simulate } from '../../src/testing/simulate.ts'
import { obeysSchedulerLaws } from './laws.ts'
import { SchedulerRun } from './scheduler-run.ts'

const early: MedianStoppingOptions = { gracePeriod: 1, minSamplesRequired: 2 }

function runOf(options: MedianStoppingOptions, mode: 'min' | 'max' = 'max') {
  return new SchedulerRun(medianStopping(options), { modes: [mode] })
}

describe('medianStopping', () => {
  obeysSchedulerLaws(() => medianStopping({ gracePeriod: 2, minSamplesRequired: 2 }))
  describe('with pauses', () => {
    obeysSchedulerLaws(() => medianStopping({ ...early, minTimeSlice: 3, hardStop: false }))
  })

  it('stops the trial whose best is worse than the median of the others’ means, and says why', () => {
    const run = runOf(early)
    for (const [trial, value] of [0.5, 0.7].entries()) {
      run.report(trial, 1, value)
      run.report(trial, 2, value + 0.2)
    }
    run.report(2, 1, 0.6)
    expect(run.report(2, 2, 0.65)).toEqual({
      kind: 'stop',
      outcome: 'pruned',
      reason:
        'best acc 0.65 is worse than 0.7, the median of the running means of 2 other trials at training_iteration 2',
      evidence: { median: 0.7, best: 0.65, mode: 'max', competitors: 2, time: 2 },
    })
  })

  it('counts what a trial reports once, also when it fails and reports again', () => {
    const medianAfter = (retries: boolean): unknown => {
      const run = runOf({ gracePeriod: 1, minSamplesRequired: 1 })
      for (const [time, value] of [0.25, 0.75, 0.5].entries()) run.report(0, time + 1, value)
      if (retries) {
        run.retry(0)
        for (const [time, value] of [0.25, 0.25].entries()) run.report(0, time + 2, value, { attempt: 2 })
      }
      run.report(1, 1, 0.2)
      run.report(1, 2, 0)
      return run.report(1, 3, 0)
    }
    expect(medianAfter(false)).toMatchObject({ evidence: { median: 0.5, best: 0.2 } })
    expect(medianAfter(true)).toMatchObject({ evidence: { median: 0.25 } })
  })

  it('forgets the best value of an attempt that failed before it was saved', () => {
    const run = runOf({ gracePeriod: 1, minSamplesRequired: 1 })
    for (const time of [1, 2]) run.report(0, time, 0.5)
    run.report(1, 1, 0.9)
    run.retry(1)
    expect(run.report(1, 1, 0.3, { attempt: 2 })).toMatchObject({ kind: 'stop', evidence: { best: 0.3 } })
  })

  it('shows values in the metric’s own sign when small is good', () => {
    const run = runOf({ gracePeriod: 0, minSamplesRequired: 1 }, 'min')
    run.report(0, 1, 0.3)
    expect(run.report(1, 1, 0.4)).toMatchObject({ kind: 'stop', evidence: { median: 0.3, best: 0.4 } })
    expect(run.report(2, 1, 0.35)).toMatchObject({ kind: 'continue' })
  })

  it('lets a trial go on that exactly ties with the median', () => {
    const run = runOf({ ...early, minSamplesRequired: 1 })
    run.report(0, 1, 0.1)
    expect(run.report(1, 1, 0.1)).toMatchObject({ kind: 'continue', evidence: { median: 0.1, best: 0.1 } })
  })

  it('counts only reports of the grace period’s end and later for the means, but all for the best', () => {
    const run = runOf({ gracePeriod: 3, minSamplesRequired: 1 })
    for (const [time, value] of [9, 9, 1].entries()) run.report(0, time + 1, value)
    expect(run.report(1, 2, 0.5)).toEqual({ kind: 'continue' })
    expect(run.report(1, 3, 0)).toMatchObject({ kind: 'stop', evidence: { median: 1, best: 0.5 } })
    run.report(2, 1, 5)
    run.report(2, 2, 0)
    expect(run.report(2, 3, 0)).toMatchObject({ kind: 'continue', evidence: { best: 5 } })
  })

  it('does not judge a trial that is ahead of too many others', () => {
    const run = runOf({ ...early, minSamplesRequired: 2 })
    run.report(0, 1, 9)
    run.report(1, 1, 9)
    expect(run.report(2, 2, -9)).toEqual({ kind: 'continue' })
  })

  it('compares with trials that have ended, counting the last report of each twice', () => {
    const run = runOf({ ...early, minSamplesRequired: 1 })
    run.report(0, 1, 0)
    run.report(0, 2, 3)
    run.end(0)
    expect(run.report(1, 2, 1.5)).toMatchObject({ kind: 'stop', evidence: { median: 2 } })
  })

  it.each(['failed', 'interrupted'] as const)(
    'keeps the reports of a trial that has %s, each once',
    (state) => {
      const run = runOf({ ...early, minSamplesRequired: 1 })
      run.report(0, 1, 0)
      run.report(0, 2, 3)
      run.end(0, state)
      expect(run.report(1, 2, 1.6)).toMatchObject({ kind: 'continue', evidence: { median: 1.5 } })
    },
  )

  it('makes room for trials that are yet to come where minTimeSlice is given, and ends them all', async () => {
    const pausesWith = async (options: MedianStoppingOptions, maxConcurrent = 20) => {
      const { results, trace } = await simulate({
        async *trainable({ level }: { level: number }) {
          for (let epoch = 1; epoch <= 9; epoch++) yield { acc: level * (1 - 1 / (epoch + 1)) }
        },
        paramSpace: { level: uniform(0, 1) },
        metric: 'acc',
        mode: 'max',
        searcher: concurrencyLimiter(randomSearch(), { maxConcurrent }),
        scheduler: medianStopping({ gracePeriod: 2, ...options }),
        numSamples: 20,
        maxConcurrentTrials: 2,
        seed: 1,
      })
      expect([...results].map(({ state }) => state)).not.toContain('interrupted')
      return [...trace].filter((event) => event.type === 'trial.decision' && event.decision === 'pause')
        .length
    }
    expect(await pausesWith({})).toBe(0)
    const pauses = await pausesWith({ minTimeSlice: 0 })
    expect(pauses).toBeGreaterThan(3)
    expect(await pausesWith({ minTimeSlice: 5 })).toBeLessThan(pauses)
    // A searcher that has nothing to suggest until one of two trials ends.
    await pausesWith({ minTimeSlice: 0 }, 2)
  })

  it('keeps a slot for a trial to come once, and not where nothing else can run', () => {
    const scheduler = medianStopping({ gracePeriod: 0, minTimeSlice: 0 })
    const objectives = [{ metric: 'acc', mode: 'max' }] as const
    const state = scheduler.init({ name: 'test', resources: {}, objectives, budget: 3 })
    const add = (trial: number) =>
      scheduler.onAdd?.(state, { trial, config: {}, resources: {}, random: randomStream('test') })
    const choose = (idle: boolean) =>
      scheduler.choose?.(state, { candidates: [{ trial: 0, status: 'paused' }], idle })
    add(0)
    expect(choose(true)).toBe(0)
    expect([choose(false), choose(false)]).toEqual([undefined, 0])
    add(1)
    expect(choose(false)).toBeUndefined()
    add(2)
    expect(choose(false)).toBe(0)
  })

  it('makes room for a trial that waits, after its time slice, while it cannot be judged', () => {
    const run = runOf({ gracePeriod: 0, minSamplesRequired: 2, minTimeSlice: 2 })
    for (const trial of [0, 1]) run.add(trial)
    expect(run.choose()).toBe(0)
    expect(run.report(0, 1, 1)).toMatchObject({
      kind: 'pause',
      reason: 'makes room for 1 trial that waits: 0 of 2 others have come as far as training_iteration 1',
    })
    expect(run.choose()).toBe(1)
    expect(run.report(1, 1, 1)).toMatchObject({ kind: 'pause', evidence: { samples: 1, waiting: 1 } })
    expect(run.choose()).toBe(0)
    expect(run.report(0, 3, 1)).toEqual({ kind: 'continue' })
    expect(run.report(0, 3.5, 1)).toMatchObject({ kind: 'pause' })
  })

  it('does not make room when nobody waits', () => {
    const run = runOf({ gracePeriod: 0 })
    run.add(0)
    run.choose()
    expect(run.report(0, 1, 1)).toEqual({ kind: 'continue' })
  })

  it('without a hard stop pauses the trial that loses, and judges it no more', () => {
    const run = runOf({ ...early, minSamplesRequired: 1, hardStop: false })
    run.report(0, 1, 5)
    expect(run.report(1, 1, 1)).toMatchObject({ kind: 'pause', evidence: { median: 5, best: 1 } })
    run.end(0)
    expect(run.choose(true)).toBe(1)
    expect(run.report(1, 2, -9)).toEqual({ kind: 'continue' })
  })

  it('as in Ray Tune stops a trial when another has jumped over all the time to compare', () => {
    const run = runOf({ gracePeriod: 2, minSamplesRequired: 1 })
    run.report(0, 1, 0)
    run.report(0, 5, 0)
    expect(run.report(1, 3, 9)).toMatchObject({
      kind: 'stop',
      evidence: { median: NaN, best: 9 },
      reason: expect.stringMatching(/^1 of the other 1 trial reported nothing/),
    })
  })

  it('decides as the rule does when it is written down naively, whatever order the reports come in', () => {
    const report = fc.record({
      trial: fc.nat({ max: 7 }),
      ahead: fc.constantFrom(1, 1, 1, 2, 3, 0, -1, -2),
      value: fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(NaN, Infinity, -Infinity)),
      ends: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(report, { maxLength: 150 }), fc.nat({ max: 3 }), (reports, grace) => {
        const run = runOf({ gracePeriod: grace, minSamplesRequired: 2 })
        const naive = new NaiveMedians(grace)
        const times = new Map<number, number>()
        const over = new Set<number>()
        for (const { trial, ahead, value, ends } of reports) {
          if (over.has(trial)) continue
          const time = Math.max(0, (times.get(trial) ?? 0) + ahead)
          times.set(trial, time)
          const expected = naive.judge(trial, time, value)
          expect(run.report(trial, time, value)).toMatchObject(expected)
          if (expected.kind === 'stop') naive.add(trial, time, value)
          else if (ends && value > 1) run.end(trial, 'failed')
          if (expected.kind === 'stop' || (ends && value > 1)) over.add(trial)
        }
      }),
    )
  })

  it('stops bad curves early in a whole experiment, and keeps the best', async () => {
    const run = await simulate({
      trainable: function* ({ level }) {
        for (let step = 1; step <= 20; step++) yield { acc: level * (1 - 1 / (step + 1)) }
      },
      paramSpace: { level: uniform(0, 1) },
      metric: 'acc',
      mode: 'max',
      numSamples: 40,
      scheduler: medianStopping({ gracePeriod: 3 }),
      stepMs: 10,
      seed: 1,
    })
    const pruned = [...run.results].filter(({ state }) => state === 'pruned')
    expect(pruned.length).toBeGreaterThan(10)
    const levels = [...run.results].map(({ config }) => config.level)
    expect(run.results.getBestResult().config.level).toBe(Math.max(...levels))
  })
})

/** Computes everything anew at each report. */
class NaiveMedians {
  readonly #grace: number
  readonly #reports = new Map<number, { time: number; value: number }[]>()

  constructor(grace: number) {
    this.#grace = grace
  }

  add(trial: number, time: number, value: number): void {
    const reports = this.#reports.get(trial) ?? []
    reports.push({ time, value })
    this.#reports.set(trial, reports)
  }

  judge(trial: number, time: number, value: number): { kind: string; evidence?: { median: number } } {
    this.add(trial, time, value)
    if (time < this.#grace) return { kind: 'continue' }
    const others = [...this.#reports].filter(
      ([other, reports]) => other !== trial && (reports.at(-1)?.time ?? NaN) >= time,
    )
    if (others.length < 2) return { kind: 'continue' }
    const means = others.map(([, reports]) => this.#mean(reports, time)).toSorted((a, b) => a - b)
    const blank = others.some(([, reports]) => !reports.some((report) => this.#counts(report, time)))
    const [low, high] = [means[(means.length - 1) >> 1] as number, means[means.length >> 1] as number]
    const median = blank ? NaN : worstIfNaN((low + high) / 2)
    const own = (this.#reports.get(trial) ?? []).map((report) => worstIfNaN(report.value))
    return { kind: Math.max(...own) >= median ? 'continue' : 'stop', evidence: { median } }
  }

  #counts({ time }: { readonly time: number }, until: number): boolean {
    return time >= this.#grace && time <= until
  }

  #mean(reports: readonly { time: number; value: number }[], until: number): number {
    const counted = reports.filter((report) => this.#counts(report, until))
    return worstIfNaN(counted.reduce((sum, { value }) => sum + value, 0) / counted.length)
  }
}

function worstIfNaN(value: number): number {
  return Number.isNaN(value) ? -Infinity : value
}

describe('the options of medianStopping', () => {
  it.each([
    [{ gracePeriod: -1 }, 'medianStopping.gracePeriod', /from 0.*Got -1/],
    [{ minSamplesRequired: 0 }, 'medianStopping.minSamplesRequired', /integer from 1/],
    [{ minTimeSlice: NaN }, 'medianStopping.minTimeSlice', /Got NaN/],
    [{ hardStop: 1 }, 'medianStopping.hardStop', /true or false/],
    [{ timeAttr: '' }, 'medianStopping.timeAttr', /name of a metric/],
    [{ metric: '' }, 'medianStopping.metric', /one metric/],
    [{ mode: 'min' }, 'medianStopping.metric', /mode is given but metric is not/],
    [{ grace_period: 1 }, 'medianStopping.grace_period', /Did you mean gracePeriod\?/],
  ])('refuses %j where it is given', (options, option, message) => {
    const build = (): unknown => medianStopping(options as MedianStoppingOptions)
    expect(build).toThrow(OptionError)
    expect(build).toThrow(expect.objectContaining({ option, message: expect.stringMatching(message) }))
  })

  it('are by default those that the docstrings give', () => {
    expect(medianStopping().line).toBe(
      'Using the median stopping rule: from training_iteration 60 on, against 3 other trials or more.',
    )
    const run = runOf({})
    for (const trial of [0, 1, 2]) run.report(trial, 60, 1)
    expect(run.report(3, 59, 0)).toEqual({ kind: 'continue' })
    expect(run.report(3, 60, 0)).toMatchObject({ kind: 'stop' })
  })
})
