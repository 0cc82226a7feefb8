import { isPlainObject } from '../core/metrics.ts'
import { describe, nearest, readOptions } from '../core/options.ts'
import type { EndState } from '../core/trial.ts'
import { OptionError } from '../errors.ts'
import { lastValues, type StudyTrialData } from './study-state.ts'
import { readValues } from './study-trial.ts'

/** How a trial ended, when not by values alone. */
export interface TellOptions {
  readonly state: 'completed' | 'pruned' | 'failed'
  /** One value an objective. Of a pruned trial, default: those that it reported last. */
  readonly values?: number | readonly number[] | undefined
}

/** How a trial ended, as records say it. */
export interface Outcome {
  readonly state: EndState
  readonly values: readonly number[] | undefined
}

const TOLD_STATES: readonly TellOptions['state'][] = ['completed', 'pruned', 'failed']

const DEFAULTS = { state: undefined, values: undefined }

/**
 * Reads how a trial went from what `tell` was given.
 * @throws {OptionError} when that fits neither the objectives nor a state.
 */
export function readOutcome(trial: StudyTrialData, result: unknown, objectiveCount: number): Outcome {
  if (typeof result === 'number' || Array.isArray(result)) {
    return completed(readValues('tell', result, objectiveCount))
  }
  if (typeof result !== 'object' || result === null) throw noResult(result)
  const { state, values } = readOptions<Partial<TellOptions>, typeof DEFAULTS>('tell', result, DEFAULTS)
  switch (state) {
    case 'completed':
      return completed(readValues('tell', values, objectiveCount))
    case 'pruned':
      return {
        state,
        values:
          values === undefined
            ? lastValues(trial, objectiveCount)
            : readValues('tell', values, objectiveCount),
      }
    case 'failed':
      refuseValues('tell', values)
      return { state, values }
    default:
      throw noResult(result)
  }
}

function noResult(result: unknown): OptionError {
  const state: unknown = isPlainObject(result) ? result['state'] : undefined
  if (state !== undefined) {
    const near = typeof state === 'string' ? nearest(state, TOLD_STATES) : undefined
    return new OptionError(
      'tell.state',
      `tell.state must be 'completed', 'pruned' or 'failed', got ${describe(state)}.${near === undefined ? '' : ` Did you mean '${near}'?`}`,
      { received: state },
    )
  }
  return new OptionError(
    'tell',
    `tell takes values, or { state: 'pruned' } or { state: 'failed' }, got ${describe(result)}.`,
    { received: result },
  )
}

/** @throws {OptionError} when a trial that has failed is given values: they would be lost. */
export function refuseValues(owner: string, values: unknown): asserts values is undefined {
  if (values === undefined) return
  throw new OptionError(
    `${owner}.values`,
    `${owner}: a trial that failed has no values, got ${describe(values)}. Leave them out, or use state: 'pruned'.`,
    { received: values },
  )
}

/** Completed with these values; failed when one of them is NaN. */
export function completed(values: readonly number[]): Outcome {
  return values.some(Number.isNaN) ? { state: 'failed', values: undefined } : { state: 'completed', values }
}
