import { describe, expect, it } from 'vitest'
import type { Objective } from '../../src/core/objective.ts'
import { NoResultError, OptionError } from '../../src/errors.ts'
import { losses, recordOf, resultsOf } from './records.ts'
import { tutorial, type TutorialRow } from './tutorial.ts'

const TWO: readonly Objective[] = [
  { metric: 'loss', mode: 'min' },
  { metric: 'gain', mode: 'max' },
]

describe('getBestResult', () => {
  it('gives the trial whose last value is best', () => {
    const best = resultsOf([losses(9, 3), losses(1, 4), losses(5, 2)]).getBestResult()
    expect(best).toMatchObject({
      number: 2,
      trialId: 'id2',
      state: 'completed',
      status: 'terminated',
      feasible: true,
    })
    expect(best.metrics).toEqual({ loss: 2, training_iteration: 2, time_total_s: 2 })
    expect(best.best).toEqual({
      metric: 'loss',
      mode: 'min',
      scope: 'last',
      value: 2,
      iteration: 2,
      metrics: best.metrics,
    })
  })

  // Five curves of twelve reports, each of which wins by one scope.
  const times = (count: number, value: number) => Array.from({ length: count }, () => value)
  const curves = [
    losses(0, ...times(11, 50)),
    losses(...times(11, 40), 1),
    losses(...times(12, 20)),
    losses(...times(7, 40), ...times(5, 10)),
    losses(...times(2, 200), ...times(10, 15)),
  ]

  it.each([
    ['all', 0, 0, 1],
    ['last', 1, 1, 12],
    ['avg', 2, 20, undefined],
    ['last-5-avg', 3, 10, undefined],
    ['last-10-avg', 4, 15, undefined],
  ] as const)('ranks by scope %s as Ray Tune does', (scope, number, value, iteration) => {
    const found = resultsOf(curves).getBestResult('loss', 'min', { scope })
    expect(found).toMatchObject({ number, best: { scope, value, iteration } })
  })

  it('brings the report that won besides the last one', () => {
    const results = resultsOf([
      {
        reports: [
          { loss: 1, epoch: 1 },
          { loss: 5, epoch: 2 },
        ],
      },
    ])
    const found = results.getBestResult('loss', 'min', { scope: 'all' })
    expect(found.best).toMatchObject({ iteration: 1, metrics: { loss: 1, epoch: 1 } })
    expect(found.metrics).toMatchObject({ loss: 5, epoch: 2 })
    expect(results.getBestResult('loss', 'min', { scope: 'avg' }).best).toMatchObject({
      iteration: undefined,
      metrics: undefined,
    })
  })

  it('gives results that do not reach the experiment, whatever is done to them', () => {
    const told = {
      config: { a: 1, layers: [{ width: 8 }] },
      reports: [{ loss: 1, note: { by: ['me'] } }],
      userAttrs: { tags: ['x'] },
      constraints: { memory: -1 },
      reason: { by: 'scheduler', text: 'lost', evidence: { cutoff: 3 } },
    } as const
    const results = resultsOf([told, losses(2)])
    const [fresh, table] = [results.getBestResult(), results.toTable()]
    const history = structuredClone(fresh.history)
    const spoil = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return
      for (const part of Object.values(value)) spoil(part)
      for (const key of Object.keys(value)) (value as Record<string, unknown>)[key] = 50
    }
    for (const spoilt of [results.getBestResult(), results.at(0), ...results, ...results.paretoFront()]) {
      const { config, params, metrics, values, userAttrs, constraints, reason, history: rows } = spoilt ?? {}
      spoil([config, params, metrics, values, userAttrs, constraints, reason, rows])
    }
    spoil(results.getBestResult().best.metrics)
    expect(results.getBestResult()).toEqual(fresh)
    expect(results.getBestResult().history).toEqual(history)
    expect(results.toTable()).toEqual(table)
    const failed = resultsOf([{ config: { a: 1 }, state: 'failed' }])
    spoil(failed.errors[0]?.config)
    expect(failed.errors[0]?.config).toEqual({ a: 1 })
  })

  it('counts only the reports that carry the metric', () => {
    const results = resultsOf([
      { reports: [{ loss: 1 }, { other: 0 }, { loss: 3 }, { other: 0 }] },
      losses(2.5),
    ])
    expect(results.getBestResult('loss', 'min', { scope: 'avg' })).toMatchObject({
      number: 0,
      best: { value: 2 },
    })
    expect(results.getBestResult()).toMatchObject({ number: 1, best: { value: 2.5, iteration: 1 } })
  })

  it('lets the metric and the mode be chosen against the objective', () => {
    const results = resultsOf([{ reports: [{ loss: 1, acc: 0.5 }] }, { reports: [{ loss: 2, acc: 0.9 }] }])
    expect(results.getBestResult().number).toBe(0)
    expect(results.getBestResult('acc', 'max').number).toBe(1)
    expect(results.getBestResult('loss', 'max').number).toBe(1)
    expect(results.getBestResult(undefined, 'max').number).toBe(1)
  })

  it('knows the direction of an objective, but of no other metric', () => {
    const results = resultsOf(
      [{ reports: [{ loss: 1, gain: 2, acc: 3 }] }, { reports: [{ loss: 2, gain: 3, acc: 1 }] }],
      {
        objectives: TWO,
      },
    )
    expect(results.getBestResult('gain').number).toBe(1)
    expect(() => results.getBestResult('acc')).toThrow(/acc is no objective.*'min'/)
  })

  it('reads nested metrics by path', () => {
    const results = resultsOf([{ reports: [{ val: { loss: 2 } }] }, { reports: [{ val: { loss: 1 } }] }])
    expect(results.getBestResult('val/loss', 'min').number).toBe(1)
  })

  it('names both ways out when there are several objectives', () => {
    const results = resultsOf([{ reports: [{ loss: 1, gain: 1 }] }], { objectives: TWO })
    expect(() => results.getBestResult()).toThrow(OptionError)
    expect(() => results.getBestResult()).toThrow(/getBestResult\('loss', 'min'\).*paretoFront\(\)/)
  })

  it('asks for a metric when the experiment has none', () => {
    const results = resultsOf([losses(1)], { objectives: [] })
    expect(() => results.getBestResult()).toThrow(/no objective.*getBestResult\('loss', 'min'\)/)
    expect(results.getBestResult('loss', 'min').number).toBe(0)
  })

  it.each([
    [{ scope: 'best' }, /getBestResult\.scope: must be one of 'last'/],
    [{ skope: 'last' }, /no option skope. Did you mean scope\?/],
  ])('refuses %j', (options, message) => {
    expect(() => resultsOf([losses(1)]).getBestResult('loss', 'min', options as object)).toThrow(message)
  })

  it('refuses a metric that is no name and a mode that is neither', () => {
    const results = resultsOf([losses(1)])
    expect(() => results.getBestResult('')).toThrow(/metric must be a name/)
    expect(() => results.getBestResult('loss', 'least' as 'min')).toThrow(/mode must be 'min' or 'max'/)
  })

  it('prefers any feasible trial to any infeasible one', () => {
    const results = resultsOf([
      { ...losses(1), constraints: { memory: 3 } },
      { ...losses(9), constraints: { memory: 0 } },
    ])
    expect(results.getBestResult()).toMatchObject({ number: 1, feasible: true })
  })

  it('says so when even the best is infeasible', () => {
    const results = resultsOf([
      { ...losses(2), constraints: { memory: 3 } },
      { ...losses(1), constraints: { memory: NaN } },
    ])
    expect(results.getBestResult()).toMatchObject({ number: 1, feasible: false })
  })

  it('breaks ties by number', () => {
    expect(resultsOf([losses(2), losses(1), losses(1)]).getBestResult().number).toBe(1)
    expect(resultsOf([losses(5, 1, 1)]).getBestResult('loss', 'min', { scope: 'all' }).best.iteration).toBe(2)
  })

  it.each([
    ['min', 1, -Infinity],
    ['max', 2, Infinity],
  ] as const)('takes infinity as a value: %s', (mode, number, value) => {
    const results = resultsOf([losses(-1e300), losses(-Infinity), losses(Infinity), losses(NaN)])
    expect(results.getBestResult('loss', mode)).toMatchObject({ number, best: { value } })
  })

  it('never answers with NaN', () => {
    expect(resultsOf([{ ...losses(NaN), state: 'pruned' }, losses(1e9)]).getBestResult().number).toBe(1)
    expect(() => resultsOf([{ ...losses(NaN), state: 'pruned' }]).getBestResult()).toThrow(/loss was NaN/)
    expect(
      resultsOf([losses(NaN, 4, NaN), losses(5)]).getBestResult('loss', 'min', { scope: 'all' }).number,
    ).toBe(0)
  })

  it('ranks pruned, interrupted and running trials by what they reported, and failed ones not at all', () => {
    const results = resultsOf([
      { ...losses(5), state: 'completed' },
      { ...losses(4), state: 'pruned' },
      { ...losses(3), state: 'interrupted' },
      { ...losses(2), state: 'running' },
      { ...losses(1), state: 'failed' },
    ])
    expect(results.getBestResult()).toMatchObject({ number: 3, state: 'running' })
  })

  it('ranks trials that were given with a value and never reported', () => {
    const results = resultsOf([losses(2), { source: 'given', values: [1], valuesAt: 0 }])
    expect(results.getBestResult()).toMatchObject({
      number: 1,
      source: 'given',
      metrics: undefined,
      best: { value: 1 },
    })
    expect(results.getBestResult('loss', 'min', { scope: 'avg' }).number).toBe(1)
  })

  it.each([
    ['without trials', [], /the experiment had no trials/],
    [
      'when all failed',
      [{ state: 'failed' as const }, { state: 'failed' as const }],
      /all 2 trials failed. See results.errors/,
    ],
    ['when none reported', [{}], /none of 1 trials reported anything/],
    ['when the name is wrong', [{ reports: [{ los: 1 }] }], /no trial reported loss. Did you mean los\?/],
    ['when the value is no number', [{ reports: [{ loss: 'low' }] }], /loss was NaN or no number/],
  ])('has no result %s', (_, trials, message) => {
    expect(() => resultsOf(trials).getBestResult()).toThrow(NoResultError)
    expect(() => resultsOf(trials).getBestResult()).toThrow(message)
  })
})

