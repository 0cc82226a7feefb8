import { isPlainObject, type Metrics } from '../core/metrics.ts'
import { describe, must, readOptions } from '../core/options.ts'
import { OptionError } from '../errors.ts'
import type { Reported, TrainableFunction, Trial } from '../executors/trainable.ts'

/**
 * What a trial will report: values or metrics, one a step; or a function of the step, from 1, which gives undefined
 * when there are no more.
 */
export type LearningCurve =
  | readonly (number | Metrics)[]
  | ((step: number) => number | Metrics | undefined | void)

/** Options of `learningCurves`. */
export interface LearningCurvesOptions {
  /** The metric that plain numbers are values of. Default `'value'`. */
  readonly metric?: string
  /**
   * Whether each report carries a checkpoint, from which a retry or an exploiting trial goes on at the next step; else
   * it begins again at the first. Default true.
   */
  readonly checkpoint?: boolean
}

const DEFAULTS = { metric: 'value', checkpoint: true }

const CHECKS = {
  metric: (name: string) =>
    typeof name === 'string' && name !== '' ? undefined : 'must be the name of a metric.',
  checkpoint: must.beBoolean,
}

/**
 * A trainable that computes nothing and reports what a script says: for tests of schedulers, in `simulate`. A trial
 * ends by itself after the last step of its curve; time passes by `stepMs`.
 * @param curve - Gives each trial its curve, by its configuration and its number. Asked at each start.
 * @throws {OptionError} for an option that cannot be used; in a trial, which then fails, for what is no curve.
 * @example
 * const trainable = learningCurves((config: { lr: number }) => (step) => 1 - (1 - config.lr) ** step, { metric: 'acc' })
 * @example learningCurves((_config, number) => [[0.9, 0.5], [0.8, 0.7]][number] ?? [], { metric: 'loss' })
 */
export function learningCurves<Config = Record<string, unknown>>(
  curve: (config: Config, number: number) => LearningCurve,
  options: LearningCurvesOptions = {},
): TrainableFunction<Config> {
  const { metric, checkpoint } = readOptions('learningCurves', options, DEFAULTS, CHECKS)
  if (typeof curve !== 'function') {
    throw new OptionError(
      'learningCurves',
      `learningCurves takes a function of (config, number) that gives a trial its curve, got ${describe(curve)}. Write learningCurves((config, number) => [0.9, 0.5]).`,
      { received: curve },
    )
  }
  return function* curves(config: Config, trial: Trial): Generator<Reported, void, undefined> {
    const at = stepsOf(curve(config, trial.number))
    const done = typeof trial.checkpoint === 'number' ? trial.checkpoint : 0
    for (let step = done + 1; ; step++) {
      const point: unknown = at(step)
      if (point === undefined) return
      yield trial.report(metricsOf(point, metric), checkpoint ? { checkpoint: step } : undefined)
    }
  }
}

function stepsOf(curve: LearningCurve): (step: number) => unknown {
  if (typeof curve === 'function') return curve
  if (Array.isArray(curve)) return (step) => (curve as readonly unknown[])[step - 1]
  throw notACurve(curve)
}

function metricsOf(point: unknown, metric: string): Metrics {
  if (typeof point === 'number') return { [metric]: point }
  if (isPlainObject(point)) return point
  throw notACurve(point)
}

function notACurve(received: unknown): OptionError {
  return new OptionError(
    'learningCurves',
    `A learning curve is an array of numbers or metrics, or a function of the step that gives one, got ${describe(received)}.`,
    { received },
  )
}
