import type { Assignment, Attempt, AttemptListener, Executor } from '../../executors/executor.ts'
import type { Metrics } from '../../core/metrics.ts'

/** What trials report, and how often. */
export interface Script {
  readonly reports: number
  readonly metricsOf: (trial: number, step: number) => Metrics
}

/** An executor whose trials say the next thing when they are told to: which trial is first is somebody else's choice. */
export class StagedExecutor implements Executor {
  readonly name = 'staged'
  readonly location = 'nowhere'
  /** The latest attempt of each trial, by its number. */
  readonly attempts = new Map<number, StagedAttempt>()
  readonly #script: Script

  constructor(script: Script) {
    this.#script = script
  }

  start(assignment: Assignment, listener: AttemptListener): Attempt {
    const attempt = new StagedAttempt(assignment, listener, this.#script)
    this.attempts.set(assignment.trial, attempt)
    return attempt
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

/** One attempt that is under way: it reports, waits for the answer, and so on; then it ends, or leaves when it has to. */
export class StagedAttempt implements Attempt {
  readonly assignment: Assignment
  readonly #listener: AttemptListener
  readonly #script: Script
  readonly #from: number
  #sent = 0
  #waits = false
  #leaves = false
  isOver = false

  constructor(assignment: Assignment, listener: AttemptListener, script: Script) {
    this.assignment = assignment
    this.#listener = listener
    this.#script = script
    this.#from = assignment.checkpoint?.iteration ?? 0
  }

  /** Where it is, in a few letters. */
  get state(): string {
    return `${this.#from}+${this.#sent}${this.#waits ? 'w' : ''}${this.#leaves ? 'l' : ''}${this.isOver ? '.' : ''}`
  }

  /** What it can say next. A report that was on its way when it was told to leave may still arrive. */
  get next(): readonly ('reports' | 'ends' | 'leaves')[] {
    if (this.isOver) return []
    const more = this.#waits
      ? []
      : ([this.#from + this.#sent < this.#script.reports ? 'reports' : 'ends'] as const)
    if (!this.#leaves) return more
    return more[0] === 'reports' ? ['reports', 'leaves'] : ['leaves']
  }

  /** Whether its code is at work, so that it could throw. */
  get mayCrash(): boolean {
    return !this.isOver && !this.#waits && !this.#leaves
  }

  say(what: 'reports' | 'ends' | 'leaves' | 'crashes'): void {
    const { trial } = this.assignment
    if (what === 'reports') {
      const seq = ++this.#sent
      const step = this.#from + seq
      this.#waits = true
      this.#listener.report({
        seq,
        metrics: this.#script.metricsOf(trial, step),
        checkpoint: { value: step },
        last: false,
      })
      return
    }
    this.isOver = true
    if (what === 'crashes')
      this.#listener.settled({ kind: 'threw', error: new Error(`trial ${trial} crashed`) })
    else this.#listener.settled({ kind: what === 'leaves' ? 'left' : 'returned' })
  }

  answer(): void {
    this.#waits = false
  }

  save(): void {
    this.#listener.saved(undefined)
  }

  leave(): void {
    this.#leaves = true
  }

  abandon(): void {
    this.isOver = true
  }
}
