import { partitionPoint } from '../core/partition-point.ts'
import { firstAbove, rankedScore } from './rungs.ts'
import { type SortedScores, addScore, indexOf, removeScore, scoreAt, sortedScores } from './sorted-scores.ts'

/**
 * The reports of all trials, kept so that the mean of each trial's scores up to a moment can be ranked among those of
 * the others. Plain data; `addReport` alone changes it.
 *
 * A median over all trials at each report would cost a scan of them. So the means are kept in order for each moment
 * that comes up more than once, as iterations do. A moment that never comes again, as of seconds, is not worth keeping:
 * it costs one pass over the trials.
 */
export interface RunningMeans {
  /** Reports before it count for the best score alone. */
  readonly since: number
  readonly curves: Map<number, Curve>
  /** Ascending by `level`. */
  readonly moments: Moment[]
  /** Times that were asked for once. */
  readonly askedOnce: Set<number>
}

/** What one trial has reported. Scores are oriented: larger is better. */
interface Curve {
  attempt: number
  /** Time of the latest report. */
  last: number
  /** NaN is skipped; -Infinity while there is nothing else. */
  best: number
  /** The best of those that do not count for the mean. */
  bestEarly: number
  /** Those of the reports that count for the mean, ascending. */
  readonly times: number[]
  readonly scores: number[]
  /** Of the scores up to each. */
  readonly sums: number[]
}

/** The means of the trials that have reported at `level` or later. */
interface Moment {
  readonly level: number
  readonly means: SortedScores
  /** How many of these trials have no report from `since` to `level`, and so no mean. */
  blanks: number
}

/** The other trials at one moment. */
export interface Others {
  readonly count: number
  /** How many have no report to take a mean of. */
  readonly blanks: number
  /** Of their means. NaN when one has none, or there are no others. */
  readonly median: number
}

/** @param since - Time from which reports count for the means. */
export function noReports(since: number): RunningMeans {
  return { since, curves: new Map(), moments: [], askedOnce: new Set() }
}

/**
 * Adds one report, which may repeat a time or go back in it. The first of a further attempt takes the place of what
 * earlier ones reported from its time on: what was lost with them must not count twice.
 * Cost: O(log trials) and a small move of memory for each moment kept since the trial's last report.
 * @returns The best score of the trial so far.
 */
export function addReport(
  means: RunningMeans,
  trial: number,
  time: number,
  score: number,
  attempt: number,
): number {
  let curve = means.curves.get(trial)
  if (curve === undefined) {
    curve = {
      attempt,
      last: -Infinity,
      best: -Infinity,
      bestEarly: -Infinity,
      times: [],
      scores: [],
      sums: [],
    }
    means.curves.set(trial, curve)
  }
  if (attempt > curve.attempt) {
    curve.attempt = attempt
    rewind(means, curve, time)
  }
  let entered = firstLevelAbove(means.moments, curve.last)
  if (time <= curve.last) {
    for (let i = 0; i < entered; i++) leave(means.moments[i] as Moment, curve)
    entered = 0
  }
  curve.last = time
  if (score > curve.best) curve.best = score
  if (time >= means.since) insert(curve, time, score)
  else if (score > curve.bestEarly) curve.bestEarly = score
  const end = firstLevelAbove(means.moments, time)
  for (let i = entered; i < end; i++) enter(means.moments[i] as Moment, curve)
  return curve.best
}

/**
 * The trials but one that have reported at `time` or later, by the mean of their scores up to then.
 * @param trial - One whose latest report is at `time`.
 */
export function othersAt(means: RunningMeans, trial: number, time: number): Others {
  const { moments, askedOnce, curves } = means
  const own = meanUpTo(curves.get(trial) as Curve, time) as number
  let at = firstLevelAbove(moments, time) - 1
  if (moments[at]?.level !== time) {
    const moment = momentAt(curves.values(), time)
    if (!askedOnce.has(time)) {
      askedOnce.add(time)
      return without(moment, own)
    }
    askedOnce.delete(time)
    moments.splice(++at, 0, moment)
  }
  return without(moments[at] as Moment, own)
}

/** Forgets what was reported from a time on. */
function rewind({ since, moments }: RunningMeans, curve: Curve, time: number): void {
  if (!(time <= curve.last)) return
  const entered = firstLevelAbove(moments, curve.last)
  for (let i = 0; i < entered; i++) leave(moments[i] as Moment, curve)
  const { times, scores, sums } = curve
  const kept = partitionPoint(times.length, (i) => (times[i] as number) < time)
  for (const list of [times, scores, sums]) list.length = kept
  // Of the reports before `since` the times are not kept.
  if (time < since) curve.bestEarly = -Infinity
  curve.best = scores.reduce((best, score) => (score > best ? score : best), curve.bestEarly)
  curve.last = times.at(-1) ?? -Infinity
  const end = firstLevelAbove(moments, curve.last)
  for (let i = 0; i < end; i++) enter(moments[i] as Moment, curve)
}

function momentAt(curves: Iterable<Curve>, time: number): Moment {
  const scores: number[] = []
  let blanks = 0
  for (const curve of curves) {
    if (!(curve.last >= time)) continue
    const mean = meanUpTo(curve, time)
    if (mean === undefined) blanks++
    else scores.push(rankedScore(mean))
  }
  return { level: time, means: sortedScores(scores), blanks }
}

function without({ means, blanks }: Moment, own: number): Others {
  const count = means.count - 1
  if (blanks > 0 || count === 0) return { count: count + blanks, blanks, median: NaN }
  // Two of the same rank are as good as one another: which of them is left out cannot show.
  const place = indexOf(means, rankedScore(own))
  const other = (i: number): number => scoreAt(means, i < place ? i : i + 1)
  const median = (other((count - 1) >>> 1) + other(count >>> 1)) / 2
  // Half way from -Infinity to Infinity: the worse of the two.
  return { count, blanks, median: Number.isNaN(median) ? -Infinity : median }
}

function insert({ times, scores, sums }: Curve, time: number, score: number): void {
  const at = firstAbove(times, times.length, time)
  if (at === times.length) {
    times.push(time)
    scores.push(score)
    sums.push((sums[at - 1] ?? 0) + score)
    return
  }
  times.splice(at, 0, time)
  scores.splice(at, 0, score)
  for (let i = at; i < times.length; i++) sums[i] = (sums[i - 1] ?? 0) + (scores[i] as number)
}

function enter(moment: Moment, curve: Curve): void {
  const mean = meanUpTo(curve, moment.level)
  if (mean === undefined) moment.blanks++
  else addScore(moment.means, rankedScore(mean))
}

function leave(moment: Moment, curve: Curve): void {
  const mean = meanUpTo(curve, moment.level)
  if (mean === undefined) moment.blanks--
  else removeScore(moment.means, rankedScore(mean))
}

function meanUpTo({ times, sums }: Curve, time: number): number | undefined {
  const count = firstAbove(times, times.length, time)
  return count === 0 ? undefined : (sums[count - 1] as number) / count
}

/** How many moments, from the first, are at `time` or before it. */
function firstLevelAbove(moments: readonly Moment[], time: number): number {
  return partitionPoint(moments.length, (i) => (moments[i] as Moment).level <= time)
}
