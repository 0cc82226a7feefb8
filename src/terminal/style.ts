/** How a piece of text stands out. */
export type Style = 'bold' | 'faint' | 'red' | 'green' | 'yellow' | 'blue' | 'cyan'

/** Text with a style, or the text alone. */
export type Paint = (style: Style | undefined, text: string) => string

// Select Graphic Rendition, ECMA-48 8.3.117: on and off. Only the 8 colours that every theme chooses for itself.
const CODES: Readonly<Record<Style, readonly [on: number, off: number]>> = {
  bold: [1, 22],
  faint: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  cyan: [36, 39],
}

/** For files, pipes and `NO_COLOR`. */
export const plainPaint: Paint = (_, text) => text

/** For terminals. */
export const ansiPaint: Paint = (style, text) =>
  style === undefined || text === '' ? text : `\u001B[${CODES[style][0]}m${text}\u001B[${CODES[style][1]}m`
