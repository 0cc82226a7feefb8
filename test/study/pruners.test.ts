import { describe, expect, it } from 'vitest'
import { hyperbandPruner } from '../../src/schedulers/hyperband-pruner.ts'
import { medianPruner } from '../../src/schedulers/median-pruner.ts'
import { patientPruner } from '../../src/schedulers/patient-pruner.ts'
import { percentilePruner } from '../../src/schedulers/percentile-pruner.ts'
import type { Scheduler } from '../../src/schedulers/scheduler.ts'
import { successiveHalvingPruner } from '../../src/schedulers/successive-halving-pruner.ts'
import { thresholdPruner } from '../../src/schedulers/threshold-pruner.ts'
import { wilcoxonPruner } from '../../src/schedulers/wilcoxon-pruner.ts'
import { uniform } from '../../src/space/numbers.ts'
import { createStudy } from '../../src/study/create-study.ts'
import type { ObjectiveFunction } from '../../src/study/optimize.ts'
import { TrialPruned } from '../../src/study/trial-pruned.ts'

// Fuel consumption of cars by their weight, Henderson and Velleman 1981 (R's mtcars): tons, miles per gallon.
const CARS: readonly (readonly [weight: number, consumption: number])[] = [
  [1.188, 21],
  [1.304, 21],
  [1.052, 22.8],
  [1.458, 21.4],
  [1.56, 18.7],
  [1.569, 18.1],
  [1.619, 14.3],
  [1.447, 24.4],
  [1.429, 22.8],
  [1.846, 16.4],
  [2.381, 10.4],
  [2.424, 14.7],
  [0.998, 32.4],
  [0.733, 30.4],
  [0.832, 33.9],
  [1.118, 21.5],
]
const EPOCHS = 24

interface Config {
  readonly rate: number
  readonly start: number
}

/** Fits a line to the cars by gradient descent, and gives the mean squared error after each epoch. */
function* errorsOf({ rate, start }: Config): Generator<number> {
  let [slope, level] = [start, 20]
  for (;;) {
    let [bySlope, byLevel] = [0, 0]
    for (const [weight, consumption] of CARS) {
      const miss = level + slope * (weight - 1.5) - consumption
      bySlope += (2 * miss * (weight - 1.5)) / CARS.length
      byLevel += (2 * miss) / CARS.length
    }
    slope -= rate * bySlope
    level -= rate * byLevel
    const misses = CARS.map(([weight, consumption]) => level + slope * (weight - 1.5) - consumption)
    yield misses.reduce((sum, miss) => sum + miss * miss, 0) / CARS.length
  }
}

const train: ObjectiveFunction<Config> = (trial) => {
  let error = NaN
  const errors = errorsOf(trial.config)
  for (let epoch = 1; epoch <= EPOCHS; epoch++) {
    error = errors.next().value as number
    trial.report(epoch, error)
    if (trial.shouldPrune()) throw new TrialPruned()
  }
  return error
}

/** One cross-validation fold a step: for the pruner whose steps are evaluations. */
const validate: ObjectiveFunction<Config> = (trial) => {
  let sum = 0
  for (const [fold, [weight, consumption]] of CARS.entries()) {
    const miss = 35 - 10 * weight * (1 + trial.config.rate) - consumption
    sum += miss * miss
    trial.report(fold, miss * miss)
    if (trial.shouldPrune()) throw new TrialPruned()
  }
  return sum / CARS.length
}

const paramSpace = { rate: uniform(0, 1.3), start: uniform(-20, 5) }

async function run(scheduler: Scheduler | undefined, objective: ObjectiveFunction<Config>) {
  const study = await createStudy({ paramSpace, seed: 4, name: 'cars', ...(scheduler && { scheduler }) })
  await study.optimize(objective, { nTrials: 60 })
  return study
}

const PRUNERS: readonly (readonly [Scheduler, ObjectiveFunction<Config>])[] = [
  [medianPruner(), train],
  [percentilePruner({ percentile: 25 }), train],
  [successiveHalvingPruner({ minResource: 2, reductionFactor: 3 }), train],
  [hyperbandPruner({ maxResource: EPOCHS }), train],
  [thresholdPruner({ upper: 60, nWarmupSteps: 5 }), train],
  [patientPruner({ patience: 2 }), train],
  [wilcoxonPruner(), validate],
]

describe('on the fuel consumption of cars', () => {
  it.each(PRUNERS.map((row) => [row[0].name, ...row] as const))(
    '%s saves epochs and finds a trial as good as without it',
    async (_, scheduler, objective) => {
      const [full, pruned] = [await run(undefined, objective), await run(scheduler, objective)]
      const stepsOf = ({ trials }: typeof full): number =>
        trials.reduce((sum, { intermediateValues }) => sum + intermediateValues.length, 0)
      expect(pruned.trials.filter(({ state }) => state === 'pruned').length).toBeGreaterThan(5)
      expect(stepsOf(pruned)).toBeLessThan(0.9 * stepsOf(full))
      const [best = NaN] = full.bestTrial.values ?? []
      expect(pruned.bestTrial.values?.[0]).toBeLessThanOrEqual(best * 1.01)
    },
  )
})

describe('a pruner in a study', () => {
  it('judges a trial anew that goes on after it has lost', async () => {
    const study = await createStudy({ scheduler: medianPruner({ nStartupTrials: 1 }), direction: 'minimize' })
    const first = await study.ask()
    for (const [step, value] of [1, 5].entries()) first.report(step, value)
    await study.tell(first, 5)
    const trial = await study.ask()
    const verdicts = [3, 4].map((value, step) => {
      trial.report(step, value)
      return trial.shouldPrune()
    })
    expect(verdicts).toEqual([true, false])
  })

  it('of bracket by name falls into the same brackets wherever it runs', async () => {
    const bracketed = async (name: string): Promise<boolean[]> => {
      const study = await createStudy({ name, scheduler: hyperbandPruner({ maxResource: 9 }) })
      const verdicts: boolean[] = []
      for (let i = 0; i < 30; i++) {
        const trial = await study.ask()
        trial.report(1, i)
        verdicts.push(trial.shouldPrune())
        await study.tell(trial, i)
      }
      return verdicts
    }
    const verdicts = await bracketed('a')
    expect(await bracketed('a')).toEqual(verdicts)
    expect(await bracketed('b')).not.toEqual(verdicts)
  })

  it('for the best trial takes the value that it was told, not its last report', async () => {
    const study = await createStudy({ scheduler: wilcoxonPruner({ pThreshold: 0.3 }), direction: 'minimize' })
    for (const [values, told] of [
      [[1, 1, 1], 9],
      [[5, 5, 5], 2],
    ] as const) {
      const trial = await study.ask()
      for (const [step, value] of values.entries()) trial.report(step, value)
      await study.tell(trial, told)
    }
    const trial = await study.ask()
    for (const step of [0, 1]) trial.report(step, 3)
    expect(trial.shouldPrune()).toBe(false)
    const loser = await study.ask()
    for (const step of [0, 1]) loser.report(step, 6)
    expect(loser.shouldPrune()).toBe(true)
  })
})
