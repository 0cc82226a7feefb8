// n  points, d  dimensions, x  the points, in [0, 1] // n rows of d

/**
 * How unevenly points fill the unit cube, compared with boxes that reach from the nearest corner of the cube to a point:
 * the centered L2 discrepancy, squared. Smaller is more even.
 * Source: Hickernell 1998, Math. Comp. 67(221), equation 4.5. Cost: O(n² d).
 * @returns NaN without points.
 */
export function centeredDiscrepancy(points: readonly ArrayLike<number>[]): number {
  const n = points.length
  const d = points[0]?.length ?? 0
  let singles = 0
  let pairs = 0
  for (const x of points) {
    singles += product(d, (k) => {
      const a = Math.abs((x[k] as number) - 0.5)
      return 1 + (a - a * a) / 2
    })
    for (const y of points) {
      pairs += product(d, (k) => {
        const [a, b] = [(x[k] as number) - 0.5, (y[k] as number) - 0.5]
        return 1 + (Math.abs(a) + Math.abs(b) - Math.abs(a - b)) / 2
      })
    }
  }
  return (13 / 12) ** d - (2 / n) * singles + pairs / (n * n)
}

/**
 * How unevenly points fill the unit cube, compared with boxes that reach from the origin to a point: the L2-star
 * discrepancy. Smaller is more even.
 * Source: Warnock 1972; as in Zhou, Fang & Ning 2013, J. Complexity 29, section 1. Cost: O(n² d).
 * @returns NaN without points.
 */
export function starDiscrepancy(points: readonly ArrayLike<number>[]): number {
  const n = points.length
  const d = points[0]?.length ?? 0
  let singles = 0
  let pairs = 0
  for (const x of points) {
    singles += product(d, (k) => 1 - (x[k] as number) ** 2)
    for (const y of points) pairs += product(d, (k) => 1 - Math.max(x[k] as number, y[k] as number))
  }
  return Math.sqrt(3 ** -d - (2 ** (1 - d) / n) * singles + pairs / (n * n))
}

function product(count: number, factor: (index: number) => number): number {
  let result = 1
  for (let k = 0; k < count; k++) result *= factor(k)
  return result
}
