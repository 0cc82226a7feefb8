/**
 * Population-based training without what is particular to one way of exploring: `pbt` and `pb2` are this with an
 * explorer.
 *
 * A trial is considered whenever it has come `perturbationInterval` further. It is ranked by the score that it has then;
 * one of the worst takes over the checkpoint of one of the best and goes on with what the explorer makes of that one's
 * configuration. Trials that find no slot take turns: one that has been considered makes room while another waits, and
 * the one that is least far goes first. When they train together (`synch`), each waits at the same point for the others,
 * and all are considered at once.
 */
import { formatNumber } from '../../core/format-number.ts'
import { orient } from '../../core/objective.ts'
import { counted } from '../../core/options.ts'
import { TroupeError } from '../../errors.ts'
import type { RandomStream } from '../../random/random.ts'
import { sameValue } from '../../space/same-value.ts'
import type { Command, Decision, Evidence, Scheduler } from '../scheduler.ts'
import { CONTINUE } from '../scheduler.ts'
import type { Explored } from './explore.ts'
import {
  chanceOf,
  type Exploit,
  farthest,
  isBehind,
  join,
  type Member,
  part,
  type Population,
  quantilesOf,
  rank,
  rankOf,
  setSync,
  setTime,
  setWaiting,
} from './population.ts'
import { saveEveryOf, type Timing } from './save-every.ts'
import { foremost, noticeRetries } from './turns.ts'

/** How a population is trained. */
export interface TrainingOptions extends Timing {
  readonly quantileFraction: number
  readonly synch: boolean
  readonly logConfig: boolean
}

/** What an explorer goes by. */
export interface Occasion {
  /** The configuration of the trial that is exploited. Never to be changed. */
  readonly config: unknown
  /** The number of that trial. */
  readonly donor: number
  /** The trial that exploits it. */
  readonly trial: number
  readonly random: RandomStream
}

/** Finds configurations. What it remembers is plain data, kept with the population. */
export interface Explorer<Data> {
  init(): Data
  /** A member was ranked: its score and how far it is are new. */
  onRanked?(data: Data, member: Member): void
  explore(data: Data, occasion: Occasion): Explored
  /** A member has ended. */
  onParted?(data: Data, member: Member): void
}

/** All that a scheduler of this kind remembers. */
export interface TrainingState<Data = unknown> extends Population {
  /** Whether the population is there, so that its first trials can start. */
  isGathered: boolean
  /** Waiting trials that have yet to be told to exploit. */
  ordered: number[]
  readonly data: Data
}

/** One of the worst meets one of the best. */
type Meeting =
  | { readonly donor: number; readonly exploit: Exploit }
  | { readonly donor: number; readonly exploit: undefined; readonly why: string }

/** The part of a scheduler that trains a population. */
export type PopulationTraining<Data> = Required<
  Pick<Scheduler<TrainingState<Data>>, 'init' | 'onAdd' | 'onReport' | 'commands' | 'onEnd' | 'choose'>
> & { readonly saveEvery: number }

// A population waits for all its trials before the first one starts, but an experiment may have no end of them.
const GATHERED_MAX = 100

// Ray Tune has no bound. A trial that exploits one that stands still, since it hangs or the user paused it, would go back
// to the same point for ever. In runs where all move, there are a handful in a row.
const RETURNS_MAX = 20

/**
 * What a scheduler does that trains a population.
 * @param name - The scheduler's, for messages.
 */
