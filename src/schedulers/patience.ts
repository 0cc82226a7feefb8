import { type StepCurve, addFirst } from './step-values.ts'

/** The scores of one trial in order of their steps, the first of each step. Plain data; `addScore` alone changes it. */
export interface ScoreCurve extends StepCurve {
  /** Oriented: larger is better. */
  readonly values: number[]
  /** The best of the scores up to each step; NaN is left out, and stands where there is nothing else. */
  readonly bests: number[]
}

/** Of a trial that has reported nothing. */
export function emptyCurve(): ScoreCurve {
  return { steps: [], values: [], bests: [] }
}

/**
 * Adds one report. A step of NaN, or one that is there, changes nothing.
 * Cost: O(1) at the end, else O(reports behind it).
 */
export function addScore(curve: ScoreCurve, step: number, score: number): void {
  const { values, bests } = curve
  const at = addFirst(curve, step, score) ?? values.length
  for (let i = at; i < values.length; i++) {
    bests[i] = better(i === 0 ? Number.NaN : (bests[i - 1] as number), values[i] as number)
  }
}

/**
 * The best score of the last `count` steps, and the best of those before; undefined when there are none before. NaN
 * where there is nothing else. Cost: O(count).
 */
export function bestsAround(
  { values, bests }: ScoreCurve,
  count: number,
): { readonly before: number; readonly since: number } | undefined {
  const split = values.length - count
  if (split < 1) return undefined
  let since = Number.NaN
  for (let i = split; i < values.length; i++) since = better(since, values[i] as number)
  return { before: bests[split - 1] as number, since }
}

function better(a: number, b: number): number {
  return Number.isNaN(a) || b > a ? b : a
}
