import { formatNumber } from '../core/format-number.ts'
import { type Mode, orient } from '../core/objective.ts'
import { type Checks, counted, must, readOptions } from '../core/options.ts'
import { defaultChoice } from './default-choice.ts'
import {
  RANKING_CHECKS,
  RANKING_DEFAULTS,
  type RankingOptions,
  onlyObjective,
  refuseModeAlone,
} from './ranking-options.ts'
import { type Others, type RunningMeans, addReport, noReports, othersAt } from './running-means.ts'
import { CONTINUE, type Decision, type Scheduler, type TrialReport } from './scheduler.ts'

/** Options of `medianStopping`. */
export interface MedianStoppingOptions extends RankingOptions {
  /** Age before which no trial is judged and no report counts for a mean, in units of `timeAttr`. From 0. Default 60. */
  readonly gracePeriod?: number | undefined
  /** How many other trials must have come as far before one is judged. Integer from 1. Default 3. */
  readonly minSamplesRequired?: number | undefined
  /**
   * How far a trial that cannot be judged yet goes before it makes room for one that waits, in units of `timeAttr`.
   * From 0. Where it is given, also for one that is yet to come. Default 0, for those that wait.
   */
  readonly minTimeSlice?: number | undefined
  /** Whether a trial that loses ends; else it is paused, and goes on when nothing else waits. Default true. */
  readonly hardStop?: boolean | undefined
}

const DEFAULTS = {
  ...RANKING_DEFAULTS,
  gracePeriod: 60,
  minSamplesRequired: 3,
  minTimeSlice: 0,
  hardStop: true,
}

const CHECKS: Checks<MedianStoppingOptions> = {
  ...RANKING_CHECKS,
  gracePeriod: must.from(0),
  minSamplesRequired: must.integerFrom(1),
  minTimeSlice: must.from(0),
  hardStop: must.beBoolean,
}

/** All that `medianStopping` remembers. */
export interface MedianStoppingState {
  readonly metric: string
  readonly mode: Mode
  readonly means: RunningMeans
  /** Trials that could run but do not. */
  readonly waiting: Set<number>
  /** Trials that lost and were paused for it: they are judged no more. */
  readonly lost: Set<number>
  /** For how many more trials, which are yet to come, others make room. */
  toCome: number
  /** Whether a slot was kept for a trial to come, and none has come since. */
  keepsSlot: boolean
  /** When each trial made room last. */
  readonly yieldedAt: Map<number, number>
}

/**
 * Stops a trial whose best value is worse than the median of the others' running means: the median stopping rule,
 * decision for decision Ray Tune's `MedianStoppingRule`.
 *
 * At each report from `gracePeriod` on, the best value of the trial so far is compared with the median of the means of
 * all other trials, running or ended, that have come as far; a mean is over their reports from `gracePeriod` up to this
 * trial's time. While fewer than `minSamplesRequired` have, the trial goes on, or makes room for one that waits, when
 * there is one and `minTimeSlice` has passed since it last did. New trials are made for free slots only, so there seldom
 * is one; with `minTimeSlice` given, trials make room for those to come as well, where `numSamples` says that there are
 * some, and go on when no more come. Kept from Ray: the last report of a trial that ends
 * counts twice, and where one of the others has jumped over all the time between `gracePeriod` and now there is no
 * median, and the trial loses.
 * Source: Golovin et al. 2017, "Google Vizier", section 3.2.1; Ray Tune's form, which compares with running means of
 * ended and running trials alike.
 *
 * A trial at exactly the median goes on. NaN is worse than every number: a trial with a NaN has the worst mean from
 * there on, its best value is that of its other reports. ±Infinity count in their natural place; a mean of both is the
 * worst. Failed trials leave the reports that they made; where one is tried again, those that come again replace them.
 * Cost of a decision: O(log trials) and one move of memory where times repeat, as iterations do; where no time comes
 * twice, as with seconds, one pass over the trials that have come as far.
 * @param options.metric - Metric to rank by. Default: the experiment's.
 * @param options.mode - `'min'` or `'max'`. Default: the experiment's for that metric.
 * @param options.timeAttr - Metric that says how far a trial is. Default `'training_iteration'`.
 * @param options.gracePeriod - Age before which no trial is stopped, in units of `timeAttr`. From 0. Default 60.
 * @param options.minSamplesRequired - Others needed for a median. Integer from 1. Default 3.
 * @param options.minTimeSlice - How far an unjudged trial goes before it makes room. From 0. Default 0.
 * @param options.hardStop - Whether those that lose end, rather than wait until nothing else does. Default true.
 * @throws {OptionError} when an option is unknown or out of its range, or `mode` stands without `metric`.
 * @example new Tuner(train, { paramSpace, metric: 'acc', mode: 'max', scheduler: medianStopping({ gracePeriod: 5 }) })
 */
