import { compareValues } from '../core/order.ts'
import { partitionPoint } from '../core/partition-point.ts'

/**
 * Trials by score, worst first, in the one order: NaN is worst, ties go to the lower number. Plain data.
 *
 * In pieces, since one long array would be moved in memory at each arrival: at 10,000 trials that is ten times the cost
 * at 100, in pieces it is the same.
 */
export interface Standings {
  /** Score and trial of each in turn, from the worst. Beyond the count of a piece is room to grow. */
  readonly pieces: Float64Array[]
  /** How many are in each piece: beside each other, since they are summed for each rank. */
  readonly counts: number[]
  count: number
}

/** One trial where it stands. */
export interface Standing {
  readonly trial: number
  /** Larger is better. */
  readonly score: number
}

const PIECE_SIZE = 256

/** Nobody yet. */
export function emptyStandings(): Standings {
  return { pieces: [emptyPiece()], counts: [0], count: 0 }
}

/**
 * Takes in a trial that is not there.
 * @returns How many are better. Cost: O(log n + n / 256), and one move of some hundred numbers.
 */
export function enter(standings: Standings, trial: number, score: number): number {
  const { pieces, counts } = standings
  const index = pieceOf(standings, trial, score)
  const piece = pieces[index] as Float64Array
  const count = counts[index] as number
  const at = placeIn(piece, count, trial, score)
  piece.copyWithin(2 * at + 2, 2 * at, 2 * count)
  piece[2 * at] = score
  piece[2 * at + 1] = trial
  counts[index] = count + 1
  standings.count++
  const better = count - at + countAbove(standings, index)
  if (count + 1 === PIECE_SIZE) split(standings, index)
  return better
}

/** Takes a trial out, if it is there with this score. Cost: O(log n), and one move of some hundred numbers. */
export function leave(standings: Standings, trial: number, score: number): void {
  const { pieces, counts } = standings
  const index = pieceOf(standings, trial, score)
  const piece = pieces[index] as Float64Array
  const count = counts[index] as number
  const at = placeIn(piece, count, trial, score)
  if (at === count || piece[2 * at + 1] !== trial) return
  if (compareValues(piece[2 * at], score, 'max') !== 0) return
  piece.copyWithin(2 * at, 2 * at + 2, 2 * count)
  counts[index] = count - 1
  standings.count--
  if (count > 1 || pieces.length === 1) return
  pieces.splice(index, 1)
  counts.splice(index, 1)
}

/** Takes all out. */
export function clear(standings: Standings): void {
  Object.assign(standings, emptyStandings())
}

/** How many are better than this trial, which is there. Cost: O(log n + n / 256). */
export function rankOf(standings: Standings, trial: number, score: number): number {
  const index = pieceOf(standings, trial, score)
  const count = standings.counts[index] as number
  const at = placeIn(standings.pieces[index] as Float64Array, count, trial, score)
  return count - 1 - at + countAbove(standings, index)
}

/** The trial than which `rank` others are better, from 0; undefined where there is none. Cost: O(n / 256). */
export function trialAt({ pieces, counts }: Standings, rank: number): number | undefined {
  let better = rank
  for (let i = pieces.length - 1; i >= 0; i--) {
    const count = counts[i] as number
    if (better < count) return (pieces[i] as Float64Array)[2 * (count - 1 - better) + 1]
    better -= count
  }
  return undefined
}

/** From the best to the worst. Ends when the standings are changed. */
export function* bestFirst({ pieces, counts }: Standings): Generator<Standing> {
  for (let i = pieces.length - 1; i >= 0; i--) {
    const piece = pieces[i] as Float64Array
    for (let at = 2 * ((counts[i] as number) - 1); at >= 0; at -= 2) {
      yield { trial: piece[at + 1] as number, score: piece[at] as number }
    }
  }
}

/** How many are in better pieces. */
function countAbove({ counts, count }: Standings, index: number): number {
  let sum = 0
  if (2 * index > counts.length) {
    for (let i = index + 1; i < counts.length; i++) sum += counts[i] as number
    return sum
  }
  for (let i = 0; i <= index; i++) sum += counts[i] as number
  return count - sum
}

/** Index of the piece in which the trial is, or would go: the first whose best is not worse, else the last. */
function pieceOf({ pieces, counts }: Standings, trial: number, score: number): number {
  return partitionPoint(pieces.length - 1, (i) =>
    isWorse(pieces[i] as Float64Array, (counts[i] as number) - 1, trial, score),
  )
}

/** How many of the piece are worse. */
function placeIn(piece: Float64Array, count: number, trial: number, score: number): number {
  return partitionPoint(count, (at) => isWorse(piece, at, trial, score))
}

function isWorse(piece: Float64Array, at: number, trial: number, score: number): boolean {
  const there = piece[2 * at] as number
  if (there < score) return true
  if (there > score) return false
  // Equal, or one of them is NaN.
  const order = compareValues(there, score, 'max')
  return order === 0 ? (piece[2 * at + 1] as number) > trial : order > 0
}

function emptyPiece(): Float64Array {
  return new Float64Array(2 * PIECE_SIZE)
}

function split({ pieces, counts }: Standings, index: number): void {
  const piece = pieces[index] as Float64Array
  const count = counts[index] as number
  const half = count >>> 1
  const second = emptyPiece()
  second.set(piece.subarray(2 * half, 2 * count))
  pieces.splice(index + 1, 0, second)
  counts.splice(index, 1, half, count - half)
}
