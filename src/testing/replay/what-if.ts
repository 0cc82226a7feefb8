import { formatNumber } from '../../core/format-number.ts'
import { metricOf } from '../../core/metrics.ts'
import { orient } from '../../core/objective.ts'
import { TroupeError } from '../../errors.ts'
import type { Reported, Sleep, Trial } from '../../executors/trainable.ts'
import type { Scheduler } from '../../schedulers/scheduler.ts'
import type { Searcher } from '../../searchers/searcher.ts'
import type { SuggestTrial } from '../../space/define-by-run.ts'
import type { Trace } from '../../runtime/trace.ts'
import { simulate, type Simulation } from '../simulate.ts'
import { type RecordedExperiment, recordedExperiment, type RecordedTrial } from './recorded-experiment.ts'

/** A number that lies somewhere from `low` to `high`; known when they are equal. */
export interface Interval {
  readonly low: number
  readonly high: number
}

/** What would have become of one recorded trial. */
export interface WhatIfTrial {
  /** Its number in the recorded experiment. */
  readonly number: number
  /** How many of its reports the scheduler saw. */
  readonly epochs: number
  /** How many it made when it was recorded. */
  readonly recorded: number
  /** Whether the scheduler wanted a report that was never made: from there on nobody knows. */
  readonly isUnknown: boolean
  /** Why it ended, in words; undefined when it ended by itself. */
  readonly reason: string | undefined
}

/** What another scheduler would have done with the recorded configurations and curves. */
export interface WhatIf {
  readonly kind: 'whatIf'
  /** Name of the other scheduler. */
  readonly scheduler: string
  /** Name of the one that was recorded. */
  readonly instead: string
  /** Whether no trial is unknown, so that every interval is one number. */
  readonly isExact: boolean
  readonly trials: readonly WhatIfTrial[]
  /** Reports that all trials would have made. An unknown trial makes no more at least, and as many as the longest recorded one at most. */
  readonly epochs: Interval
  /** Reports that all trials made when they were recorded. */
  readonly epochsRecorded: number
  /** `epochsRecorded` less `epochs`: negative where the other scheduler costs more. */
  readonly epochsSaved: Interval
  /** Best value of the objective in any recorded report; undefined with several objectives, or without a value. */
  readonly bestRecorded: number | undefined
  /** Best value in the reports that the other scheduler would have seen. */
  readonly bestReached: number | undefined
  /** How much worse `bestReached` is than `bestRecorded`, from 0. An unknown trial could have been as good. */
  readonly regret: Interval | undefined
  /** The simulation that this was read from. Its trials are numbered from 0 without those that never ran. */
  readonly run: Simulation<unknown>
  /** All of it in words. */
  toText(): string
}

// The parameter that says which recorded trial it is: the configuration is that trial's.
const WHICH = 'recordedTrial'

/** Runs the recorded configurations and curves under another scheduler, in virtual time. */
export async function whatIf(
  trace: Trace,
  scheduler: Scheduler,
  maxConcurrentTrials: number | undefined,
): Promise<WhatIf> {
  const recorded = recordedExperiment(trace)
  if (recorded.trials.length === 0) {
    throw new TroupeError('trace', 'No trial of this trace ever ran, so there is nothing to replay.')
  }
  const unknown = new Set<number>()
  const run = await simulate({
    trainable: (_config: unknown, trial: Trial) =>
      replayedCurve(recorded.trials[trial.number] as RecordedTrial, trial, unknown),
    paramSpace: (trial: SuggestTrial) =>
      configOf(recorded.trials, trial.suggestInt(WHICH, 0, Math.max(1, recorded.trials.length - 1))),
    searcher: IN_ORDER,
    scheduler,
    ...objectivesOf(recorded),
    numSamples: recorded.trials.length,
    maxConcurrentTrials: maxConcurrentTrials ?? recorded.concurrency,
    seed: recorded.seed,
    name: recorded.name,
  })
  return summary(recorded, scheduler.name, run, unknown)
}

const IN_ORDER: Searcher = {
  name: 'recorded',
  start: () => ({
    suggest: ({ number }) => ({ kind: 'point', point: { [WHICH]: number } }),
    tell: () => {},
  }),
}

function configOf(trials: readonly RecordedTrial[], index: number): Record<string, unknown> {
  return { ...(trials[index]?.config as Record<string, unknown> | undefined) }
}

function objectivesOf({ objectives }: RecordedExperiment): object {
  if (objectives.length === 0) return {}
  return { metric: objectives.map(({ metric }) => metric), mode: objectives.map(({ mode }) => mode) }
}

