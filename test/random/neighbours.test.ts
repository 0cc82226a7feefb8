import { describe, expect, it } from 'vitest'
import { randomStream } from '../../src/random/random.ts'

const SEEDS = Array.from({ length: 100 }, (_, seed) => seed)
const STREAMS = 200

/** The first draw of each of many streams whose names differ in their last characters alone. */
const firstDraws = (seed: number): number[] =>
  Array.from({ length: STREAMS }, (_, n) => randomStream(seed).fork('search').fork(n).next())

describe('streams with neighbouring names', () => {
  it('do not begin in arithmetic progression', () => {
    // Second differences within 0.002 of a whole number: 0.4 % of them by chance, half of them where seeding is weak.
    const near = SEEDS.map((seed) => {
      const draws = firstDraws(seed)
      return draws.slice(2).filter((draw, i) => {
        const bend = (draw - 2 * (draws[i + 1] as number) + (draws[i] as number) + 4) % 1
        return bend < 0.002 || bend > 0.998
      }).length
    })
    expect(Math.max(...near)).toBeLessThan(12)
  })

  it('begin anywhere in [0, 1), as often in each tenth', () => {
    const counts = Array.from({ length: 10 }, () => 0)
    for (const draw of SEEDS.flatMap(firstDraws)) {
      const tenth = Math.floor(draw * 10)
      counts[tenth] = (counts[tenth] ?? 0) + 1
    }
    const expected = (SEEDS.length * STREAMS) / 10
    // Pearson's chi-square with 9 degrees of freedom: above 27.9 once in a thousand.
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
    expect(chiSquare).toBeLessThan(27.9)
  })
})
