import type { Metrics } from '../core/metrics.ts'
import type { Mode } from '../core/objective.ts'
import type {
  EndState,
  Params,
  Reason,
  TrialRecord,
  TrialSource,
  TrialState,
  TrialStatus,
} from '../core/trial.ts'
import type { Scope } from './ranking.ts'
import { isPlainObject } from '../core/metrics.ts'
import { isFeasible } from '../core/order.ts'
import { copyPlain } from '../space/same-value.ts'
import { checkpointsOf, type ResultCheckpoint, type StoredCheckpointsOf } from './result-checkpoint.ts'

/**
 * What came of one trial. Its data are copies of its own, so that writing to them changes nothing else; what was thrown,
 * and the checkpoint, which may be large, are not copied.
 */
export interface Result<Config = unknown> {
  readonly trialId: string
  /** Counts the trials of the experiment from 0. */
  readonly number: number
  readonly name: string
  /** As the trainable got it: sampled values in full precision, and constants. */
  readonly config: Config
  /** The sampled values by path, without constants. */
  readonly params: Params
  /** The last report, whatever the trial was chosen by; undefined when there was none. */
  readonly metrics: Metrics | undefined
  /** All reports in order. */
  readonly history: readonly Metrics[]
  /** The last value of each objective, in their order, NaN for one that no report carried; undefined without reports. */
  readonly values: readonly number[] | undefined
  /** Last `training_iteration`; 0 before the first report. */
  readonly iteration: number
  /** Where the trial's machine is. */
  readonly status: TrialStatus
  /** What the trial is in the study's words. */
  readonly state: TrialState
  readonly source: TrialSource
  /** What made it fail, as it was thrown. */
  readonly error: Error | undefined
  /** Why it ended or paused, with the evidence of whoever decided. */
  readonly reason: Reason | undefined
  /** What was last given to `report(…, { checkpoint })`, whatever the trial was chosen by. */
  readonly checkpoint: unknown
  /** The iteration that `checkpoint` belongs to. */
  readonly checkpointIteration: number | undefined
  /**
   * The checkpoints that are kept, oldest first: with a storage those that `keep` and `scoreAttribute` have left, without one
   * the last alone. Empty where their content is not kept, as in what is read from a log.
   * @example
   * const best = results.getBestResult('loss', 'min', { scope: 'all' })
   * const weights = await best.checkpoints.find(({ iteration }) => iteration === best.best.iteration)?.load()
   */
  readonly checkpoints: readonly ResultCheckpoint[]
  /** Folder of the checkpoint, when it was given as `{ directory }`. */
  readonly path: string | undefined
  /** Whether each of `constraints` is ≤ 0. */
  readonly feasible: boolean
  readonly constraints: Readonly<Record<string, number>>
  readonly userAttrs: Readonly<Record<string, unknown>>
  /** From 1. */
  readonly attempt: number
  /** How often it failed. */
  readonly failures: number
  /** Milliseconds on the experiment's clock; undefined for a trial that never started. */
  readonly startedAt: number | undefined
  /** Milliseconds on the experiment's clock; undefined for a trial that has not ended. */
  readonly endedAt: number | undefined
  /** Milliseconds that it ran, pauses left out. */
  readonly ranMs: number
}

/** A result with what it was chosen by. */
export interface BestResult<Config = unknown> extends Result<Config> {
  readonly best: {
    readonly metric: string
    readonly mode: Mode
    readonly scope: Scope
    /** What the trial was ranked by. */
    readonly value: number
    /** The `training_iteration` whose report had that value; undefined for averages. */
    readonly iteration: number | undefined
    /** That report; undefined for averages, and for a trial whose result was given. */
    readonly metrics: Metrics | undefined
  }
}

/**
 * The result of a trial as its record stands now. `Config` is the caller's word for what the space makes.
 * @param storedOf - Checkpoints beyond those in memory.
 */
export function resultOf<Config>(record: TrialRecord, storedOf?: StoredCheckpointsOf): Result<Config> {
  // A running trial goes on to report, which must not change a result that was handed out.
  const length = record.history.length
  let history: readonly Metrics[] | undefined
  let checkpoints: readonly ResultCheckpoint[] | undefined
  return {
    trialId: record.id,
    number: record.number,
    name: record.name,
    config: copyPlain(record.config) as Config,
    params: copyOf(record.params),
    metrics: record.metrics && copyOf(record.metrics),
    // Unpacked when it is read: of many trials, few histories are.
    get history() {
      return (history ??= record.history.toArray().slice(0, length).map(copyOf))
    },
    values: record.values && [...record.values],
    iteration: record.iteration,
    status: record.status,
    state: record.state,
    source: record.source,
    error: record.error,
    reason: record.reason && copyOf(record.reason),
    checkpoint: record.checkpoint?.value,
    checkpointIteration: record.checkpoint?.iteration,
    get checkpoints() {
      return (checkpoints ??= checkpointsOf(record, storedOf))
    },
    path: directoryOf(record.checkpoint?.value),
    feasible: isFeasible(record.constraints),
    constraints: { ...record.constraints },
    userAttrs: copyOf(record.userAttrs),
    attempt: record.attempt,
    failures: record.failures,
    startedAt: record.startedAt,
    endedAt: record.endedAt,
    ranMs: record.ranMs,
  }
}

function copyOf<T extends object>(plain: T): T {
  return copyPlain(plain) as T
}

/** The folder of a checkpoint that was given as `{ directory }`. */
export function directoryOf(checkpoint: unknown): string | undefined {
  return isPlainObject(checkpoint) && typeof checkpoint['directory'] === 'string'
    ? checkpoint['directory']
    : undefined
}

/** Whether a trial is over. A paused one that can go on in a later run is `interrupted`, which counts. */
export function hasEnded(state: TrialState): state is EndState {
  return state === 'completed' || state === 'pruned' || state === 'failed' || state === 'interrupted'
}
