/**
 * Numbers split in two by size, of which only the two next to the split are ever asked for: a running quantile. Two
 * heaps facing each other, so that one more costs O(log n), where a sorted array moves half of its memory. Plain data;
 * `addNumber` alone changes it.
 */
export interface SplitNumbers {
  /** The smaller ones; the first is the largest of them. */
  readonly low: number[]
  /** The larger ones, negated; the first is that of the smallest of them. */
  readonly negatedHigh: number[]
}

/** No numbers yet. */
export function noNumbers(): SplitNumbers {
  return { low: [], negatedHigh: [] }
}

/** How many numbers there are. */
export function numberCount({ low, negatedHigh }: SplitNumbers): number {
  return low.length + negatedHigh.length
}

/** The largest of the smaller ones; undefined when there are none. */
export function largestLow({ low }: SplitNumbers): number | undefined {
  return low[0]
}

/** The smallest of the larger ones; undefined when there are none. */
export function smallestHigh({ negatedHigh: [first] }: SplitNumbers): number | undefined {
  return first === undefined ? undefined : -first
}

/**
 * Adds a number, and moves the split.
 * Cost: O(log n), while `lowCount` differs by few from one call to the next.
 * @param value - Not NaN.
 * @param lowCount - How many are the smaller ones, this one included.
 */
export function addNumber({ low, negatedHigh }: SplitNumbers, value: number, lowCount: number): void {
  if (low.length > 0 && value <= (low[0] as number)) push(low, value)
  else push(negatedHigh, -value)
  while (low.length > lowCount) push(negatedHigh, -pop(low))
  while (low.length < lowCount) push(low, -pop(negatedHigh))
}

function push(heap: number[], value: number): void {
  let at = heap.length
  heap.push(value)
  while (at > 0) {
    const above = (at - 1) >> 1
    const parent = heap[above] as number
    if (parent >= value) break
    heap[at] = parent
    at = above
  }
  heap[at] = value
}

function pop(heap: number[]): number {
  const [top] = heap as [number]
  const value = heap.pop() as number
  const { length } = heap
  if (length === 0) return top
  let at = 0
  for (let below = 1; below < length; below = 2 * at + 1) {
    const right = below + 1
    if (right < length && (heap[right] as number) > (heap[below] as number)) below = right
    if ((heap[below] as number) <= value) break
    heap[at] = heap[below] as number
    at = below
  }
  heap[at] = value
  return top
}
