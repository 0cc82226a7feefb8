/**
 * The points of a front, each next one as far as can be from those before it, so that the first k of them cover the
 * front evenly for every k: an ε-net by farthest-first traversal, from the point with the smallest first loss. Losses are
 * scaled to the range of the finite ones, so that their units do not matter; infinite ones lie at the ends of it. Ties go
 * to the point that comes first.
 * Source: Salinas et al. 2021, "A multi-objective perspective on jointly tuning hardware and hyperparameters",
 * arXiv:2106.05680; the traversal is Gonzalez 1985.
 * @param losses - Smaller is better. NaN counts as Infinity. All of one length.
 * @param count - How many points are wanted. Default: all.
 * @returns Positions of the points. Cost: O(losses · n · count).
 */
export function epsilonNet(losses: readonly ArrayLike<number>[], count = losses.length): number[] {
  if (losses.length === 0) return []
  const points = scaled(losses)
  const distances = new Float64Array(points.length).fill(Infinity)
  const order: number[] = []
  let next = indexOfSmallestFirst(losses)
  while (order.length < Math.min(count, points.length)) {
    order.push(next)
    const chosen = points[next] as Float64Array
    distances[next] = -Infinity
    let farthest = -Infinity
    points.forEach((point, i) => {
      const distance = Math.min(distances[i] as number, squaredDistance(point, chosen))
      distances[i] = distance
      if (distance > farthest) [farthest, next] = [distance, i]
    })
  }
  return order
}

function scaled(losses: readonly ArrayLike<number>[]): Float64Array[] {
  const points = losses.map((row) => Float64Array.from(row, (loss) => (Number.isNaN(loss) ? Infinity : loss)))
  const axes = points[0]?.length ?? 0
  for (let axis = 0; axis < axes; axis++) {
    let [low, high] = [Infinity, -Infinity]
    for (const point of points) {
      const loss = point[axis] as number
      if (!Number.isFinite(loss)) continue
      low = Math.min(low, loss)
      high = Math.max(high, loss)
    }
    for (const point of points) point[axis] = withinRange(point[axis] as number, low, high)
  }
  return points
}

function withinRange(loss: number, low: number, high: number): number {
  if (loss === Infinity) return 1
  // Halved first: the range of finite numbers can overflow.
  return loss === -Infinity || !(high > low) ? 0 : (loss / 2 - low / 2) / (high / 2 - low / 2)
}

function indexOfSmallestFirst(losses: readonly ArrayLike<number>[]): number {
  let best = 0
  losses.forEach((row, i) => {
    if ((row[0] as number) < (losses[best]?.[0] as number) || Number.isNaN(losses[best]?.[0])) best = i
  })
  return best
}

function squaredDistance(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2
  return sum
}
