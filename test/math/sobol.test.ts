import { describe, expect, it } from 'vitest'
import { TroupeError } from '../../src/errors.ts'
import { SOBOL_DIMENSIONS_MAX } from '../../src/math/sobol-directions.ts'
import { SobolSequence } from '../../src/math/sobol.ts'
import { randomStream } from '../../src/random/random.ts'

function take(sequence: SobolSequence, count: number): Float64Array[] {
  return Array.from({ length: count }, () => sequence.next())
}

describe('SobolSequence', () => {
  it('begins with the known points of two dimensions', () => {
    expect(take(new SobolSequence(2), 5).map((point) => [...point])).toEqual([
      [0, 0],
      [0.5, 0.5],
      [0.75, 0.25],
      [0.25, 0.75],
      [0.375, 0.375],
    ])
  })

  it.each([
    ['as it is', undefined],
    ['scrambled', randomStream('scramble')],
  ])('puts one of 256 points into each of 256 parts of every axis, %s', (_, scramble) => {
    const points = take(
      new SobolSequence(SOBOL_DIMENSIONS_MAX, scramble === undefined ? {} : { scramble }),
      256,
    )
    for (let i = 0; i < SOBOL_DIMENSIONS_MAX; i++) {
      expect(new Set(points.map((point) => Math.floor((point[i] as number) * 256))).size, `axis ${i}`).toBe(
        256,
      )
    }
  })

  it('puts one of 64 points into each of the 8 × 8 boxes of two axes, scrambled or not', () => {
    for (const options of [{}, { scramble: randomStream(1) }]) {
      const boxes = take(new SobolSequence(2, options), 64).map(
        ([x, y]) => 8 * Math.floor((x as number) * 8) + Math.floor((y as number) * 8),
      )
      expect(new Set(boxes).size).toBe(64)
    }
  })

  it('skips to where next would have come, forwards and back, also beyond 2³¹', () => {
    const scramble = randomStream('skip')
    const points = take(new SobolSequence(5, { scramble }), 300)
    const skipping = new SobolSequence(5, { scramble })
    skipping.skip(250)
    expect(skipping.next()).toEqual(points[250])
    skipping.skip(-151)
    expect(skipping.next()).toEqual(points[100])
    const far = new SobolSequence(3)
    far.skip(3_000_000_000)
    const [a, b] = take(far, 2)
    far.skip(-2)
    expect(take(far, 2)).toEqual([a, b])
  })

  it('begins again after 2³² points', () => {
    const sequence = new SobolSequence(3)
    sequence.skip(2 ** 32 - 1)
    sequence.next()
    expect([...sequence.next()]).toEqual([0, 0, 0])
  })

  it('keeps its coordinates when there are more of them', () => {
    const scramble = randomStream(3)
    const few = take(new SobolSequence(3, { scramble }), 20)
    const many = take(new SobolSequence(40, { scramble }), 20)
    expect(many.map((point) => point.slice(0, 3))).toEqual(few)
  })

  it('is scrambled by its stream alone, and differently by another', () => {
    const points = (seed: string): Float64Array[] =>
      take(new SobolSequence(4, { scramble: randomStream(seed) }), 8)
    expect(points('a')).toEqual(points('a'))
    expect(points('a')).not.toEqual(points('b'))
  })

  it.each([0, 1.5, SOBOL_DIMENSIONS_MAX + 1, Number.NaN])('refuses %d dimensions', (dimensions) => {
    expect(() => new SobolSequence(dimensions)).toThrow(TroupeError)
  })
})
