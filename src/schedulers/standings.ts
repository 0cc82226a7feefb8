import { compareValues } from '../core/order.ts'
import { partitionPoint } from '../core/partition-point.ts'

/**
 * Trials by score, worst first, in the one order: NaN is worst, ties go to the lower number. Plain data.
 *
 * In pieces, since one long array would be moved in memory at each arrival: at 10,000 trials that is ten times the cost
 * at 100, in pieces it is the same.
 */
export interface Standings {
  readonly pieces: Piece[]
  count: number
}

/** Only the first `count` are there, the rest is room to grow. */
interface Piece {
  /** Larger is better. */
  readonly scores: Float64Array
  /** The trial of each score. */
  readonly trials: Float64Array
  count: number
}

/** One trial where it stands. */
export interface Standing {
  readonly trial: number
  readonly score: number
}

const PIECE_SIZE = 256

/** Nobody yet. */
export function emptyStandings(): Standings {
  return { pieces: [emptyPiece()], count: 0 }
}

/** Cost: O(log n), and one move of some hundred numbers. */
export function enter(standings: Standings, trial: number, score: number): void {
  const index = pieceOf(standings, trial, score)
  const piece = standings.pieces[index] as Piece
  const at = placeIn(piece, trial, score)
  piece.scores.copyWithin(at + 1, at, piece.count)
  piece.trials.copyWithin(at + 1, at, piece.count)
  piece.scores[at] = score
  piece.trials[at] = trial
  piece.count++
  standings.count++
  if (piece.count === PIECE_SIZE) standings.pieces.splice(index + 1, 0, secondHalfOf(piece))
}

/** Takes a trial out, if it is there with this score. Cost: as of `enter`. */
export function leave(standings: Standings, trial: number, score: number): void {
  const index = pieceOf(standings, trial, score)
  const piece = standings.pieces[index] as Piece
  const at = placeIn(piece, trial, score)
  if (at === piece.count || piece.trials[at] !== trial) return
  if (compareValues(piece.scores[at], score, 'max') !== 0) return
  piece.scores.copyWithin(at, at + 1, piece.count)
  piece.trials.copyWithin(at, at + 1, piece.count)
  piece.count--
  standings.count--
  if (piece.count === 0 && standings.pieces.length > 1) standings.pieces.splice(index, 1)
}

/** How many are better than this trial, which is there. Cost: O(log n + n / 256). */
export function rankOf(standings: Standings, trial: number, score: number): number {
  const { pieces } = standings
  const index = pieceOf(standings, trial, score)
  const piece = pieces[index] as Piece
  let better = piece.count - 1 - placeIn(piece, trial, score)
  for (let i = index + 1; i < pieces.length; i++) better += (pieces[i] as Piece).count
  return better
}

/** The trial than which `rank` others are better, from 0; undefined where there is none. Cost: O(n / 256). */
export function trialAt({ pieces }: Standings, rank: number): number | undefined {
  let better = rank
  for (let i = pieces.length - 1; i >= 0; i--) {
    const { trials, count } = pieces[i] as Piece
    if (better < count) return trials[count - 1 - better]
    better -= count
  }
  return undefined
}

/** From the best to the worst. Ends when the standings are changed. */
export function* bestFirst({ pieces }: Standings): Generator<Standing> {
  for (let i = pieces.length - 1; i >= 0; i--) {
    const { scores, trials, count } = pieces[i] as Piece
    for (let at = count - 1; at >= 0; at--) {
      yield { trial: trials[at] as number, score: scores[at] as number }
    }
  }
}

/** Index of the piece in which the trial is, or would go: the first whose best is not worse, else the last. */
function pieceOf({ pieces }: Standings, trial: number, score: number): number {
  return partitionPoint(pieces.length - 1, (i) => {
    const piece = pieces[i] as Piece
    return isWorse(piece, piece.count - 1, trial, score)
  })
}

/** How many of the piece are worse. */
function placeIn(piece: Piece, trial: number, score: number): number {
  return partitionPoint(piece.count, (at) => isWorse(piece, at, trial, score))
}

function isWorse({ scores, trials }: Piece, at: number, trial: number, score: number): boolean {
  const order = compareValues(scores[at], score, 'max')
  return order === 0 ? (trials[at] as number) > trial : order > 0
}

function emptyPiece(): Piece {
  return { scores: new Float64Array(PIECE_SIZE), trials: new Float64Array(PIECE_SIZE), count: 0 }
}

function secondHalfOf(piece: Piece): Piece {
  const half = piece.count >>> 1
  const second = emptyPiece()
  second.scores.set(piece.scores.subarray(half, piece.count))
  second.trials.set(piece.trials.subarray(half, piece.count))
  second.count = piece.count - half
  piece.count = half
  return second
}
