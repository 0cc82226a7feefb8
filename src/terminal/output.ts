import { asError } from '../errors.ts'
import { firstLine } from '../results/text.ts'
import { intercept, type Interception, type Sink } from './foreign-writes.ts'

/** What the reporter writes to: `process.stdout`, or anything with `write`. */
export interface TerminalStream extends Sink {
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
  readonly #companions: readonly TerminalStream[]
  #interceptions: Interception[] = []
  #gone = false

  /** @param companions - Streams that end up on the same terminal. */
  constructor(stream: TerminalStream, companions: readonly TerminalStream[] = []) {
    this.#stream = stream
    this.#companions = companions
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
      this.#leave()
    }
  }

  open(): void {
    // Without a listener a broken pipe ends the whole process.
    this.#stream.on?.('error', this.#onError)
  }

  /** Until it is closed, is told of what others write to the terminal, right before they do. */
  watch(onForeign: (chunk: unknown) => void): void {
    const noticed = (chunk: unknown): void => this.attempt(() => onForeign(chunk))
    this.#interceptions = [this.#stream, ...this.#companions]
      .map((stream) => intercept(stream, noticed))
      .filter((interception) => interception !== undefined)
  }

  write(text: string): void {
    if (this.#gone) return
    try {
      this.#put(text)
    } catch {
      this.#leave()
    }
  }

  /** Lets go of the stream once all is written; it stays the caller's. */
  close(): void {
    if (this.#gone) return
    // A failure is told to the callback first and to listeners after it, so then the listener has to stay.
    this.#put('', (error) => {
      if (!error) this.#stream.off?.('error', this.#onError)
    })
    this.#leave()
  }

  #put(...args: Parameters<Sink['write']>): void {
    const [own = this.#stream] = this.#interceptions
    own.write(...args)
  }

  #leave(): void {
    this.#gone = true
    for (const interception of this.#interceptions) interception.restore()
    this.#interceptions = []
  }

  readonly #onError = (): void => this.#leave()
}
