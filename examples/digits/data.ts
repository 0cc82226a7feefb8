import { readFileSync } from 'node:fs'

/** A handwritten digit. */
export interface Digit {
  /** 8 × 8 pixels, row by row, from 0 for paper to 1 for ink; then a 1, which a bias is multiplied by. */
  readonly image: Float64Array
  /** From 0 to 9. */
  readonly label: number
}

/** All digits, in three groups that have no digit in common. */
export interface Digits {
  /** Three in five: what networks learn from. */
  readonly training: readonly Digit[]
  /** One in five: what configurations are compared on. */
  readonly validation: readonly Digit[]
  /** One in five: kept back, to see at the end what the best configuration is worth. */
  readonly test: readonly Digit[]
}

/** Reads a table with 64 pixels and a label in each line. */
export function readDigits(file: URL): Digits {
  const lines = readFileSync(file, 'utf8').trim().split('\n').slice(1)
  const digits = lines.map(digitOf)
  return {
    training: digits.filter((_, i) => i % 5 < 3),
    validation: digits.filter((_, i) => i % 5 === 3),
    test: digits.filter((_, i) => i % 5 === 4),
  }
}

function digitOf(line: string): Digit {
  const numbers = line.split(',').map(Number)
  const label = numbers.pop() as number
  return { image: Float64Array.from([...numbers.map((ink) => ink / 16), 1]), label }
}
