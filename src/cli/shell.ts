import type { Store } from '../stores/store.ts'
import type { TerminalStream } from '../terminal/output.ts'

/** The signals that end a run. */
export type EndSignal = 'SIGINT' | 'SIGTERM'

/** What a command has of the world: where it prints, what it was started with, and who interrupts it. */
export interface Shell {
  readonly stdout: TerminalStream
  readonly stderr: TerminalStream
  readonly env: Readonly<Record<string, string | undefined>>
  /** The folder that relative paths are meant from. */
  readonly cwd: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  /**
   * The store that a URL names.
   * @throws {OptionError} for a URL that is none.
   */
  readonly openStore: (url: string) => Store
  /** Has a listener called at each signal, until the returned function is called. */
  readonly onSignal: (listener: (signal: EndSignal) => void) => () => void
  /** Ends the process where it stands. */
  readonly exit: (code: number) => void
}

/** What a command ends with. */
export const EXIT = { done: 0, failed: 1, badUsage: 2, interrupted: 130 } as const
