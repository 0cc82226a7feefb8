import type { ExperimentEvents } from '../core/events.ts'
import type { Reporter } from '../results/reporter.ts'
import type { ColumnChoice } from './columns.ts'
import type { Display, Look } from './display.ts'
import { isPlainObject } from '../core/metrics.ts'
import { type Checks, must, readOptions } from '../core/options.ts'
import { OptionError } from '../errors.ts'
import { eventLines } from './event-lines.ts'
import { LineDisplay } from './line-display.ts'
import { LiveDisplay } from './live-display.ts'
import { Output, type TerminalStream } from './output.ts'
import { QuietDisplay } from './quiet-display.ts'

/** How much is said: see `TerminalOptions.verbose`. */
export type Verbosity = 0 | 1 | 2

/** Options of `terminal`. */
export interface TerminalOptions {
  /**
   * - `0`: nothing until the end, then the failures and the best trial.
   * - `1`: the live table; on what is no terminal, a line for each trial that ended, a status line now and then, and
   *   the table at the end.
   * - `2`: besides, a line for each trial that ended and for each report, everywhere.
   *
   * Default 1.
   */
  readonly verbose?: Verbosity
  /** Where to write. Default `process.stdout`. */
  readonly stream?: TerminalStream | undefined
  /** Metrics that have a column, with their labels when given as an object. Default: by Ray Tune's rules. */
  readonly metricColumns?: ColumnChoice | undefined
  /** Parameters that have a column, with their labels when given as an object. Default: all that were sampled. */
  readonly parameterColumns?: ColumnChoice | undefined
  /** Rows of the table of trials. Integer from 1, or Infinity. Default 20. */
  readonly maxRows?: number
  /** Least time between two redraws, in milliseconds. At least 0. Default 250. */
  readonly maxFrequencyMs?: number
}

const DEFAULTS = {
  verbose: 1 as Verbosity,
  stream: undefined,
  metricColumns: undefined,
  parameterColumns: undefined,
  maxRows: 20,
  maxFrequencyMs: 250,
}

const CHECKS: Checks<TerminalOptions> = {
  verbose: (value) => (value === 0 || value === 1 || value === 2 ? undefined : 'must be 0, 1 or 2.'),
  stream: ({ write }) => (typeof write === 'function' ? undefined : 'must be a stream, with a method write.'),
  metricColumns: checkColumns,
  parameterColumns: checkColumns,
  maxRows: (value) => (value === Infinity ? undefined : must.integerFrom(1)(value)),
  maxFrequencyMs: must.from(0),
}

function checkColumns(value: ColumnChoice): string | undefined {
  const words = Array.isArray(value) ? value : isPlainObject(value) ? Object.values(value) : [undefined]
  return words.every((word) => typeof word === 'string')
    ? undefined
    : 'must be an array of names, or an object of labels.'
}

/**
 * Shows the experiment in the terminal: a live table as Ray Tune has it, redrawn in place; on files and pipes, plain
 * lines. Colours follow `NO_COLOR` and `TERM=dumb`. A stream that breaks turns it off; it never harms the experiment.
 *
 * What user code prints on the same terminal, by `console.log` or else, stays, and the table is drawn under it: while
 * the table is live, writes to the stream (of `process.stdout` also those to `process.stderr`, where that is a terminal
 * too) are noticed. What it logs by `trial.logger` stands there with the trial's name.
 *
 * It shows one experiment at a time, and another one after it.
 * @throws {OptionError} for an option that is not known or out of range.
 * @example new Tuner(train, { paramSpace, reporter: terminal({ verbose: 1 }) })
 */
export function terminal(options: TerminalOptions = {}): Reporter {
  const { verbose, stream = process.stdout, ...rest } = readOptions('terminal', options, DEFAULTS, CHECKS)
  const live = stream.isTTY === true && process.env['TERM'] !== 'dumb'
  const look = { ...rest, color: live && (process.env['NO_COLOR'] ?? '') === '' }
  let shown: { readonly output: Output; readonly display: Display } | undefined
  const show = (work: (display: Display) => void): void => {
    const { output, display } = shown ?? {}
    if (display !== undefined) output?.attempt(() => work(display))
  }
  return {
    start(view) {
      if (shown !== undefined) {
        throw new OptionError(
          'reporter',
          'This terminal() shows another experiment, which has not ended. Give each Tuner one of its own.',
        )
      }
      const output = new Output(stream, companionsOf(stream))
      shown = { output, display: displayOf(output, look, verbose, live) }
      show((display) => display.start(view))
    },
    update: (snapshot) => show((display) => display.update(snapshot)),
    end(end) {
      show((display) => display.end(end))
      shown = undefined
    },
    on: listenersOf((line, kind) => show((display) => display.tell(line(), kind)), verbose, live),
  }
}

// What ends up on the same terminal.
function companionsOf(stream: TerminalStream): readonly TerminalStream[] {
  const { stdout, stderr } = process
  if (stream === stdout) return stderr.isTTY ? [stderr] : []
  return stream === stderr && stdout.isTTY ? [stdout] : []
}

function displayOf(output: Output, look: Look, verbose: Verbosity, live: boolean): Display {
  if (verbose === 0) return new QuietDisplay(output, look)
  return live ? new LiveDisplay(output, look) : new LineDisplay(output, look)
}

type Tell = (line: () => string, kind: 'news' | 'detail') => void

function listenersOf(tell: Tell, verbose: Verbosity, live: boolean): NonNullable<Reporter['on']> {
  if (verbose === 0) return {}
  const { ended, failed, retried, reported, logged, warned } = eventLines
  const told = {
    'experiment.warning': (event: ExperimentEvents['experiment.warning']) =>
      tell(() => warned(event), 'news'),
    'trial.log': (event: ExperimentEvents['trial.log']) => {
      if (verbose === 2 || event.level !== 'debug') tell(() => logged(event), 'news')
    },
  }
  // The live table shows the rest by itself.
  if (verbose === 1 && live) return told
  return {
    ...told,
    'trial.complete': (event) => tell(() => ended(event), 'news'),
    'trial.stop': (event) => tell(() => ended(event), 'news'),
    'trial.error': (event) => tell(() => failed(event), 'news'),
    'trial.retry': (event) => tell(() => retried(event), 'news'),
    ...(verbose === 1 ? {} : { 'trial.report': (event) => tell(() => reported(event), 'detail') }),
  }
}
