import { asError } from '../errors.ts'
import { firstLine } from '../results/text.ts'

/** What the reporter writes to: `process.stdout`, or anything with `write`. */
export interface TerminalStream {
  write(text: string, written?: (error?: Error | null) => void): unknown
  /** Whether it is a terminal, whose lines can be drawn over. */
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
  readonly writableNeedDrain?: boolean | undefined
  on?(event: 'error', listener: () => void): unknown
  off?(event: 'error', listener: () => void): unknown
}

/**
 * A stream that may go away: a reader that closes its pipe, a terminal that hangs up. From then on nothing is written
 * and nothing is said, since the experiment matters and its display does not.
 */
export class Output {
  readonly #stream: TerminalStream
  #gone = false

  constructor(stream: TerminalStream) {
    this.#stream = stream
  }

  get width(): number | undefined {
    return this.#stream.columns
  }

  get height(): number | undefined {
    return this.#stream.rows
  }

  /** Whether the reader is slower than we write. */
  get behind(): boolean {
    return this.#stream.writableNeedDrain === true
  }

  /** Does one piece of work on the display. Whatever it throws is said once, and ends the display. */
  attempt(work: () => void): void {
    if (this.#gone) return
    try {
      work()
    } catch (thrown) {
      this.write(`The terminal reporter stopped: ${firstLine(asError(thrown).message)}\n`)
      this.#gone = true
    }
  }

  open(): void {
    // Without a listener a broken pipe ends the whole process.
    this.#stream.on?.('error', this.#onError)
  }

  write(text: string): void {
    if (this.#gone) return
    try {
      this.#stream.write(text)
    } catch {
      this.#gone = true
    }
  }

  /** Lets go of the stream once all is written; it stays the caller's. */
  close(): void {
    if (this.#gone) return
    this.#gone = true
    // A failure is told to the callback first and to listeners after it, so then the listener has to stay.
    this.#stream.write('', (error) => {
      if (!error) this.#stream.off?.('error', this.#onError)
    })
  }

  readonly #onError = (): void => {
    this.#gone = true
  }
}
