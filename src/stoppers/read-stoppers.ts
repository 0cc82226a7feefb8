import { describe } from '../core/options.ts'
import { OptionError } from '../errors.ts'
import { metricBound } from './metric-bound.ts'
import type { Stopper } from './stopper.ts'

/** What `stop` may be: a stopper, several, or the bound of each metric. */
export type StopOption = Stopper | readonly Stopper[] | Readonly<Record<string, number>>

/**
 * The stoppers that `stop` stands for; none when it is undefined.
 * @param owner - Whose option it is, for messages, such as `'Tuner'`.
 * @throws {OptionError} for what is neither stoppers nor bounds.
 */
export function readStoppers(owner: string, stop: StopOption | undefined): readonly Stopper[] {
  if (stop === undefined) return []
  if (Array.isArray(stop)) return (stop as readonly unknown[]).map((stopper) => checkStopper(owner, stopper))
  if (typeof stop === 'object' && stop !== null && 'onReport' in stop) return [checkStopper(owner, stop)]
  return [metricBound(stop as Readonly<Record<string, number>>)]
}

function checkStopper(owner: string, stopper: unknown): Stopper {
  const { name, init, onReport } = (stopper ?? {}) as Partial<Stopper>
  if (typeof name === 'string' && typeof init === 'function' && typeof onReport === 'function')
    return stopper as Stopper
  throw new OptionError(
    `${owner}.stop`,
    `${owner}.stop must be a stopper, an array of stoppers, or bounds by metric, got ${describe(stopper)}. A stopper of your own needs name, init and onReport.`,
    { received: stopper },
  )
}
