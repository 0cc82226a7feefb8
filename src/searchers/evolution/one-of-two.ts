import type { RandomStream } from '../../random/random.ts'

/** How a pair of children becomes one, as in Optuna 5: both operators of the papers make two. */
export interface OneOfTwo {
  /** How likely a number is that of a new child and not that of a parent. */
  readonly useChildGeneProb: number
  /** How likely the two children exchange a number. */
  readonly uniformCrossoverProb: number
}

/** One child of two parents and of the two children that an operator made of them. */
export function oneOfTwo(
  parents: readonly [Float64Array, Float64Array],
  children: readonly [Float64Array, Float64Array],
  { useChildGeneProb, uniformCrossoverProb }: OneOfTwo,
  random: RandomStream,
): Float64Array {
  const side = random.below(2)
  return parents[0].map((_, i) => {
    const pair = random.next() < useChildGeneProb ? children : parents
    const from = random.next() < uniformCrossoverProb ? 1 - side : side
    return (pair[from] as Float64Array)[i] as number
  })
}
