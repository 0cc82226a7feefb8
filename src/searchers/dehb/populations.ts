import type { RandomStream } from '../../random/random.ts'

/** Coordinates of a configuration by key, each from 0 to 1. Parameters that it lacks are missing. */
export type Vector = Readonly<Record<string, number>>

/** A configuration that was measured at some budget. */
export interface Member {
  readonly vector: Vector
  /** Smaller is better; never NaN. */
  readonly loss: number
}

/** The subpopulation of one budget: places, some of which nobody has taken yet. */
export type Population = (Member | undefined)[]

/** Selection: a child takes the place of its parent unless it is worse. */
export function compete(population: Population, place: number, child: Member): void {
  const parent = population[place]
  if (parent === undefined || child.loss <= parent.loss) population[place] = child
}

/** One that comes from a smaller budget takes a free place, or that of the worst member when it is better. */
export function join(population: Population, newcomer: Member): void {
  let place = -1
  let worst = newcomer.loss
  for (const [i, member] of population.entries()) {
    if (member === undefined) {
      population[i] = newcomer
      return
    }
    if (member.loss > worst) [place, worst] = [i, member.loss]
  }
  if (place >= 0) population[place] = newcomer
}

/** The best members, best first; of equals, the one in the lower place. */
export function bestOf(population: Population, count: number): Member[] {
  const members = population.filter((member) => member !== undefined)
  // Not a difference: Infinity - Infinity is NaN.
  return members.toSorted((a, b) => (a.loss < b.loss ? -1 : a.loss > b.loss ? 1 : 0)).slice(0, count)
}

/** What evolution is steered by. */
export interface EvolutionOptions {
  /** F of the paper. */
  readonly mutationFactor: number
  /** p of the paper. */
  readonly crossoverProb: number
}

/**
 * A child by rand/1/bin: u = r₁ + F (r₂ - r₃) of three parents, coordinate by coordinate with chance p, and at least one,
 * in place of the target's. Coordinates beyond [0, 1], and those that nobody has, are drawn anew.
 * Source: Storn & Price 1997; Awad, Mallik & Hutter 2021, section 3.
 * @param keys - The coordinates wanted.
 * @param pool - At least three parents.
 */
export function childOf(
  keys: readonly string[],
  target: Vector,
  pool: readonly Vector[],
  { mutationFactor, crossoverProb }: EvolutionOptions,
  random: RandomStream,
): Vector {
  const [r1, r2, r3] = random.shuffle([...pool]) as [Vector, Vector, Vector]
  const forced = random.below(keys.length)
  const child: Record<string, number> = {}
  keys.forEach((key, i) => {
    // Drawn in any case, so that a coordinate does not hang on what became of the others.
    const [chance, anew] = [random.next(), random.next()]
    const isMutated = i === forced || chance < crossoverProb
    const u = isMutated
      ? (r1[key] ?? NaN) + mutationFactor * ((r2[key] ?? NaN) - (r3[key] ?? NaN))
      : (target[key] ?? NaN)
    child[key] = u >= 0 && u <= 1 ? u : anew
  })
  return child
}
