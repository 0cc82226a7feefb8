/** What a bracket decides about its trials when one of them has reached the milestone, and in which words. */
import { formatNumber } from '../../core/format-number.ts'
import { orient } from '../../core/objective.ts'
import { counted } from '../../core/options.ts'
import type { Candidate, Command, Decision } from '../scheduler.ts'
import { type HyperbandState, drop, endWaiting, getReady, missingIn, placeOf } from './bands.ts'
import { type Bracket, type Entrant, halve, isFinished, mayRun } from './bracket.ts'
import type { HyperbandSettings } from './options.ts'

type Ended = Command['decision']

/** The trial waits at the milestone for those of its bracket that are behind, or yet to be added. */
export function waitForOthers(
  state: HyperbandState,
  bracket: Bracket,
  { timeAttr }: HyperbandSettings,
): Decision {
  const { band, s, milestone, behind } = bracket
  const missing = missingIn(state, bracket)
  const whom = behind > 0 ? counted(behind, 'other') : `${counted(missing, 'trial')} yet to come`
  return {
    kind: 'pause',
    reason: `waits at ${timeAttr} ${formatNumber(milestone)} for ${whom} of bracket ${s}`,
    evidence: { band, bracket: s, milestone, behind, missing },
  }
}

/** Whether a bracket is complete, and all of it has reached the milestone. */
export function hasArrived(state: HyperbandState, bracket: Bracket): boolean {
  return bracket.behind === 0 && missingIn(state, bracket) === 0
}

/**
 * Ends a bracket all of whose trials are at the milestone, or halves it.
 * @param current - The trial that has just reported.
 * @returns What is decided about `current`, which is in no bracket any more when that is its end.
 */
export function conclude(
  state: HyperbandState,
  bracket: Bracket,
  settings: HyperbandSettings,
  current?: number,
): Decision {
  const decision = isFinished(bracket, settings) ? undefined : nextRound(state, bracket, settings, current)
  if (!isFinished(bracket, settings)) return decision ?? aheadOf(bracket)
  for (const [trial, { status }] of [...bracket.live]) {
    if (trial === current || status !== 'waiting') continue
    bracket.doneCount++
    endWaiting(state, trial, done(bracket, settings))
  }
  if (current !== undefined) complete(state, bracket, settings, current)
  // Some have lost in the very halving that finished the bracket.
  return decision ?? done(bracket, settings)
}

/** A running trial has reached its full length, and leaves. */
export function complete(
  state: HyperbandState,
  bracket: Bracket,
  settings: HyperbandSettings,
  trial: number,
): Decision {
  drop(state, trial)
  bracket.doneCount++
  return done(bracket, settings)
}

/**
 * Halves a bracket: those that lose end, and those that win get ready.
 * @returns What is decided about `current`; undefined where it has won but is ahead of the next milestone.
 */
export function nextRound(
  state: HyperbandState,
  bracket: Bracket,
  settings: HyperbandSettings,
  current?: number,
): Decision | undefined {
  const { band, s, milestone } = bracket
  const { metric, mode } = state
  const competitors = bracket.live.size
  const { good, bad } = halve(bracket, settings)
  const valueOf = (trial: number | undefined): number =>
    orient(bracket.live.get(trial ?? NaN)?.score ?? NaN, mode) + 0
  const cutoff = valueOf(good[0])
  const shared = { band, bracket: s, milestone, mode, cutoff, competitors, kept: good.length }
  let decision: Decision | undefined
  for (const trial of bad) {
    const value = valueOf(trial)
    const lost: Ended = {
      kind: 'stop',
      reason: `${metric} ${formatNumber(value)} is not among the best ${good.length} of ${competitors} at ${settings.timeAttr} ${formatNumber(milestone)} of bracket ${s}, which reach ${formatNumber(cutoff)}`,
      outcome: 'pruned',
      evidence: { ...shared, value },
    }
    if (trial !== current) endWaiting(state, trial, lost)
    else {
      drop(state, trial)
      decision = lost
    }
  }
  for (const trial of good) {
    const entrant = bracket.live.get(trial) as Entrant
    if (!mayRun(bracket, entrant, settings)) continue
    if (trial === current) decision = { kind: 'continue', evidence: shared }
    else if (entrant.status === 'waiting') getReady(state, trial, { bracket, entrant })
  }
  return decision
}

/**
 * Nothing runs, and none of those that wait is to go on: goes to the next round where a partner will never come.
 * @returns Who is to run; undefined when all of them wait for one that the user holds.
 */
export function unblock(
  state: HyperbandState,
  candidates: readonly Candidate[],
  settings: HyperbandSettings,
): number | undefined {
  for (const { trial } of candidates) {
    const bracket = placeOf(state, trial)?.bracket
    if (bracket === undefined || bracket.behind > 0) continue
    const among = (isWanted: (entrant: Entrant) => boolean): number | undefined =>
      candidates.find((other) => {
        const entrant = bracket.live.get(other.trial)
        return entrant !== undefined && isWanted(entrant)
      })?.trial
    for (;;) {
      const next = among((entrant) => mayRun(bracket, entrant, settings))
      if (next !== undefined) return next
      // They are done, and end with the next report of this one.
      if (isFinished(bracket, settings)) return among(() => true)
      if (bracket.behind > 0 || bracket.halvings === 0) break
      nextRound(state, bracket, settings)
    }
  }
  return undefined
}

function aheadOf({ band, s, milestone }: Bracket): Decision {
  return {
    kind: 'pause',
    reason: `is ahead of bracket ${s}, whose next milestone is ${formatNumber(milestone)}`,
    evidence: { band, bracket: s, milestone },
  }
}

function done({ band, s, milestone }: Bracket, { timeAttr }: HyperbandSettings): Ended {
  return {
    kind: 'stop',
    reason: `has reached ${timeAttr} ${formatNumber(milestone)}, the full length of bracket ${s}`,
    outcome: 'completed',
    evidence: { band, bracket: s, milestone },
  }
}
