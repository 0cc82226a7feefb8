/**
 * How alone each point of a front is: for each loss the gap between its two neighbours, divided by the range of the
 * finite ones, summed over the losses. The ends of each loss are infinitely alone; a loss that all share is passed over;
 * the gap between two equal infinities is 0.
 * Source: Deb et al. 2002, section III.B.1.
 *
 * Equal values stand in the order that the losses before have left them in, so that of several equal points only the
 * outermost keep a distance.
 *
 * @param losses - Shape (n, losses). NaN counts as Infinity.
 * @returns `distances`, one a point, and `order`: positions with the largest distance first. Cost: O(losses · n log n).
 */
export function crowding(losses: readonly ArrayLike<number>[]): {
  readonly distances: Float64Array
  readonly order: readonly number[]
} {
  const n = losses.length
  const distances = new Float64Array(n)
  const order = Array.from({ length: n }, (_, i) => i)
  const axes = losses[0]?.length ?? 0
  for (let axis = 0; axis < axes; axis++) {
    const values = Float64Array.from(losses, (row) => worstIfNaN(row[axis] as number))
    order.sort((a, b) => compare(values[a] as number, values[b] as number))
    addGaps(distances, order, values)
  }
  order.sort((a, b) => compare(distances[a] as number, distances[b] as number)).reverse()
  return { distances, order }
}

function addGaps(distances: Float64Array, order: readonly number[], values: Float64Array): void {
  const at = (place: number): number => {
    if (place < 0) return -Infinity
    return place < order.length ? (values[order[place] as number] as number) : Infinity
  }
  const last = order.length - 1
  if (at(0) === at(last)) return
  let low = 0
  let high = last
  while (at(low) === -Infinity) low++
  while (at(high) === Infinity) high--
  const range = at(high) - at(low)
  for (const [place, i] of order.entries()) {
    const below = at(place - 1)
    const above = at(place + 1)
    const gap = below === above ? 0 : above - below
    distances[i] = (distances[i] as number) + gap / (range > 0 ? range : 1)
  }
}

function worstIfNaN(x: number): number {
  return Number.isNaN(x) ? Infinity : x
}

// Not a difference: Infinity - Infinity is NaN.
function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0
}
