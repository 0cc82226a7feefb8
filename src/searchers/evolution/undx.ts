import type { Crossover } from './crossover.ts'

/**
 * Draws the child from a normal distribution about the middle of two parents: along the line through them as wide as
 * they are apart, across it as wide as a third parent is away from it.
 * Source: Ono & Kobayashi 1997, ICGA; equations 2 to 5 in Kita, Ono, Kobayashi 1999, CEC. The deviations are the
 * paper's, where Optuna 5 squares them.
 * @param sigmaXi - Standard deviation along the line, in distances of the two parents.
 * @param sigmaEta - Standard deviation across it, in distances of the third. Undefined: 0.35 by the root of the number
 *   of parameters.
 */
export function undx(sigmaXi: number, sigmaEta: number | undefined): Crossover {
  return {
    parentCount: 3,
    cross(parents, random) {
      const [a, b, c] = parents as readonly [Float64Array, Float64Array, Float64Array]
      const across = sigmaEta ?? 0.35 / Math.sqrt(a.length)
      const along = b.map((x, i) => x - (a[i] as number))
      const away = withoutPart(
        c.map((x, i) => x - (a[i] as number)),
        along,
      )
      // A normal vector of which the part along the line is taken is normal across it: no basis is needed.
      const noise = withoutPart(
        a.map(() => across * random.normal()),
        along,
      )
      const xi = sigmaXi * random.normal()
      const distance = Math.sqrt(dot(away, away))
      return a.map(
        (x, i) => (x + (b[i] as number)) / 2 + xi * (along[i] as number) + distance * (noise[i] as number),
      )
    },
  }
}

/** What of `v` is at right angles to `direction`. */
function withoutPart(v: Float64Array, direction: Float64Array): Float64Array {
  const squared = dot(direction, direction)
  // Parents that are equal make no line.
  if (squared < 1e-20) return v
  const share = dot(v, direction) / squared
  return v.map((x, i) => x - share * (direction[i] as number))
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number)
  return sum
}
