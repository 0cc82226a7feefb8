import type { ExperimentEnd, ExperimentView } from '../results/reporter.ts'
import type { Output } from './output.ts'
import { type Display, type Look, PAGE_WIDTH } from './display.ts'
import { outcomeLines } from './final.ts'

/** Says nothing until the end, then the failures and the best. */
export class QuietDisplay implements Display {
  readonly #output: Output
  readonly #look: Look
  #view: ExperimentView | undefined

  constructor(output: Output, look: Look) {
    this.#output = output
    this.#look = look
  }

  start(view: ExperimentView): void {
    this.#view = view
    this.#output.open()
  }

  update(): void {}

  tell(): void {}

  end(end: ExperimentEnd): void {
    if (this.#view === undefined) return
    const lines = outcomeLines(this.#view, end, this.#look, this.#output.width ?? PAGE_WIDTH)
    if (lines.length > 0) this.#output.write(`${lines.join('\n')}\n`)
    this.#output.close()
  }
}
