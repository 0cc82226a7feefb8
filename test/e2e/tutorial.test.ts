import {
  asha,
  OptionError,
  randomSearch,
  type Searcher,
  type SuggestTrial,
  type ToldTrial,
  type Trial,
  Tuner,
  uniform,
} from 'troupe'
import { terminal } from 'troupe/terminal'
import { simulate } from 'troupe/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { formatNumber } from '../../src/core/format-number.ts'
import {
  branchedSpace,
  type Config,
  defineByRun,
  evaluate,
  fourAtATime,
  initialParams,
  LOSS_AND_GAIN,
  MIN_LOSS,
  objective,
  paramSpace,
  quickMultiObjective,
  quickObjective,
  runningCounts,
} from './tutorial-page.ts'

// All that the page of Ray Tune's tutorial with Optuna does, in its order: Troupe's main job.

describe('the plain run', () => {
  it('takes exactly 30 s for ten trials of 10 s, of which four run at a time', async () => {
    const { results, elapsedMs } = await simulate({
      trainable: objective,
      paramSpace,
      ...MIN_LOSS,
      searcher: fourAtATime(),
      numSamples: 10,
    })
    expect(elapsedMs).toBe(30_000)
    const starts = [...results].map(({ startedAt }) => startedAt)
    expect(starts).toEqual([0, 0, 0, 0, 10_000, 10_000, 10_000, 10_000, 20_000, 20_000])
    expect(Math.max(...runningCounts(results))).toBe(4)
    for (const { status, metrics } of results) {
      expect(status).toBe('terminated')
      // The runtime counts from 1, and the user here from 0.
      expect(metrics).toMatchObject({ training_iteration: 100, iterations: 99, time_total_s: 10 })
    }
  })

  it('makes exactly 1000 trials, each with its constants untouched and no parameter', async () => {
    const { results, elapsedMs } = await simulate({
      trainable: quickObjective,
      paramSpace,
      ...MIN_LOSS,
      searcher: fourAtATime(),
      numSamples: 1000,
      stepMs: 100,
    })
    expect(results.length).toBe(1000)
    expect(elapsedMs).toBe(250 * 10_000)
    for (const { config, params, history } of results) {
      expect(config.steps).toBe(100)
      expect(Object.keys(params)).toEqual(['width', 'height', 'activation'])
      expect(history).toHaveLength(100)
    }
    const best = results.getBestResult()
    expect(best.best.value).toBe(
      Math.min(...[...results].map(({ metrics }) => Number(metrics?.['mean_loss']))),
    )
    expect(best.config).toEqual({ steps: 100, ...best.params })
  })

  it('gives the same 1000 configurations and the same trace for the same seed, and others for another', async () => {
    const run = (seed: number) =>
      simulate({
        trainable: quickObjective,
        paramSpace: { ...paramSpace, steps: 3 },
        ...MIN_LOSS,
        searcher: fourAtATime(),
        numSamples: 1000,
        seed,
      })
    const [first, again, other] = [await run(7), await run(7), await run(8)]
    const configs = ({ results }: typeof first) => [...results].map(({ config }) => config)
    expect(configs(again)).toEqual(configs(first))
    expect(again.hash).toBe(first.hash)
    expect(configs(other)).not.toEqual(configs(first))
    expect(other.hash).not.toBe(first.hash)
  })

  it('tries in real time what it tries in virtual time', async () => {
    const options = { paramSpace, ...MIN_LOSS, searcher: fourAtATime(), numSamples: 20, seed: 7 }
    const real = await new Tuner(quickObjective, options).fit()
    const { results } = await simulate({ trainable: quickObjective, ...options })
    expect([...real].map(({ config, values }) => [config, values])).toEqual(
      [...results].map(({ config, values }) => [config, values]),
    )
    expect(real.getBestResult().config).toEqual(results.getBestResult().config)
  })
})