describe('the tutorial', () => {
  it.each(tutorial)('finds the best configurations of the part $part', ({ rows, best }) => {
    const results = resultsOf(
      rows.map(({ config, metrics }) => ({ config, reports: [metrics] })),
      { objectives: [] },
    )
    for (const { metric, mode, config } of best) {
      const found = results.getBestResult(metric, mode as 'min').config
      // The page prints its tables with 6 digits and its best configurations with all.
      const digits = {
        ...config,
        width: Number(config.width.toPrecision(6)),
        height: Number(config.height.toPrecision(6)),
      }
      expect(found).toEqual(digits)
    }
  })

  it('holds what the objective of the page gives for these configurations', () => {
    const score = (step: number, { width, height, activation }: TutorialRow['config']) =>
      1 / (0.1 + (width * step) / 100) + height * 0.1 + (activation === 'relu' ? 10 : 0)
    for (const { config, metrics } of tutorial.flatMap(({ rows }) => rows)) {
      expect(score(99, config)).toBeCloseTo(metrics['mean_loss'] ?? (metrics['loss'] as number), 3)
    }
  })
})

describe('paretoFront', () => {
  const trade = (loss: number, gain: number) => ({ reports: [{ loss, gain }] })

  it('gives the trials that none beats in everything, in order of number', () => {
    const results = resultsOf([trade(1, 1), trade(2, 3), trade(3, 2), trade(0.5, 0), trade(NaN, 9)], {
      objectives: TWO,
    })
    expect(results.paretoFront().map(({ number }) => number)).toEqual([0, 1, 3])
  })

  it('leaves out infeasible trials when one is feasible', () => {
    const results = resultsOf([{ ...trade(1, 1), constraints: { c: 1 } }, trade(2, 0)], { objectives: TWO })
    expect(results.paretoFront().map(({ number }) => number)).toEqual([1])
  })

  it('refuses an experiment without objectives', () => {
    expect(() => resultsOf([losses(1)], { objectives: [] }).paretoFront()).toThrow(OptionError)
  })
})

