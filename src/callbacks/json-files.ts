import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TrialInfo } from '../core/events.ts'
import { isPlainObject, type Metrics } from '../core/metrics.ts'
import type { Callback, CallbackSession, CallbackView } from '../tuner/callback.ts'
import { type DirectoryOptions, readDirectory } from './folder/directory-options.ts'
import { ExperimentFiles } from './folder/experiment-files.ts'
import { exploitFiles } from './folder/exploit-files.ts'
import { parsePythonJson, pythonJson } from './folder/python-json.ts'
import { reportRows } from './folder/report-rows.ts'
import type { ReadRow, RowFormat, RowOrigin } from './folder/row-file.ts'

/** Options of `jsonFiles`. */
export type JsonFilesOptions = DirectoryOptions

/**
 * Writes, for each trial, as Ray Tune does:
 *
 * - `params.json`: its configuration, functions by name. Written anew when the trial exploits another one.
 * - `result.json`: one line a report, with `training_iteration`, `time_total_s`, `trial_id`, `date`, `timestamp` and
 *   `config` beside the metrics. NaN and Infinity are bare words, as Python's `json` and pandas write and read them.
 *
 * and for population based training `pbt_global.txt` and `pbt_policy_<trial id>.txt`, one line an exploit.
 *
 * `result.json` follows the trial's history: what a failed attempt reported beyond the checkpoint that the next one
 * starts from is cut off, and after a restore the lines go on where the history does, none twice. Written behind the
 * experiment's back, so a crash of the process may lose the last moments of it; a restore adds them.
 * @throws {OptionError} when `directory` is missing, or an option is not known.
 * @example new Tuner(train, { paramSpace, callbacks: [jsonFiles({ directory: 'results' })] })
 */
export function jsonFiles(options: JsonFilesOptions): Callback {
  const directory = readDirectory('jsonFiles', options)
  return {
    name: 'jsonFiles',
    start: async (view) => sessionOf(await ExperimentFiles.open(view, directory), view),
  }
}

function sessionOf(files: ExperimentFiles, view: CallbackView): CallbackSession {
  const configText = textOfConfigs()
  const rows = reportRows<string>({
    files,
    view,
    format: () => LINES,
    rowOf: (trial, report) => lineOf(report, configText(trial.config)),
  })
  const writeParams = (trial: TrialInfo): void => {
    const text = `${pythonJson(trial.config ?? {}, 'page')}\n`
    const folder = files.trial(trial)
    files.do(async () => writeFile(join(await folder.path(), 'params.json'), text))
  }
  const exploits = exploitFiles(files, view)
  return {
    ...rows,
    'trial.start': (event) => {
      rows['trial.start']?.(event)
      if (event.attempt === 1 || view.restored) writeParams(event.trial)
      exploits.onStart(event.trial)
    },
    'trial.report': (event) => {
      rows['trial.report']?.(event)
      exploits.onReport(event.trial)
    },
    'trial.exploit': (event) => {
      rows['trial.exploit']?.(event)
      writeParams(event.trial)
      exploits.onExploit(event.trial, event.donor, event.config)
    },
  }
}

const LINES: RowFormat<string> = {
  fileName: 'result.json',
  head: () => '',
  line: (line) => line,
  widened: (line) => line,
  read(text) {
    const rows: ReadRow[] = []
    for (
      let start = 0, end = text.indexOf('\n') + 1;
      end > 0;
      start = end, end = text.indexOf('\n', start) + 1
    ) {
      const origin = originIn(text.slice(start, end))
      if (origin === undefined) break
      rows.push({ ...origin, end })
    }
    return { headEnd: 0, rows }
  },
}

function originIn(line: string): RowOrigin | undefined {
  try {
    const report = parsePythonJson(line)
    if (!isPlainObject(report)) return undefined
    return { iteration: Number(report['training_iteration']), seconds: Number(report['time_total_s']) }
  } catch {
    return undefined
  }
}

/** The configuration is put in as text: it is the same in all lines of a trial, and may be large. */
function lineOf(report: Metrics, config: string): string {
  const text = pythonJson(report)
  return 'config' in report ? `${text}\n` : `${text.slice(0, -1)}, "config": ${config}}\n`
}

/** Configurations as text; each is written once, since it is replaced and never changed. */
function textOfConfigs(): (config: unknown) => string {
  const texts = new WeakMap<object, string>()
  return (config) => {
    if (typeof config !== 'object' || config === null) return pythonJson(config ?? {})
    let text = texts.get(config)
    if (text === undefined) texts.set(config, (text = pythonJson(config)))
    return text
  }
}
