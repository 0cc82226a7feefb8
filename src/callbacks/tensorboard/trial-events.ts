import type { TrialInfo } from '../../core/events.ts'
import { isPlainObject, type Metrics } from '../../core/metrics.ts'
import type { EndState } from '../../core/trial.ts'
import type { ExperimentFiles } from '../folder/experiment-files.ts'
import { earlierEvents, EventFile } from './event-file.ts'
import { restartEvent, scalarsEvent, summaryEvent } from './events.ts'
import { END_TAG, endSummary, START_TAG, startSummary } from './hparams.ts'

/** The event file of one trial: its parameters, its metrics, and how it ended. */
export class TrialEvents {
  readonly #file: EventFile
  readonly #startedMs = Date.now()
  // What is to be said once it is known what an earlier run has written; undefined when it is.
  #waiting: (() => void)[] | undefined
  #hasParams = false
  #hasEnded = false
  #branches = false
  #lastStep = 0

  /** @param history - The reports of earlier runs, when they may have written some of them. */
  constructor(files: ExperimentFiles, trial: TrialInfo, history: Iterable<Metrics> | undefined) {
    const folder = files.trial(trial)
    if (history !== undefined) this.#waiting = []
    this.#file = new EventFile(
      files,
      () => folder.path(),
      history && ((found) => this.#agree(found, history, paramsOf(trial))),
    )
  }

  report(trial: TrialInfo, metrics: Metrics): void {
    const params = paramsOf(trial)
    this.#say(() => {
      // Not before the first report, since a trial may draw parameters while it runs.
      this.#writeParams(params)
      const step = stepOf(metrics)
      if (step <= this.#lastStep && !this.#branches) this.#restart(step - 1)
      this.#branches = false
      this.#writeScalars(metrics)
    })
  }

  /** A new attempt starts from this step: what came after it did not happen. */
  restart(step: number): void {
    this.#say(() => this.#restart(step))
  }

  /** From here on the trial continues another one, at whatever step; what it reported stays. */
  branch(): void {
    this.#say(() => {
      this.#branches = true
    })
  }

  end(trial: TrialInfo): void {
    const params = paramsOf(trial)
    const state = trial.state as EndState
    this.#say(() => {
      this.#writeParams(params)
      if (!this.#hasEnded) this.#file.add(summaryEvent(Date.now(), endSummary(state, Date.now())))
      this.#hasEnded = true
    })
  }

  #say(what: () => void): void {
    if (this.#waiting === undefined) what()
    else this.#waiting.push(what)
  }

  #restart(step: number): void {
    if (step < this.#lastStep && !this.#branches) this.#file.add(restartEvent(Date.now(), step + 1))
    this.#lastStep = Math.min(this.#lastStep, step)
  }

  #writeParams({ name, params }: Pick<TrialInfo, 'name' | 'params'>): void {
    if (this.#hasParams) return
    this.#hasParams = true
    this.#file.add(summaryEvent(Date.now(), startSummary(name, params, this.#startedMs)))
  }

  #writeScalars(metrics: Metrics): void {
    this.#lastStep = stepOf(metrics)
    const scalars = [...scalarsIn(metrics)]
    if (scalars.length > 0) this.#file.add(scalarsEvent(Date.now(), this.#lastStep, scalars))
  }

  async #agree(
    folder: string,
    history: Iterable<Metrics>,
    params: Pick<TrialInfo, 'name' | 'params'>,
  ): Promise<void> {
    const { points, tags } = await earlierEvents(folder)
    this.#hasParams = tags.has(START_TAG)
    this.#hasEnded = tags.has(END_TAG)
    const expected = pointsOf(history)
    const from = firstDifference(points, expected)
    if (Math.max(0, ...points.keys()) >= from) this.#file.add(restartEvent(Date.now(), from))
    for (const [step, scalars] of expected) {
      if (step < from) continue
      this.#writeParams(params)
      this.#file.add(scalarsEvent(Date.now(), step, scalars))
    }
    for (const metrics of history) this.#lastStep = stepOf(metrics)
    for (const what of this.#waiting ?? []) what()
    this.#waiting = undefined
  }
}

/** What there is to show of a history, by step in order; where an exploit led back, the later report counts. */
function pointsOf(history: Iterable<Metrics>): Map<number, Map<string, number>> {
  const points = new Map<number, Map<string, number>>()
  for (const metrics of history) {
    const scalars = new Map(scalarsIn(metrics))
    if (scalars.size > 0) points.set(stepOf(metrics), scalars)
  }
  return new Map([...points].sort(([a], [b]) => a - b))
}

/** The first step at which two runs differ; Infinity when none does. */
function firstDifference(
  written: ReadonlyMap<number, ReadonlyMap<string, number>>,
  expected: ReadonlyMap<number, ReadonlyMap<string, number>>,
): number {
  const steps = [...new Set([...written.keys(), ...expected.keys()])].sort((a, b) => a - b)
  const isSame = (a: ReadonlyMap<string, number> = new Map(), b: ReadonlyMap<string, number> = new Map()) =>
    a.size === b.size &&
    [...a].every(([tag, value]) => b.has(tag) && Object.is(value, Math.fround(b.get(tag) ?? NaN)))
  return steps.find((step) => !isSame(written.get(step), expected.get(step))) ?? Infinity
}

/** As they are now. */
function paramsOf({ name, params }: TrialInfo): Pick<TrialInfo, 'name' | 'params'> {
  return { name, params: { ...params } }
}

function stepOf(metrics: Metrics): number {
  return Number(metrics['training_iteration'])
}

// Other names of the horizontal axis.
const LEFT_OUT: ReadonlySet<string> = new Set(['training_iteration', 'time_total_s'])

function* scalarsIn(metrics: Metrics, path = ''): IterableIterator<readonly [tag: string, value: number]> {
  for (const key of Object.keys(metrics)) {
    const value = metrics[key]
    if (typeof value === 'number') {
      if (path !== '' || !LEFT_OUT.has(key)) yield [path + key, value]
    } else if (isPlainObject(value)) yield* scalarsIn(value, `${path}${key}/`)
  }
}
