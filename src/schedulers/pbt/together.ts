/**
 * Training together (`synch`): each trial waits at the same point for the others, and all are considered at once. What is
 * decided for those that wait is theirs as commands, or at their next report.
 */
import { formatNumber } from '../../core/format-number.ts'
import { counted } from '../../core/options.ts'
import { sameValue } from '../../space/same-value.ts'
import type { Command, Decision, Evidence } from '../scheduler.ts'
import { meet } from './meeting.ts'
import {
  type Exploit,
  farthest,
  isBehind,
  type Member,
  quantilesOf,
  setSync,
  worstFirst,
} from './population.ts'
import { memberOf, type Trainer, type TrainingState } from './trainer.ts'

/** A member has come an interval further: it waits, or it is the last one. */
export function decideTogether<Data>(
  trainer: Trainer<Data>,
  state: TrainingState<Data>,
  member: Member,
): Decision {
  const { timeAttr } = trainer.options
  const others = state.behind - Number(isBehind(state, member.time))
  if (others > 0) {
    const reason = `waits for ${counted(others, 'trial')} to reach ${timeAttr} ${formatNumber(state.nextSync)}`
    return { kind: 'pause', reason, evidence: { nextSync: state.nextSync, behind: others } }
  }
  const round = perturbAll(trainer, state, member.time)
  const { owed } = member
  if (owed === undefined) {
    return {
      kind: 'pause',
      reason: `the last to reach ${timeAttr} ${formatNumber(member.time)}`,
      evidence: round,
    }
  }
  member.owed = undefined
  state.ordered = state.ordered.filter((trial) => trial !== member.trial)
  return { ...owed, evidence: { ...round, ...owed.evidence } }
}

/**
 * Considers all at once, owes those that exploit their decisions, and says until when all run next. Cost: O(n).
 * @returns The evidence of it.
 */
export function perturbAll<Data>(trainer: Trainer<Data>, state: TrainingState<Data>, time: number): Evidence {
  const { quantileFraction, perturbationInterval } = trainer.options
  const ranking = worstFirst(state)
  const { lowerEnd, upperStart } = quantilesOf(ranking.length, quantileFraction)
  const [lower, upper] = [ranking.slice(0, lowerEnd), ranking.slice(upperStart)]
  for (const member of state.members.values()) {
    member.perturbedAt = time
    member.isBest = false
  }
  for (const trial of upper) memberOf(state, trial).isBest = true
  const exploits = lower.map((trial, index) => {
    const member = memberOf(state, trial)
    const { donor, exploit, declined } = meet(trainer, state, member, index)
    member.owed = exploit
    if (exploit !== undefined) state.ordered.push(trial)
    const why = declined === undefined ? {} : { declined }
    return { trial, donor, done: declined === undefined, ...why }
  })
  setSync(state, Math.max(state.nextSync + perturbationInterval, farthest(state)))
  return { time, lower, upper, exploits, nextSync: state.nextSync }
}

/** What was decided for trials that wait, once. */
export function takeOrders(state: TrainingState): readonly Command[] {
  if (state.ordered.length === 0) return []
  const { ordered } = state
  state.ordered = []
  return ordered.flatMap((trial): Command[] => {
    const member = state.members.get(trial)
    // One that runs is told when it reports.
    return member?.owed !== undefined && member.waits ? [{ trial, decision: member.owed }] : []
  })
}

/** What was decided for a trial while it waited, when its configuration shows that it was not done and it can be. */
export function owedTo(state: TrainingState, member: Member): Exploit | undefined {
  const { owed } = member
  if (owed === undefined) return undefined
  member.owed = undefined
  const isDone = sameValue(member.config, owed.config)
  return !isDone && state.members.get(owed.donor)?.hasCheckpoint === true ? owed : undefined
}
