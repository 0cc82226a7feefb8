import type { Crossover } from './crossover.ts'

/**
 * Draws the child evenly from the triangle of three parents, blown up about its centre.
 * Source: Tsutsui, Yamamura, Higuchi 1999, GECCO (simplex crossover), equations 1 to 5 of its review by Tsutsui,
 * Goldberg, Sastry 2000.
 * @param epsilon - By how much it is blown up, above 0. Undefined: the root of the number of parameters plus 2.
 */
export function spx(epsilon: number | undefined): Crossover {
  return {
    parentCount: 3,
    cross(parents, random) {
      const [a, b, c] = parents as readonly [Float64Array, Float64Array, Float64Array]
      const rate = epsilon ?? Math.sqrt(a.length + 2)
      const r0 = random.next()
      const r1 = Math.sqrt(random.next())
      return a.map((x, i) => {
        const y = b[i] as number
        const z = c[i] as number
        const centre = (x + y + z) / 3
        const corner = (value: number): number => centre + rate * (value - centre)
        const first = r0 * (corner(x) - corner(y))
        return corner(z) + r1 * (corner(y) - corner(z) + first)
      })
    },
  }
}
