import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { defineTrainable } from '../../src/executors/trainable.ts'
import { randomStream } from '../../src/random/random.ts'
import { chooseValues } from '../../src/schedulers/pbt/bandit.ts'
import { addRanking, noData } from '../../src/schedulers/pbt/growths.ts'
import { pb2, type Pb2Options } from '../../src/schedulers/pbt/pb2.ts'
import { pbtPolicy } from '../../src/schedulers/pbt/pbt-policy.ts'
import { uniform } from '../../src/space/numbers.ts'
import { simulate } from '../../src/testing/simulate.ts'
import { obeysSchedulerLaws } from './laws.ts'
import { PopulationRun } from './population-run.ts'

const everyTwo = { perturbationInterval: 2, hyperparamBounds: { lr: [0, 1] } } satisfies Pb2Options
const four = [{ lr: 0.1 }, { lr: 0.2 }, { lr: 0.3 }, { lr: 0.4 }]

function runOf<Config = never>(options: Partial<Pb2Options<Config>> = {}) {
  const run = new PopulationRun(pb2({ ...everyTwo, ...options })).add(...four)
  run.chooseAll()
  return run
}

const configured = { configOf: (trial: number) => ({ lr: trial / 10 }) }

describe('pb2', () => {
  obeysSchedulerLaws(() => pb2({ ...everyTwo, quantileFraction: 0.5 }), configured)
  describe('all together', () => {
    obeysSchedulerLaws(() => pb2({ ...everyTwo, synch: true }), configured)
  })

  it('lets the worst go on from the best with values within the bounds, and says which', () => {
    const run = runOf()
    for (const trial of [1, 2, 3]) run.report(trial, 2, trial)
    const decision = run.report(0, 2, 0)
    const { lr } = run.configOf(0) as { lr: number }
    expect(lr).toBeGreaterThan(0)
    expect(lr).toBeLessThan(1)
    expect(decision).toMatchObject({
      kind: 'exploit',
      donor: 3,
      reason: expect.stringMatching(/goes on from trial 3, which has 3, with lr 0\.\d+$/),
      evidence: { oldConfig: { lr: 0.4 }, newConfig: { lr }, changes: [{ path: 'lr', from: 0.4, to: lr }] },
    })
  })

  it('changes nested values alone, keeps whole numbers whole, and never the configuration that it was given', () => {
    const config = Object.freeze({ net: Object.freeze({ width: 8, name: 'a' }), other: 0.5 })
    const run = new PopulationRun(pb2({ ...everyTwo, hyperparamBounds: { net: { width: [1, 64] } } }))
    run.add(config, config, config, config).chooseAll()
    for (const trial of [1, 2, 3]) run.report(trial, 2, trial)
    run.report(0, 2, 0)
    const { net, other } = run.configOf(0) as typeof config
    expect([net.name, other, Number.isInteger(net.width)]).toEqual(['a', 0.5, true])
    expect(config.net.width).toBe(8)
  })

  it('lets a function of the user’s have the last word', () => {
    const run = runOf({ customExploreFn: ({ lr }: { lr: number }) => ({ lr, rounds: 7 }) })
    for (const trial of [1, 2, 3]) run.report(trial, 2, trial)
    expect(run.report(0, 2, 0)).toMatchObject({ config: { rounds: 7 } })
  })

  it('refuses bounds of what no trial has, and an endless population', () => {
    const build = (): unknown => runOf({ hyperparamBounds: { levl: [0, 1] } })
    expect(build).toThrow(/^pb2\.hyperparamBounds\/levl is in no trial's configuration/)
    expect(() => new PopulationRun(pb2(everyTwo), 'max', Infinity)).toThrow(/Give numSamples/)
  })

  it('learns nothing from scores that are no finite numbers, and goes on', () => {
    const run = runOf({ quantileFraction: 0.5 })
    for (const time of [2, 4, 6, 8]) {
      for (const trial of [0, 1, 2, 3])
        run.report(trial, time, [NaN, Infinity, -Infinity, time][trial] as number)
    }
    const { rows } = run.state.data
    expect(rows.every(({ growth, before }) => Number.isFinite(growth) && Number.isFinite(before))).toBe(true)
  })

  it('trains a population whose configurations come to where the score grows fastest', async () => {
    const trainable = defineTrainable({
      setup: (config: { lr: number }) => ({ lr: config.lr, weight: 0 }),
      step: (state) => ({ acc: (state.weight += 1 - 4 * (state.lr - 0.7) ** 2) }),
      save: ({ weight }) => weight,
      load: (state, weight: number) => void (state.weight = weight),
    })
    const run = await simulate({
      trainable,
      paramSpace: { lr: uniform(0, 0.3) },
      metric: 'acc',
      mode: 'max',
      numSamples: 4,
      stop: { training_iteration: 60 },
      scheduler: pb2({ perturbationInterval: 3, synch: true, hyperparamBounds: { lr: [0, 1] } }),
      stepMs: 1,
      seed: 5,
    })
    const best = run.results.getBestResult()
    const schedule = pbtPolicy(run.trace, best)
    expect(Math.abs((schedule.at(-1)?.config.lr ?? NaN) - 0.7)).toBeLessThan(0.1)
    // At 0.3, the best that it began with, 60 steps lead to 21.6; at 0.7 to 60.
    expect(best.best.value).toBeGreaterThan(45)
  })

  it.each([
    [{}, 'pb2.hyperparamBounds', /nothing to change/],
    [{ hyperparamBounds: [0, 1] }, 'pb2.hyperparamBounds', /must be an object of pairs/],
    [
      { hyperparamBounds: { a: [0] } },
      'pb2.hyperparamBounds',
      /a must be two finite numbers \[min, max\], got \[0\]/,
    ],
    [{ hyperparamBounds: { a: [1, 0] } }, 'pb2.hyperparamBounds', /a must be two finite/],
    [{ hyperparamBounds: { a: { b: [0, Infinity] } } }, 'pb2.hyperparamBounds', /a\/b must be two finite/],
    [{ hyperparamBounds: { a: uniform(0, 1) } }, 'pb2.hyperparamBounds', /a must be \[min, max\]/],
    [{ hyperparamBounds: { 'a/b': [0, 1] } }, 'pb2.hyperparamBounds', /the key a\/b/],
    [{ ...everyTwo, perturbationInterval: 0 }, 'pb2.perturbationInterval', /above 0/],
    [{ ...everyTwo, quantileFraction: 1 }, 'pb2.quantileFraction', /0 to 0.5/],
    [{ ...everyTwo, mode: 'min' }, 'pb2.metric', /mode is given but metric is not/],
    [{ ...everyTwo, hyperparamMutations: {} }, 'pb2.hyperparamMutations', /Did you mean hyperparamBounds\?/],
  ])('refuses %j where it is given', (options, option, message) => {
    const build = (): unknown => pb2(options as never)
    expect(build).toThrow(OptionError)
    expect(build).toThrow(expect.objectContaining({ option, message: expect.stringMatching(message) }))
  })
})

describe('the bandit of pb2', () => {
  const parameters = [{ keys: ['x'], min: 0, max: 10 }]

  /** What it knows after trials of 12 configurations, each of which gained what `gain` says between two times. */
  function taught(gain: (x: number) => number) {
    const data = noData(1)
    for (let trial = 0; trial < 12; trial++) {
      const values = [(10 * trial + 0.5) / 12]
      addRanking(data, trial, { time: 1, score: 0, values })
      addRanking(data, trial, { time: 2, score: gain(values[0] as number), values })
    }
    return data
  }

  const choose = (data: ReturnType<typeof taught>, seed: number): number => {
    const donor = data.marks.get(0)
    return chooseValues(data, parameters, donor, 1, randomStream(seed))[0] as number
  }

  it('goes where the score grew most', () => {
    for (const peak of [3, 7]) {
      const chosen = choose(
        taught((x) => Math.exp(-((x - peak) ** 2) / 4)),
        1,
      )
      expect(Math.abs(chosen - peak)).toBeLessThan(1)
    }
  })

  it('does not send all to the same place at the same time', () => {
    const data = taught((x) => -((x - 5) ** 2))
    const chosen = [1, 2, 3, 4].map((seed) => choose(data, seed))
    expect(Math.max(...chosen) - Math.min(...chosen)).toBeGreaterThan(0.3)
    expect(data.pending).toHaveLength(4)
    addRanking(data, 0, { time: 3, score: 0, values: [0.5] })
    choose(data, 5)
    expect(data.pending).toHaveLength(1)
  })

  it('draws evenly while it knows of less than two growths', () => {
    const drawn = Array.from({ length: 200 }, (_, seed) => choose(noData(1), seed))
    const mean = drawn.reduce((sum, x) => sum + x, 0) / drawn.length
    // Whole numbers while none is known to be anything else; five standard deviations about the middle.
    expect(drawn.every(Number.isInteger)).toBe(true)
    expect(Math.abs(mean - 5)).toBeLessThan(1.1)
  })

  it('counts a growth only between two rankings with the same values', () => {
    const data = noData(1)
    addRanking(data, 0, { time: 1, score: 1, values: [1] })
    addRanking(data, 0, { time: 2, score: 2, values: [3] })
    expect(data.rows).toEqual([])
    addRanking(data, 0, { time: 4, score: 6, values: [3] })
    expect(data.rows).toEqual([{ time: 4, before: 2, values: [3], growth: 2 }])
  })

  it('remembers the newest 50 of those that it chose at the same time, so that none costs more and more', () => {
    const data = taught((x) => x)
    for (let seed = 0; seed < 60; seed++) choose(data, seed)
    expect(data.pending).toHaveLength(50)
  })

  it('fits its model anew only when a tenth of what it knows is new', () => {
    const data = taught((x) => x)
    choose(data, 1)
    const { fitted } = data
    addRanking(data, 0, { time: 3, score: 5, values: [(0.5 / 12) * 10] })
    choose(data, 2)
    expect(data.fitted).toBe(fitted)
    for (const time of [4, 5, 6]) addRanking(data, 0, { time, score: time, values: [(0.5 / 12) * 10] })
    choose(data, 3)
    expect(data.fitted?.rowCount).toBeGreaterThan(fitted?.rowCount ?? NaN)
  })

  it('keeps the newest 200 growths', () => {
    const data = noData(1)
    for (let time = 0; time < 300; time++) addRanking(data, 0, { time, score: time, values: [1] })
    expect(data.rows).toHaveLength(200)
    expect(data.rows.at(-1)?.time).toBe(299)
  })
})
