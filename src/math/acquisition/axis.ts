/**
 * How the values of one coordinate lie.
 * - `continuous`: anywhere in [0, 1].
 * - `grid`: at some coordinates in [0, 1], ascending.
 * - `choice`: at 0, 1, … `count - 1`, which have no order.
 */
export type Axis =
  | { readonly kind: 'continuous' }
  | { readonly kind: 'grid'; readonly coordinates: Float64Array }
  | { readonly kind: 'choice'; readonly count: number }

/** The coordinate that a number from [0, 1) stands for, so that every value has the same room. */
export function spread(axis: Axis, u: number): number {
  switch (axis.kind) {
    case 'continuous':
      return u
    case 'grid': {
      const { coordinates } = axis
      return coordinates[Math.min(coordinates.length - 1, Math.floor(u * coordinates.length))] as number
    }
    case 'choice':
      return Math.min(axis.count - 1, Math.floor(u * axis.count))
  }
}

/** The index of the ascending coordinate nearest to `u`. */
export function nearestIndex(coordinates: Float64Array, u: number): number {
  let low = 0
  let high = coordinates.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((coordinates[middle] as number) + (coordinates[middle + 1] as number) < 2 * u) low = middle + 1
    else high = middle
  }
  return low
}