describe('metric, mode and space', () => {
  it('come from the Tuner, or from the searcher', async () => {
    const onTuner = { paramSpace, ...MIN_LOSS, searcher: randomSearch(), numSamples: 20, seed: 1 }
    const onSearcher = { searcher: randomSearch({ space: paramSpace, ...MIN_LOSS }), numSamples: 20, seed: 1 }
    const first = await simulate({ trainable: quickObjective, ...onTuner })
    const second = await simulate({ trainable: quickObjective, ...onSearcher })
    expect(second.results.getBestResult().config).toEqual(first.results.getBestResult().config)
  })

  it('may be given in both places when they are equal, and are refused when they are not', () => {
    const both = (searcher: Searcher) => new Tuner(quickObjective, { paramSpace, ...MIN_LOSS, searcher })
    expect(() => both(randomSearch(MIN_LOSS))).not.toThrow()
    expect(() => both(randomSearch({ metric: 'loss', mode: 'min' }))).toThrow(OptionError)
    expect(() => both(randomSearch({ metric: 'mean_loss', mode: 'max' }))).toThrow(OptionError)
    expect(() => both(randomSearch({ space: defineByRun }))).toThrow(/space is given twice/)
  })

  it('are asked for before any trial by a scheduler that ranks', () => {
    const searcher = fourAtATime({ space: defineByRun })
    expect(() => new Tuner(quickObjective, { searcher, scheduler: asha() })).toThrow(/asha.*metric/)
  })

  it('can be left to the end where nothing needs them', async () => {
    const { results } = await simulate({
      trainable: quickObjective,
      searcher: fourAtATime({ space: defineByRun }),
      numSamples: 5,
    })
    expect(() => results.getBestResult()).toThrow(/no objective.*getBestResult\('loss', 'min'\)/)
    expect(results.getBestResult('mean_loss', 'min').state).toBe('completed')
  })

  it('are known to the results when the searcher knows them, and can be asked about otherwise', async () => {
    const searcher = fourAtATime({ space: defineByRun, ...MIN_LOSS })
    const { results } = await simulate({ trainable: quickObjective, searcher, numSamples: 20 })
    const losses = [...results].map(({ metrics }) => Number(metrics?.['mean_loss']))
    expect(results.getBestResult().best.value).toBe(Math.min(...losses))
    expect(results.getBestResult('mean_loss', 'max').best.value).toBe(Math.max(...losses))
  })

  it('fail a trial that never reports the metric, by its name', async () => {
    const { results } = await simulate({
      trainable: quickMultiObjective,
      paramSpace,
      ...MIN_LOSS,
      numSamples: 2,
    })
    expect([...results].map(({ state }) => state)).toEqual(['failed', 'failed'])
    expect(results.errors[0]?.message).toContain('mean_loss')
    expect(() => results.getBestResult()).toThrow(/all 2 trials failed/)
  })
})

describe('points to evaluate', () => {
  it('are the first trials, in order, with the constants merged; then the searcher goes on', async () => {
    const searcher = fourAtATime({ pointsToEvaluate: initialParams })
    const { results } = await simulate({
      trainable: quickObjective,
      paramSpace,
      ...MIN_LOSS,
      searcher,
      numSamples: 10,
    })
    expect([...results].map(({ source }) => source)).toEqual([
      'point',
      'point',
      ...Array(8).fill('suggested'),
    ])
    expect(results.at(0)?.config).toEqual({ steps: 100, width: 1, height: 2, activation: 'relu' })
    expect(results.at(1)?.config).toEqual({ steps: 100, width: 4, height: 2, activation: 'relu' })
    expect(formatNumber(Number(results.at(0)?.metrics?.['mean_loss']))).toBe('11.1174')
    expect(formatNumber(Number(results.at(1)?.metrics?.['mean_loss']))).toBe('10.4463')
  })

  it('may leave out parameters, which are drawn', async () => {
    const searcher = randomSearch({ pointsToEvaluate: [{ width: 3 }] })
    const { results } = await simulate({ trainable: quickObjective, paramSpace, ...MIN_LOSS, searcher })
    const config = results.at(0)?.config
    expect(config?.width).toBe(3)
    expect(config?.height).toSatisfy((height: number) => Math.abs(height) <= 100)
    expect(['relu', 'tanh']).toContain(config?.activation)
  })

  it('may be nested as the space is, or name their paths', async () => {
    const { results } = await simulate({
      trainable: ({ shape }) => ({ loss: shape.width + shape.sides[0] }),
      paramSpace: { shape: { width: uniform(0, 20), sides: [uniform(0, 1)] } },
      metric: 'loss',
      mode: 'min',
      searcher: randomSearch({
        pointsToEvaluate: [
          { shape: { width: 4, sides: [0.5] } },
          { 'shape/width': 5, 'shape/sides/0': 0.25 },
        ],
      }),
      numSamples: 2,
    })
    expect([...results].map(({ config }) => config)).toEqual([
      { shape: { width: 4, sides: [0.5] } },
      { shape: { width: 5, sides: [0.25] } },
    ])
  })

  it.each([
    [{ width: 3, hieght: 2 }, /hieght/],
    [{ width: 21 }, /width.*21/],
    [{ activation: 'gelu' }, /activation.*gelu/],
    [{ steps: 50 }, /steps.*50/],
  ])('are refused before anything runs when they cannot be: %o', (point, message) => {
    const searcher = randomSearch({ pointsToEvaluate: [point] })
    expect(() => new Tuner(quickObjective, { paramSpace, ...MIN_LOSS, searcher })).toThrow(message)
  })
})

