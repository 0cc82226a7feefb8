import { formatNumber } from '../core/format-number.ts'
import { type Mode, orient } from '../core/objective.ts'
import { counted } from '../core/options.ts'
import { type SplitNumbers, addNumber, noNumbers, numberCount, smallestHigh } from '../math/split-numbers.ts'
import { type Furthest, nowhere } from './furthest.ts'
import { CONTINUE, type Decision } from './scheduler.ts'

// r  minResource, η  reductionFactor, s  minEarlyStoppingRate; the k-th rung, from 0, lies at r · η ⁽ˢ⁺ᵏ⁾

/** Where the rungs of one bracket of successive halving lie, and who passes. */
export interface HalvingRules {
  readonly minResource: number
  /** One in how many passes. */
  readonly reductionFactor: number
  readonly minEarlyStoppingRate: number
  /** How many trials arrive at a rung before one can pass. */
  readonly bootstrapCount: number
}

/** How far a trial has come in its bracket. */
export interface HalvingClimber {
  readonly furthest: Furthest
  /** How many rungs it has a score at. */
  rungs: number
  /** Where the next rung lies; undefined until that is known. */
  next: number | undefined
}

/** Of a trial that has reported nothing. */
export function atTheFoot(): HalvingClimber {
  return { furthest: nowhere(), rungs: 0, next: undefined }
}

/** Whether a trial is known not to have reached its next rung, as at most reports: nothing can be decided then. */
export function isBelowNext({ furthest: { step }, next }: HalvingClimber): boolean {
  return next !== undefined && !(step >= next)
}

/** What decisions are put in words with. */
export interface HalvingWords {
  readonly metric: string
  readonly mode: Mode
  /** Which bracket the rungs are of, when there are several, such as `' of bracket 2'`. */
  readonly bracket: string
}

/**
 * Lets a trial climb by its furthest report: at each rung that it has reached since it was judged last its value is
 * recorded, and it goes on to the next one while it is among the best 1 / η of those recorded there, itself included.
 * While there are fewer than η, only a trial as good as the best passes. A NaN passes nowhere and is recorded nowhere.
 * @param rungs - Of the bracket, lowest first, oriented scores split below those that pass; missing ones are made.
 */
export function climb(
  rungs: SplitNumbers[],
  climber: HalvingClimber,
  rules: HalvingRules,
  words: HalvingWords,
): Decision {
  const { step, value } = climber.furthest
  const score = orient(value, words.mode)
  let passed: Decision = CONTINUE
  for (;;) {
    const level = (climber.next ??= levelOf(climber.rungs, rules))
    // Far enough up the levels overflow, and there is nothing beyond.
    if (!(step >= level) || level === Infinity) return passed
    if (Number.isNaN(value)) {
      const reason = `${words.metric} is NaN at ${inWords(level, words)}`
      return { kind: 'stop', reason, outcome: 'pruned', evidence: { rungs: climber.rungs, rung: level } }
    }
    const rung = (rungs[climber.rungs] ??= noNumbers())
    const count = numberCount(rung) + 1
    addNumber(rung, score, count - passing(count, rules))
    climber.rungs++
    climber.next = undefined
    const oriented = smallestHigh(rung) as number
    const cutoff = orient(oriented, words.mode) + 0
    const evidence = {
      rungs: climber.rungs,
      rung: level,
      value,
      mode: words.mode,
      cutoff,
      competitors: count,
    }
    const reason =
      count <= rules.bootstrapCount
        ? `one of the first ${counted(rules.bootstrapCount, 'trial')} at ${inWords(level, words)}, where bootstrapCount lets nobody pass`
        : score < oriented
          ? `${words.metric} ${formatNumber(value)} is worse than ${formatNumber(cutoff)}, the least of the best 1 in ${rules.reductionFactor} of ${counted(count, 'trial')} at ${inWords(level, words)}`
          : undefined
    if (reason !== undefined) return { kind: 'stop', reason, outcome: 'pruned', evidence }
    passed = { kind: 'continue', evidence }
  }
}

function levelOf(k: number, { minResource, reductionFactor, minEarlyStoppingRate }: HalvingRules): number {
  return minResource * reductionFactor ** (minEarlyStoppingRate + k)
}

/** How many of the trials at a rung pass it; one at least. */
function passing(count: number, { reductionFactor }: HalvingRules): number {
  return Math.max(1, Math.floor(count / reductionFactor))
}

function inWords(level: number, { bracket }: HalvingWords): string {
  return `rung ${formatNumber(level)}${bracket}`
}