describe('the trials', () => {
  it('come with why the experiment ended, where a stopper ended it', () => {
    const endReason = {
      by: 'stopper',
      text: 'nothing is left to be gained',
      evidence: { error: 0.1 },
    } as const
    expect(resultsOf([losses(1)], { endedBy: 'stopper', endReason })).toMatchObject({
      endedBy: 'stopper',
      endReason,
    })
    expect(resultsOf([losses(1)]).endReason).toBeUndefined()
  })

  it('come in order of number, whatever the order of the records', () => {
    const results = resultsOf([
      { ...losses(3), number: 7 },
      { ...losses(2), number: 0 },
      { ...losses(1), number: 4 },
    ])
    expect([...results].map(({ number }) => number)).toEqual([0, 4, 7])
    expect(results.length).toBe(3)
    expect(results.at(0)?.number).toBe(0)
    expect(results.at(-1)?.number).toBe(7)
    expect(results.at(3)).toBeUndefined()
    expect(results.get(4)?.number).toBe(4)
    expect(results.get('id7')?.number).toBe(7)
    expect(results.get(1)).toBeUndefined()
  })

  it('carry the whole history', () => {
    expect(resultsOf([losses(3, 2)]).at(0)?.history).toEqual([
      { loss: 3, training_iteration: 1, time_total_s: 1 },
      { loss: 2, training_iteration: 2, time_total_s: 2 },
    ])
  })

  it('do not change afterwards while the experiment goes on', () => {
    const record = recordOf({ ...losses(3), state: 'running' }, 0)
    const results = resultsOf([], { records: [record] })
    const result = results.at(0)
    record.history.push({ loss: 1, training_iteration: 2, time_total_s: 2 })
    record.metrics = record.history.at(-1)
    expect(result?.metrics).toMatchObject({ loss: 3 })
    expect(result?.history).toHaveLength(1)
    expect(results.at(0)?.history).toHaveLength(2)
  })

  it('hand out the checkpoint as it was given, and the folder when it is one', () => {
    const results = resultsOf([
      { checkpoint: { value: { weights: [1] }, iteration: 3 } },
      { checkpoint: { value: { directory: '/checkpoints/3' }, iteration: 4 } },
      {},
    ])
    expect(results.at(0)).toMatchObject({
      checkpoint: { weights: [1] },
      checkpointIteration: 3,
      path: undefined,
    })
    expect(results.at(1)).toMatchObject({ checkpointIteration: 4, path: '/checkpoints/3' })
    expect(results.at(2)).toMatchObject({ checkpoint: undefined, path: undefined })
  })

  it('are a hundred thousand without trouble', () => {
    const results = resultsOf(Array.from({ length: 100_000 }, (_, i) => losses((i * 7919) % 100_003)))
    expect(results.getBestResult().number).toBe(0)
    expect(results.getBestResult('loss', 'max').best.value).toBe(100_002)
    expect(results.toTable()).toHaveLength(100_000)
    expect(results.toCSV().split('\r\n')).toHaveLength(100_002)
    expect(results.timeline().lanes).toHaveLength(100_000)
    expect(results.paretoFront()).toHaveLength(1)
  })
})

describe('errors', () => {
  it('say which trial failed and keep what was thrown', () => {
    const thrown = new RangeError('too hot\n  second line')
    const results = resultsOf([
      losses(1),
      { ...losses(2), state: 'failed', error: thrown, failures: 3, config: { lr: 1 } },
    ])
    expect(results.errors).toHaveLength(1)
    expect(results.errors[0]).toMatchObject({
      code: 'trialFailed',
      message: 'train_1 (trial 1) failed: too hot',
      number: 1,
      trialId: 'id1',
      trialName: 'train_1',
      config: { lr: 1 },
      failures: 3,
    })
    expect(results.errors[0]?.cause).toBe(thrown)
  })

  it('tell the reason of a trial that failed without throwing', () => {
    const reason = { by: 'trainable', text: 'its final loss is NaN' } as const
    const [error] = resultsOf([{ state: 'failed', reason }]).errors
    expect(error?.message).toBe('train_0 (trial 0) failed: its final loss is NaN')
    expect(error?.cause).toBeUndefined()
  })
})
