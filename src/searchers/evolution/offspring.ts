import type { Params } from '../../core/trial.ts'
import type { RandomStream } from '../../random/random.ts'
import { contains, type Dimension } from '../../space/encoding.ts'
import type { Parameter } from '../../space/space.ts'
import { sameDomain } from '../../space/values.ts'
import type { KnownSpace } from '../known-space.ts'
import type { Crossover } from './crossover.ts'
import { clipUnit, drawn, geneOf, type NumberGene } from './genes.ts'
import type { Mutation } from './mutation.ts'
import type { Member, Parents } from './population.ts'

/** How children are made. */
export interface Breeding {
  readonly crossover: Crossover
  /** How likely a child has several parents; else it is a mutated copy of one. */
  readonly crossoverProb: number
  /** How likely an unordered choice comes from the last parent. */
  readonly swappingProb: number
  readonly mutation: Mutation
  /** How likely each parameter is mutated. Undefined: once a child on average. */
  readonly mutationProb: number | undefined
}

/**
 * One child, level by level: the parameters that every trial has, then those that follow from what was chosen. Parents
 * that did not take a branch that the child takes give way to others that did, so that a child inherits all that is valid
 * in its own branch; where nobody has taken it, its parameters are drawn from the prior.
 */
export class Offspring {
  readonly #space: KnownSpace
  readonly #breeding: Breeding
  readonly #when: ReadonlyMap<Dimension, Parameter['when']>

  /** @param parameters - Those of the declared space; empty when they are learned. */
  constructor(space: KnownSpace, parameters: readonly Parameter[], breeding: Breeding) {
    this.#space = space
    this.#breeding = breeding
    this.#when = new Map(parameters.map((parameter) => [parameter, parameter.when]))
  }

  /** @param boost - How many times as likely as usual a number is mutated. From 1. */
  child(parents: Parents, random: RandomStream, boost: number): Params {
    const { crossover, crossoverProb, mutationProb } = this.#breeding
    const count = random.next() < crossoverProb ? crossover.parentCount : 1
    const mates = parents.complete([], count, () => true, random)
    const size = Object.keys(mates[0]?.params ?? {}).length
    const family = { parents, mates, count, boost, mutationProb: mutationProb ?? 1 / Math.max(1, size) }
    const point: Record<string, unknown> = {}
    for (;;) {
      const { always, sometimes } = this.#space.next(point)
      for (const group of this.#groupsOf(always)) this.#inherit(point, group, family, random)
      if (always.length > 0) continue
      // A guess: what none of the parents has is left to the session, should it be needed.
      for (const dimension of sometimes) {
        if (mates.some((mate) => this.#has(mate, dimension))) {
          this.#inherit(point, [dimension], family, random)
        }
      }
      return point
    }
  }

  /** Parameters that are there together, so that whoever has one of them has all. */
  #groupsOf(dimensions: readonly Dimension[]): Dimension[][] {
    const groups = new Map<string, Dimension[]>()
    for (const dimension of dimensions) {
      const key = JSON.stringify(this.#when.get(dimension) ?? [])
      const group = groups.get(key)
      if (group === undefined) groups.set(key, [dimension])
      else group.push(dimension)
    }
    return [...groups.values()]
  }

  #has({ params, domains }: Member, dimension: Dimension): boolean {
    const { path, domain } = dimension
    // A study may ask with a space of its own for a trial, whose values need not fit.
    if (!Object.hasOwn(params, path) || !contains(domain, params[path])) return false
    const when = this.#when.get(dimension)
    if (when !== undefined) return when.every((taken) => params[taken.path] === taken.value)
    const own = domains[path]
    return own !== undefined && sameDomain(own, domain)
  }

  #inherit(
    point: Record<string, unknown>,
    group: readonly Dimension[],
    { parents, mates, count, mutationProb, boost }: Family,
    random: RandomStream,
  ): void {
    const hasAll = (member: Member): boolean => group.every((dimension) => this.#has(member, dimension))
    const own = parents.complete(mates.filter(hasAll), count, hasAll, random)
    const values = this.#cross(group, own, random)
    group.forEach(({ path, domain }, i) => {
      const gene = geneOf(domain)
      // Unordered choices are not changed more often: a child that leaves its parents' branch inherits least.
      const odds = gene.kind === 'number' ? boost * mutationProb : mutationProb
      const isMutated = own.length > 0 && random.next() < odds
      point[path] = isMutated ? this.#breeding.mutation(gene, values[i], random) : values[i]
    })
  }

  /** The values of a child of these parents: crossed over when there are enough, else copied, else drawn. */
  #cross(group: readonly Dimension[], own: readonly Member[], random: RandomStream): unknown[] {
    const { crossover, swappingProb } = this.#breeding
    const [first] = own
    if (first === undefined) return group.map(({ domain }) => drawn(geneOf(domain), random))
    if (own.length < crossover.parentCount) return group.map(({ path }) => first.params[path])
    const last = own.at(-1) as Member
    const numbers = group.filter(({ domain }) => geneOf(domain).kind === 'number')
    const rows = own.map(({ params }) =>
      Float64Array.from(numbers, ({ path, domain }) => (geneOf(domain) as NumberGene).toUnit(params[path])),
    )
    const crossed = numbers.length === 0 ? new Float64Array() : crossover.cross(rows, random)
    let at = 0
    return group.map(({ path, domain }) => {
      const gene = geneOf(domain)
      if (gene.kind === 'choice') return (random.next() < swappingProb ? last : first).params[path]
      const unit = clipUnit(crossed[at] as number)
      // A number that is a parent's is taken as it is: there and back on its scale it would change in the last digit.
      const from = rows.findIndex((row) => row[at] === unit)
      at++
      return from >= 0 ? (own[from] as Member).params[path] : gene.fromUnit(unit)
    })
  }
}

interface Family {
  readonly parents: Parents
  readonly mates: readonly Member[]
  /** How many parents a child has. */
  readonly count: number
  readonly mutationProb: number
  readonly boost: number
}
