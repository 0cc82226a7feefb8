import type { Params } from '../../core/trial.ts'
import { pointKey } from '../../space/encoding.ts'
import type { Axis } from '../combinations.ts'

/** An axis with the axes that exist only where it has a certain value. */
interface Place extends Axis {
  readonly below: Map<unknown, Place[]>
  /** How many combinations there are of this axis and of all that hang on it. */
  size: number
  /** Index of each value, by its text; made when it is first looked for. */
  indexOf: Map<string, number> | undefined
}

/**
 * The points of a finite space, numbered from 0 without a list of them: the digits of a number are the indices of the
 * values. A branch is a digit whose values stand for as many numbers as there are points in their case.
 * Cost: O(axes + values of branches) to find a point or its number.
 */
export class FinitePoints {
  /** How many there are; above 2⁵³ not exact, perhaps Infinity. */
  readonly count: number
  readonly #roots: Place[] = []

  /** @param axes - A branch before the axes of its cases. */
  constructor(axes: readonly Axis[]) {
    const places: Place[] = []
    for (const axis of axes) {
      const place = { ...axis, below: new Map<unknown, Place[]>(), size: 0, indexOf: undefined }
      this.#siblingsOf(place, places).push(place)
      places.push(place)
    }
    for (const place of places.toReversed()) {
      const free = place.values.length - place.below.size
      place.size = [...place.below.values()].reduce((sum, group) => sum + sizeOf(group), free)
    }
    this.count = sizeOf(this.#roots)
  }

  /** The point of a number below `count`. */
  at(number: number): Params {
    const point: Record<string, unknown> = {}
    fill(point, this.#roots, number)
    return point
  }

  /** The number of a point; undefined when it is none of this space. What it has besides is passed over. */
  numberOf(point: Params): number | undefined {
    return numberIn(this.#roots, point)
  }

  // The group that an axis belongs to: the roots, or those of its case.
  #siblingsOf({ when }: Place, places: readonly Place[]): Place[] {
    const last = when.at(-1)
    if (last === undefined) return this.#roots
    const outer = when.slice(0, -1)
    const branch = places.find(
      (place) =>
        place.path === last.path &&
        place.when.length === outer.length &&
        place.when.every(({ path, value }, i) => path === outer[i]?.path && value === outer[i]?.value),
    )
    const group = branch?.below.get(last.value) ?? []
    branch?.below.set(last.value, group)
    return group
  }
}

function sizeOf(group: readonly Place[]): number {
  return group.reduce((product, { size }) => product * size, 1)
}

function fill(point: Record<string, unknown>, group: readonly Place[], number: number): void {
  let rest = number
  for (const { path, values, below, size } of group) {
    let digit = rest % size
    rest = Math.floor(rest / size)
    if (below.size === 0) {
      point[path] = values[digit]
      continue
    }
    for (const value of values) {
      const cases = below.get(value) ?? []
      const share = sizeOf(cases)
      if (digit < share) {
        point[path] = value
        fill(point, cases, digit)
        break
      }
      digit -= share
    }
  }
}

function numberIn(group: readonly Place[], point: Params): number | undefined {
  let number = 0
  let unit = 1
  for (const place of group) {
    const digit = digitOf(place, point)
    if (digit === undefined) return undefined
    number += digit * unit
    unit *= place.size
  }
  return number
}

function digitOf(place: Place, point: Params): number | undefined {
  const { path, values, below } = place
  if (!Object.hasOwn(point, path)) return undefined
  place.indexOf ??= new Map(values.map((value, i) => [pointKey({ value }), i]))
  const index = place.indexOf.get(pointKey({ value: point[path] }))
  if (index === undefined || below.size === 0) return index
  let digit = 0
  for (let i = 0; i < index; i++) digit += sizeOf(below.get(values[i]) ?? [])
  const inner = numberIn(below.get(values[index]) ?? [], point)
  return inner === undefined ? undefined : digit + inner
}
