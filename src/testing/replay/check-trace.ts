import type { LogRecord } from '../../core/log.ts'
import type { Resources } from '../../core/trial.ts'
import type { Trace } from '../../runtime/trace.ts'
import { recordInWords } from '../../runtime/trace-text.ts'
import { schedulerObjectives } from '../../schedulers/objectives.ts'
import type { Scheduler } from '../../schedulers/scheduler.ts'
import type { Composition } from '../../tuner/compose.ts'
import { startOf } from './recorded-experiment.ts'
import { keyOf, ReplayedScheduler, type ReplaySetting } from './replayed-scheduler.ts'

/** The first place where a scheduler answers otherwise than it did. */
export interface ReplayDifference {
  /** Index of the record in the trace. */
  readonly index: number
  /** Milliseconds on the experiment's clock. */
  readonly at: number
  /** Number of the trial; undefined when it shows only at the end. */
  readonly trial: number | undefined
  /** What was recorded, in words. */
  readonly recorded: string
  /** What comes now, in words. */
  readonly replayed: string
}

/** Whether a scheduler decides again as it did. */
export interface ReplayCheck {
  readonly kind: 'check'
  /** Name of the scheduler. */
  readonly scheduler: string
  readonly same: boolean
  /** How many decisions, choices and commands were compared, up to the first difference. */
  readonly compared: number
  /** Where it first differs; undefined when it does not. */
  readonly difference: ReplayDifference | undefined
  /** The outcome in words, with the records that lead to the difference. */
  toText(): string
}

// Records shown before a difference.
const SHOWN = 5

/** Tells the scheduler what it was told then, record by record, and compares its answers. */
export function checkTrace(
  trace: Trace,
  scheduler: Scheduler,
  remembered: Composition | undefined,
): ReplayCheck {
  const replayed = new ReplayedScheduler(settingOf(trace, scheduler, remembered))
  const records = [...trace]
  // What a stopper ended the whole experiment upon, the scheduler was not asked about.
  const last = records.findLastIndex(({ type }) => type === 'trial.decision')
  const isCut = records.some((record) => record.type === 'experiment.ended' && record.by === 'stopper')
  let difference: ReplayDifference | undefined
  for (const [index, record] of records.entries()) {
    const mismatch = replayed.take(record)
    if (mismatch === undefined || (isCut && index === last)) continue
    difference = { index, at: record.at, trial: 'trial' in record ? record.trial : undefined, ...mismatch }
    break
  }
  const isOver = records.some((record) => record.type === 'experiment.ended' && record.by === 'finished')
  const leftOver = difference === undefined && isOver ? replayed.leftOver() : undefined
  if (leftOver !== undefined) {
    difference = { index: records.length, at: records.at(-1)?.at ?? 0, trial: undefined, ...leftOver }
  }
  const { name } = scheduler
  const { compared } = replayed
  return {
    kind: 'check',
    scheduler: name,
    same: difference === undefined,
    compared,
    difference,
    toText: () => inWords(name, compared, difference, records),
  }
}

function settingOf(trace: Trace, scheduler: Scheduler, remembered: Composition | undefined): ReplaySetting {
  const { name, seed, objectives } = startOf(trace)
  const plan = remembered?.settings.plan
  const records = [...trace]
  const created = records.filter((record) => record.type === 'trial.created')
  const moved = records.filter((record) => record.type === 'trial.transition').map(({ trial }) => trial)
  const ended = records.filter((record) => record.type === 'trial.ended')
  const endedTrials = new Set(ended.map(({ trial }) => trial))
  const byStopper = new Map(
    ended.filter(({ reason }) => reason?.by === 'stopper').map(({ trial, reason }) => [trial, reason?.text]),
  )
  const stops = records.filter((record) => record.type === 'trial.decision' && record.decision === 'stop')
  const stopped = (stops as Extract<LogRecord, { type: 'trial.decision' }>[]).filter(
    ({ trial, reason }) => reason !== undefined && byStopper.get(trial) === reason,
  )
  const unended = created.map(({ trial }) => trial).filter((trial) => !endedTrials.has(trial))
  const saysCheckpoints = records.some(
    (record) => record.type === 'trial.report' && record.checkpoint === true,
  )
  const exploits = records.some(({ type }) => type === 'trial.exploited')
  return {
    scheduler,
    context: {
      name,
      resources: plan?.totalResources ?? {},
      objectives: schedulerObjectives(scheduler, objectives),
      budget: plan?.trialCount ?? created.filter(({ source }) => source !== 'given').length,
    },
    seed,
    resourcesOf: (config) => resourcesFrom(remembered, config),
    live: new Set([...moved, ...unended]),
    stopped: new Set(stopped.map(keyOf)),
    starts: new Set(
      records
        .filter((record) => record.type === 'trial.transition')
        .filter(({ to, cause }) => to === 'running' && cause === 'trial.start')
        .map(({ trial, at }) => `${trial}/${at}`),
    ),
    lastTrial: created.at(-1)?.trial ?? -1,
    checkpoints: saysCheckpoints ? 'recorded' : exploits ? 'all' : 'none',
  }
}

function resourcesFrom(remembered: Composition | undefined, config: unknown): Resources {
  const need = remembered?.settings.resourcesOf(config)
  return need === undefined || need instanceof Error ? { cpu: 1 } : need
}

function inWords(
  scheduler: string,
  compared: number,
  difference: ReplayDifference | undefined,
  records: readonly LogRecord[],
): string {
  if (difference === undefined) return `${scheduler} answers as it did, ${compared} times.`
  const { index, at, trial, recorded, replayed } = difference
  const before = records
    .slice(Math.max(0, index - SHOWN), index)
    .map((record) => `  ${recordInWords(record)}`)
  const where = trial === undefined ? 'at the end' : `about trial ${trial}, at ${at} ms (record ${index})`
  return [
    `${scheduler} answered as it did up to here, and then differs ${where}:`,
    ...before,
    `  recorded: ${recorded}`,
    `  replayed: ${replayed}`,
  ].join('\n')
}
