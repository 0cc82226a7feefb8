import type { Before, Evolution } from './evolution.ts'

/**
 * Learning-rate adaptation: mean and covariance go only as far along each update as its signal stands out from its noise,
 * so that multimodal and noisy functions need no larger population.
 *
 * Source: Nomura, Akimoto & Ono 2023, "CMA-ES with Learning Rate Adaptation", GECCO, arXiv:2304.03473, with its
 * constants. Letters: Δ an update, in coordinates where the distribution is round; E and V moving averages of Δ and
 * of |Δ|²; η a learning rate; SNR the signal-to-noise ratio estimated from E and V.
 */

/** What `LearningRates` can be gone on with. */
export interface SavedLearningRates {
  readonly mean: SavedRate
  readonly covariance: SavedRate
}

/** The learning rates of one run; both start at 1, which is CMA-ES as it is without them, and never go above. */
export class LearningRates {
  readonly #mean: Rate
  readonly #covariance: Rate

  /** @param saved - What an earlier `save` gave. */
  constructor(saved?: SavedLearningRates) {
    this.#mean = new Rate(0.1, saved?.mean)
    this.#covariance = new Rate(0.03, saved?.covariance)
  }

  /** The mean's rate, for whoever wants to watch. */
  get etaMean(): number {
    return this.#mean.eta
  }

  /**
   * Takes back a part of an update that was just made. The root of the covariance must still be that of before. O(n³).
   */
  temper(evolution: Evolution, before: Before): void {
    const { n, covariance } = evolution
    const entriesBefore = before.C.map((entry) => entry * before.sigma ** 2)
    const change = covariance.entries.map(
      (entry, k) => entry * evolution.sigma ** 2 - (entriesBefore[k] as number),
    )
    const meanRate = this.#mean.eta
    const etaMean = this.#mean.adapt(roundStep(evolution, before))
    const round = covariance.whitenBoth(change).map((entry) => entry / (before.sigma ** 2 * Math.SQRT2))
    const etaCovariance = this.#covariance.adapt(round)

    for (let j = 0; j < n; j++) {
      const from = before.mean[j] as number
      evolution.mean[j] = from + etaMean * ((evolution.mean[j] as number) - from)
    }
    covariance.entries.set(entriesBefore.map((entry, k) => entry + etaCovariance * (change[k] as number)))
    covariance.decompose()
    let logDeterminant = 0
    for (const axis of covariance.axes) logDeterminant += 2 * Math.log(axis)
    const sigma = Math.exp(logDeterminant / (2 * n))
    covariance.scale(1 / sigma ** 2)
    // The best step size is inversely proportional to the mean's learning rate.
    evolution.sigma = (sigma * meanRate) / etaMean
  }

  save(): SavedLearningRates {
    return { mean: this.#mean.save(), covariance: this.#covariance.save() }
  }
}

function roundStep({ n, mean, widths, covariance }: Evolution, before: Before): Float64Array {
  const step = new Float64Array(n)
  for (let j = 0; j < n; j++) {
    step[j] = ((mean[j] as number) - (before.mean[j] as number)) / (before.sigma * (widths[j] as number))
  }
  const round = new Float64Array(n)
  covariance.whiten(step, round)
  return round
}

interface SavedRate {
  readonly eta: number
  readonly E: Float64Array | undefined
  readonly V: number
}

// Of a signal-to-noise ratio that is as it should be, per learning rate; and how fast rates change at most.
const ALPHA = 1.4
const GAMMA = 0.1

class Rate {
  eta: number
  readonly #beta: number
  #E: Float64Array | undefined
  #V: number

  constructor(beta: number, { eta, E, V }: SavedRate = { eta: 1, E: undefined, V: 0 }) {
    this.#beta = beta
    this.eta = eta
    this.#E = E?.slice()
    this.#V = V
  }

  /** Hears of an update in round coordinates; returns the rate to make it with. */
  adapt(delta: Float64Array): number {
    const beta = this.#beta
    this.#E ??= new Float64Array(delta.length)
    let signal = 0
    let length = 0
    for (let k = 0; k < delta.length; k++) {
      const d = delta[k] as number
      const average = (1 - beta) * (this.#E[k] as number) + beta * d
      this.#E[k] = average
      signal += average * average
      length += d * d
    }
    this.#V = (1 - beta) * this.#V + beta * length
    const snr = (signal - (beta / (2 - beta)) * this.#V) / (this.#V - signal)
    const relative = Math.min(1, Math.max(-1, snr / (ALPHA * this.eta) - 1))
    // An update of nothing at all has no ratio.
    if (!Number.isNaN(relative)) this.eta *= Math.exp(Math.min(GAMMA * this.eta, beta) * relative)
    this.eta = Math.min(this.eta, 1)
    return this.eta
  }

  save(): SavedRate {
    return { eta: this.eta, E: this.#E?.slice(), V: this.#V }
  }
}
