import type { Metrics } from '../../core/metrics.ts'
import type { TrialInfo } from '../../core/events.ts'
import type { CallbackView } from '../../tuner/callback.ts'
import type { TrialState } from '../../core/trial.ts'
import { batchesOf, type MlflowMetric, type MlflowPair, metricsOf, paramsOf, tagOf } from './batches.ts'
import type { MlflowClient } from './client.ts'

/** A run that MLflow has already, of an earlier run of the experiment. */
export interface KnownRun {
  readonly runId: string
  readonly isRunning: boolean
  /** The last step that it has numbers of; 0 when it has none. */
  readonly lastStep: number
}

/** The tags by which a run is found again. Trials' ids alone do not tell: they are the same with the same seed. */
export const MARKS = ['troupe.experiment', 'troupe.experiment_started', 'troupe.trial_id'] as const

/** What a run says of its experiment. */
type ExperimentOfRun = Pick<CallbackView, 'name' | 'startedAt'>

type MlflowStatus = 'RUNNING' | 'FINISHED' | 'FAILED' | 'KILLED'

/** One trial as a run of MLflow: what is still to be said of it, in order. */
export class RunLog {
  readonly #experiment: ExperimentOfRun
  readonly #trial: Pick<TrialInfo, 'id' | 'number' | 'name'>
  readonly #startedMs = Date.now()
  #metrics: MlflowMetric[] = []
  #params: MlflowPair[]
  #tags: MlflowPair[] = []
  #status: { readonly status: MlflowStatus; readonly endedMs: number | undefined } | undefined
  #runId: string | undefined
  // Steps up to here were sent by an earlier run, and come once more while a trial catches up with its log.
  #sentUpTo = 0

  constructor(experiment: ExperimentOfRun, { id, number, name, config }: TrialInfo) {
    this.#experiment = experiment
    this.#trial = { id, number, name }
    this.#params = paramsOf(config)
  }

  /** The tags named in `MARKS`. */
  get marks(): readonly MlflowPair[] {
    const { name, startedAt } = this.#experiment
    return [
      tagOf('troupe.experiment', name),
      ...(startedAt === undefined ? [] : [tagOf('troupe.experiment_started', startedAt)]),
      tagOf('troupe.trial_id', this.#trial.id),
    ]
  }

  report(metrics: Metrics): void {
    this.#metrics.push(...metricsOf(metrics, Date.now()))
  }

  /** A run's parameters never change in MLflow, so the new ones go into a tag. */
  exploit(donor: number, config: unknown): void {
    this.#sentUpTo = 0
    this.#tags.push(tagOf('troupe.exploited', donor), tagOf('troupe.config', config))
  }

  end({ state, error, userAttrs }: TrialInfo): void {
    this.#tags.push(tagOf('troupe.state', state))
    if (error !== undefined && state === 'failed') this.#tags.push(tagOf('troupe.error', error.message))
    for (const [key, value] of Object.entries(userAttrs)) this.#tags.push(tagOf(key, value))
    this.#status = { status: statusOf(state), endedMs: Date.now() }
  }

  /** Goes on with a run that is there, of which the history tells more than it has. */
  resume(known: KnownRun | undefined, history: Iterable<Metrics>, isOver: boolean): void {
    const since = this.#metrics
    this.#metrics = []
    for (const metrics of history) this.report(metrics)
    this.#metrics.push(...since)
    if (known === undefined) return
    this.#runId = known.runId
    this.#sentUpTo = known.lastStep
    this.#params = []
    if (isOver && !known.isRunning) {
      this.#status = undefined
      this.#tags = []
    } else if (!isOver && !known.isRunning && this.#status === undefined) {
      this.#status = { status: 'RUNNING', endedMs: undefined }
    }
  }

  /** Says all that there is to say. What comes meanwhile is left for the next time. */
  async send(client: MlflowClient, experimentId: string): Promise<void> {
    const [metrics, params, tags, status] = [this.#metrics, this.#params, this.#tags, this.#status]
    this.#metrics = []
    this.#params = []
    this.#tags = []
    this.#status = undefined
    this.#runId ??= await this.#create(client, experimentId)
    const unsent = metrics.filter(({ step }) => step > this.#sentUpTo)
    for (const batch of batchesOf({ metrics: unsent, params, tags })) {
      await client.post('runs/log-batch', { run_id: this.#runId, ...batch })
    }
    if (status === undefined) return
    const { endedMs } = status
    await client.post('runs/update', {
      run_id: this.#runId,
      status: status.status,
      ...(endedMs === undefined ? {} : { end_time: endedMs }),
    })
  }

  async #create(client: MlflowClient, experimentId: string): Promise<string> {
    const { number, name } = this.#trial
    const answer = (await client.post('runs/create', {
      experiment_id: experimentId,
      run_name: name,
      start_time: this.#startedMs,
      tags: [
        // Servers before 2.0 know no `run_name`.
        tagOf('mlflow.runName', name),
        ...this.marks,
        tagOf('troupe.number', number),
      ],
    })) as { readonly run: { readonly info: { readonly run_id: string } } }
    return answer.run.info.run_id
  }
}

function statusOf(state: TrialState): MlflowStatus {
  if (state === 'failed') return 'FAILED'
  return state === 'interrupted' ? 'KILLED' : 'FINISHED'
}
