import { type Mode, orient } from '../core/objective.ts'
import { describe, readOptions } from '../core/options.ts'
import { isFeasible } from '../core/order.ts'
import { OptionError } from '../errors.ts'
import { hypervolume as volumeOf } from '../math/hypervolume.ts'

/** What the volume is made from: a trial's result, or a study's record of it. */
export interface RatedTrial {
  readonly state: string
  /** One an objective. */
  readonly values?: readonly number[] | undefined
  readonly constraints?: Readonly<Record<string, number>> | undefined
}

/** Results of an experiment or of a simulation. */
export interface RatedResults extends Iterable<RatedTrial> {
  readonly objectives: readonly { readonly metric: string; readonly mode: Mode }[]
}

/** A study, or what looks like one. */
export interface RatedStudy {
  readonly trials: readonly RatedTrial[]
  readonly directions: readonly ('minimize' | 'maximize')[]
}

/** Options of `hypervolume`. */
export interface HypervolumeOptions {
  /** A value for each objective, in their order, that is just not good enough. Finite. */
  readonly reference: readonly number[]
}

const DEFAULTS = { reference: undefined }

/**
 * How much of the space of trade-offs was conquered: the volume of all places that some trial is at least as good as, up
 * to a reference point. One number for a whole Pareto front: the larger, the better in all objectives together. Exact.
 * Source: Zitzler & Thiele 1998; computed as in While, Bradstreet, Barone 2012.
 *
 * What may stand in `paretoFront()` counts, if it is feasible: trials that did not fail, by their last values. Trials
 * that are not better than the reference in every objective, and those with NaN or without values, add nothing; one at
 * its best infinity makes the volume Infinity. Cost: O(n log n) up to three objectives; each further one multiplies it by
 * up to the size of the front.
 *
 * @param options.reference - In the metrics' own units, whatever their modes. Volumes compare for equal references only:
 *   take one that is a little worse than the worst that you would still use.
 * @returns 0 when no trial beats the reference. In the product of the metrics' units.
 * @throws {OptionError} when there are no objectives, or `reference` has not one finite number for each.
 * @example hypervolume(results, { reference: [1, 500] })
 */
export function hypervolume(results: RatedResults | RatedStudy, options: HypervolumeOptions): number {
  const { reference } = readOptions('hypervolume', options, DEFAULTS)
  const modes = modesOf(results)
  checkReference(reference, modes)
  const losses = (values: readonly number[]): number[] =>
    values.map((value, i) => -orient(value, modes[i] as Mode))
  const bounds = losses(reference)
  const points: number[][] = []
  for (const { state, values, constraints } of 'trials' in results ? results.trials : results) {
    if (state === 'failed' || values === undefined || !isFeasible(constraints)) continue
    const point = losses(values)
    if (bounds.every((bound, i) => (point[i] as number) < bound)) points.push(point)
  }
  return volumeOf(points, bounds)
}

function modesOf(results: RatedResults | RatedStudy): Mode[] {
  return 'trials' in results
    ? results.directions.map((direction) => (direction === 'maximize' ? 'max' : 'min'))
    : results.objectives.map(({ mode }) => mode)
}

function checkReference(reference: readonly number[] | undefined, modes: readonly Mode[]): void {
  if (modes.length === 0) {
    throw new OptionError(
      'hypervolume',
      "hypervolume: these results have no objectives. Give the Tuner a metric and a mode, such as metric: ['loss', 'size'], mode: ['min', 'min'].",
    )
  }
  if (
    !Array.isArray(reference) ||
    reference.length !== modes.length ||
    !reference.every((x) => Number.isFinite(x))
  ) {
    throw new OptionError(
      'hypervolume.reference',
      `hypervolume.reference must be an array of ${modes.length} finite numbers, one for each objective, got ${describe(reference)}. Give values that are just not good enough.`,
      { received: reference },
    )
  }
}
