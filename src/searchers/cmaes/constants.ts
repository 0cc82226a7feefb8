/**
 * Strategy parameters of CMA-ES.
 * Source: Hansen 2016, "The CMA Evolution Strategy: A Tutorial", arXiv:1604.00772, its table of default
 * parameters, from eq. 48 on, with α_cov = 2.
 */

/** Everything of an evolution strategy that depends on dimension and population size alone. */
export interface StrategyConstants {
  /** Population size λ. */
  readonly lambda: number
  /** How many of the best a new mean is made from. */
  readonly mu: number
  /** Recombination weights, best first: the first μ sum to 1, the others are not positive. Shape (λ). */
  readonly weights: Float64Array
  /** Variance effective selection mass of the μ best. */
  readonly mueff: number
  /** The same of the others. */
  readonly mueffMinus: number
  /** Learning rate of the rank-one update. */
  readonly c1: number
  /** Learning rate of the rank-μ update. */
  readonly cmu: number
  /** Decay of the path of the covariance matrix. */
  readonly cc: number
  /** Decay of the path of the step size. */
  readonly cs: number
  /** Damping of the step size. */
  readonly damps: number
  /** Expected length of a standard normal vector of n numbers, by its series. */
  readonly chiN: number
}

/**
 * The population size that suits a dimension: 4 + ⌊3 ln n⌋.
 * Source: Hansen 2016, eq. 48.
 * @param n - Dimension, from 1.
 */
export function defaultPopulationSize(n: number): number {
  return 4 + Math.floor(3 * Math.log(n))
}

/**
 * The default parameters of CMA-ES; with `isSeparable` its learning rates of the covariance are (n + 2) / 3 times
 * larger, since n numbers are learned in place of n (n + 1) / 2 (Ros & Hansen 2008, PPSN X).
 * @param n - Dimension, from 1.
 * @param lambda - Population size λ, from 2.
 */
export function strategyConstants(n: number, lambda: number, isSeparable = false): StrategyConstants {
  const raw = rawWeights(lambda)
  const mu = Math.floor(lambda / 2)
  const mueff = effectiveMass(raw.subarray(0, mu))
  const mueffMinus = effectiveMass(raw.subarray(mu))
  const speed = isSeparable ? (n + 2) / 3 : 1
  const c1 = Math.min(1, (speed * 2) / ((n + 1.3) ** 2 + mueff))
  const cmu = Math.min(1 - c1, (speed * 2 * (mueff - 2 + 1 / mueff)) / ((n + 2) ** 2 + mueff))
  const cs = (mueff + 2) / (n + mueff + 5)
  return {
    lambda,
    mu,
    weights: scaledWeights(raw, { n, mueff, mueffMinus, c1, cmu }),
    mueff,
    mueffMinus,
    c1,
    cmu,
    cc: (4 + mueff / n) / (n + 4 + (2 * mueff) / n),
    cs,
    damps: 1 + 2 * Math.max(0, Math.sqrt((mueff - 1) / (n + 1)) - 1) + cs,
    chiN: Math.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n)),
  }
}

/** w'ᵢ = ln((λ + 1) / 2) − ln i, for i = 1 … λ (eq. 49). */
function rawWeights(lambda: number): Float64Array {
  return Float64Array.from({ length: lambda }, (_, i) => Math.log((lambda + 1) / 2) - Math.log(i + 1))
}

/** (Σ w)² / Σ w², which is μ_eff of the μ first and μ_eff⁻ of the others; 0 when there is nothing to weigh. */
function effectiveMass(weights: Float64Array): number {
  let sum = 0
  let squares = 0
  for (const w of weights) {
    sum += w
    squares += w * w
  }
  return squares === 0 ? 0 : (sum * sum) / squares
}

type Masses = Pick<StrategyConstants, 'mueff' | 'mueffMinus' | 'c1' | 'cmu'> & { readonly n: number }

/** Positive ones sum to 1, negative ones to the least of three bounds (eq. 53, with 50 to 52). */
function scaledWeights(raw: Float64Array, { n, mueff, mueffMinus, c1, cmu }: Masses): Float64Array {
  let positive = 0
  let negative = 0
  for (const w of raw) {
    if (w > 0) positive += w
    else negative -= w
  }
  // With cmu = 0 the first and the last are infinite.
  const bound = Math.min(1 + c1 / cmu, 1 + (2 * mueffMinus) / (mueff + 2), (1 - c1 - cmu) / (n * cmu))
  return raw.map((w) => (w > 0 ? w / positive : negative === 0 ? 0 : (w * bound) / negative))
}
