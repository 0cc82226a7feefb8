import { nearestLog } from '../../math/nearest-log.ts'
import { roundHalfEven } from '../../space/axis.ts'

// R  maxT, the full length of a trial;  η  reductionFactor;  s  how often a bracket is halved
// n  trials that a bracket has room for;  r  the time that they run to before a halving

/** What the brackets of HyperBand are computed from. */
export interface BandOptions {
  /** R of the paper. */
  readonly maxT: number
  /** η of the paper. */
  readonly reductionFactor: number
}

/** How many trials run how far before a halving, or to the end. */
export interface Round {
  /** n of the paper, rᵢ's many. */
  readonly size: number
  /** r of the paper. */
  readonly milestone: number
}

/**
 * How many brackets a band has: s_max + 1 = ⌊log_η R⌉ + 1, rounded to the nearest and halves to even, as Ray Tune does
 * where the paper takes the floor.
 */
export function bracketsPerBand({ maxT, reductionFactor }: BandOptions): number {
  return roundHalfEven(nearestLog(maxT) / nearestLog(reductionFactor)) + 1
}

/**
 * The first round of bracket `s`: n = ⌈(s_max + 1) / (s + 1) · ηˢ⌉ trials to r = ⌊R · η⁻ˢ⌋, of no length where that is 0.
 * Source: Li et al. 2017, JMLR 18 (185), algorithm 1.
 */
export function firstRound(options: BandOptions, s: number): Round {
  const { maxT, reductionFactor } = options
  const power = productOf(reductionFactor, s)
  return {
    size: Math.ceil((bracketsPerBand(options) / (s + 1)) * power),
    // Not `η ** -s`, which engines round differently: 81 · 3⁻⁴ has to be 1.
    milestone: Math.trunc(maxT * (1 / power)),
  }
}

/** The round that a halving leads to: ⌈n / η⌉ trials to r · η, and not beyond R. */
export function nextRound({ maxT, reductionFactor }: BandOptions, { size, milestone }: Round): Round {
  return {
    size: Math.ceil(size / reductionFactor),
    milestone: Math.trunc(Math.min(milestone * reductionFactor, maxT)),
  }
}

/** Time that all trials of bracket `s` run for, by Ray Tune's reckoning: which bracket is behind hangs on it. */
export function totalWork({ maxT, reductionFactor }: BandOptions, first: Round, s: number): number {
  let work = 0
  let { size, milestone } = first
  for (let i = 0; i <= s; i++) {
    work += size * milestone
    size = Math.ceil(size / reductionFactor)
    milestone = Math.trunc(Math.min(milestone * reductionFactor, maxT - first.milestone))
  }
  return work
}

// By products, which are exact for as long as they fit into a double.
function productOf(base: number, exponent: number): number {
  let product = 1
  for (let i = 0; i < exponent; i++) product *= base
  return product
}
