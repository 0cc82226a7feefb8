/** Compares both densities of TPE, and the candidate that it chooses, with Optuna's. */
import type { Params } from '../../src/core/trial.ts'
import { levelOptionsOf, readTpeOptions } from '../../src/searchers/tpe/settings.ts'
import type { JointModel } from '../../src/searchers/tpe/joint-model.ts'
import { Level, type PastTrial } from '../../src/searchers/tpe/level.ts'
import { outcomeOf } from '../../src/searchers/tpe/outcome.ts'
import type { FixtureCase } from './fixture.ts'
import { difference, type Tolerance } from './matching.ts'
import { type RecordedParameter, recordedDomain } from './recorded-domain.ts'
import { objectivesOf, type RecordedTrial, toldOf } from './recorded-trial.ts'
import { rowsOf } from './tpe-parzen.ts'

interface AcquisitionInput {
  readonly space: readonly RecordedParameter[]
  readonly directions: readonly string[]
  readonly trials: readonly RecordedTrial[]
  readonly candidates: Readonly<Record<string, readonly number[]>>
}

/** Says what differs first, or nothing. */
export function runTpeAcquisitionCase(testCase: FixtureCase, tolerance: Tolerance): string | undefined {
  const { space, directions, trials, candidates } = testCase['input'] as AcquisitionInput
  const objectives = objectivesOf(directions)
  const group = space.map((parameter) => ({ path: parameter.param, domain: recordedDomain(parameter) }))
  // Also with several objectives, all parameters are recorded jointly.
  const level = new Level(group, levelOptionsOf(readTpeOptions({ multivariate: true }), objectives.length))
  const history = trials.flatMap((trial): PastTrial[] => {
    const told = toldOf(trial)
    const outcome = told === undefined ? undefined : outcomeOf(told, objectives)
    return outcome === undefined ? [] : [{ params: paramsOf(space, trial), outcome }]
  })
  level.read(history)
  const running = trials.filter(({ state }) => state === 'RUNNING')
  const below = level.update(
    running.map((trial) => ({ number: trial.number, params: paramsOf(space, trial) })),
  )
  const model = level.models[0] as JointModel
  const rows = rowsOf(space, candidates)
  const densities = rows.map((row) => model.logDensities(row))
  const actual = {
    nBelow: below.length,
    below: below.toSorted((a, b) => a - b),
    logL: densities.map(({ l }) => l),
    logG: densities.map(({ g }) => g),
    acquisition: densities.map(({ l, g }) => l - g),
    argmax: model.argmax(rows),
    weightsBelow: [...model.below.weights()],
    weightsAbove: [...model.above.weights()],
  }
  return difference(actual, testCase['expected'], tolerance)
}

/** The parameters of a trial by their values, where choices are recorded by their position. */
function paramsOf(space: readonly RecordedParameter[], { params }: RecordedTrial): Params {
  return Object.fromEntries(
    space.map(({ param, type, choices }) => {
      const value = params[param] as number
      return [param, type === 'categorical' ? choices[value] : value]
    }),
  )
}
