/**
 * Parameters as a kernel sees them: one number each, in [0, 1] for numbers and an index for unordered choices.
 */
import { type Axis, nearestIndex } from '../math/acquisition/axis.ts'
import { assertNever } from '../errors.ts'
import { clip, fromScale, type NumericDomain, roundHalfEven, scaledBounds, toScale } from '../space/axis.ts'
import { stepsOf } from '../space/decimal.ts'
import type { CategoricalDomain, Domain, NormalDomain } from '../space/domain.ts'
import { choiceIndex, contains } from '../space/values.ts'

/** One parameter as a coordinate. */
export interface KernelAxis {
  readonly domain: Domain
  /** How its values lie. */
  readonly axis: Axis
  /** The coordinate of a value; undefined for what has none: another type, or no choice of the domain. */
  coordinateOf(value: unknown): number | undefined
  /** The value of the domain that is nearest to a coordinate. */
  valueAt(coordinate: number): unknown
}

// Beyond that, a grid is as good as continuous, and values are rounded only when they are suggested.
const GRID_MAX = 1000

// How many deviations of a normal domain have coordinates from 0 to 1: nothing is suggested beyond them.
const NORMAL_DEVIATIONS = 3

/**
 * The coordinate of a domain. Numbers run along the scale of their domain, with half a step of room at either end;
 * a domain of one value stands at 0.5. Ordered choices are numbers by their position, unordered ones indices. A normal
 * domain, which has no end, is searched within three deviations of its mean; values beyond are modelled all the same.
 * Source: Optuna 5, `_gp/search_space.py`, for Optuna's own distributions.
 * @param domain - Not a computed one.
 */
export function kernelAxisOf(domain: Domain): KernelAxis {
  switch (domain.kind) {
    case 'float':
    case 'int':
      return numericAxis(domain)
    case 'normal':
      return normalAxis(domain)
    case 'categorical':
      return domain.ordered ? positionAxis(domain) : choiceAxis(domain)
    case 'grid':
      return choiceAxis(domain)
    case 'computed':
      throw new TypeError('A computed value has no coordinate.')
    default:
      return assertNever(domain, 'domain')
  }
}

/** How a numeric domain and [0, 1] correspond. */
export interface UnitScale {
  toUnit(x: number): number
  /** Within the domain's bounds, but not on its steps. */
  fromUnit(u: number): number
  /** The step whose room `u` lies in; `fromUnit(u)` where there are no steps. */
  stepAt(u: number): number
}

/** The correspondence of a numeric domain with [0, 1]. */
export function unitScaleOf(domain: NumericDomain): UnitScale {
  const { low, high, step, scale } = domain
  const [first, last] = scaledBounds(domain, scale, true)
  const room = last - first
  const fromUnit = (u: number): number => clip(fromScale(scale, first + u * room), low, high)
  return {
    toUnit: (x) => (room === 0 ? 0.5 : (toScale(scale, x) - first) / room),
    fromUnit,
    stepAt(u) {
      if (step === undefined) return fromUnit(u)
      const x = fromScale(scale, first + u * room)
      return clip(Math.floor((x - low) / step + 0.5) * step + low, low, high)
    },
  }
}

function numericAxis(domain: NumericDomain): KernelAxis {
  const { low, high, step } = domain
  const { toUnit, fromUnit, stepAt } = unitScaleOf(domain)
  const coordinateOf = (value: unknown): number | undefined => {
    const u = typeof value === 'number' ? toUnit(value) : Number.NaN
    return Number.isFinite(u) ? u : undefined
  }
  if (low === high) return { domain, axis: gridAxis([0.5]), coordinateOf, valueAt: () => low }
  if (step === undefined) return { domain, axis: { kind: 'continuous' }, coordinateOf, valueAt: fromUnit }
  const { count, at } = stepsOf(low, high, step)
  if (count > GRID_MAX) return { domain, axis: { kind: 'continuous' }, coordinateOf, valueAt: stepAt }
  const values = Array.from({ length: count }, (_, i) => at(i))
  const axis = gridAxis(values.map(toUnit))
  const nearest = (u: number): number => nearestIndex(axis.coordinates, u)
  return {
    domain,
    axis,
    // 0.1 + 0.2 and 0.3 are one step, and must be one coordinate.
    coordinateOf(value) {
      const u = coordinateOf(value)
      if (u === undefined) return undefined
      const onGrid = axis.coordinates[nearest(u)] as number
      return Math.abs(u - onGrid) < 1e-9 ? onGrid : u
    },
    valueAt: (u) => values[nearest(u)],
  }
}

function positionAxis(domain: CategoricalDomain): KernelAxis {
  const count = domain.choices.length
  const axis = gridAxis(domain.choices.map((_, i) => (i + 0.5) / count))
  return {
    domain,
    axis: count > GRID_MAX ? { kind: 'continuous' } : axis,
    coordinateOf(value) {
      const i = choiceIndex(domain, value)
      return i < 0 ? undefined : axis.coordinates[i]
    },
    valueAt: (u) => domain.choices[nearestIndex(axis.coordinates, u)],
  }
}

function choiceAxis(domain: { readonly choices: readonly unknown[] } & Domain): KernelAxis {
  return {
    domain,
    axis: { kind: 'choice', count: domain.choices.length },
    coordinateOf(value) {
      const i = choiceIndex(domain, value)
      return i < 0 ? undefined : i
    },
    valueAt: (index) => domain.choices[index],
  }
}

function normalAxis(domain: NormalDomain): KernelAxis {
  const { mean, sd, step } = domain
  const low = mean - NORMAL_DEVIATIONS * sd
  const width = 2 * NORMAL_DEVIATIONS * sd
  return {
    domain,
    axis: { kind: 'continuous' },
    coordinateOf(value) {
      const u = typeof value === 'number' ? (value - low) / width : Number.NaN
      return Number.isFinite(u) ? u : undefined
    },
    valueAt(u) {
      const x = low + u * width
      return step === undefined ? x : roundHalfEven(x / step) * step
    },
  }
}

function gridAxis(coordinates: readonly number[]): Extract<Axis, { kind: 'grid' }> {
  return { kind: 'grid', coordinates: Float64Array.from(coordinates) }
}

/** Whether a value that came without its domain belongs to this one. */
export function belongsTo({ domain, coordinateOf }: KernelAxis, value: unknown): boolean {
  return contains(domain, value) && coordinateOf(value) !== undefined
}
