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
import { counted } from '../../core/options.ts'
import { OptionError } from '../../errors.ts'
import { onlyObjective, type RankingOptions } from '../ranking-options.ts'
import type { Decision, Evidence, Scheduler, SchedulerContext } from '../scheduler.ts'
import { CONTINUE } from '../scheduler.ts'
import { emptyStandings } from '../standings.ts'
import { meet, standingOf } from './meeting.ts'
import {
  farthest,
  indexOf,
  join,
  type Member,
  part,
  quantilesOf,
  rank,
  setSync,
  setTime,
  setWaiting,
} from './population.ts'
import { saveEveryOf } from './save-every.ts'
import { decideTogether, owedTo, perturbAll, takeOrders } from './together.ts'
import { type Explorer, memberOf, type Trainer, type TrainingOptions, type TrainingState } from './trainer.ts'
import { foremost, noticeRetries } from './turns.ts'
import { lackingIn, refuseUnread } from './unread.ts'

// Where nobody says how many trials there will be, the first ones must not wait for ever for more.
const SIZE_IF_UNKNOWN = 100

/**
 * A scheduler that trains a population.
 * @param name - The factory's.
 * @param title - What it does, in a word for people.
 */
export function populationScheduler<Data>(
  name: string,
  title: string,
  options: TrainingOptions & RankingOptions,
  explorer: Explorer<Data>,
): Scheduler<TrainingState<Data>> {
  const { metric, mode, timeAttr, perturbationInterval, synch } = options
  const trainer: Trainer<Data> = { name, options, explorer }
  const every = `${synch ? 'all together ' : ''}every ${formatNumber(perturbationInterval)} ${timeAttr}`

  return {
    name,
    objectives: 'one',
    objective: { metric, mode },
    timeAttr,
    pauses: true,
    line: `Using ${title}: ${every}.`,
    saveEvery: saveEveryOf(options),

    init: (context) => nobody(trainer, context),

    onAdd(state, { trial, config, random }) {
      join(state, trial, config, random.path)
      if (state.unread.length > 0) state.unread = lackingIn(config, state.unread)
    },

    onReport(state, { trial, time, score, config, hasCheckpoint }) {
      const member = memberOf(state, trial)
      // It runs, whoever may have let it: a user can resume a trial.
      setWaiting(state, member, false)
      member.config = config
      member.hasCheckpoint = hasCheckpoint
      const decision = owedTo(state, member) ?? decide(trainer, state, member, time, score)
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
      if (synch && isComplete && ending !== 'interrupted') perturbAll(trainer, state, state.nextSync)
      return takeOrders(state)
    },

    choose(state, { candidates, idle }) {
      if (!state.isGathered) {
        if (!idle && state.members.size < state.size) return undefined
        refuseUnread(explorer.option, state.unread, memberOf(state, candidates[0]?.trial ?? NaN).config)
        state.isGathered = true
      }
      // All have come so far that nobody is left to run: there Ray Tune waits for ever.
      if (synch && state.behind === 0) setSync(state, farthest(state) + perturbationInterval)
      if (candidates.length > state.queue.count) noticeRetries(state, candidates)
      let next = foremost(state, candidates, synch)
      if (next === undefined) {
        noticeRetries(state, candidates)
        next = foremost(state, candidates, synch && !idle)
      }
      if (next !== undefined) setWaiting(state, memberOf(state, next), false)
      return next
    },
  }
}

/** Before the first trial. */
function nobody<Data>({ name, options, explorer }: Trainer<Data>, context: SchedulerContext) {
  const { metric, mode } = onlyObjective(name, context)
  const { budget = SIZE_IF_UNKNOWN } = context
  if (budget === Infinity) {
    throw new OptionError(
      'numSamples',
      `${name} trains all trials of an experiment as one population, but there is no end of them. Give numSamples, the size of the population, such as 16.`,
      { received: budget },
    )
  }
  return {
    metric,
    mode,
    members: new Map(),
    ranking: emptyStandings(),
    queue: emptyStandings(),
    nextSync: Math.max(options.perturbationInterval, options.burnInPeriod),
    behind: 0,
    endedAt: -Infinity,
    isGathered: false,
    size: budget,
    unread: explorer.hyperparameters,
    hasAsked: false,
    ordered: [],
    data: explorer.init(),
  }
}

function decide<Data>(
  trainer: Trainer<Data>,
  state: TrainingState<Data>,
  member: Member,
  time: number,
  score: number,
): Decision {
  const { burnInPeriod, perturbationInterval, synch } = trainer.options
  // Not `time < burnInPeriod`: NaN has come nowhere.
  if (!(time >= burnInPeriod) || !(time - member.perturbedAt >= perturbationInterval)) return CONTINUE
  rank(state, member, score)
  setTime(state, member, time)
  trainer.explorer.onRanked?.(state.data, member)
  return synch ? decideTogether(trainer, state, member) : decideAlone(trainer, state, member)
}

function decideAlone<Data>(trainer: Trainer<Data>, state: TrainingState<Data>, member: Member): Decision {
  member.perturbedAt = member.time
  const index = indexOf(state, member)
  const { lowerEnd, upperStart } = quantilesOf(state.ranking.count, trainer.options.quantileFraction)
  member.isBest = index >= upperStart
  let evidence: Evidence = standingOf(state, member, index)
  if (index < lowerEnd) {
    const { donor, exploit, declined } = meet(trainer, state, member, index)
    if (exploit !== undefined) return exploit
    evidence = { ...evidence, donor, declined }
  }
  const waiting = state.queue.count
  if (waiting === 0) return { kind: 'continue', evidence }
  const reason = `makes room: ${counted(waiting, 'trial')} ${waiting === 1 ? 'waits' : 'wait'}`
  return { kind: 'pause', reason, evidence }
}
