import type { Objective } from '../../core/objective.ts'
import { describe, nearest } from '../../core/options.ts'
import { OptionError } from '../../errors.ts'
import { lossesOf } from '../../searchers/losses.ts'
import type { EndedTrial } from '../ended-trials.ts'

/** Where importance finds its trials: `Results` and `Study` are such. */
export interface ImportanceSource {
  readonly objectives: readonly Objective[]
  /** The trials that have ended, with the domains of their parameters. */
  endedTrials(): Iterable<EndedTrial>
}

/** What importance is about: an objective by its metric, or anything of a trial, of which less is better. */
export type ImportanceTarget = string | ((trial: EndedTrial) => number)

/** A completed trial whose losses are finite. */
export interface AssessedTrial extends Pick<EndedTrial, 'params' | 'domains'> {
  /** One an objective, or one for the target; smaller is better. */
  readonly losses: readonly number[]
}

/** What is assessed. */
export interface Assessed {
  readonly trials: readonly AssessedTrial[]
  /** All completed trials, those with infinite values too. */
  readonly completed: readonly EndedTrial[]
  readonly lossCount: number
}

/**
 * Reads the completed trials of a source, with their losses.
 * @throws {OptionError} when there is nothing to be important for.
 */
export function assess(source: ImportanceSource, target: ImportanceTarget | undefined): Assessed {
  const lossesFor = readTarget(source.objectives, target)
  const completed = [...source.endedTrials()].filter(({ state }) => state === 'completed')
  const trials = completed.flatMap((trial) => {
    const losses = lossesFor(trial)
    return losses?.every(Number.isFinite) === true
      ? [{ params: trial.params, domains: trial.domains, losses }]
      : []
  })
  return { trials, completed, lossCount: target === undefined ? source.objectives.length : 1 }
}

function readTarget(
  objectives: readonly Objective[],
  target: ImportanceTarget | undefined,
): (trial: EndedTrial) => readonly number[] | undefined {
  if (typeof target === 'function') return (trial) => [target(trial)]
  if (objectives.length === 0) {
    throw new OptionError(
      'importance.target',
      'importance: there is no objective that parameters could be important for. Give one: importance(results, { target: (trial) => … }).',
    )
  }
  if (target === undefined) return (trial) => lossesOf(trial, objectives)
  const index = objectives.findIndex(({ metric }) => metric === target)
  if (index < 0) throw unknownMetric(objectives, target)
  return (trial) => {
    const loss = lossesOf(trial, objectives)?.[index]
    return loss === undefined ? undefined : [loss]
  }
}

function unknownMetric(objectives: readonly Objective[], target: string): OptionError {
  const known = objectives.map(({ metric }) => metric)
  const near = nearest(target, known)
  const hint = near === undefined ? `There are ${known.join(', ')}.` : `Did you mean ${near}?`
  return new OptionError('importance.target', `importance: ${describe(target)} is no objective. ${hint}`, {
    received: target,
  })
}
