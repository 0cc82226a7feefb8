import { describe, expect, it } from 'vitest'
import { TroupeError } from '../../src/errors.ts'
import { centeredDiscrepancy } from '../../src/math/discrepancy.ts'
import { HaltonSequence } from '../../src/math/halton.ts'
import { randomStream } from '../../src/random/random.ts'

function take(sequence: HaltonSequence, count: number): Float64Array[] {
  return Array.from({ length: count }, () => sequence.next())
}

describe('HaltonSequence', () => {
  it('mirrors the digits of the index in the bases 2, 3, 5', () => {
    const points = take(new HaltonSequence(3), 7)
    expect([...(points[0] as Float64Array)]).toEqual([0, 0, 0])
    // 6 is 110 in base 2, 20 in base 3 and 11 in base 5.
    const [x, y, z] = points[6] as Float64Array
    expect(x).toBeCloseTo(0.375, 15)
    expect(y).toBeCloseTo(2 / 9, 15)
    expect(z).toBeCloseTo(6 / 25, 15)
  })

  it('puts one of b² points into each of b² parts of the axis of base b, scrambled or not', () => {
    for (const options of [{}, { scramble: randomStream('h') }]) {
      for (const [axis, base] of [2, 3, 5, 7, 11].entries()) {
        const parts = take(new HaltonSequence(5, options), base ** 2).map((point) =>
          Math.floor((point[axis] as number) * base ** 2 + 1e-9),
        )
        expect(new Set(parts).size).toBe(base ** 2)
      }
    }
  })

  it('fills 30 dimensions more evenly when it is scrambled', () => {
    const last = (points: readonly Float64Array[]): number[][] => points.map((point) => [...point.slice(28)])
    const plain = centeredDiscrepancy(last(take(new HaltonSequence(30), 100)))
    const scrambled = centeredDiscrepancy(
      last(take(new HaltonSequence(30, { scramble: randomStream(5) }), 100)),
    )
    expect(scrambled).toBeLessThan(plain / 4)
  })

  it('skips to where next would have come, forwards and back', () => {
    const scramble = randomStream('skip')
    const points = take(new HaltonSequence(6, { scramble }), 40)
    const skipping = new HaltonSequence(6, { scramble })
    skipping.skip(33)
    expect(skipping.next()).toEqual(points[33])
    skipping.skip(-24)
    expect(skipping.next()).toEqual(points[10])
  })

  it('keeps its coordinates when there are more of them', () => {
    const scramble = randomStream(3)
    const few = take(new HaltonSequence(3, { scramble }), 20)
    const many = take(new HaltonSequence(12, { scramble }), 20)
    expect(many.map((point) => point.slice(0, 3))).toEqual(few)
  })

  it.each([0, -1, 2.5, Number.NaN])('refuses %d dimensions', (dimensions) => {
    expect(() => new HaltonSequence(dimensions)).toThrow(TroupeError)
  })
})
