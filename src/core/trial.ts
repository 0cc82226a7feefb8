import { History } from './history.ts'
import type { Metrics } from './metrics.ts'
import type { Objective } from './objective.ts'
import { metricOf } from './metrics.ts'

/** Where a trial's machine is: the names of its states. */
export type TrialStatus = 'pending' | 'running' | 'stopping' | 'paused' | 'retrying' | 'terminated' | 'error'

/** What a trial is in the study's words: Optuna's states, with `paused` and `interrupted` beside them. */
export type TrialState = 'waiting' | 'running' | 'paused' | 'completed' | 'pruned' | 'failed' | 'interrupted'

/** How a trial ended. */
export type EndState = 'completed' | 'pruned' | 'failed' | 'interrupted'

/**
 * Where a trial's configuration comes from: the searcher, `pointsToEvaluate`, `evaluatedRewards`, a queue, another trial's
 * result, a trial that is run once more, or another program that writes to the same study.
 */
export type TrialSource = 'suggested' | 'point' | 'given' | 'enqueued' | 'reused' | 'retried' | 'imported'

/** Values of the parameters by path (`optimizer/lr`, `layers/0`), without constants. */
export type Params = Readonly<Record<string, unknown>>

/** Room that a trial takes while it runs. Fractions are allowed; any name is. */
export type Resources = Readonly<Record<string, number>>

/** A place to go on from: the value or folder given to `report`, and the iteration it belongs to. */
export interface Checkpoint {
  readonly value: unknown
  readonly iteration: number
  /** Number of the trial whose it is, for one that exploits that. */
  readonly donor?: number
}

/** Why a trial ended or paused, in words, with the evidence of whoever decided. */
export interface Reason {
  readonly by:
    | 'trainable'
    | 'scheduler'
    | 'stopper'
    | 'searcher'
    | 'user'
    | 'budget'
    | 'timeout'
    | 'experiment'
  readonly text: string
  readonly evidence?: Readonly<Record<string, unknown>> | undefined
}

/** One stay of a trial in one state of its machine. */
export interface Stay {
  readonly status: TrialStatus
  /** Milliseconds on the experiment's clock. */
  readonly from: number
  /** Undefined while it lasts. */
  readonly to: number | undefined
  /** The message that led into this state. */
  readonly cause: string
  readonly attempt: number
}

/**
 * All that is known of one trial. The controller alone writes it; everybody else reads.
 * It outlives the trial's actor, so it holds compact data and no reference to anything that runs.
 */
export interface TrialRecord {
  readonly number: number
  readonly id: string
  readonly name: string
  /** Changes when the trial exploits another one. */
  config: unknown
  /** Those of `config`, where the trial's space has them. */
  params: Params
  readonly source: TrialSource
  /** Changes when its scheduler gives it more or less. */
  resources: Resources
  readonly history: History
  readonly userAttrs: Record<string, unknown>
  readonly constraints: Record<string, number>
  status: TrialStatus
  state: TrialState
  /** From 1; counts starts after failures and from checkpoints. */
  attempt: number
  /** Last `training_iteration`; 0 before the first report. */
  iteration: number
  /** The last report. */
  metrics: Metrics | undefined
  /** The last value of each objective, as its report carried it; NaN until one did. */
  values: readonly number[] | undefined
  /** The iteration whose report gave `values`. */
  valuesAt: number
  checkpoint: Checkpoint | undefined
  error: Error | undefined
  reason: Reason | undefined
  /** How often it failed so far. */
  failures: number
  /** Milliseconds on the experiment's clock. */
  readonly createdAt: number
  startedAt: number | undefined
  endedAt: number | undefined
  /** Time that it ran, pauses left out, in milliseconds. */
  ranMs: number
  readonly life: Life
}

/** What a trial is known by when it is made. */
export type TrialOrigin = Pick<
  TrialRecord,
  'number' | 'id' | 'name' | 'config' | 'params' | 'source' | 'resources' | 'createdAt'
>

/** The record of a trial that was only just made: it waits, and nothing has happened yet. */
export function newTrialRecord(origin: TrialOrigin): TrialRecord {
  const { number, id, name, config, params, source, resources, createdAt } = origin
  // One literal, and not a spread: its fields then lie in the object itself, and there are many records.
  return {
    number,
    id,
    name,
    config,
    params,
    source,
    resources,
    history: new History(),
    userAttrs: {},
    constraints: {},
    status: 'pending',
    state: 'waiting',
    attempt: 1,
    iteration: 0,
    metrics: undefined,
    values: undefined,
    valuesAt: 0,
    checkpoint: undefined,
    error: undefined,
    reason: undefined,
    failures: 0,
    createdAt,
    startedAt: undefined,
    endedAt: undefined,
    ranMs: 0,
    life: new Life(),
  }
}

/** The stays of a trial, as three numbers each, since every trial of an experiment keeps its own. */
export class Life {
  #stays: number[] = []

  enter(status: TrialStatus, at: number, cause: string, attempt: number): void {
    this.#stays.push(at, STATUSES.indexOf(status) + 16 * attempt, causeIndex(cause))
  }

  /** The stays in order; the last one has no end unless `endedAt` says so. */
  stays(endedAt?: number): Stay[] {
    const stays: Stay[] = []
    for (let i = 0; i < this.#stays.length; i += 3) {
      const packed = this.#stays[i + 1] as number
      stays.push({
        status: STATUSES[packed % 16] as TrialStatus,
        from: this.#stays[i] as number,
        to: this.#stays[i + 3] ?? endedAt,
        cause: CAUSES[this.#stays[i + 2] as number] as string,
        attempt: Math.floor(packed / 16),
      })
    }
    return stays
  }

  compact(): void {
    this.#stays = this.#stays.slice()
  }
}

const STATUSES: readonly TrialStatus[] = [
  'pending',
  'running',
  'stopping',
  'paused',
  'retrying',
  'terminated',
  'error',
]

// Causes are types of messages: a few words, shared by all trials of the process.
const CAUSES: string[] = []
const CAUSE_INDEX = new Map<string, number>()

function causeIndex(cause: string): number {
  let index = CAUSE_INDEX.get(cause)
  if (index === undefined) {
    index = CAUSES.push(cause) - 1
    CAUSE_INDEX.set(cause, index)
  }
  return index
}

/** The values of all objectives in one report, or undefined when one is missing or not a number. */
export function valuesOf(metrics: Metrics, objectives: readonly Objective[]): number[] | undefined {
  const values: number[] = []
  for (const { metric } of objectives) {
    const value = metricOf(metrics, metric)
    if (value === undefined) return undefined
    values.push(value)
  }
  return values
}
