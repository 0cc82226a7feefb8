import type { Crossover } from './crossover.ts'

/**
 * Takes each number from one of two parents.
 * Source: Syswerda 1989, ICGA.
 * @param swappingProb - How likely a number comes from the second parent.
 */
export function uniformCrossover(swappingProb: number): Crossover {
  return {
    parentCount: 2,
    cross: ([a, b], random) =>
      (a as Float64Array).map((x, i) =>
        random.next() < swappingProb ? ((b as Float64Array)[i] as number) : x,
      ),
  }
}
