import type { Output } from './output.ts'
import { textWidth } from '../results/text.ts'

const UP = (lines: number): string => (lines === 0 ? '' : `\u001B[${lines}A`)
const CLEAR_LINE_END = '\u001B[K'
const CLEAR_BELOW = '\u001B[J'
const NEWLINE_BYTE = 10
// Built from text, since the escape character is refused in a literal.
const STYLES = new RegExp(String.raw`\u001B\[\d+m`, 'gu')

/**
 * A block of lines at the end of a terminal that is drawn over again and again.
 *
 * Each line is written over and cleared to its end, not the block cleared and written: that would flicker. The cursor
 * is not hidden, since nothing would show it again when the process is killed.
 */
export class LiveFrame {
  readonly #output: Output
  /** Widths of the lines that stand there now. */
  #drawn: readonly number[] = []
  /** Whether somebody has written a line that has not ended. */
  #isMidLine = false

  constructor(output: Output) {
    this.#output = output
  }

  /**
   * Draws the block anew, in one write.
   * @param lines - None as wide as the terminal: a full line leaves the cursor where `CLEAR_LINE_END` eats a character.
   * @param above - Lines that scroll away above the block and stay.
   */
  draw(lines: readonly string[], above: readonly string[] = []): void {
    const text = [...above, ...lines].map((line) => `${line}${CLEAR_LINE_END}\n`).join('')
    const start = this.#isMidLine ? '\n' : `\r${UP(this.#drawnHeight())}`
    this.#isMidLine = false
    this.#output.write(`${start}${text}${CLEAR_BELOW}`)
    this.#drawn = lines.map((line) => textWidth(line.replace(STYLES, '')))
  }

  /** Takes the block away, for what somebody else is about to write in its place. It is there again when next drawn. */
  makeWay(chunk: unknown): void {
    if (this.#drawn.length > 0) this.#output.write(`\r${UP(this.#drawnHeight())}${CLEAR_BELOW}`)
    this.#drawn = []
    const last: unknown = typeof chunk === 'string' || chunk instanceof Uint8Array ? chunk.at(-1) : undefined
    if (last !== undefined) this.#isMidLine = last !== '\n' && last !== NEWLINE_BYTE
  }

  // A terminal that was made narrower since has wrapped what stood there.
  #drawnHeight(): number {
    const columns = this.#output.width ?? Infinity
    return this.#drawn.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0)
  }
}
