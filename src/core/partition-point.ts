/**
 * Where a sorted sequence divides: the first index, from 0, at which `isBefore` no longer holds; `length` when it holds
 * throughout. Binary search, so `isBefore` is called about log2(length) times, and must hold up to some index and not
 * from there on.
 */
export function partitionPoint(length: number, isBefore: (index: number) => boolean): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isBefore(middle)) low = middle + 1
    else high = middle
  }
  return low
}
