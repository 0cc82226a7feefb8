import type { Params } from '../core/trial.ts'
import { assertNever, SpaceError } from '../errors.ts'
import { fromAxis, type NumericDomain, roundHalfEven, scaledBounds, toScale } from './axis.ts'
import type { Domain, NormalDomain, Scale } from './domain.ts'
import { choiceIndex, inWords } from './values.ts'

export { pointKey } from './same-value.ts'
export { cardinality, contains, valuesOf } from './values.ts'

/** A parameter to be encoded: its path and its domain. */
export interface Dimension {
  readonly path: string
  readonly domain: Domain
}

/** How parameters become numbers. */
export interface EncodingOptions {
  /** Whether logarithmic domains are encoded by their logarithm. Default true. */
  readonly log?: boolean
  /** Whether the bounds of stepped domains are half a step wider, so that each step has equal room. Default true. */
  readonly step?: boolean
  /** Whether all columns are stretched to [0, 1]. Default false. */
  readonly unit?: boolean
}

/** A box of numbers that stands for a space of parameters, as models and optimisers want it. */
export interface Encoding {
  /** The dimensions that have columns: all but computed ones. */
  readonly dimensions: readonly Dimension[]
  /** Bounds of each column. */
  readonly bounds: readonly (readonly [low: number, high: number])[]
  /** The columns of each dimension: one, or one for each choice. */
  readonly columnsOf: readonly (readonly number[])[]
  /** The dimension of each column. */
  readonly dimensionOf: readonly number[]
  /**
   * The row of a point. Columns of a parameter that the point lacks, which a branch not taken leaves out, are NaN.
   * @throws {SpaceError} for a value that is none of its domain's choices.
   */
  encode(point: Params): Float64Array
  /** The nearest point of a row within the bounds. */
  decode(row: ArrayLike<number>): Params
}

/**
 * Makes the encoding of some parameters: numbers take one column each; unordered choices one column a choice, 1 for the
 * chosen and 0 for the others, decoded as the first largest; ordered choices one column, their position. A normal domain
 * has bounds at five standard deviations, beyond which its values are encoded all the same. Computed values have no
 * column: `resolve` computes them.
 * Source: Optuna 5, `_SearchSpaceTransform`, whose results it gives for Optuna's distributions.
 * @example const { bounds, encode, decode } = encodingOf(space.parameters, { unit: true })
 */
export function encodingOf(dimensions: readonly Dimension[], options: EncodingOptions = {}): Encoding {
  const { log = true, step = true, unit = false } = options
  const encoded = dimensions.filter(({ domain }) => domain.kind !== 'computed')
  const columns = encoded.map(({ domain }) => columnsOf(domain, log, step))
  const raw = columns.flatMap(({ bounds }) => bounds)
  const starts = runningSums(columns.map(({ bounds }) => bounds.length))

  function encode(point: Params): Float64Array {
    const row = new Float64Array(raw.length)
    encoded.forEach(({ path, domain }, i) => {
      const start = starts[i] as number
      const { bounds, write } = columns[i] as Columns
      if (!Object.hasOwn(point, path)) row.fill(Number.NaN, start, start + bounds.length)
      else if (!write(point[path], row, start)) throw noChoice(path, domain, point[path])
    })
    return unit ? row.map((x, column) => toUnit(x, raw[column] as Bounds)) : row
  }

  function decode(row: ArrayLike<number>): Params {
    const values = unit ? Float64Array.from(row, (x, column) => fromUnit(x, raw[column] as Bounds)) : row
    return Object.fromEntries(
      encoded.map(({ path }, i) => [path, (columns[i] as Columns).read(values, starts[i] as number)]),
    )
  }

  return {
    dimensions: encoded,
    bounds: unit ? raw.map(() => [0, 1] as const) : raw,
    columnsOf: columns.map(({ bounds }, i) => bounds.map((_, k) => (starts[i] as number) + k)),
    dimensionOf: columns.flatMap(({ bounds }, i) => bounds.map(() => i)),
    encode,
    decode,
  }
}

type Bounds = readonly [low: number, high: number]

/** The columns of one domain, from column `start` of a row on. */
interface Columns {
  readonly bounds: readonly Bounds[]
  /** Writes a value; false when it is not in the domain. */
  write(value: unknown, row: Float64Array, start: number): boolean
  read(row: ArrayLike<number>, start: number): unknown
}

function columnsOf(domain: Domain, log: boolean, step: boolean): Columns {
  switch (domain.kind) {
    case 'float':
    case 'int':
      return numericColumn(domain, log ? domain.scale : 'linear', step)
    case 'normal':
      return normalColumn(domain)
    case 'categorical':
      return domain.ordered ? positionColumn(domain, step) : choiceColumns(domain)
    case 'grid':
      return choiceColumns(domain)
    case 'computed':
      throw new SpaceError('', `${inWords(domain)} has no columns.`)
    default:
      return assertNever(domain, 'domain')
  }
}

function numericColumn(domain: NumericDomain, scale: Scale, step: boolean): Columns {
  return {
    bounds: [scaledBounds(domain, scale, step)],
    write(value, row, start) {
      row[start] = toScale(scale, value as number)
      return typeof value === 'number'
    },
    read: (row, start) => fromAxis(domain, scale, row[start] as number),
  }
}

function normalColumn({ mean, sd, step }: NormalDomain): Columns {
  return {
    bounds: [[mean - 5 * sd, mean + 5 * sd]],
    write(value, row, start) {
      row[start] = value as number
      return typeof value === 'number'
    },
    read(row, start) {
      const x = row[start] as number
      return step === undefined ? x : roundHalfEven(x / step) * step
    },
  }
}

function positionColumn(domain: { readonly choices: readonly unknown[] }, step: boolean): Columns {
  const high = domain.choices.length - 1
  const positions: NumericDomain = { kind: 'int', low: 0, high, scale: 'linear', step: 1, rule: 'optuna' }
  return {
    bounds: [scaledBounds(positions, 'linear', step)],
    write: (value, row, start) => (row[start] = choiceIndex(domain, value)) >= 0,
    read: (row, start) => domain.choices[fromAxis(positions, 'linear', row[start] as number)],
  }
}

function choiceColumns(domain: { readonly choices: readonly unknown[] }): Columns {
  const { choices } = domain
  return {
    bounds: choices.map(() => [0, 1] as const),
    write(value, row, start) {
      const chosen = choiceIndex(domain, value)
      if (chosen >= 0) row[start + chosen] = 1
      return chosen >= 0
    },
    read(row, start) {
      let best = 0
      for (let i = 1; i < choices.length; i++) {
        if ((row[start + i] as number) > (row[start + best] as number)) best = i
      }
      return choices[best]
    },
  }
}

function toUnit(x: number, [low, high]: Bounds): number {
  // A single value has no range to be stretched: Optuna puts it in the middle.
  if (Number.isNaN(x)) return x
  return low === high ? 0.5 : (x - low) / (high - low)
}

function fromUnit(x: number, [low, high]: Bounds): number {
  return low + x * (high - low)
}

function runningSums(lengths: readonly number[]): number[] {
  let sum = 0
  return lengths.map((length) => (sum += length) - length)
}

function noChoice(path: string, domain: Domain, value: unknown): SpaceError {
  return new SpaceError(path, `${String(value)} cannot be encoded. It must be ${inWords(domain)}.`, {
    received: value,
  })
}
