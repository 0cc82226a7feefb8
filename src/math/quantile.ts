/**
 * Quantile of the first `count` numbers of an ascending array, with linear interpolation: type 7 of Hyndman and Fan
 * 1996, the default of numpy and R. Bit for bit what `numpy.quantile` gives for finite numbers whose differences are
 * finite. Next to an infinite neighbour it is the limit that the interpolation tends to; between -Infinity and
 * Infinity it is the nearer one (-Infinity in the middle). So it is never NaN. Cost: O(1).
 * @param sorted - Ascending, without NaN.
 * @param count - How many of them count, from 1.
 * @param q - From 0 to 1.
 */
export function quantileOfSorted(sorted: Readonly<ArrayLike<number>>, count: number, q: number): number {
  const position = (count - 1) * q
  const below = Math.floor(position)
  const low = sorted[below] as number
  const high = sorted[Math.min(below + 1, count - 1)] as number
  return interpolate(low, high, position - below)
}

/**
 * The number a share `t` of the way from `low` to `high`, by the rules of `quantileOfSorted`. Never NaN.
 * @param low - At most `high`; neither is NaN.
 * @param t - From 0 to below 1.
 */
export function interpolate(low: number, high: number, t: number): number {
  if (t === 0 || low === high) return low
  if (low === -Infinity) return high === Infinity && t > 0.5 ? Infinity : -Infinity
  if (high === Infinity) return Infinity
  const span = high - low
  if (span === Infinity) return low * (1 - t) + high * t
  // From the nearer end, as numpy's _lerp does: the two forms differ in the last bit.
  return t < 0.5 ? low + span * t : high - span * (1 - t)
}
