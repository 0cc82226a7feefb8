/**
 * The statistical error of a mean over k folds of a cross-validation: √((1/k + 1/(k - 1)) · variance of the folds).
 * Source: Nadeau & Bengio 2003, Machine Learning 52, as Makarova et al. 2022 and Optuna 5 use it.
 * @param scores - The value of each fold; at least two.
 */
export function crossValidationError(scores: readonly number[]): number {
  const k = scores.length
  const mean = scores.reduce((sum, score) => sum + score / k, 0)
  const variance = scores.reduce((sum, score) => sum + (score - mean) ** 2 / k, 0)
  return Math.sqrt((1 / k + 1 / (k - 1)) * variance)
}

/** What `medianError` takes. */
export interface MedianErrorOptions {
  /** Trials at the beginning that do not count. Integer from 0. Default 10. */
  readonly warmUpTrials: number
  /** Trials after them whose improvements count. Integer from 1. Default 20. */
  readonly nInitialTrials: number
  /** The share of the median. Above 0. Default 0.01. */
  readonly thresholdRatio: number
}

/** As small as an error is said to be while there are too few trials: no improvement is below it. */
const NO_ERROR = -(2 ** -1022)

/**
 * A share of the median improvement of the first trials: what is left to be gained is small against what was.
 * Source: Ishibashi et al. 2023, section 5; Optuna 5, `MedianErrorEvaluator`.
 * @param trials - Those that completed, by number.
 * @param improvementOf - The improvement after some trials.
 */
export function medianError<T>(
  trials: readonly T[],
  improvementOf: (trials: readonly T[]) => number,
  { warmUpTrials, nInitialTrials, thresholdRatio }: MedianErrorOptions,
): number {
  if (trials.length < warmUpTrials + nInitialTrials) return NO_ERROR
  const improvements = Float64Array.from({ length: nInitialTrials }, (_, i) =>
    improvementOf(trials.slice(warmUpTrials, warmUpTrials + i + 1)),
  ).toSorted()
  const median = improvements[nInitialTrials >> 1] as number
  return Math.min(Number.MAX_VALUE, median * thresholdRatio)
}
