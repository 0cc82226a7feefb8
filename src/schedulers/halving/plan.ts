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
 * The rounds of bracket `s`, first to last: n = ⌈(s_max + 1) / (s + 1) · ηˢ⌉ trials to r = ⌊R · η⁻ˢ⌋, then ⌈n / η⌉ to
 * r · η, and so on, `s` + 1 rounds in all and none beyond R. Source: Li et al. 2017, JMLR 18 (185), algorithm 1.
 * @returns No round where the first one would be of no length; such a bracket is left out of its band.
 */
export function roundsOf(options: BandOptions, s: number): Round[] {
  const first = firstRound(options, s)
  if (first.milestone === 0) return []
  const rounds = [first]
  while (rounds.length <= s) rounds.push(nextRound(options, rounds.at(-1) as Round))
  return rounds
}

/** The first round of bracket `s`. */
export function firstRound(options: BandOptions, s: number): Round {
  const { maxT, reductionFactor } = options
  const power = productOf(reductionFactor, s)
  return {
    size: Math.ceil((bracketsPerBand(options) / (s + 1)) * power),
    // Not `η ** -s`, which engines round differently: 81 · 3⁻⁴ has to be 1.
    milestone: Math.trunc(maxT * (1 / power)),
  }
}

/** The round that a halving leads to. */
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
