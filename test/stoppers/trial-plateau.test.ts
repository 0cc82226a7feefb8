import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { uniform } from '../../src/space/numbers.ts'
import { type TrialPlateauOptions, trialPlateau } from '../../src/stoppers/trial-plateau.ts'
import { simulate } from '../../src/testing/simulate.ts'
import { demandsOf, firstDemand } from './reports.ts'

const flat = { metric: 'loss', std: 0.1, numResults: 3, gracePeriod: 1 }

describe('trialPlateau', () => {
  it('ends a trial whose last results hardly differ, and says why', () => {
    const demands = demandsOf(trialPlateau(flat), [9, 5, 1, 1.02, 1])
    expect(firstDemand(demands)).toBe(5)
    expect(demands[4]).toMatchObject({
      scope: 'trial',
      reason: 'loss has a standard deviation of 0.00942809 over the last 3 results, below 0.1',
      evidence: { metric: 'loss', value: 1, std: 0.1 },
    })
  })

  it('waits for its grace period', () => {
    expect(firstDemand(demandsOf(trialPlateau({ ...flat, gracePeriod: 6 }), Array(9).fill(1)))).toBe(6)
  })

  it.each([
    ['min', 5, [9, 9, 9, 5, 5, 5]],
    ['max', 5, [1, 1, 1, 5, 5, 5]],
  ] as const)('ends no trial before the threshold is reached (%s)', (mode, metricThreshold, values) => {
    expect(firstDemand(demandsOf(trialPlateau({ ...flat, metricThreshold, mode }), values))).toBe(6)
  })

  it('looks at each trial by itself, and forgets those that have ended', () => {
    const stopper = trialPlateau(flat)
    expect(firstDemand(demandsOf(stopper, [1, 2, 1, 2, 1, 2], (i) => i % 2))).toBe(5)
    const state = stopper.init()
    stopper.onReport(state, { trial: 0, metrics: { loss: 1 }, elapsedMs: 0 })
    expect(state.size).toBe(1)
    const trial = {
      number: 0,
      params: {},
      domains: {},
      state: 'completed',
      values: [1],
      step: 1,
      intermediate: [],
      constraints: {},
    } as const
    stopper.onEnd?.(state, { trial, objectives: [] })
    expect(state.size).toBe(0)
  })

  it('does not count reports without the metric, and sees no plateau with NaN or infinities in it', () => {
    expect(firstDemand(demandsOf(trialPlateau(flat), [1, undefined, 1, 'x', 1]))).toBe(5)
    for (const odd of [NaN, Infinity])
      expect(firstDemand(demandsOf(trialPlateau(flat), [odd, odd, odd, 1, 1, 1]))).toBe(6)
  })

  it('ends trials as completed in a whole experiment', async () => {
    const run = await simulate({
      trainable: function* ({ limit }) {
        for (let step = 1; step <= 100; step++) yield { loss: limit + 2 ** -step }
      },
      paramSpace: { limit: uniform(0, 1) },
      metric: 'loss',
      mode: 'min',
      numSamples: 3,
      stop: trialPlateau({ metric: 'loss' }),
      seed: 1,
    })
    expect([...run.results].map(({ state, history }) => [state, history.length])).toEqual(
      Array.from({ length: 3 }, () => ['completed', 9]),
    )
  })

  it.each([
    [{}, /needs metric/],
    [undefined, /needs metric. Write trialPlateau\({ metric: 'loss' }\)\.$/],
    ['loss', /needs metric.*Got "loss"\.$/],
    [{ metric: '' }, /name of a metric/],
    [{ metric: 'loss', std: 0 }, /above 0/],
    [{ metric: 'loss', numResults: 0 }, /integer from 1/],
    [{ metric: 'loss', metricThreshold: 1 }, /mode is not/],
    [{ metric: 'loss', num_results: 3 }, /Did you mean numResults\?/],
  ])('refuses %j', (options, message) => {
    const build = (): unknown => trialPlateau(options as TrialPlateauOptions)
    expect(build).toThrow(OptionError)
    expect(build).toThrow(message)
  })
})
