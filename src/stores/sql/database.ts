import type { Steps } from './steps.ts'

/** In what two databases differ. */
export interface Dialect {
  /** The start of the type of an id that counts by itself. */
  readonly id: string
  readonly float: string
  readonly time: string
  readonly direction: string
  readonly state: string
  readonly valueType: string
  readonly intermediateType: string
  readonly bytes: string
  /** Texts in the order of their letters' numbers. */
  readonly orderedText: string
  /** Types that have to be made before the tables are. */
  readonly types: readonly string[]
  /** Gives the names of all tables as `name`. */
  readonly tableNames: string
  /** Holds off all others who want to make tables; nothing where a transaction that writes does so by itself. */
  readonly lockSchema: string | undefined
  /** Ends a query whose row nobody else may write until the transaction has ended. */
  readonly forUpdate: string
  /** Characters that a name may have, none of them NUL: of a study, a parameter, an attribute. Infinity: any text is one. */
  readonly nameMax: number
  /** The database's own clock, in milliseconds since 1970. */
  readonly now: string
}

/** A database that can be reached. It connects when it is used, and again after `close`. */
export interface Database {
  readonly dialect: Dialect
  /** What error texts call it. Holds no password. */
  readonly place: string
  /** Which file it is on this machine, whatever its name; empty for what is no file. */
  file(): string
  /** Whether there is anything to read: false for a file that is not there. */
  exists(): Promise<boolean>
  /**
   * Does all steps in one transaction that others wait for, or none of them.
   * @param synced - Whether they survive a power cut once this resolves.
   * @param isRepeatable - Whether the work finds out by itself that it has been kept already. Then it is done again also where
   * the connection to a server broke before it could be heard whether it was. Default false.
   */
  write<T>(work: () => Steps<T>, synced: boolean, isRepeatable?: boolean): Promise<T>
  /** Does steps that only read, all of them as of one moment. */
  read<T>(work: () => Steps<T>): Promise<T>
  close(): Promise<void>
}