describe('a conditional space', () => {
  const spaces = { 'define-by-run': { space: defineByRun }, declared: { space: branchedSpace } }

  it.each(Object.entries(spaces))('has the ranges of the branch that was taken: %s', async (_, { space }) => {
    const searcher = fourAtATime({ space, ...MIN_LOSS })
    const { results } = await simulate({ trainable: quickObjective, searcher, numSamples: 400 })
    const configs = [...results].map(({ config }) => config)
    const widths = (wanted: string) =>
      configs.filter(({ activation }) => activation === wanted).map(({ width }) => width)
    expect(widths('relu').length).toBeGreaterThan(100)
    expect(widths('relu').every((width) => width >= 0 && width <= 20)).toBe(true)
    expect(widths('tanh').every((width) => width >= -1 && width <= 21)).toBe(true)
    expect(widths('tanh').some((width) => width < 0)).toBe(true)
    expect(widths('tanh').some((width) => width > 20)).toBe(true)
    expect(configs.every(({ steps }) => steps === 100)).toBe(true)
  })

  it('orders a configuration as it was asked for, the constants last', async () => {
    const searcher = fourAtATime({ space: defineByRun, ...MIN_LOSS })
    const { results } = await simulate({ trainable: quickObjective, searcher })
    const [result] = results
    expect(Object.keys(result?.config ?? {})).toEqual(['activation', 'width', 'height', 'steps'])
    expect(Object.keys(result?.params ?? {})).toEqual(['activation', 'width', 'height'])
  })

  it('may return no constants', async () => {
    const space = (trial: SuggestTrial): void => void trial.suggestFloat('x', 0, 1)
    const { results } = await simulate({
      trainable: ({ x }: { readonly x: number }) => ({ loss: x }),
      searcher: randomSearch({ space, metric: 'loss', mode: 'min' }),
      numSamples: 3,
    })
    expect([...results].map(({ state }) => state)).toEqual(['completed', 'completed', 'completed'])
  })

  it('may not return anything else', async () => {
    const searcher = randomSearch({ space: () => 100, ...MIN_LOSS })
    const refused = simulate({ trainable: quickObjective, searcher })
    await expect(refused).rejects.toThrow(/object of constants or nothing, but returned 100/)
  })
})

