import { isPlainObject } from '../core/metrics.ts'
import { boundsStopper } from './metric-bound.ts'
import { mustBeStopper } from './must-be-stopper.ts'
import type { Stopper } from './stopper.ts'

type Bounds = Readonly<Record<string, number>>

/** What `stop` may be: a stopper, the bound of each metric, or several of these. */
export type StopOption = Stopper | readonly (Stopper | Bounds)[] | Bounds

/**
 * The stoppers that `stop` stands for; none when it is undefined.
 * @param owner - Whose option it is, for messages, such as `'Tuner'`.
 * @throws {OptionError} for what is neither stoppers nor bounds.
 */
export function readStoppers(owner: string, stop: StopOption | undefined): readonly Stopper[] {
  if (stop === undefined) return []
  const all: readonly unknown[] = Array.isArray(stop) ? stop : [stop]
  return all.map((one) => {
    if (isPlainObject(one) && !('onReport' in one)) return boundsStopper('stop', one)
    mustBeStopper(`${owner}.stop`, 'must be a stopper, an array of stoppers, or bounds by metric', one)
    return one
  })
}
