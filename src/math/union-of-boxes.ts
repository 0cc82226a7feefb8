/**
 * Volume of the union of boxes that all have one corner at the origin: what hypervolume is, once each point is turned
 * into its distances to the reference point.
 *
 *   q // (n, m) the opposite corners, row by row, none negative
 *
 * Two axes: one sweep. Three: boxes from the highest down, each adding to a staircase in the plane what it covers anew,
 * times its own height (Beume et al. 2009; the staircase is a sorted array in place of a tree). More: WFG by slicing
 * (While, Bradstreet, Barone 2012): from the lowest box up, each adds what the higher ones do not cover; cut off at the
 * box, these all have its height, so that one axis less is left.
 */

/**
 * @param q - Opposite corners; read, never written. Shape (n, m), possibly longer.
 * @param n - How many boxes.
 * @param m - How many axes, from 1.
 * @returns The volume. Cost: O(n log n) up to three axes (and moves of memory within the staircase), each further axis
 *   up to n times as much.
 */
export function unionVolume(q: Float64Array, n: number, m: number): number {
  if (n === 0) return 0
  if (n === 1) return boxVolume(q, 0, m)
  if (m === 1) return longest(q, n)
  if (m === 2) return areaBySweep(q, n)
  return m === 3 ? volumeByStaircase(q, n) : volumeBySlices(q, n, m)
}

/** Volume of the box in row `i`. */
export function boxVolume(q: Float64Array, i: number, m: number): number {
  let volume = 1
  for (let j = i * m; j < (i + 1) * m; j++) volume *= q[j] as number
  return volume
}

function longest(q: Float64Array, n: number): number {
  let max = 0
  for (let i = 0; i < n; i++) max = Math.max(max, q[i] as number)
  return max
}

/** Room for what is computed with a number of axes left: slices are many and small, and made anew they would cost most. */
class Room {
  /** Positions of the boxes, in the order in which they are gone through. */
  order = new Uint32Array(0)
  /** Bases of the boxes above, cut off at the present one; of three axes the corners of the staircase. */
  cut = new Float64Array(0)
  keys = new Float64Array(0)

  reserve(n: number, m: number): this {
    if (this.order.length < n) {
      this.order = new Uint32Array(2 * n)
      this.keys = new Float64Array(2 * n)
      this.cut = new Float64Array(2 * n * (m - 1))
    }
    return this
  }
}

// By the number of axes: each is in use once at a time.
const rooms: Room[] = []

function roomFor(n: number, m: number): Room {
  return (rooms[m] ??= new Room()).reserve(n, m)
}

// Below that, sorting by insertion is quicker.
const INSERTION_MAX = 40

/** Puts the boxes in the order of their extent along the last axis: from the least up, or from the largest down. */
function sortByLast({ order, keys }: Room, q: Float64Array, n: number, m: number, sign: 1 | -1): void {
  for (let i = 0; i < n; i++) keys[i] = sign * (q[i * m + m - 1] as number)
  if (n > INSERTION_MAX) {
    for (let i = 0; i < n; i++) order[i] = i
    order.subarray(0, n).sort((a, b) => (keys[a] as number) - (keys[b] as number))
    return
  }
  for (let i = 0; i < n; i++) {
    const key = keys[i] as number
    let k = i
    for (; k > 0 && (keys[order[k - 1] as number] as number) > key; k--) order[k] = order[k - 1] as number
    order[k] = i
  }
}

function areaBySweep(q: Float64Array, n: number): number {
  const room = roomFor(n, 2)
  sortByLast(room, q, n, 2, -1)
  let area = 0
  let width = 0
  for (let k = 0; k < n; k++) {
    const i = room.order[k] as number
    const x = q[2 * i] as number
    if (x <= width) continue
    area += (q[2 * i + 1] as number) * (x - width)
    width = x
  }
  return area
}

