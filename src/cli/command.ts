import type { GivenOptions, OptionName } from './options.ts'
import type { Shell } from './shell.ts'

/** A command as it was called. */
export interface Call {
  /** What was given besides options, as many as the command takes. */
  readonly operands: readonly string[]
  readonly options: GivenOptions
  readonly shell: Shell
}

/** One command of `troupe`. */
export interface Command {
  readonly name: string
  /** What it does, in a line. */
  readonly summary: string
  /** What it takes besides options, in order; `[NAME]` may be left out. */
  readonly operands: readonly string[]
  readonly options: readonly OptionName[]
  /** What else one has to know, in paragraphs of any width. */
  readonly about?: readonly string[]
  readonly examples: readonly string[]
  /** @returns The exit code. */
  run(call: Call): Promise<number>
}
