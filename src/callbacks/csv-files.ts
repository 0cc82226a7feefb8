import type { Callback } from '../tuner/callback.ts'
import { type DirectoryOptions, readDirectory } from './folder/directory-options.ts'
import { ExperimentFiles } from './folder/experiment-files.ts'
import { type Cells, cellsOf, csvLine, csvRows } from './folder/python-csv.ts'
import { reportRows } from './folder/report-rows.ts'
import type { RowFormat } from './folder/row-file.ts'

/** Options of `csvFiles`. */
export type CsvFilesOptions = DirectoryOptions

/**
 * Writes `progress.csv` for each trial: one row a report, nested metrics in columns such as `val/loss`, with Python's
 * words (`nan`, `inf`, `True`) so that pandas reads numbers. A metric that comes later than the first report gets a
 * column of its own, empty in the rows before; Ray Tune drops it.
 *
 * Through retries, exploits and restores it follows the trial's history, as `result.json` of `jsonFiles` does.
 * @throws {OptionError} when `directory` is missing, or an option is not known.
 * @example new Tuner(train, { paramSpace, callbacks: [csvFiles({ directory: 'results' })] })
 */
export function csvFiles(options: CsvFilesOptions): Callback {
  const directory = readDirectory('csvFiles', options)
  return {
    name: 'csvFiles',
    start: async (view) =>
      reportRows<Cells>({
        files: await ExperimentFiles.open(view, directory),
        view,
        format: progressFormat,
        rowOf: (_trial, report) => cellsOf(report),
      }),
  }
}

function progressFormat(): RowFormat<Cells> {
  let columns: string[] = []
  return {
    fileName: 'progress.csv',
    head(rows) {
      const found = new Set(columns)
      for (const cells of rows) for (const column of cells.keys()) found.add(column)
      if (found.size > columns.length) columns = [...found]
      return csvLine(columns)
    },
    line: (cells) => csvLine(columns.map((column) => cells.get(column) ?? '')),
    widened(line, headBefore) {
      const before = csvRows(headBefore)[0]?.cells.length ?? 0
      return line.replace(/\r?\n$/, `${','.repeat(columns.length - before)}\r\n`)
    },
    read(text) {
      const [head, ...rows] = csvRows(text)
      columns = [...(head?.cells ?? [])]
      const [iterationAt, secondsAt] = [
        columns.indexOf('training_iteration'),
        columns.indexOf('time_total_s'),
      ]
      return {
        headEnd: head?.end ?? 0,
        rows: rows.map(({ cells, end }) => ({
          iteration: Number(cells[iterationAt]),
          seconds: Number(cells[secondsAt]),
          end,
        })),
      }
    },
  }
}