describe('several objectives', () => {
  const run = () =>
    simulate({
      trainable: quickMultiObjective,
      paramSpace,
      searcher: fourAtATime(LOSS_AND_GAIN),
      numSamples: 200,
    })

  it('have two best configurations, and a front between them', async () => {
    const { results } = await run()
    const [loss, gain] = [results.getBestResult('loss', 'min'), results.getBestResult('gain', 'max')]
    expect(loss.config).not.toEqual(gain.config)
    expect(loss.best.value).toBe(Math.min(...[...results].map(({ values }) => values?.[0] as number)))
    expect(gain.best.value).toBe(Math.max(...[...results].map(({ values }) => values?.[1] as number)))
    const front = results.paretoFront()
    expect(front.map(({ number }) => number)).toEqual(expect.arrayContaining([loss.number, gain.number]))
    for (const { values: a } of front) {
      expect([...results].some(({ values: b }) => isBeaten(a, b))).toBe(false)
    }
  })

  it('have no single best result, and the error says what to do instead', async () => {
    const { results } = await run()
    expect(() => results.getBestResult()).toThrow(/getBestResult\('loss', 'min'\).*paretoFront\(\)/)
  })

  it('may be given to the Tuner as well, as many modes as metrics', async () => {
    const searcher = fourAtATime()
    const options = { trainable: quickMultiObjective, paramSpace, searcher, numSamples: 200 }
    const { hash } = await simulate({ ...options, ...LOSS_AND_GAIN })
    expect(hash).toBe((await run()).hash)
    await expect(simulate({ ...options, metric: ['loss', 'gain'], mode: ['min'] })).rejects.toThrow(
      OptionError,
    )
  })

  it('are refused by a scheduler of one metric, which says what to do instead', () => {
    const options = { paramSpace, searcher: fourAtATime(LOSS_AND_GAIN) }
    expect(() => new Tuner(quickMultiObjective, { ...options, scheduler: asha() })).toThrow(/moAsha.*metric/)
    const named = asha({ metric: 'gain', mode: 'max' })
    expect(() => new Tuner(quickMultiObjective, { ...options, scheduler: named })).not.toThrow()
  })
})

function isBeaten(a: readonly number[] = [], b: readonly number[] = []): boolean {
  const [lossA = 0, gainA = 0] = a
  const [lossB = 0, gainB = 0] = b
  return lossB <= lossA && gainB >= gainA && (lossB < lossA || gainB > gainA)
}

describe('the features of the page together', () => {
  const features = ['points', 'define-by-run', 'branch', 'several objectives', 'scheduler'] as const
  type Feature = (typeof features)[number]
  const pairs = features.flatMap((a, i) => features.slice(i + 1).map((b) => [a, b] as const))
  const sets: readonly (readonly Feature[])[] = [
    // The last two give the space in two ways: one excludes the other.
    ...pairs.filter((pair) => !(pair[0] === 'define-by-run' && pair[1] === 'branch')),
    ['points', 'define-by-run', 'several objectives', 'scheduler'],
    ['points', 'branch', 'several objectives', 'scheduler'],
  ]

  it.each(sets.map((set) => [set.join(' + '), set] as const))('work: %s', async (_, set) => {
    const has = (feature: Feature) => set.includes(feature)
    const several = has('several objectives')
    const space = has('define-by-run') ? defineByRun : has('branch') ? branchedSpace : paramSpace
    const { results } = await simulate({
      trainable: several ? quickMultiObjective : quickObjective,
      searcher: fourAtATime({
        space,
        ...(several ? LOSS_AND_GAIN : MIN_LOSS),
        ...(has('points') ? { pointsToEvaluate: initialParams } : {}),
      }),
      ...(has('scheduler') ? { scheduler: asha(several ? { metric: 'loss', mode: 'min' } : {}) } : {}),
      stepMs: 100,
      numSamples: 60,
      seed: 3,
    })
    const all = [...results]
    expect(all).toHaveLength(60)
    expect(Math.max(...runningCounts(results))).toBe(4)
    expect(all.every(({ config }) => config.steps === 100)).toBe(true)
    if (has('points')) {
      expect(all.slice(0, 2).map(({ config }) => config)).toEqual([
        { steps: 100, ...initialParams[0] },
        { steps: 100, ...initialParams[1] },
      ])
    }
    const isConditional = has('define-by-run') || has('branch')
    expect(all.some(({ config: { width } }) => width < 0 || width > 20)).toBe(isConditional)
    // Nothing else ends a trial before its last step.
    expect(all.some(({ state, iteration }) => state === 'pruned' && iteration < 100)).toBe(has('scheduler'))
    expect(all.every(({ state }) => state === 'completed' || state === 'pruned')).toBe(true)
    if (several) {
      expect(results.paretoFront().length).toBeGreaterThan(0)
      expect(() => results.getBestResult()).toThrow(OptionError)
    } else expect(results.getBestResult().number).toBe(results.getBestResult('mean_loss', 'min').number)
  })
})

