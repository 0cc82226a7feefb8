import { firstAbove } from './rungs.ts'

/** The scores of one trial in order of their steps, the first of each step. Plain data; `addScore` alone changes it. */
export interface ScoreCurve {
  /** Ascending. */
  readonly steps: number[]
  /** Oriented: larger is better. */
  readonly scores: number[]
  /** The best of the scores up to each step; NaN is left out, and stands where there is nothing else. */
  readonly bests: number[]
}

/** Of a trial that has reported nothing. */
export function emptyCurve(): ScoreCurve {
  return { steps: [], scores: [], bests: [] }
}

/**
 * Adds one report. A step of NaN, or one that is there, changes nothing.
 * Cost: O(1) at the end, else O(reports behind it).
 */
export function addScore({ steps, scores, bests }: ScoreCurve, step: number, score: number): void {
  const at = firstAbove(steps, steps.length, step)
  if (Number.isNaN(step) || steps[at - 1] === step) return
  steps.splice(at, 0, step)
  scores.splice(at, 0, score)
  for (let i = at; i < steps.length; i++) {
    bests[i] = better(bests[i - 1] ?? Number.NaN, scores[i] as number)
  }
}

/**
 * The best score of the last `count` steps, and the best of those before; undefined when there are none before. NaN
 * where there is nothing else. Cost: O(count).
 */
export function bestsAround(
  { scores, bests }: ScoreCurve,
  count: number,
): { readonly before: number; readonly since: number } | undefined {
  const split = scores.length - count
  if (split < 1) return undefined
  let since = Number.NaN
  for (let i = split; i < scores.length; i++) since = better(since, scores[i] as number)
  return { before: bests[split - 1] as number, since }
}

function better(a: number, b: number): number {
  return Number.isNaN(a) || b > a ? b : a
}
