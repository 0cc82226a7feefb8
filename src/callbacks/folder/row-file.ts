import { Buffer } from 'node:buffer'
import { appendFile, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Worker } from './background.ts'
import type { ExperimentFiles } from './experiment-files.ts'
import type { TrialFolder } from './trial-folder.ts'

/** What lines are made of, and read back from. */
export interface RowFormat<Row> {
  readonly fileName: string
  /** The text in front of the first row, once these rows are known too. */
  head(rows: readonly Row[]): string
  line(row: Row): string
  /** What has to follow an earlier line since `head` has grown; `''` when it never does. */
  widened(line: string, headBefore: string): string
  /** The rows of a file that an earlier run has left, without what a crash has torn. */
  read(text: string): { readonly headEnd: number; readonly rows: readonly ReadRow[] }
}

/** Which report a row is of: a later attempt may report the same iteration again, but at another time. */
export interface RowOrigin {
  readonly iteration: number
  /** Its `time_total_s`. */
  readonly seconds: number
}

/** A row that was read back. */
export interface ReadRow extends RowOrigin {
  /** Where its line ends in the text. */
  readonly end: number
}

/** A row of a report. */
export interface ReportRow<Row> extends RowOrigin {
  readonly row: Row
}

type Step<Row> =
  | ({ readonly kind: 'add' } & ReportRow<Row>)
  | { readonly kind: 'restart'; readonly iteration: number }
  | { readonly kind: 'branch' }

/**
 * A file with one line a report, which follows the history of its trial: what a failed attempt reported beyond the
 * checkpoint that the next one starts from is cut off again, as it is in the results.
 */
export class RowFile<Row> implements Worker {
  readonly #files: ExperimentFiles
  readonly #folder: TrialFolder
  readonly #format: RowFormat<Row>
  #known: (() => readonly ReportRow<Row>[]) | undefined
  #steps: Step<Row>[] = []
  // Of the lines in the file: the iteration, and where they end, in bytes.
  readonly #iterations: number[] = []
  #ends: number[] = []
  #head = ''
  // Lines that stay, whatever comes: those before the trial took over another one's state.
  #floor = 0

  /**
   * @param known - Gives the rows of the trial's history, when an earlier run may have written some of them: the file is
   *   made to agree with them before anything else.
   */
  constructor(
    files: ExperimentFiles,
    folder: TrialFolder,
    format: RowFormat<Row>,
    known?: () => readonly ReportRow<Row>[],
  ) {
    this.#files = files
    this.#folder = folder
    this.#format = format
    this.#known = known
    if (known !== undefined) files.wake(this)
  }

  add(row: ReportRow<Row>): void {
    this.#do({ kind: 'add', ...row })
  }

  /** A new attempt starts from this iteration. */
  restart(iteration: number): void {
    this.#do({ kind: 'restart', iteration })
  }

  /** From here on the trial continues another one, at whatever iteration. */
  branch(): void {
    this.#do({ kind: 'branch' })
  }

  #do(step: Step<Row>): void {
    this.#steps.push(step)
    this.#files.wake(this)
  }

  async work(): Promise<void> {
    const path = join(await this.#folder.path(), this.#format.fileName)
    if (this.#known !== undefined) await this.#agree(path, this.#known())
    this.#known = undefined
    const steps = this.#steps
    this.#steps = []
    const fresh: ReportRow<Row>[] = []
    let kept = this.#iterations.length
    const lastIteration = (): number => fresh.at(-1)?.iteration ?? (this.#iterations[kept - 1] as number)
    for (const step of steps) {
      if (step.kind === 'branch') {
        this.#floor = kept + fresh.length
        continue
      }
      const before = step.kind === 'add' ? step.iteration : step.iteration + 1
      while (kept + fresh.length > this.#floor && lastIteration() >= before) {
        if (fresh.pop() === undefined) kept--
      }
      if (step.kind === 'add') fresh.push(step)
    }
    if (kept < this.#iterations.length) await this.#cut(path, kept)
    if (fresh.length > 0) await this.#append(path, fresh)
  }

  async #cut(path: string, kept: number): Promise<void> {
    this.#iterations.length = kept
    this.#ends.length = kept
    await truncate(path, this.#ends.at(-1) ?? Buffer.byteLength(this.#head))
  }

  async #append(path: string, fresh: readonly ReportRow<Row>[]): Promise<void> {
    const head = this.#format.head(fresh.map(({ row }) => row))
    let text = ''
    if (head !== this.#head) {
      const lines = this.#ends.length === 0 ? [] : this.#linesOf(await readFile(path), this.#head)
      const before = this.#head
      this.#head = head
      this.#ends = []
      const wider = lines.map((line) => this.#format.widened(line, before))
      await writeFile(path, head + wider.join(''))
      for (const line of wider) this.#pushEnd(line)
    }
    for (const { iteration, row } of fresh) {
      const line = this.#format.line(row)
      this.#iterations.push(iteration)
      this.#pushEnd(line)
      text += line
    }
    await appendFile(path, text)
  }

  #linesOf(content: Buffer, head: string): string[] {
    let start = Buffer.byteLength(head)
    return this.#ends.map((end) => {
      const line = content.toString('utf8', start, end)
      start = end
      return line
    })
  }

  #pushEnd(line: string): void {
    this.#ends.push((this.#ends.at(-1) ?? Buffer.byteLength(this.#head)) + Buffer.byteLength(line))
  }

  /** Keeps the lines that the history has, since they say when; cuts off what it has not, and adds what is missing. */
  async #agree(path: string, known: readonly ReportRow<Row>[]): Promise<void> {
    const text = await textOf(path)
    const { headEnd, rows } = this.#format.read(text)
    const differs = rows.findIndex(
      ({ iteration, seconds }, i) => known[i]?.iteration !== iteration || known[i]?.seconds !== seconds,
    )
    const same = rows.slice(0, differs === -1 ? rows.length : differs)
    this.#head = text.slice(0, headEnd)
    let start = headEnd
    for (const { iteration, end } of same) {
      this.#iterations.push(iteration)
      this.#pushEnd(text.slice(start, end))
      start = end
    }
    if (start < text.length) await truncate(path, Buffer.byteLength(text.slice(0, start)))
    const missing = known.slice(same.length)
    if (missing.length > 0) await this.#append(path, missing)
    this.#floor = lastBranch(this.#iterations)
  }
}

/** Where the iterations last did not go on by one: there the trial took over another one's state. */
function lastBranch(iterations: readonly number[]): number {
  for (let i = iterations.length - 1; i > 0; i--) {
    if (iterations[i] !== (iterations[i - 1] as number) + 1) return i
  }
  return 0
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return ''
    throw error
  }
}