export function populationTraining<Data>(
  name: string,
  options: TrainingOptions,
  explorer: Explorer<Data>,
): PopulationTraining<Data> {
  type State = TrainingState<Data>
  const { timeAttr, perturbationInterval, burnInPeriod, quantileFraction, synch, logConfig } = options

  return {
    saveEvery: saveEveryOf(options),

    init({ objectives: [objective] }) {
      if (objective === undefined) {
        throw new TroupeError('internal', `${name} was started without an objective.`)
      }
      return {
        metric: objective.metric,
        mode: objective.mode,
        members: new Map(),
        ranking: [],
        queue: [],
        nextSync: Math.max(perturbationInterval, burnInPeriod),
        behind: 0,
        endedAt: -Infinity,
        isGathered: false,
        ordered: [],
        data: explorer.init(),
      }
    },

    onAdd: (state, { trial, config, random }) => join(state, trial, config, random.path),

    onReport(state, { trial, time, score, config, hasCheckpoint }) {
      const member = memberOf(state, trial)
      // It runs, whoever may have let it: a user can resume a trial.
      setWaiting(state, member, false)
      member.config = config
      member.hasCheckpoint = hasCheckpoint
      const decision = owedTo(state, member) ?? decide(state, member, time, score)
      setWaiting(state, member, decision.kind !== 'continue')
      return decision
    },

    commands: takeOrders,

    onEnd(state, { trial, state: ending }) {
      const member = memberOf(state, trial)
      const wereBehind = state.behind
      part(state, member)
      explorer.onParted?.(state.data, member)
      // Ray Tune does not look again here, so that the others wait for ever for one that failed.
      const isComplete = wereBehind > 0 && state.behind === 0 && state.members.size > 0
      // Trials are interrupted all at once, by the end of the experiment.
      if (synch && isComplete && ending !== 'interrupted') {
        perturbAll(state, state.nextSync)
      }
      return takeOrders(state)
    },

    choose(state, { candidates, idle }) {
      state.isGathered ||= idle || state.members.size >= GATHERED_MAX
      if (!state.isGathered) return undefined
      // All have come so far that nobody is left to run: there Ray Tune waits for ever.
      if (synch && state.behind === 0) setSync(state, farthest(state) + perturbationInterval)
      if (candidates.length > state.queue.length) noticeRetries(state, candidates)
      let next = foremost(state, candidates, synch)
      if (next === undefined) {
        noticeRetries(state, candidates)
        next = foremost(state, candidates, synch && !idle)
      }
      if (next !== undefined) setWaiting(state, memberOf(state, next), false)
      return next
    },
  }

  function memberOf({ members }: State, trial: number): Member {
    const member = members.get(trial)
    if (member !== undefined) return member
    throw new TroupeError(
      'internal',
      `${name}: trial ${trial} was told of, but was never added or has ended.`,
    )
  }

  // ---- Who is considered, and when ----

  function decide(state: State, member: Member, time: number, score: number): Decision {
    // Not `time < burnInPeriod`: NaN has come nowhere.
    if (!(time >= burnInPeriod) || !(time - member.perturbedAt >= perturbationInterval)) return CONTINUE
    rank(state, member, score)
    setTime(state, member, time)
    explorer.onRanked?.(state.data, member)
    return synch ? decideTogether(state, member) : decideAlone(state, member)
  }

  function decideAlone(state: State, member: Member): Decision {
    member.perturbedAt = member.time
    const index = rankOf(state, member)
    const { lowerEnd, upperStart } = quantilesOf(state.ranking.length, quantileFraction)
    member.isBest = index >= upperStart
    let evidence: Evidence = standingOf(state, member, index)
    if (index < lowerEnd) {
      const meeting = meet(state, member, index)
      if (meeting.exploit !== undefined) return meeting.exploit
      evidence = { ...evidence, donor: meeting.donor, declined: meeting.why }
    }
    const waiting = state.queue.length
    if (waiting === 0) return { kind: 'continue', evidence }
    const reason = `makes room: ${counted(waiting, 'trial')} ${waiting === 1 ? 'waits' : 'wait'}`
    return { kind: 'pause', reason, evidence }
  }

  function decideTogether(state: State, member: Member): Decision {
    const others = state.behind - Number(isBehind(state, member.time))
    if (others > 0) {
      const reason = `waits for ${counted(others, 'trial')} to reach ${timeAttr} ${formatNumber(state.nextSync)}`
      return { kind: 'pause', reason, evidence: { nextSync: state.nextSync, behind: others } }
    }
    const round = perturbAll(state, member.time)
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

  /** Considers all at once, owes those that exploit their decisions, and says until when all run next. */
  function perturbAll(state: State, time: number): Evidence {
    const { ranking, members } = state
    const { lowerEnd, upperStart } = quantilesOf(ranking.length, quantileFraction)
    const [lower, upper] = [ranking.slice(0, lowerEnd), ranking.slice(upperStart)]
    for (const member of members.values()) {
      member.perturbedAt = time
      member.isBest = false
    }
    for (const trial of upper) memberOf(state, trial).isBest = true
    const exploits = lower.map((trial, index) => {
      const member = memberOf(state, trial)
      const { donor, exploit } = meet(state, member, index)
      member.owed = exploit
      if (exploit !== undefined) state.ordered.push(trial)
      return { trial, donor, done: exploit !== undefined }
    })
    setSync(state, Math.max(state.nextSync + perturbationInterval, farthest(state)))
    return { time, lower, upper, exploits, nextSync: state.nextSync }
  }

  function takeOrders(state: State): readonly Command[] {
    if (state.ordered.length === 0) return []
    const { ordered } = state
    state.ordered = []
    return ordered.flatMap((trial): Command[] => {
      const member = state.members.get(trial)
      // One that runs is told when it reports.
      return member?.owed !== undefined && member.waits ? [{ trial, decision: member.owed }] : []
    })
  }

  /** What was decided for a trial while it waited, when its configuration shows that it was not done. */
  function owedTo(state: State, member: Member): Exploit | undefined {
    const { owed } = member
    if (owed === undefined) return undefined
    member.owed = undefined
    const isDone = sameValue(member.config, owed.config)
    return isDone || !state.members.has(owed.donor) ? undefined : owed
  }

  // ---- One of the worst and one of the best ----

  /** @param index - Of the member in the ranking. */
  function meet(state: State, member: Member, index: number): Meeting {
    const { ranking, mode, metric } = state
    const chance = chanceOf(member)
    member.draws++
    const { lowerEnd, upperStart } = quantilesOf(ranking.length, quantileFraction)
    const donor = memberOf(
      state,
      ranking[upperStart + chance.donor.below(ranking.length - upperStart)] as number,
    )
    const why = isGoingRound(member)
      ? `it went back ${RETURNS_MAX} times without coming farther`
      : whyNot(donor)
    if (why !== undefined) return { donor: donor.trial, exploit: undefined, why }
    const { config, changes } = explorer.explore(state.data, {
      config: donor.config,
      donor: donor.trial,
      trial: member.trial,
      random: chance.explore,
    })
    const log = { oldConfig: donor.config, newConfig: config, changes }
    const evidence = {
      ...standingOf(state, member, index),
      donor: donor.trial,
      donorTime: donor.time,
      donorValue: orient(donor.score as number, mode) + 0,
      ...(logConfig ? log : {}),
    }
    setTime(state, member, donor.time)
    member.perturbedAt = donor.perturbedAt
    const how = changes.map(({ path, by }) => `${path} ${by}`).join(', ')
    const reason = `${metric} ${formatNumber(evidence.value)} is among the worst ${lowerEnd} of ${ranking.length}: goes on from trial ${donor.trial}, which has ${formatNumber(evidence.donorValue)}${how === '' ? '' : `, with ${how}`}`
    return { donor: donor.trial, exploit: { kind: 'exploit', donor: donor.trial, config, reason, evidence } }
  }

  function standingOf({ ranking, mode }: State, { time, score }: Member, index: number) {
    const value = orient(score as number, mode) + 0
    return { time, value, rank: ranking.length - index, population: ranking.length }
  }
}

/** Counts how often a trial has come no farther than before, and whether that was too often. */
function isGoingRound(member: Member): boolean {
  if (member.time > member.metAt) member.returns = 0
  else member.returns++
  member.metAt = Math.max(member.metAt, member.time)
  return member.returns > RETURNS_MAX
}

/** Why a trial cannot be exploited; undefined when it can. */
function whyNot({ isBest, hasCheckpoint, score }: Member): string | undefined {
  if (!isBest) return 'it was not among the best when it was last considered'
  if (!hasCheckpoint) return 'it has no checkpoint'
  return Number.isNaN(score) ? 'it has no value' : undefined
}
