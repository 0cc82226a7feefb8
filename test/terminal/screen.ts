import type { TerminalStream } from '../../src/terminal/index.ts'

/** A terminal as far as the reporter uses one: line breaks, cursor up, clearing; what scrolls out is kept. */
export class Screen implements TerminalStream {
  readonly isTTY = true
  readonly columns: number
  readonly rows: number
  writes = 0
  raw = ''
  writableNeedDrain = false
  #lines: string[] = ['']
  #row = 0
  #column = 0

  constructor(columns = 120, rows = 40) {
    this.columns = columns
    this.rows = rows
  }

  write(given: string | Uint8Array, written?: () => void): boolean {
    const text = typeof given === 'string' ? given : new TextDecoder().decode(given)
    if (text !== '') this.writes++
    this.raw += text
    const escape = String.raw`\u001B\[(\d*)([A-Za-z])`
    for (const [token, digits, command] of text.matchAll(new RegExp(`${escape}|[\\s\\S]`, 'gu'))) {
      if (command === 'A') this.#row = Math.max(this.#top, this.#row - Number(digits))
      else if (command === 'K') this.#lines[this.#row] = this.#line.slice(0, this.#column)
      else if (command === 'J') this.#lines.splice(this.#row + (this.#column > 0 ? 1 : 0))
      else if (command === undefined) this.#put(token)
    }
    written?.()
    return true
  }

  /** Everything that stands there, with what scrolled out above. Colours are left out. */
  get lines(): string[] {
    const lines = this.#lines.map((line) => line.trimEnd())
    return lines.at(-1) === '' ? lines.slice(0, -1) : lines
  }

  get text(): string {
    return this.lines.join('\n')
  }

  get #line(): string {
    return this.#lines[this.#row] ?? ''
  }

  // The cursor cannot go above the first line that is still visible.
  get #top(): number {
    return Math.max(0, this.#lines.length - this.rows)
  }

  #put(character: string): void {
    if (character === '\r') this.#column = 0
    else if (character === '\n') {
      this.#row++
      this.#column = 0
      while (this.#lines.length <= this.#row) this.#lines.push('')
    } else {
      const line = this.#line.padEnd(this.#column)
      this.#lines[this.#row] = line.slice(0, this.#column) + character + line.slice(this.#column + 1)
      this.#column++
    }
  }
}

/** A file or a pipe. */
export class Pipe implements TerminalStream {
  text = ''
  writableNeedDrain = false

  write(text: string, written?: () => void): boolean {
    this.text += text
    written?.()
    return true
  }

  get lines(): string[] {
    return this.text.trimEnd().split('\n')
  }
}
