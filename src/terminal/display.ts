import os from 'node:os'
import type { ExperimentEnd, Reporter } from '../results/reporter.ts'
import type { ColumnChoices } from './columns.ts'
import type { StatusOptions } from './status.ts'

/** One way of showing an experiment. */
export interface Display extends Pick<Reporter, 'start' | 'update'> {
  /** One line about what just happened. Lines of detail may be left out when there are too many. */
  tell(line: string, kind: 'news' | 'detail'): void
  end(end: ExperimentEnd): void
}

/** How a display looks. */
export interface Look extends ColumnChoices {
  readonly maxRows: number
  /** Least time between two redraws, in milliseconds. */
  readonly maxFrequencyMs: number
  readonly color: boolean
}

/** Columns of a file or a pipe, which have none of their own: enough for a table of some twenty columns. */
export const PAGE_WIDTH = 200

/** What `renderStatus` needs to know of this moment and this machine. */
export function statusOptions(look: Look, width: number, height?: number): StatusOptions {
  return {
    ...look,
    width,
    height,
    now: new Date(),
    memory: { used: os.totalmem() - os.freemem(), total: os.totalmem() },
  }
}
