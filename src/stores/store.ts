import type { CheckpointStore } from '../checkpoints/checkpoint-store.ts'
import type { LogRecord } from '../core/log.ts'

/**
 * What an acknowledged record survives.
 *
 * - `'report'`: a power cut. Each batch is on the disk before it is acknowledged, and so is each report before the trial
 *   goes on.
 * - `'trial'`: the end of this process, `kill -9` included; and once a trial has ended, a power cut loses nothing of it.
 * - `'interval'`: nothing at once. Records are written every so many milliseconds, and what came since may be lost.
 */
export type Durability = 'report' | 'trial' | 'interval'

/** How a log is opened. */
export interface OpenOptions {
  /** Default `'trial'`. A store that keeps nothing beyond this process has no use for it. */
  readonly durability?: Durability
  /**
   * Whether other writers may have it open too, in this process or in others, as studies are. Default false: to open a log
   * makes whoever held it before unable to append, or is refused while that one is alive in another process.
   */
  readonly shared?: boolean
}

/** A log that is open. */
export interface OpenLog {
  /** What the log held when it was opened, in order. */
  readonly records: readonly LogRecord[]
  /**
   * Resolves when the records are kept as the store promises. Calls are answered in order.
   * @returns Nothing when they are kept. Of a shared log: what others have appended since this writer read it last, and then
   * these were not kept: take that in, and append what follows from it.
   * @throws {StorageError} (rejects) with code `'notHeld'` when another has opened it since, or it was closed; with others
   * when it could not be written: then nothing of the batch is kept.
   */
  append(records: readonly LogRecord[]): Promise<readonly LogRecord[] | undefined | void>
  /**
   * What others have appended since this writer read it last. Of a log that it has alone: what another program, such as
   * Optuna, has written beside it, which the log has from then on; missing where nothing else can write.
   */
  poll?(): Promise<readonly LogRecord[]>
  /** Shared logs: how this writer is known to the others. */
  readonly writer?: string
  /** Shared logs: says that this writer is alive. Called every third of a lease. */
  beat?(): Promise<void>
  /**
   * Shared logs: writers that have not been heard of for so many milliseconds, by the store's own clock. One that has closed
   * the log is not among them.
   */
  deadWriters?(leaseMs: number): Promise<readonly string[]>
  /** What this kind of storage does not keep, in words; where it keeps all, there is none. */
  readonly notice?: string
  close(): Promise<void>
}

/**
 * Keeps the event log of experiments, each under its name. The log is the truth: trial records, the scheduler and
 * the searcher are rebuilt from it.
 */
export interface Store {
  /** The factory's name. */
  readonly name: string
  /** The URL that opens it, where there is one. */
  readonly url?: string
  /** A folder that is the store's own, for what is kept in files beside it, such as checkpoints. */
  readonly folder?: string
  /** Where it keeps checkpoints by itself, when it has no folder. Those of an experiment go with it when it is deleted. */
  readonly checkpoints?: CheckpointStore
  /** Opens the log of one experiment; made when it is not there. */
  open(experiment: string, options?: OpenOptions): Promise<OpenLog>
  /** What the log holds now, without opening it for writing; undefined when there is none of that name. */
  read(experiment: string): Promise<readonly LogRecord[] | undefined>
  /**
   * Names of the experiments that are kept, in order of creation. A log without records is nobody's: who has opened it has not
   * begun yet, or was killed before.
   */
  names(): Promise<readonly string[]>
  /**
   * Who writes to the log of an experiment now, in words such as `process 4121 since 14:02`; undefined when nobody does.
   * Changes nothing. Missing where a store cannot know.
   */
  holder?(experiment: string): Promise<string | undefined>
  /** Forgets an experiment, with the checkpoints that the store keeps of it. Nothing happens when there is none of that name. */
  delete(experiment: string): Promise<void>
  /** Lets go of what it holds, such as connections. It opens again by itself when it is used. */
  close?(): Promise<void>
}