describe('the pole of the conditional example', () => {
  // At width -1 the loss divides by zero in step 10, which is the last of 11.
  const poleSpace = { ...paramSpace, steps: 11, width: uniform(-1, 21) }
  const pole = { width: -1, height: 0, activation: 'tanh' }
  const tame = { width: 20, height: 0, activation: 'tanh' }

  it.each([
    [Infinity, 1],
    [-Infinity, -1],
  ])('is a value like others for searcher, results and table: %d', async (infinity, sign) => {
    const told: ToldTrial[] = []
    const { results, trace } = await simulate({
      trainable: function* (config: Config) {
        for (let step = 0; step < config.steps; step++) yield { mean_loss: sign * evaluate(step, config) }
      },
      paramSpace: poleSpace,
      ...MIN_LOSS,
      searcher: recording(randomSearch({ pointsToEvaluate: [pole, tame] }), told),
      numSamples: 2,
    })
    expect(told.map(({ state, values }) => [state, values?.[0]])).toContainEqual(['completed', infinity])
    expect(results.at(0)?.metrics?.['mean_loss']).toBe(infinity)
    expect(results.getBestResult().number).toBe(infinity < 0 ? 0 : 1)
    expect(results.getBestResult('mean_loss', 'max').number).toBe(infinity < 0 ? 1 : 0)
    expect(results.toTable()[0]?.['mean_loss']).toBe(infinity)
    expect(results.toCSV().split('\r\n')[1]).toContain(`,${infinity},`)
    expect(trace.toJSONL()).toContain(`{"$number":"${infinity}"}`)
  })

  it('is shown in the terminal', async () => {
    const written: string[] = []
    await new Tuner(quickObjective, {
      paramSpace: poleSpace,
      ...MIN_LOSS,
      searcher: randomSearch({ pointsToEvaluate: [pole, tame] }),
      numSamples: 2,
      reporter: terminal({ stream: { write: (text: string) => written.push(text) } }),
    }).fit()
    expect(written.join('')).toMatch(/^quickObjective_\S+ +TERMINATED .* tanh +0 +-1 +Infinity /m)
  })

  it('does not keep a scheduler from its work', async () => {
    const { results } = await simulate({
      trainable: quickObjective,
      paramSpace: poleSpace,
      ...MIN_LOSS,
      searcher: fourAtATime({ pointsToEvaluate: Array.from({ length: 8 }, (_, i) => (i % 2 ? pole : tame)) }),
      scheduler: asha({ maxT: 11, gracePeriod: 11, reductionFactor: 2 }),
      numSamples: 8,
    })
    expect(results.getBestResult().config.width).toBe(20)
  })
})

/** The same searcher, of which we hear what it is told. */
function recording(searcher: Searcher, told: ToldTrial[]): Searcher {
  return {
    ...searcher,
    start(context) {
      const search = searcher.start(context)
      return {
        suggest: (ask) => search.suggest(ask),
        tell: (trial) => {
          told.push(trial)
          return search.tell(trial)
        },
      }
    },
  }
}

describe('silence', () => {
  afterEach(() => void vi.restoreAllMocks())

  it('is kept unless a reporter is given', async () => {
    const outlets = [
      vi.spyOn(process.stdout, 'write'),
      vi.spyOn(process.stderr, 'write'),
      ...(['log', 'info', 'warn', 'error', 'debug'] as const).map((method) => vi.spyOn(console, method)),
    ]
    const failing = (config: Config, { number }: Trial) => {
      if (number === 1) throw new Error('out of memory')
      return { mean_loss: config.width }
    }
    const results = await new Tuner(failing, { paramSpace, ...MIN_LOSS, numSamples: 5 }).fit()
    results.getBestResult()
    expect(results.errors).toHaveLength(1)
    for (const outlet of outlets) expect(outlet).not.toHaveBeenCalled()
  })
})
