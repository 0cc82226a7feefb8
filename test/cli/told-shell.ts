import { main } from '../../src/cli/main.ts'
import type { EndSignal, Shell } from '../../src/cli/shell.ts'
import { openStore } from '../../src/stores/open-store.ts'
import type { Store } from '../../src/stores/store.ts'

/** What a command printed, and how it ended. */
export interface Said {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** How a command is called in a test. */
export interface Calling {
  /** What `--storage URL` opens, whatever the URL. Default: as always. */
  readonly store?: Store
  readonly env?: Readonly<Record<string, string>>
  /** Columns of the terminal that it prints to. Default: a pipe. */
  readonly columns?: number
  readonly now?: number
}

/** Calls the command line in this process, in a shell that keeps what it hears. */
export async function troupe(words: string, calling: Calling = {}): Promise<Said> {
  const { store, env = {}, columns, now = Date.now() } = calling
  const said = { out: '', err: '' }
  const look = columns === undefined ? {} : { isTTY: true, columns, rows: 40 }
  const shell: Shell = {
    stdout: { write: (text) => void (said.out += text), ...look },
    stderr: { write: (text) => void (said.err += text), ...look },
    env: store === undefined ? env : { TROUPE_STORAGE: 'given', ...env },
    cwd: process.cwd(),
    now: () => now,
    openStore: (url) => store ?? openStore(url),
    onSignal: (_: (signal: EndSignal) => void) => () => {},
    exit: () => {},
  }
  const code = await main(words === '' ? [] : words.split(' '), shell)
  return { code, ...said }
}
