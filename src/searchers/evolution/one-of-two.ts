import type { RandomStream } from '../../random/random.ts'
import type { Crossover } from './crossover.ts'

/** How a pair of children becomes one, as in Optuna 5: both operators of the papers make two. */
export interface OneOfTwo {
  /** How likely a number is that of a new child and not that of a parent. */
  readonly useChildGeneProb: number
  /** How likely the two children exchange a number. */
  readonly uniformCrossoverProb: number
}

/** The numbers that two children get in the place of two parents' x and y. */
export type PairCross = (x: number, y: number) => readonly [first: number, second: number]

/**
 * Makes two children number by number, and one child of these and of their parents.
 * @param begin - Draws what is the same for all numbers of a pair of children.
 */
export function oneOfTwo(
  { useChildGeneProb, uniformCrossoverProb }: OneOfTwo,
  begin: (random: RandomStream) => PairCross,
): Crossover {
  return {
    parentCount: 2,
    cross([a, b], random) {
      const parents = [a as Float64Array, b as Float64Array] as const
      const children = [parents[0].slice(), parents[1].slice()] as const
      const cross = begin(random)
      for (let i = 0; i < parents[0].length; i++) {
        const [first, second] = cross(parents[0][i] as number, parents[1][i] as number)
        children[0][i] = first
        children[1][i] = second
      }
      const side = random.below(2)
      return parents[0].map((_, i) => {
        const pair = random.next() < useChildGeneProb ? children : parents
        const from = random.next() < uniformCrossoverProb ? 1 - side : side
        return (pair[from] as Float64Array)[i] as number
      })
    },
  }
}
