import { partitionPoint } from '../core/partition-point.ts'
import { firstAbove } from './rungs.ts'

/**
 * Scores in order, worst first. Plain data. In pieces, since one long array would be moved in memory at each arrival.
 */
export interface SortedScores {
  readonly pieces: ScorePiece[]
  count: number
}

/** Only the first `count` are there, the rest is room to grow. */
interface ScorePiece {
  readonly scores: Float64Array
  count: number
}

const PIECE_SIZE = 256

/** @param scores - Without NaN, in any order. Cost: O(n log n). */
export function sortedScores(scores: readonly number[]): SortedScores {
  const ascending = Float64Array.from(scores).sort()
  const pieces: ScorePiece[] = []
  // Half full, so that those to come find room.
  for (let from = 0; from < ascending.length; from += PIECE_SIZE / 2) {
    pieces.push(pieceWith(ascending.subarray(from, from + PIECE_SIZE / 2)))
  }
  return { pieces: pieces.length === 0 ? [pieceWith([])] : pieces, count: ascending.length }
}

/** Adds a score, not NaN. Cost: O(log n), and one move of some hundred numbers. */
export function addScore(sorted: SortedScores, score: number): void {
  const index = pieceOf(sorted, score)
  const piece = sorted.pieces[index] as ScorePiece
  const at = firstAbove(piece.scores, piece.count, score)
  piece.scores.copyWithin(at + 1, at, piece.count)
  piece.scores[at] = score
  piece.count++
  sorted.count++
  if (piece.count < PIECE_SIZE) return
  const half = PIECE_SIZE / 2
  sorted.pieces.splice(index + 1, 0, pieceWith(piece.scores.subarray(half)))
  piece.count = half
}

/** Takes one of the scores out, which must be there. Cost: as of `addScore`. */
export function removeScore(sorted: SortedScores, score: number): void {
  const index = pieceOf(sorted, score)
  const piece = sorted.pieces[index] as ScorePiece
  const at = partitionPoint(piece.count, (i) => (piece.scores[i] as number) < score)
  piece.scores.copyWithin(at, at + 1, piece.count)
  piece.count--
  sorted.count--
  if (piece.count === 0 && sorted.pieces.length > 1) sorted.pieces.splice(index, 1)
}

/** The index of a score that is there: of equal ones, that of the first. Cost: O(log n + n / 128). */
export function indexOf(sorted: SortedScores, score: number): number {
  const index = pieceOf(sorted, score)
  const piece = sorted.pieces[index] as ScorePiece
  let before = partitionPoint(piece.count, (i) => (piece.scores[i] as number) < score)
  for (let i = 0; i < index; i++) before += (sorted.pieces[i] as ScorePiece).count
  return before
}

/** The score at an index, from 0 to `count` - 1. Cost: O(n / 128). */
export function scoreAt({ pieces }: SortedScores, index: number): number {
  let left = index
  for (const { scores, count } of pieces) {
    if (left < count) return scores[left] as number
    left -= count
  }
  return NaN
}

/** Index of the first piece whose best is not below a score, else of the last. */
function pieceOf({ pieces }: SortedScores, score: number): number {
  return partitionPoint(pieces.length - 1, (i) => {
    const { scores, count } = pieces[i] as ScorePiece
    return (scores[count - 1] as number) < score
  })
}

function pieceWith(ascending: ArrayLike<number>): ScorePiece {
  const scores = new Float64Array(PIECE_SIZE)
  scores.set(ascending)
  return { scores, count: ascending.length }
}
