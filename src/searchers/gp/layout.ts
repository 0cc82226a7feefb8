/**
 * The coordinates of a search space, and the parts that it falls into where parameters depend on choices.
 *
 * Every parameter has a coordinate of its own, also one that exists in one case of a branch only. Where a trial lacks
 * it, the coordinate is 0.5, or -1 for a choice: two trials of one case then differ by what they have, and two of
 * different cases by the coordinate of the branch above all. One process so learns from all trials, and each parameter
 * of a branch has a length scale of its own.
 *
 *   x // (d) a row; x_j in [0, 1] for a number on its scale or an ordered choice, the index of the choice for others
 *   base // (d) what a part of the space has in the coordinates that its trials lack; free: the others
 *
 * Source: absent parameters at a constant place as in Lévesque et al. 2017, IJCNN, with one constant
 * for all cases; scales and steps as Optuna 5's `SearchSpace` for its GPSampler.
 */
import type { Axis } from '../../math/acquisition/axis.ts'
import type { Region } from '../../math/acquisition/maximize.ts'
import type { Params } from '../../core/trial.ts'
import type { RandomStream } from '../../random/random.ts'
import type { Dimension } from '../../space/encoding.ts'
import type { CategoricalDomain } from '../../space/domain.ts'
import type { Domain, Parameter } from '../../space/space.ts'
import { sameDomain } from '../../space/values.ts'
import { belongsTo, type KernelAxis, kernelAxisOf } from '../kernel-axes.ts'
import type { KnownSpace } from '../known-space.ts'

// Parts that are searched at once; of a space with more, some are drawn.
const REGIONS_MAX = 64
// A choice with more values than that is taken for one that nothing depends on.
const GATE_MAX = 32

/** A parameter with its coordinate. */
interface Coordinate extends KernelAxis {
  readonly path: string
  /** The branches under which it exists, in a declared space. */
  readonly when: Parameter['when']
}

/** A part of the space in which every trial has the same parameters. */
export interface Part extends Region {
  /** The coordinates that its trials have, those that make the part included. */
  readonly active: readonly number[]
}

/** The coordinates that are known at one time. */
export class Layout {
  readonly axes: readonly Axis[]
  readonly isCategorical: Uint8Array
  readonly #coordinates: readonly Coordinate[]
  readonly #known: KnownSpace
  /** Paths that others depend on, in a declared space. */
  readonly #gates: ReadonlySet<string> | undefined