function* replayedCurve(
  recorded: RecordedTrial,
  trial: Trial,
  unknown: Set<number>,
): Generator<Sleep | Reported, void, undefined> {
  const { curve, end } = recorded
  // A second attempt is one that exploits another trial: such a curve was never made.
  const known = trial.attempt === 1 ? curve : []
  for (const [i, { metrics, ms }] of known.entries()) {
    if (ms > 0) yield trial.sleep(ms)
    yield trial.report(metrics, { checkpoint: i + 1 })
  }
  if (trial.attempt === 1 && end.kind === 'itself') return
  if (trial.attempt === 1 && end.kind === 'failed') throw new TroupeError('recorded', end.error)
  unknown.add(trial.number)
  throw new TroupeError('unknown', `Report ${curve.length + 1} of trial ${recorded.number} was never made.`)
}

function summary(
  recorded: RecordedExperiment,
  scheduler: string,
  run: Simulation<unknown>,
  unknown: ReadonlySet<number>,
): WhatIf {
  const { trials: all } = recorded
  const trials = all.map(({ number, length }, i): WhatIfTrial => {
    const { iteration, reason } = run.results.at(i) ?? {}
    const isUnknown = unknown.has(i)
    return {
      number,
      epochs: iteration ?? 0,
      recorded: length,
      isUnknown,
      reason: isUnknown ? undefined : reason?.text,
    }
  })
  const longest = Math.max(...trials.map(({ recorded: length }) => length))
  const epochsRecorded = sum(trials.map(({ recorded: length }) => length))
  const low = sum(trials.map(({ epochs }) => epochs))
  const high = sum(trials.map(({ epochs, isUnknown }) => (isUnknown ? Math.max(epochs, longest) : epochs)))
  const bestRecorded = bestOf(
    recorded,
    all.flatMap(({ curve }) => curve.map(({ metrics }) => metrics)),
  )
  const bestReached = bestOf(
    recorded,
    [...run.results].flatMap(({ history }) => [...history]),
  )
  const facts = {
    kind: 'whatIf' as const,
    scheduler,
    instead: recorded.scheduler,
    isExact: unknown.size === 0,
    trials,
    epochs: { low, high },
    epochsRecorded,
    epochsSaved: { low: epochsRecorded - high, high: epochsRecorded - low },
    bestRecorded,
    bestReached,
    regret: regretOf(bestRecorded, bestReached, unknown.size > 0),
    run,
  }
  return { ...facts, toText: () => inWords(facts, recorded) }
}

function bestOf(
  { objectives }: RecordedExperiment,
  reports: readonly Readonly<Record<string, unknown>>[],
): number | undefined {
  const [objective] = objectives
  if (objective === undefined || objectives.length > 1) return undefined
  let best: number | undefined
  for (const metrics of reports) {
    const value = metricOf(metrics, objective.metric)
    if (value === undefined || Number.isNaN(value)) continue
    if (best === undefined || orient(value, objective.mode) > orient(best, objective.mode)) best = value
  }
  return best
}

function regretOf(
  recorded: number | undefined,
  reached: number | undefined,
  hasUnknown: boolean,
): Interval | undefined {
  if (recorded === undefined || reached === undefined) return undefined
  // Two equal infinities have no distance that can be computed.
  const high = recorded === reached ? 0 : Math.abs(recorded - reached)
  return { low: hasUnknown ? 0 : high, high }
}

function inWords(facts: Omit<WhatIf, 'toText'>, { objectives }: RecordedExperiment): string {
  const {
    scheduler,
    instead,
    trials,
    epochs,
    epochsRecorded,
    epochsSaved,
    bestReached,
    bestRecorded,
    regret,
  } = facts
  const unknown = trials.filter(({ isUnknown }) => isUnknown).length
  const lines = [
    `${scheduler} instead of ${instead}, on ${trials.length} recorded trials:`,
    `  epochs ${between(epochs)} in place of ${epochsRecorded}: ${between(epochsSaved)} saved`,
  ]
  if (regret !== undefined && bestReached !== undefined && bestRecorded !== undefined) {
    lines.push(
      `  best ${objectives[0]?.metric} ${formatNumber(bestReached)} of ${formatNumber(bestRecorded)}: regret ${between(regret)}`,
    )
  }
  lines.push(
    unknown === 0
      ? '  exact: it asked for no report that was not made'
      : `  ${unknown} trials unknown: it asked for reports that were never made`,
  )
  return lines.join('\n')
}

function between({ low, high }: Interval): string {
  return low === high ? formatNumber(low) : `${formatNumber(low)} to ${formatNumber(high)}`
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
