import type { ExperimentSnapshot } from '../core/snapshot.ts'
import type { ExperimentEnd, ExperimentView } from '../results/reporter.ts'
import type { Output } from './output.ts'
import { formatElapsed, plainText } from '../results/text.ts'
import { type Display, type Look, PAGE_WIDTH, statusOptions } from './display.ts'
import { closingLines } from './final.ts'
import { leaderWords } from './leaders.ts'
import { countLine, renderStatus } from './status.ts'

/** Least time between two status lines, on the experiment's clock. */
const STATUS_EVERY_MS = 10_000

/** Plain lines for files, pipes and logs: what happened, a status line now and then, the table at the end. */
export class LineDisplay implements Display {
  readonly #output: Output
  readonly #look: Look
  #view: ExperimentView | undefined
  #saidAt = -Infinity
  #leftOut = 0

  constructor(output: Output, look: Look) {
    this.#output = output
    this.#look = look
  }

  start(view: ExperimentView): void {
    this.#view = view
    this.#output.open()
  }

  update(snapshot: ExperimentSnapshot): void {
    if (this.#view === undefined || snapshot.elapsedMs < this.#saidAt + STATUS_EVERY_MS) return
    const isFirst = this.#saidAt === -Infinity
    this.#saidAt = snapshot.elapsedMs
    if (isFirst) this.#write(plainText(`${this.#view.name}: ${snapshot.scheduler}`))
    this.#write(statusLine(this.#view, snapshot))
  }

  tell(line: string, kind: 'news' | 'detail'): void {
    // A reader that cannot keep up would make the lines pile up in memory.
    if (kind === 'detail' && this.#output.behind) {
      this.#leftOut++
      return
    }
    if (this.#leftOut > 0) this.#write(`(${this.#leftOut} reports left out)`)
    this.#leftOut = 0
    this.#write(line)
  }

  end(end: ExperimentEnd): void {
    if (this.#view === undefined) return
    const width = this.#output.width ?? PAGE_WIDTH
    const lines = [
      ...renderStatus(this.#view, end.snapshot, statusOptions(this.#look, width)),
      ...closingLines(this.#view, end, this.#look, width),
    ]
    this.#write(['', ...lines].join('\n'))
    this.#output.close()
  }

  #write(text: string): void {
    this.#output.write(`${text}\n`)
  }
}

function statusLine(view: ExperimentView, snapshot: ExperimentSnapshot): string {
  const leader = leaderWords(view, snapshot)
  const text = `${formatElapsed(snapshot.elapsedMs)}  ${countLine(view, snapshot.trials)}`
  return leader === '' ? text : `${text}, ${leader}`
}
