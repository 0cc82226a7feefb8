import type { Params } from '../../core/trial.ts'
import { fromAxis, roundHalfEven, scaledBounds, toScale } from '../../space/axis.ts'
import type { Domain } from '../../space/domain.ts'
import { cardinality, contains, type Dimension, type Encoding, encodingOf } from '../../space/encoding.ts'

/** The part of an axis that stands for one value: infinite at the ends of its domain. */
export type Cell = readonly [low: number, high: number]

/**
 * The unit box of the parameters that have an order: numbers with their scale, normal ones within five standard
 * deviations, and ordered choices by position. Values with steps have cells of equal width, where the scale is even.
 */
export class Box {
  readonly dimensions: readonly Dimension[]
  readonly #encoding: Encoding
  /** How many values each axis has: counted once, in decimals. */
  readonly #counts: readonly number[]

  /** @param dimensions - Those without order, or with a single value, are passed over. */
  constructor(dimensions: readonly Dimension[]) {
    this.dimensions = dimensions.filter(({ domain }) => isAxis(domain))
    this.#encoding = encodingOf(this.dimensions, { unit: true })
    this.#counts = this.dimensions.map(({ domain }) => cardinality(domain))
  }

  /** How many axes there are. */
  get n(): number {
    return this.dimensions.length
  }

  /** Where a point lies; undefined when it lacks one of the parameters, or has it from elsewhere. Shape (n). */
  encode(point: Params): Float64Array | undefined {
    const isWhole = this.dimensions.every(
      ({ path, domain }) => Object.hasOwn(point, path) && contains(domain, point[path]),
    )
    return isWhole ? this.#encoding.encode(point) : undefined
  }

  /** The nearest point of the space. */
  decode(u: Float64Array): Params {
    return this.#encoding.decode(u)
  }

  /** Whether axis j has steps. */
  isDiscrete(j: number): boolean {
    const { domain } = this.dimensions[j] as Dimension
    return (
      domain.kind === 'categorical' || (domain as { readonly step?: number | undefined }).step !== undefined
    )
  }

  /** The cell that a place on axis j is in; undefined where there are no steps. */
  cell(j: number, u: number): Cell | undefined {
    return cellOf((this.dimensions[j] as Dimension).domain, this.#counts[j] as number, u)
  }
}

function isAxis(domain: Domain): boolean {
  switch (domain.kind) {
    case 'float':
    case 'int': {
      const [low, high] = scaledBounds(domain, domain.scale, true)
      return cardinality(domain) > 1 && Number.isFinite(high - low)
    }
    case 'normal':
      return true
    case 'categorical':
      return domain.ordered && domain.choices.length > 1
    default:
      return false
  }
}

function cellOf(domain: Domain, count: number, u: number): Cell | undefined {
  switch (domain.kind) {
    case 'float':
    case 'int': {
      if (domain.step === undefined) return undefined
      if (domain.scale === 'linear') return evenCell(count, u)
      const { low, high, step, scale } = domain
      const [from, to] = scaledBounds(domain, scale, true)
      const value = fromAxis(domain, scale, from + u * (to - from))
      const place = (x: number): number => (toScale(scale, x) - from) / (to - from)
      return [
        value - step / 2 < low ? -Infinity : place(value - step / 2),
        value + step / 2 > high ? Infinity : place(value + step / 2),
      ]
    }
    case 'normal': {
      const { mean, sd, step } = domain
      if (step === undefined) return undefined
      const k = roundHalfEven((mean + (u - 0.5) * 10 * sd) / step)
      const place = (x: number): number => (x - mean) / (10 * sd) + 0.5
      return [place((k - 0.5) * step), place((k + 0.5) * step)]
    }
    case 'categorical':
      return evenCell(count, u)
    default:
      return undefined
  }
}

function evenCell(count: number, u: number): Cell {
  const k = Math.min(count - 1, Math.max(0, Math.floor(u * count)))
  return [k === 0 ? -Infinity : k / count, k === count - 1 ? Infinity : (k + 1) / count]
}
