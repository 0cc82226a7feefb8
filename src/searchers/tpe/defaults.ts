/** How many of the best of n finished trials are taken as good, with one objective: a tenth, at most 25 (Optuna 5). */
export function defaultGamma(n: number): number {
  return Math.min(Math.ceil(0.1 * n), 25)
}

/** The same with several objectives: a tenth (Optuna 5), since a whole front is good. */
export function severalObjectivesGamma(n: number): number {
  return Math.ceil(0.1 * n)
}

/** The same as in Hyperopt: a quarter of the square root, at most 25 (Bergstra et al. 2013). */
export function hyperoptGamma(n: number): number {
  return Math.min(Math.ceil(0.25 * Math.sqrt(n)), 25)
}

/** Writes weights of n observations, the oldest first, to the beginning of an array that is long enough. */
export type Weigh = (n: number, weights: Float64Array) => void

/**
 * 1 for the last 25, for those before rising evenly from 1 / n to 1 (Bergstra et al. 2013; Optuna 5).
 */
export const weighByAge: Weigh = (n, weights) => {
  const ramp = n - 25
  const step = ramp === 1 ? 0 : (1 - 1 / n) / (ramp - 1)
  for (let i = 0; i < n; i++) weights[i] = i < ramp ? 1 / n + i * step : 1
}

/** The same for all. */
export const weighEqually: Weigh = (n, weights) => {
  weights.fill(1, 0, n)
}
