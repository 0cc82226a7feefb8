import type { Axis } from '../../math/acquisition/axis.ts'
import { spread } from '../../math/acquisition/axis.ts'
import { fitKernel } from '../../math/gaussian-process/fit.ts'
import { SobolSequence } from '../../math/sobol.ts'
import type { RandomStream } from '../../random/random.ts'
import { kernelAxisOf } from '../../searchers/kernel-axes.ts'
import { KnownSpace } from '../../searchers/known-space.ts'
import type { KeptTrial } from './kept-trial.ts'
import { emmr, regretBound, type RegretTools, type Scored, UNKNOWN_IMPROVEMENT } from './regret.ts'

/** How much is still to be gained, by name. */
export type Improvement = 'regretBound' | 'emmr' | 'bestValueStagnation'

/** What the estimates of improvement take. */
export interface ImprovementOptions {
  readonly improvement: Improvement
  readonly topTrialsRatio: number
  readonly minNTrials: number
  readonly maxStagnationTrials: number
  readonly deterministicObjective: boolean
  readonly delta: number
}

const PROBE_COUNT = 2048
const SOBOL_MAX = 400
// The cost grows with the cube of the trials: of more, the newest are looked at.
const MODELLED_MAX = 400

/**
 * What may still be gained, in the unit of the objective (EMMR: in standard deviations of its values).
 * @param trials - Those that completed, in the order of their ends; all that ended too where they say which parameters
 *   every trial has.
 */
export function improvementOf(
  trials: readonly KeptTrial[],
  options: ImprovementOptions,
  random: RandomStream,
): number {
  const completed = trials.filter(({ loss }) => loss !== undefined)
  if (options.improvement === 'bestValueStagnation') {
    return stagnation(
      completed.map(({ loss }) => loss as number),
      options.maxStagnationTrials,
    )
  }
  if (completed.length < 2) return UNKNOWN_IMPROVEMENT
  const modelled = modelledOf(trials, completed.slice(-MODELLED_MAX))
  if (modelled === undefined) return UNKNOWN_IMPROVEMENT
  const { axes, data } = modelled
  const tools: RegretTools = {
    delta: options.delta,
    probes: probesOf(axes, random),
    fit: (inputs, y, start) =>
      fitKernel(inputs, y, {
        start,
        isDeterministic: options.improvement === 'emmr' && options.deterministicObjective,
      }),
  }
  return options.improvement === 'emmr' ? emmr(data, tools) : regretBound(data, tools, options)
}

/**
 * How many trials may still pass without a new best value; below 0 when there were too many.
 * Source: Optuna 5, `BestValueStagnationEvaluator`: of equal values the first is the best.
 */
export function stagnation(losses: readonly number[], maxStagnationTrials: number): number {
  let best = 0
  for (let i = 1; i < losses.length; i++) if ((losses[i] as number) < (losses[best] as number)) best = i
  return maxStagnationTrials - (losses.length - 1 - best)
}

function modelledOf(
  trials: readonly KeptTrial[],
  completed: readonly KeptTrial[],
): { readonly axes: readonly Axis[]; readonly data: Scored } | undefined {
  const known = new KnownSpace([])
  for (const trial of trials) if (trial.isWhole) known.learn(trial)
  const { always } = known.next({})
  if (always.length === 0) return undefined
  const kernelAxes = always.map(({ path, domain }) => ({ path, ...kernelAxisOf(domain) }))
  const rows = completed.map(({ params }) =>
    Float64Array.from(kernelAxes, ({ path, coordinateOf }) => coordinateOf(params[path]) ?? 0.5),
  )
  const axes = kernelAxes.map(({ axis }) => axis)
  const isCategorical = Uint8Array.from(axes, ({ kind }) => (kind === 'choice' ? 1 : 0))
  return { axes, data: { rows, scores: finiteScores(completed), isCategorical } }
}

/** Losses turned round; infinite ones count as the worst or best finite one. */
function finiteScores(completed: readonly KeptTrial[]): number[] {
  const scores = completed.map(({ loss }) => -(loss as number))
  const finite = scores.filter(Number.isFinite)
  const low = finite.reduce((least, score) => Math.min(least, score), Infinity)
  const high = finite.reduce((most, score) => Math.max(most, score), -Infinity)
  return scores.map((score) => (finite.length === 0 ? 0 : Math.min(high, Math.max(low, score))))
}

function probesOf(axes: readonly Axis[], random: RandomStream): Float64Array[] {
  const sobol = new SobolSequence(Math.min(axes.length, SOBOL_MAX), { scramble: random })
  return Array.from({ length: PROBE_COUNT }, () => {
    const u = sobol.next()
    return Float64Array.from(axes, (axis, j) =>
      spread(axis, j < SOBOL_MAX ? (u[j] as number) : random.next()),
    )
  })
}
