import type { LogRecord } from '../core/log.ts'

/** A log that is open. */
export interface OpenLog {
  /** What the log held when it was opened, in order. */
  readonly records: readonly LogRecord[]
  /** Resolves when the records are kept as the store promises. Calls are answered in order. */
  append(records: readonly LogRecord[]): Promise<void>
  close(): Promise<void>
}

/**
 * Keeps the event log of experiments, each under its name. The log is the truth: trial records, the scheduler and
 * the searcher are rebuilt from it.
 */
export interface Store {
  /** The factory's name. */
  readonly name: string
  /** Opens the log of one experiment, for one writer; made when it is not there. */
  open(experiment: string): Promise<OpenLog>
  /** What the log holds now, without opening it for writing; undefined when there is none of that name. */
  read(experiment: string): Promise<readonly LogRecord[] | undefined>
  /** Names of the experiments that are kept, in order of creation. */
  names(): Promise<readonly string[]>
  /** Forgets an experiment. Nothing happens when there is none of that name. */
  delete(experiment: string): Promise<void>
}
