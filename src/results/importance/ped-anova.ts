import { choiceDensity, numericDensity } from '../../math/scott-parzen.ts'
import { TrialOrder } from '../../searchers/tpe/trial-order.ts'
import { type NumericDomain, toScale } from '../../space/axis.ts'
import { cardinality } from '../../space/encoding.ts'
import type { Domain } from '../../space/space.ts'
import { choiceIndex, sameDomain } from '../../space/values.ts'
import type { AssessedTrial } from './assessed.ts'

// γ'  targetQuantile, γ  regionQuantile; a regime is the trials in which a parameter has the same domain.

/** Which trials PED-ANOVA compares. */
export interface PedAnovaSettings {
  readonly targetQuantile: number
  readonly regionQuantile: number
  readonly evaluateOnLocal: boolean
}

/** How a density is estimated. */
export interface DensitySettings {
  /** Places on the grid of a parameter, at the most. */
  readonly placesMax: number
  /** How many observations the prior counts as. */
  readonly priorWeight: number
}

const DENSITY: DensitySettings = { placesMax: 50, priorWeight: 1 }
// Fewer say nothing about a density.
const REGIME_MIN = 2
// Keeps the quotient of two densities finite.
const DENSITY_MIN = 1e-12

/**
 * How differently each parameter is spread among the best trials and among all: the Pearson divergence of its density
 * over the top γ' from that over the top γ, times (γ'/γ)². A conditional parameter, or one whose domain varies, is
 * compared regime by regime; the regimes in which it does not exist add nothing.
 * Source: Watanabe, Bansal & Hutter 2023, arXiv:2304.10255, equation 16; the conditional form of arXiv:2601.20800,
 * theorem 4.2 and algorithm 1. Cost: O(parameters · (n + g · k)).
 * @returns One importance a path, in their order, not normalised. 0 where nothing can be said.
 */
export function pedAnova(
  trials: readonly AssessedTrial[],
  paths: readonly string[],
  { targetQuantile, regionQuantile, evaluateOnLocal }: PedAnovaSettings,
): number[] {
  if (trials.length <= 1) return paths.map(() => 0)
  const target = new Set(topTrials(trials, targetQuantile))
  const region = topTrials(trials, regionQuantile)
  const quantile = target.size / region.length
  return paths.map((path) => {
    let sum = 0
    for (const { domain, trials: own } of regimesOf(path, region)) {
      const best = own.filter((trial) => target.has(trial))
      if (own.length < REGIME_MIN || best.length === 0 || cardinality(domain) === 1) continue
      const alpha = best.length / target.size
      const beta = own.length / region.length
      sum += (alpha ** 2 / beta) * divergence(path, domain, best, own, evaluateOnLocal)
    }
    return sum * quantile ** 2
  })
}

/** The best trials: a share of them, ties with the last one included; of several losses front by front. */
function topTrials(trials: readonly AssessedTrial[], quantile: number): readonly AssessedTrial[] {
  if (quantile === 1) return trials
  const count = Math.ceil(quantile * trials.length)
  const lossCount = trials[0]?.losses.length ?? 1
  if (lossCount > 1) {
    const order = new TrialOrder(lossCount)
    trials.forEach(({ losses }, number) => order.add({ kind: 'complete', number, losses }))
    return order.best(count).map((number) => trials[number] as AssessedTrial)
  }
  const losses = Float64Array.from(trials, (trial) => trial.losses[0] as number)
  const cutoff = losses.toSorted()[count - 1] as number
  return trials.filter((_, i) => (losses[i] as number) <= cutoff)
}

interface Regime {
  readonly domain: Domain
  readonly trials: AssessedTrial[]
}

function regimesOf(path: string, trials: readonly AssessedTrial[]): Regime[] {
  const regimes: Regime[] = []
  const known = new Map<Domain, Regime>()
  for (const trial of trials) {
    const domain = trial.domains[path]
    if (domain === undefined || domain.kind === 'computed') continue
    let regime = known.get(domain)
    if (regime === undefined) {
      regime = regimes.find((other) => sameDomain(other.domain, domain))
      if (regime === undefined) regimes.push((regime = { domain, trials: [] }))
      known.set(domain, regime)
    }
    regime.trials.push(trial)
  }
  return regimes
}

function divergence(
  path: string,
  domain: Domain,
  best: readonly AssessedTrial[],
  all: readonly AssessedTrial[],
  evaluateOnLocal: boolean,
): number {
  const top = gridDensity(domain, valuesAt(path, best)).pdf
  const base = evaluateOnLocal
    ? gridDensity(domain, valuesAt(path, all)).pdf.map((p) => p + DENSITY_MIN)
    : new Float64Array(top.length).fill(1 / top.length)
  return base.reduce((sum, p, x) => sum + p * (((top[x] as number) + DENSITY_MIN) / p - 1) ** 2, 0)
}

function valuesAt(path: string, trials: readonly AssessedTrial[]): unknown[] {
  return trials.map(({ params }) => params[path])
}

/**
 * The density of a parameter's values on a grid over its domain, by Scott's rule: the domain's own steps, at most
 * `placesMax`; of a logarithmic integer one for each doubling. A normal domain is cut off at five standard deviations.
 */
export function gridDensity(
  domain: Domain,
  values: readonly unknown[],
  { placesMax, priorWeight }: DensitySettings = DENSITY,
): ReturnType<typeof numericDensity> | ReturnType<typeof choiceDensity> {
  if (domain.kind === 'categorical' || domain.kind === 'grid') {
    const counts = new Float64Array(domain.choices.length)
    for (const value of values) {
      const choice = choiceIndex(domain, value)
      if (choice >= 0) counts[choice] = (counts[choice] as number) + 1
    }
    return choiceDensity(counts, priorWeight)
  }
  const { low, high, places, at } = lineOf(domain)
  const size = Math.min(places, placesMax)
  const width = (high - low) / (size - 1)
  const counts = new Float64Array(size)
  for (const value of values) {
    // From the middle between two places to the lower one.
    const place = Math.ceil((at(value as number) - low) / width - 0.5)
    const nearest = Math.min(Math.max(place, 0), size - 1)
    counts[nearest] = (counts[nearest] as number) + 1
  }
  return numericDensity(counts, priorWeight)
}

/** The axis of a domain: its ends, how many places it has by itself (Infinity without steps), and where a value stands. */
interface Line {
  readonly low: number
  readonly high: number
  readonly places: number
  readonly at: (value: number) => number
}

function lineOf(domain: Exclude<Domain, { kind: 'categorical' | 'grid' }>): Line {
  if (domain.kind === 'computed') return { low: 0, high: 1, places: 2, at: Number }
  if (domain.kind === 'normal') {
    const { mean, sd, step } = domain
    const places = step === undefined ? Infinity : Math.max(Math.round((10 * sd) / step) + 1, 2)
    return { low: mean - 5 * sd, high: mean + 5 * sd, places, at: Number }
  }
  const at = (value: number): number => toScale(domain.scale, value)
  return { low: at(domain.low), high: at(domain.high), places: placesOf(domain), at }
}

function placesOf({ kind, low, high, scale, step }: NumericDomain): number {
  if (kind === 'int' && scale === 'log') return Math.ceil(Math.log(high - low + 1) / Math.log(2)) + 1
  return step === undefined ? Infinity : Math.round((high - low) / step) + 1
}
