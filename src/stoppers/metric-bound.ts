import { isPlainObject, metricOf } from '../core/metrics.ts'
import { describe } from '../core/options.ts'
import { OptionError } from '../errors.ts'
import type { Stopper } from './stopper.ts'

/**
 * Ends a trial once any of the metrics is at or above its bound, as Ray Tune's `stop={metric: bound}` does, whichever
 * way the metric is optimised. What a plain object given as `stop` stands for.
 * A metric that a report lacks, or that is NaN there, ends nothing.
 * @param bounds - Bound of each metric: finite numbers, at least one. Names reach into nested reports: `'val/acc'`.
 * @throws {OptionError} when there is no bound, or one is not a finite number.
 * @example new Tuner(train, { paramSpace, stop: metricBound({ acc: 0.98, training_iteration: 50 }) })
 */
export function metricBound(bounds: Readonly<Record<string, number>>): Stopper<null> {
  return boundsStopper('metricBound', bounds)
}

/**
 * `metricBound`, for bounds that were given elsewhere.
 * @param option - Where, for messages, such as `'stop'`.
 */
export function boundsStopper(option: string, bounds: unknown): Stopper<null> {
  const entries = readBounds(option, bounds)
  return {
    name: 'metricBound',
    init: () => null,
    onReport(_state, { metrics }) {
      for (const [metric, bound] of entries) {
        const value = metricOf(metrics, metric)
        if (value !== undefined && value >= bound) {
          const reason = `${metric} ${value} has reached its bound ${bound}`
          return { scope: 'trial', reason, evidence: { metric, value, bound } }
        }
      }
      return undefined
    },
  }
}

function readBounds(option: string, bounds: unknown): [metric: string, bound: number][] {
  if (!isPlainObject(bounds) || Object.keys(bounds).length === 0) {
    throw new OptionError(
      option,
      `${option} takes an object with a bound for at least one metric, such as { acc: 0.98 }, got ${describe(bounds)}.`,
      { received: bounds },
    )
  }
  return Object.entries(bounds).map(([metric, bound]) => {
    if (typeof bound === 'number' && Number.isFinite(bound)) return [metric, bound]
    throw new OptionError(
      `${option}.${metric}`,
      `${option}.${metric}: a bound must be a finite number, got ${describe(bound)}. Give the value at which a trial ends, or leave it out.`,
      { received: bound },
    )
  })
}