export function medianStopping(options: MedianStoppingOptions = {}): Scheduler<MedianStoppingState> {
  const settings = readOptions('medianStopping', options, DEFAULTS, CHECKS)
  refuseModeAlone('medianStopping', settings)
  const { metric, mode, timeAttr, gracePeriod, minSamplesRequired, minTimeSlice, hardStop } = settings
  return {
    name: 'medianStopping',
    objectives: 'one',
    objective: { metric, mode },
    timeAttr,
    pauses: !hardStop,
    line: `Using the median stopping rule: from ${timeAttr} ${formatNumber(gracePeriod)} on, against ${counted(minSamplesRequired, 'other trial')} or more.`,

    init(context) {
      const makesRoom = options.minTimeSlice !== undefined
      return {
        ...onlyObjective('medianStopping', context),
        means: noReports(gracePeriod),
        waiting: new Set(),
        lost: new Set(),
        toCome: makesRoom ? (context.budget ?? 0) : 0,
        keepsSlot: false,
        yieldedAt: new Map(),
      }
    },

    onAdd(state, { trial }) {
      state.waiting.add(trial)
      state.toCome = Math.max(0, state.toCome - 1)
      state.keepsSlot = false
    },

    onReport(state, report) {
      const { trial, time, score, attempt = 1 } = report
      // It runs, whoever may have let it: a user can resume a trial.
      state.waiting.delete(trial)
      // NaN says nothing of how far a trial is.
      if (state.lost.has(trial) || Number.isNaN(time)) return CONTINUE
      const best = addReport(state.means, trial, time, score, attempt)
      if (time < gracePeriod) return CONTINUE
      const others = othersAt(state.means, trial, time)
      if (others.count < minSamplesRequired) return makeRoom(state, report, others.count)
      return judge(state, report, best, others)
    },

    onEnd({ means, waiting, lost, yieldedAt }, { trial, state: outcome, last }) {
      const hasEnded = outcome === 'completed' || outcome === 'pruned'
      if (hasEnded && last !== undefined && !Number.isNaN(last.time)) {
        addReport(means, trial, last.time, last.score, last.attempt ?? 1)
      }
      waiting.delete(trial)
      lost.delete(trial)
      yieldedAt.delete(trial)
    },

    choose(state, { candidates, idle }) {
      const isForNew = !idle && hasToCome(state) && candidates.every(({ status }) => status === 'paused')
      if (isForNew) {
        // Once: a searcher may have nothing to suggest for now.
        state.keepsSlot = true
        return undefined
      }
      const trial = defaultChoice(candidates)
      if (trial !== undefined) state.waiting.delete(trial)
      return trial
    },
  }

  function makeRoom(state: MedianStoppingState, { trial, time }: TrialReport, samples: number): Decision {
    const slice = time - (state.yieldedAt.get(trial) ?? -Infinity)
    if (!(slice > minTimeSlice) || (state.waiting.size === 0 && !hasToCome(state))) return CONTINUE
    state.yieldedAt.set(trial, time)
    const evidence = { samples, minSamplesRequired, waiting: state.waiting.size }
    state.waiting.add(trial)
    const reason = `makes room for ${inWords(evidence.waiting)}: ${samples} of ${counted(minSamplesRequired, 'other')} have come as far as ${timeAttr} ${formatNumber(time)}`
    return { kind: 'pause', reason, evidence }
  }

  function judge(
    state: MedianStoppingState,
    { trial, time }: TrialReport,
    bestScore: number,
    { count, blanks, median: medianScore }: Others,
  ): Decision {
    const [best, median] = [orient(bestScore, state.mode) + 0, orient(medianScore, state.mode) + 0]
    const evidence = { median, best, mode: state.mode, competitors: count, time }
    // A median of NaN is one that there is not.
    if (bestScore >= medianScore) return { kind: 'continue', evidence }
    const reason =
      blanks > 0
        ? `${blanks} of the other ${counted(count, 'trial')} reported nothing from ${timeAttr} ${formatNumber(gracePeriod)} to ${formatNumber(time)}, so there is no median to reach`
        : `best ${state.metric} ${formatNumber(best)} is worse than ${formatNumber(median)}, the median of the running means of ${counted(count, 'other trial')} at ${timeAttr} ${formatNumber(time)}`
    if (hardStop) return { kind: 'stop', reason, outcome: 'pruned', evidence }
    state.lost.add(trial)
    state.waiting.add(trial)
    return { kind: 'pause', reason, evidence }
  }
}

function hasToCome({ toCome, keepsSlot }: MedianStoppingState): boolean {
  return toCome > 0 && !keepsSlot
}

function inWords(waiting: number): string {
  if (waiting === 0) return 'one that is yet to come'
  return `${counted(waiting, 'trial')} that ${waiting === 1 ? 'waits' : 'wait'}`
}
