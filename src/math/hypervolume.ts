import { OptionError } from '../errors.ts'
import { unionVolume, withoutContained } from './union-of-boxes.ts'

/**
 * The volume that points dominate together, up to a reference point: the size of the set of all places that are no
 * better than some point and no worse than the reference. Exact for any number of losses.
 * Source: Zitzler & Thiele 1998; a sweep for up to three losses, WFG for more (While, Bradstreet, Barone 2012).
 *
 * @param points - Smaller is better. Dominated and equal ones change nothing. Shape (n, losses).
 * @param reference - No point may lie beyond it. With an infinite coordinate, as with a point at -Infinity, the volume
 *   is Infinity.
 * @returns 0 for no points. Cost: O(n log n) up to three losses, each further one up to n times as much.
 * @throws {OptionError} when a point has another number of losses than the reference, has NaN, or lies beyond it.
 */
export function hypervolume(points: readonly ArrayLike<number>[], reference: ArrayLike<number>): number {
  const m = reference.length
  const q = new Float64Array(points.length * m)
  let n = 0
  let isInfinite = Array.from(reference).some((x) => !Number.isFinite(x))
  for (const point of points) {
    if (point.length !== m) throw beyond(point, reference)
    let isFlat = false
    for (let j = 0; j < m; j++) {
      const x = point[j] as number
      const extent = (reference[j] as number) - x
      if (!(x <= (reference[j] as number))) throw beyond(point, reference)
      if (x === -Infinity) isInfinite = true
      if (extent === 0) isFlat = true
      q[n * m + j] = extent
    }
    if (!isFlat) n++
  }
  return isInfinite ? Infinity : unionVolume(q, withoutContained(q, n, m), m)
}

function beyond(point: ArrayLike<number>, reference: ArrayLike<number>): OptionError {
  return new OptionError(
    'hypervolume.reference',
    `hypervolume: the point (${Array.from(point).join(', ')}) lies beyond the reference (${Array.from(reference).join(', ')}). Give a reference that is no better than any point, or leave such points out.`,
    { received: reference },
  )
}