  /** @param parameters - Those of the declared space; empty when they are learned. */
  constructor(parameters: readonly Parameter[], known: KnownSpace) {
    this.#known = known
    if (parameters.length > 0) {
      this.#gates = new Set(parameters.flatMap(({ when }) => when.map(({ path }) => path)))
      this.#coordinates = parameters
        .filter(({ domain }) => domain.kind !== 'computed')
        .map(({ path, when, domain }) => ({ path, when, ...kernelAxisOf(domain) }))
    } else {
      this.#coordinates = learnedDimensions(known).map(({ path, domain }) => ({
        path,
        when: [],
        ...kernelAxisOf(domain),
      }))
    }
    this.axes = this.#coordinates.map(({ axis }) => axis)
    this.isCategorical = Uint8Array.from(this.axes, ({ kind }) => (kind === 'choice' ? 1 : 0))
  }

  /** Whether rows of the two mean the same. */
  hasSameCoordinates(other: Layout): boolean {
    const own = this.#coordinates
    const others = other.#coordinates
    if (own === others) return true
    if (own.length !== others.length) return false
    return own.every(({ path, domain }, j) => {
      const coordinate = others[j] as Coordinate
      return path === coordinate.path && sameDomain(domain, coordinate.domain)
    })
  }

  /** The row of a trial. Shape (d). */
  encode(params: Params, domains?: Readonly<Record<string, Domain>>): Float64Array {
    return Float64Array.from(this.#coordinates, (coordinate, j) => {
      const { path, when } = coordinate
      const exists = Object.hasOwn(params, path) && when.every((taken) => params[taken.path] === taken.value)
      return (
        (exists && this.#fits(coordinate, params[path], domains?.[path])
          ? coordinate.coordinateOf(params[path])
          : undefined) ?? this.#absent(j)
      )
    })
  }

  /** The point that a row of a part stands for. */
  decode(x: Float64Array, { active }: Part): Params {
    return Object.fromEntries(
      active.map((j) => {
        const { path, valueAt } = this.#coordinates[j] as Coordinate
        return [path, valueAt(x[j] as number)]
      }),
    )
  }

  /** `decode` without the parameters that the prior does not spread evenly, which are left to it. */
  decodePrior(x: Float64Array, part: Part): Params {
    const active = part.active.filter((j) => this.#coordinates[j]?.domain.kind !== 'normal')
    return this.decode(x, { ...part, active })
  }

  /** The parts of the space; a random choice of them where there are more than 64. */
  parts(random: RandomStream): Part[] {
    return this.#partsBelow({}, [], REGIONS_MAX, random)
  }

  /** The part that a row lies in, by the choices that others depend on. */
  partAt(x: Float64Array): Part {
    const point: Record<string, unknown> = {}
    const fixed: number[] = []
    for (;;) {
      const { always, gate } = this.#level(point, fixed)
      if (gate === undefined || (x[gate] as number) < 0) return this.#part(always, fixed, point)
      const { path, valueAt } = this.#coordinates[gate] as Coordinate
      point[path] = valueAt(x[gate] as number)
      fixed.push(gate)
    }
  }

  #partsBelow(
    point: Readonly<Record<string, unknown>>,
    fixed: readonly number[],
    budget: number,
    random: RandomStream,
  ): Part[] {
    const { always, gate } = this.#level(point, fixed)
    if (gate === undefined) return [this.#part(always, fixed, point)]
    const path = this.#pathOf(gate)
    const { choices } = (this.#coordinates[gate] as Coordinate).domain as CategoricalDomain
    const taken =
      choices.length <= budget
        ? choices
        : random
            .fork(path)
            .shuffle([...choices])
            .slice(0, Math.max(1, budget))
    return taken.flatMap((choice, i) =>
      this.#partsBelow(
        { ...point, [path]: choice },
        [...fixed, gate],
        Math.max(1, Math.floor(budget / taken.length)),
        random.fork(`${path}/${i}`),
      ),
    )
  }

  /** The coordinates that exist once some choices are made, and the next choice that others depend on. */
  #level(
    point: Readonly<Record<string, unknown>>,
    fixed: readonly number[],
  ): { readonly always: readonly number[]; readonly gate: number | undefined } {
    const next = this.#known.next(point)
    const always = next.always
      .map((dimension) => this.#indexOf(dimension, point))
      .filter((j) => j >= 0 && !fixed.includes(j))
    if (this.#gates !== undefined) {
      return { always, gate: always.find((j) => this.#gates?.has(this.#pathOf(j))) }
    }
    if (next.sometimes.length === 0) return { always, gate: undefined }
    const here = new Set(next.always.map(({ path }) => path))
    const gate = always.find((j) => dependsOn(this.#known, point, here, this.#coordinates[j] as Coordinate))
    return { always, gate }
  }

  #part(always: readonly number[], fixed: readonly number[], point: Params): Part {
    const base = Float64Array.from(this.#coordinates, (_, j) => this.#absent(j))
    for (const j of fixed) {
      const { path, coordinateOf } = this.#coordinates[j] as Coordinate
      base[j] = coordinateOf(point[path]) ?? this.#absent(j)
    }
    // A choice that is none of the domain's cannot be suggested.
    const active = [...fixed.filter((j) => base[j] !== this.#absent(j)), ...always]
    return { base, free: always, active }
  }

  #absent(j: number): number {
    return this.isCategorical[j] === 1 ? -1 : 0.5
  }

  #pathOf(j: number): string {
    return (this.#coordinates[j] as Coordinate).path
  }

  #fits(coordinate: Coordinate, value: unknown, domain: Domain | undefined): boolean {
    // In a declared space the branches have said whose value it is.
    if (this.#gates !== undefined) return true
    return domain === undefined ? belongsTo(coordinate, value) : sameDomain(domain, coordinate.domain)
  }

  #indexOf({ path, domain }: Dimension, point: Params): number {
    return this.#coordinates.findIndex(
      (coordinate) =>
        coordinate.path === path &&
        coordinate.when.every((taken) => point[taken.path] === taken.value) &&
        sameDomain(coordinate.domain, domain),
    )
  }
}

/** Whether trials that made one choice surely have parameters that others lack. */
function dependsOn(
  known: KnownSpace,
  point: Params,
  here: ReadonlySet<string>,
  { path, domain }: Pick<Coordinate, 'path' | 'domain'>,
): boolean {
  return followersOf(known, point, here, { path, domain }).length > 0
}

function followersOf(
  known: KnownSpace,
  point: Params,
  here: ReadonlySet<string>,
  { path, domain }: Dimension,
): Dimension[] {
  if (domain.kind !== 'categorical' || domain.choices.length > GATE_MAX) return []
  return domain.choices.flatMap((choice) =>
    known.next({ ...point, [path]: choice }).always.filter((dimension) => !here.has(dimension.path)),
  )
}

/** The parameters of a learned space that some trials surely have, given their choices. */
function learnedDimensions(known: KnownSpace): Dimension[] {
  const found: Dimension[] = []
  const add = (dimensions: readonly Dimension[]): void => {
    for (const dimension of dimensions) {
      const isKnown = found.some(
        ({ path, domain }) => path === dimension.path && sameDomain(domain, dimension.domain),
      )
      if (!isKnown) found.push(dimension)
    }
  }
  const visit = (point: Params, budget: number): void => {
    const { always, sometimes } = known.next(point)
    add(always)
    if (sometimes.length === 0) return
    const here = new Set(always.map(({ path }) => path))
    const gate = always.find((dimension) => followersOf(known, point, here, dimension).length > 0)
    const { path, domain } = gate ?? {}
    if (path === undefined || domain?.kind !== 'categorical') return
    const share = Math.floor(budget / domain.choices.length)
    if (share >= 1) for (const choice of domain.choices) visit({ ...point, [path]: choice }, share)
  }
  visit({}, REGIONS_MAX)
  return found
}
