import { logGaussMass } from './normal.ts'

// k  observed places with their counts, then the prior; g  places of the grid, 0 … g - 1

/** A density over the places of a grid, as a mixture of kernels: one for each observed place, and the prior last. */
export interface GridDensity {
  /** Weight of each kernel; they sum to 1. // (k + 1) */
  readonly weights: Float64Array
  /** Probability of each place. // (g) */
  readonly pdf: Float64Array
}

/** A density of numbers: Gaussian kernels, cut off at the ends of the grid. */
export interface NumericDensity extends GridDensity {
  /** Middles of the kernels. // (k + 1) */
  readonly mus: Float64Array
  /** Their standard deviations. // (k + 1) */
  readonly sigmas: Float64Array
}

/** A density of choices, of which none is nearer to another. */
export interface ChoiceDensity extends GridDensity {
  /** The choice of each kernel; of the prior none, so there is one less than there are weights. // (k) */
  readonly observed: readonly number[]
  /** What a kernel gives to its own choice. */
  readonly own: number
  /** What a kernel gives to each other choice. */
  readonly other: number
}

// Half a place is 1.64 standard deviations: nine tenths of the narrowest kernel lie in its own place.
const SIGMA_MIN = 0.5 / 1.64

/**
 * The density of observations counted on an even grid, with a kernel as wide as the grid that stands for the prior.
 * Source: Scott 1992, *Multivariate Density Estimation*, for the width (1.059 · min(interquartile range / 1.34, sd) ·
 * n^(-1/5)); Watanabe, Bansal & Hutter 2023, arXiv:2304.10255, for its use. Cost: O(k · g).
 * @param counts - Observations at each place; one of them at least. // (g)
 * @param priorWeight - How many observations the prior counts as.
 */
export function numericDensity(counts: ArrayLike<number>, priorWeight: number): NumericDensity {
  const high = counts.length - 1
  const places = observedPlaces(counts)
  const sigma = Math.max(scottWidth(places, counts), SIGMA_MIN)
  const mus = Float64Array.of(...places, high / 2)
  const sigmas = new Float64Array(mus.length).fill(sigma)
  sigmas[places.length] = high + 1
  const weights = kernelWeights(places, counts, priorWeight)
  const pdf = new Float64Array(counts.length)
  mus.forEach((mu, kernel) => {
    const s = sigmas[kernel] as number
    const whole = logGaussMass((-0.5 - mu) / s, (high + 0.5 - mu) / s)
    for (let x = 0; x <= high; x++) {
      const mass = Math.exp(logGaussMass((x - 0.5 - mu) / s, (x + 0.5 - mu) / s) - whole)
      pdf[x] = (pdf[x] as number) + (weights[kernel] as number) * mass
    }
  })
  return { weights, mus, sigmas, pdf }
}

/**
 * The density of observed choices: a kernel has most on its own choice and something on each.
 * Source: Watanabe, Bansal & Hutter 2023, arXiv:2304.10255; the kernels are those of Optuna's TPE. Cost: O(g).
 * @param counts - Observations of each choice. // (g)
 * @param priorWeight - How many observations the prior counts as.
 */
export function choiceDensity(counts: ArrayLike<number>, priorWeight: number): ChoiceDensity {
  const size = counts.length
  const observed = observedPlaces(counts)
  const share = priorWeight / (observed.length + 1)
  const sum = size * share + 1
  const [own, other] = [(share + 1) / sum, share / sum]
  const weights = kernelWeights(observed, counts, priorWeight)
  const prior = weights[observed.length] as number
  const pdf = new Float64Array(size).fill((1 - prior) * other + prior / size)
  observed.forEach((place, kernel) => {
    pdf[place] = (pdf[place] as number) + (weights[kernel] as number) * (own - other)
  })
  return { weights, observed, own, other, pdf }
}

function observedPlaces(counts: ArrayLike<number>): number[] {
  return Array.from(counts).flatMap((count, place) => (count > 0 ? [place] : []))
}

function kernelWeights(
  places: readonly number[],
  counts: ArrayLike<number>,
  priorWeight: number,
): Float64Array {
  const weights = Float64Array.of(...places.map((place) => counts[place] as number), priorWeight)
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return weights.map((weight) => weight / sum)
}

function scottWidth(places: readonly number[], counts: ArrayLike<number>): number {
  const count = places.map((place) => counts[place] as number)
  const n = count.reduce((sum, c) => sum + c, 0)
  const mean = places.reduce((sum, place, i) => sum + place * (count[i] as number), 0) / n
  const squares = places.reduce((sum, place, i) => sum + (place - mean) ** 2 * (count[i] as number), 0)
  const sd = Math.sqrt(squares / Math.max(1, n - 1))
  let before = 0
  const upTo = count.map((c) => (before += c))
  const first = upTo.findIndex((sum) => sum >= Math.floor(n / 4))
  const third = upTo.findIndex((sum) => sum > Math.floor((3 * n) / 4))
  const last = third < 0 ? places.length - 1 : third
  const range = (places[last] as number) - (places[first] as number)
  return 1.059 * Math.min(range / 1.34, sd) * n ** -0.2
}
