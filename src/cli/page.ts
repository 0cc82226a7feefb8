import { cutText, padText, textWidth } from '../results/text.ts'
import type { TerminalStream } from '../terminal/output.ts'
import { ansiPaint, type Paint, plainPaint, type Style } from '../terminal/style.ts'
import { type Column, tableLines } from '../terminal/table.ts'
import type { Shell } from './shell.ts'

/** Printed pages: what goes to a terminal fits it and has colours, what goes to a file or a pipe is whole and plain. */
export class Page {
  readonly #stream: TerminalStream
  readonly paint: Paint
  /** Columns that a line may take. */
  readonly width: number

  constructor({ env }: Pick<Shell, 'env'>, stream: TerminalStream) {
    this.#stream = stream
    const isTerminal = stream.isTTY === true
    this.width = isTerminal ? (stream.columns ?? 80) : Infinity
    const isColored = isTerminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
    this.paint = isColored ? ansiPaint : plainPaint
  }

  /** Lines of any width. */
  print(...lines: readonly string[]): void {
    this.#stream.write(lines.map((line) => `${line}\n`).join(''))
  }

  /** Lines that are cut at the edge of the terminal. */
  lines(lines: readonly string[], style?: Style): void {
    this.print(...lines.map((line) => this.paint(style, cutText(line, this.width))))
  }

  heading(text: string): void {
    this.print('', this.paint('bold', cutText(text, this.width)))
  }

  table(columns: readonly Column[]): void {
    this.print(...tableLines(columns, this.width, this.paint))
  }

  /** Facts, one a line, under each other. Those without a text are left out. */
  facts(
    facts: readonly (readonly [label: string, text: string | undefined, style?: Style | undefined])[],
    indent = '',
  ): void {
    const shown = facts.filter(([, text]) => text !== undefined && text !== '')
    const width = shown.reduce((widest, [label]) => Math.max(widest, textWidth(label)), 0) + 2
    for (const [label, text = '', style] of shown) {
      const room = Math.max(1, this.width - width - indent.length)
      this.print(
        `${indent}${this.paint('faint', padText(label, width))}${this.paint(style, cutText(text, room))}`,
      )
    }
  }
}
