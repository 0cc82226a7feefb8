import type { ExperimentSnapshot } from '../core/snapshot.ts'
import type { ExperimentEnd, ExperimentView } from '../results/reporter.ts'
import type { Output } from './output.ts'
import { cutText } from '../results/text.ts'
import { type Display, type Look, statusOptions } from './display.ts'
import { closingLines } from './final.ts'
import { LiveFrame } from './live-frame.ts'
import { renderStatus } from './status.ts'

/** The clock of the display goes on while nothing happens. */
const TICK_MS = 1000
/** Lines of detail between two redraws; those beyond are counted. */
const MOST_DETAIL = 200

/** A table that is redrawn in place, with lines of news that scroll away above it. */
export class LiveDisplay implements Display {
  readonly #output: Output
  readonly #look: Look
  readonly #frame: LiveFrame
  #view: ExperimentView | undefined
  #latest: { readonly snapshot: ExperimentSnapshot; readonly receivedAt: number } | undefined
  #above: string[] = []
  #leftOut = 0
  #drawnAt = -Infinity
  #timer: NodeJS.Timeout | undefined

  constructor(output: Output, look: Look) {
    this.#output = output
    this.#look = look
    this.#frame = new LiveFrame(output)
  }

  start(view: ExperimentView): void {
    this.#view = view
    this.#output.open()
    this.#output.watch((chunk) => this.#makeWay(chunk))
  }

  update(snapshot: ExperimentSnapshot): void {
    this.#latest = { snapshot, receivedAt: performance.now() }
    this.#drawWhenDue()
  }

  tell(line: string, kind: 'news' | 'detail'): void {
    if (kind === 'detail' && this.#above.length >= MOST_DETAIL) this.#leftOut++
    else this.#above.push(line)
    this.#drawWhenDue()
  }

  end(end: ExperimentEnd): void {
    clearTimeout(this.#timer)
    if (this.#view === undefined) return
    const lines = [
      ...renderStatus(this.#view, end.snapshot, statusOptions(this.#look, this.#width)),
      ...closingLines(this.#view, end, this.#look, this.#width),
    ]
    this.#frame.draw(['', ...lines], this.#takeAbove())
    this.#output.close()
  }

  // One less than there are: see LiveFrame.
  get #width(): number {
    return Math.max(20, (this.#output.width ?? 80) - 1)
  }

  /** User code prints: that stays, and the table comes under it. */
  #makeWay(chunk: unknown): void {
    this.#frame.makeWay(chunk)
    // Not at once: it would stand above what is about to be written.
    this.#drawIn(Math.max(0, this.#untilDue))
  }

  get #untilDue(): number {
    return this.#drawnAt + this.#look.maxFrequencyMs - performance.now()
  }

  #drawWhenDue(): void {
    const wait = this.#untilDue
    if (wait > 0) this.#drawIn(wait)
    else if (this.#output.behind) this.#drawIn(this.#look.maxFrequencyMs)
    else this.#draw()
  }

  #drawIn(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#output.attempt(() => this.#draw()), ms)
    // The display must not keep a process alive whose experiment has gone.
    this.#timer.unref()
  }

  #draw(): void {
    if (this.#view === undefined || this.#latest === undefined) return
    const { snapshot, receivedAt } = this.#latest
    this.#drawnAt = performance.now()
    const lives = snapshot.status === 'running' || snapshot.status === 'stopping'
    const elapsedMs = snapshot.elapsedMs + (lives ? this.#drawnAt - receivedAt : 0)
    // What has scrolled out of the terminal cannot be drawn over: the block stays lower than that.
    const options = statusOptions(this.#look, this.#width, Math.max(1, (this.#output.height ?? 24) - 2))
    this.#frame.draw(
      ['', ...renderStatus(this.#view, { ...snapshot, elapsedMs }, options)],
      this.#takeAbove(),
    )
    this.#drawIn(TICK_MS)
  }

  #takeAbove(): string[] {
    const lines = this.#leftOut === 0 ? this.#above : [...this.#above, `(${this.#leftOut} reports left out)`]
    this.#above = []
    this.#leftOut = 0
    return lines.map((line) => cutText(line, this.#width))
  }
}
