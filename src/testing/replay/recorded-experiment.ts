import type { LogRecord } from '../../core/log.ts'
import type { Objective } from '../../core/objective.ts'
import { TroupeError } from '../../errors.ts'
import type { Trace } from '../../runtime/trace.ts'

type RecordOf<Type extends LogRecord['type']> = Extract<LogRecord, { type: Type }>

/** One report as it was recorded, and how many milliseconds the trial had run for it. */
export interface RecordedReport {
  readonly metrics: Readonly<Record<string, unknown>>
  readonly ms: number
}

/** What a trace knows of one trial that ran. */
export interface RecordedTrial {
  readonly number: number
  readonly config: unknown
  /** Its reports by iteration, from 1; up to where it went on with another configuration. */
  readonly curve: readonly RecordedReport[]
  /** How many reports it made in all, those of lost attempts not counted. */
  readonly length: number
  /**
   * What comes after the curve: the trial ended there by itself (or at a stopper's bound, which would end it again), it
   * failed with this error, or nobody knows, since it was stopped, interrupted, or exploited another.
   */
  readonly end:
    | { readonly kind: 'itself' }
    | { readonly kind: 'failed'; readonly error: string }
    | { readonly kind: 'unknown' }
}

/** What a trace knows of an experiment. */
export interface RecordedExperiment {
  readonly name: string
  readonly seed: string
  readonly objectives: readonly Objective[]
  readonly scheduler: string
  /** Those that ran, in order of number. */
  readonly trials: readonly RecordedTrial[]
  /** The most that ran at once. */
  readonly concurrency: number
}

/**
 * Reads the experiment from its trace.
 * @throws {TroupeError} with code `'trace'` when the trace does not begin with an experiment's start.
 */
export function recordedExperiment(trace: Trace): RecordedExperiment {
  const { name, seed, objectives, scheduler } = startOf(trace)
  const sketches = new Map<number, Sketch>()
  const running = new Set<number>()
  let concurrency = 0
  for (const record of trace) {
    if (record.type === 'trial.created') sketches.set(record.trial, new Sketch(record))
    else if ('trial' in record) sketches.get(record.trial)?.take(record)
    if (record.type !== 'trial.transition') continue
    if (record.to === 'running') running.add(record.trial)
    else if (record.to !== 'stopping') running.delete(record.trial)
    concurrency = Math.max(concurrency, running.size)
  }
  const trials = [...sketches.values()].filter(({ ran }) => ran).map((sketch) => sketch.trial())
  return { name, seed, objectives, scheduler, trials, concurrency: Math.max(1, concurrency) }
}

/** The record that a trace begins with. */
export function startOf(trace: Trace): RecordOf<'experiment.started'> {
  const start = trace.at(0)
  if (start?.type === 'experiment.started') return start
  throw new TroupeError(
    'trace',
    `A trace to be replayed must begin with the start of an experiment, and this one begins with ${start?.type ?? 'nothing'}. Give the trace of a simulation, or of a Tuner with trace: true.`,
  )
}

class Sketch {
  ran = false
  readonly #created: RecordOf<'trial.created'>
  readonly #curve: RecordedReport[] = []
  #lastSeconds = 0
  #length = 0
  #exploited = false
  #ended: RecordOf<'trial.ended'> | undefined

  constructor(created: RecordOf<'trial.created'>) {
    this.#created = created
  }

  take(record: Extract<LogRecord, { trial: number }>): void {
    if (record.type === 'trial.transition') this.ran ||= record.to === 'running'
    else if (record.type === 'trial.exploited') this.#exploited = true
    else if (record.type === 'trial.ended') this.#ended = record
    else if (record.type === 'trial.report') this.#report(record)
  }

  trial(): RecordedTrial {
    const { trial: number, config } = this.#created
    return { number, config, curve: this.#curve, length: this.#length, end: this.#end() }
  }

  // A later attempt takes the place of what an earlier one had reported beyond its checkpoint.
  #report({ metrics }: RecordOf<'trial.report'>): void {
    const { training_iteration: iteration, time_total_s: seconds, ...reported } = metrics
    this.#length = Number(iteration)
    const ms = Math.max(0, Number(seconds) - this.#lastSeconds) * 1000
    this.#lastSeconds = Number(seconds)
    if (this.#exploited) return
    this.#curve.length = Math.min(this.#curve.length, this.#length - 1)
    this.#curve.push({ metrics: reported, ms })
  }

  #end(): RecordedTrial['end'] {
    if (this.#exploited || this.#ended === undefined) return { kind: 'unknown' }
    const { state, reason, error } = this.#ended
    if (state === 'failed' && reason === undefined) return { kind: 'failed', error: error ?? 'failed' }
    const isBound = reason === undefined || reason.by === 'stopper'
    return state === 'completed' && isBound ? { kind: 'itself' } : { kind: 'unknown' }
  }
}
