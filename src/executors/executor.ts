import type { Checkpoint, Resources } from '../core/trial.ts'

/** What an attempt at a trial is started with: plain data, so that it can cross to a thread or a machine. */
export interface Assignment {
  readonly trial: number
  readonly id: string
  readonly attempt: number
  readonly config: unknown
  readonly resources: Resources
  /** Where to go on from; undefined on a fresh start. */
  readonly checkpoint: Checkpoint | undefined
  /** Path of the random stream behind `trial.random()`. */
  readonly randomPath: string
  /**
   * How many reports it makes again that were made before its process was cut off, and are answered at once: until they
   * are made, sleeping takes no time, for that time has passed. Default 0.
   */
  readonly replays?: number
  /** Index of the slot it runs in, from 0. */
  readonly worker: number
  /** A stepped trainable with `save` attaches a checkpoint to each report whose iteration this divides; 0 for none. */
  readonly saveEvery: number
  /** And to the last report that it makes by itself. At another one it is asked for it, by `save`. */
  readonly saveAtEnd: boolean
}

/** One report on its way to the controller. */
export interface OutgoingReport {
  /** Counts the reports of this attempt, from 1. */
  readonly seq: number
  readonly metrics: Readonly<Record<string, unknown>>
  /** Holds a value when a checkpoint came with the report. */
  readonly checkpoint?: { readonly value: unknown }
  /** The trial ends with this report: a returned value, or a step with `done: true`. */
  readonly last: boolean
}

/** How user code left. After `leave` it is `left`, whatever the code did. */
export type Settled = (
  | {
      readonly kind: 'returned'
      /** What it returned, in words, when that is no report and not nothing. */
      readonly ignored?: string
    }
  | { readonly kind: 'threw'; readonly error: Error }
  | { readonly kind: 'left' }
) & {
  /** What it threw that decides nothing: while it was leaving, or by `cleanup` after something else. */
  readonly besides?: Error
}

/** One line that user code logged through `trial.logger`. */
export interface LogEntry {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields?: Readonly<Record<string, unknown>>
}

/** How an attempt speaks to the controller. Messages of one attempt arrive in the order in which they were sent. */
export interface AttemptListener {
  report(report: OutgoingReport): void
  setUserAttr(key: string, value: unknown): void
  setConstraint(key: string, value: number): void
  log(entry: LogEntry): void
  /** The answer to `save`; undefined when this trainable cannot. */
  saved(checkpoint: { readonly value: unknown } | undefined): void
  /** Once, last: user code has settled and the slot is free. */
  settled(outcome: Settled): void
}

/** One attempt that an executor has under way. */
export interface Attempt {
  /** The report `seq` was decided upon: go on. A report that is not answered yet is how a trial is paused in memory. */
  answer(seq: number): void
  /** From now on it has these resources: said before the answer that ends a pause. Not needed where it is all the same. */
  reallocate?(resources: Resources): void
  /** It does not make again the rest of the reports that it was to: from now on sleeping takes its time. */
  endReplay?(): void
  /**
   * Asks for a checkpoint of the report that waits for its answer, told by `saved`. Only stepped trainables with
   * `save` can give one unasked; functions attach theirs to `report`.
   */
  save(): void
  /** User code has to leave: its signal aborts, and this and each later report rejects with `TrialStopped`. */
  leave(reason: 'stopped' | 'exploited' | 'paused'): void
  /** Frees what is held for code that did not leave in time; its messages are ignored from now on. */
  abandon(): void
}

/**
 * Runs user code somewhere: in this process, in a thread, in another program, on another machine.
 * It starts what it is told to and carries messages; it never decides anything.
 */
export interface Executor {
  readonly name: string
  /** Where trials run, for the table's column `loc`. */
  readonly location: string
  /** Must not throw: what goes wrong is told as `settled({ kind: 'threw' })`. */
  start(assignment: Assignment, listener: AttemptListener): Attempt
  /** Releases threads and processes. Called once, after the last attempt. */
  close(): Promise<void>
}
