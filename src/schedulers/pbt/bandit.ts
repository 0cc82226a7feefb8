/**
 * Chooses configurations by what changes of the score others have led to: the time-varying bandit of PB2.
 * Source: Parker-Holder et al. 2020, arXiv:2002.02518, algorithm 1.
 */
import type { RandomStream } from '../../random/random.ts'
import { clip } from '../../space/axis.ts'
import type { BoundedParameter } from './bounds.ts'
import type { BanditData, Mark } from './growths.ts'
import { mostPromising } from './promise.ts'

// Each costs a row of a matrix, as what is known does. More are chosen at once in large populations only.
const PENDING_MAX = 50

/**
 * The values that promise most for a trial that goes on from another; even chance where too little is known.
 * @param donor - Where the other one stands; undefined when that is not known.
 * @param ahead - How far the trial runs until it is ranked again.
 */
export function chooseValues(
  data: BanditData,
  parameters: readonly BoundedParameter[],
  donor: Mark | undefined,
  ahead: number,
  random: RandomStream,
): number[] {
  if (data.newest > data.pendingAt) {
    data.pendingAt = data.newest
    data.pending = []
  }
  const units =
    donor === undefined || data.rows.length < 2
      ? parameters.map(() => random.next())
      : mostPromising(data, parameters, donor, ahead, random)
  data.pending.push(units)
  if (data.pending.length > PENDING_MAX) data.pending.shift()
  return parameters.map(({ min, max }, j) => {
    const value = min + (units[j] as number) * (max - min)
    return clip(data.isWhole[j] === true ? Math.round(value) : value, min, max)
  })
}