function volumeByStaircase(q: Float64Array, n: number): number {
  const room = roomFor(n, 3)
  sortByLast(room, q, n, 3, -1)
  // Corners of the staircase: x ascending from 0 on, y descending from n on.
  const corners = room.cut
  let length = 0
  let volume = 0
  for (let k = 0; k < n; k++) {
    const i = room.order[k] as number
    const x = q[3 * i] as number
    const y = q[3 * i + 1] as number
    let low = 0
    let high = length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((corners[middle] as number) < x) low = middle + 1
      else high = middle
    }
    const covered = low < length ? (corners[n + low] as number) : 0
    if (y <= covered) continue
    // Strips from right to left, until a corner that is as high.
    let area = 0
    let right = x
    let height = covered
    // A corner with the same x is lower, and goes too.
    const end = low < length && corners[low] === x ? low + 1 : low
    let start = low
    while (start > 0 && (corners[n + start - 1] as number) <= y) {
      start--
      area += (right - (corners[start] as number)) * (y - height)
      right = corners[start] as number
      height = corners[n + start] as number
    }
    area += (right - (start > 0 ? (corners[start - 1] as number) : 0)) * (y - height)
    volume += area * (q[3 * i + 2] as number)
    if (end !== start + 1) {
      corners.copyWithin(start + 1, end, length)
      corners.copyWithin(n + start + 1, n + end, n + length)
      length += start + 1 - end
    }
    corners[start] = x
    corners[n + start] = y
  }
  return volume
}

function volumeBySlices(q: Float64Array, n: number, m: number): number {
  const room = roomFor(n, m)
  sortByLast(room, q, n, m, 1)
  const { order, cut } = room
  let volume = 0
  for (let k = 0; k < n; k++) {
    const i = order[k] as number
    const higher = cutOff(q, n, m, order, k, cut)
    if (higher < 0) continue
    let base = 1
    for (let j = 0; j < m - 1; j++) base *= q[i * m + j] as number
    // Cut boxes contain each other often.
    const kept = withoutContained(cut, higher, m - 1)
    volume += (q[i * m + m - 1] as number) * Math.max(0, base - unionVolume(cut, kept, m - 1))
  }
  return volume
}

/**
 * Writes the bases of the boxes after place `k` of the order, cut off at the box there.
 * @returns How many; -1 when one of them covers that box.
 */
function cutOff(
  q: Float64Array,
  n: number,
  m: number,
  order: Uint32Array,
  k: number,
  cut: Float64Array,
): number {
  const i = order[k] as number
  for (let rest = k + 1; rest < n; rest++) {
    const other = order[rest] as number
    const row = (rest - k - 1) * (m - 1)
    let covers = true
    for (let j = 0; j < m - 1; j++) {
      const mine = q[i * m + j] as number
      const its = q[other * m + j] as number
      if (its < mine) covers = false
      cut[row + j] = its < mine ? its : mine
    }
    if (covers) return -1
  }
  return n - k - 1
}

/**
 * Moves the boxes that no other contains to the front, one of equals. Up to three axes nothing is moved: there it costs
 * more than it saves.
 * @returns How many there are.
 */
export function withoutContained(q: Float64Array, n: number, m: number): number {
  if (m <= 3) return n
  let kept = 0
  for (let i = 0; i < n; i++) {
    let contained = false
    for (let k = 0; k < kept && !contained; k++) {
      if (contains(q, k, i, m)) contained = true
      else if (contains(q, i, k, m)) {
        kept--
        move(q, kept, k, m)
        k--
      }
    }
    if (contained) continue
    move(q, i, kept, m)
    kept++
  }
  return kept
}

function contains(q: Float64Array, a: number, b: number, m: number): boolean {
  for (let j = 0; j < m; j++) if ((q[a * m + j] as number) < (q[b * m + j] as number)) return false
  return true
}

// A few numbers are moved sooner one by one than by copyWithin.
function move(q: Float64Array, from: number, to: number, m: number): void {
  if (from === to) return
  for (let j = 0; j < m; j++) q[to * m + j] = q[from * m + j] as number
}
