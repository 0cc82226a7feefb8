import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Permutation } from '../../src/math/permutation.ts'
import { randomStream } from '../../src/random/random.ts'

describe('Permutation', () => {
  it('gives each integer below its size once, and knows where', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.string(), (size, seed) => {
        const permutation = new Permutation(size, randomStream(seed))
        const numbers = Array.from({ length: size }, (_, place) => permutation.at(place))
        expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, i) => i))
        expect(numbers.map((number) => permutation.placeOf(number))).toEqual(
          Array.from({ length: size }, (_, i) => i),
        )
      }),
    )
  })

  it('finds back from any place of a range of 2⁵²', () => {
    const permutation = new Permutation(2 ** 52, randomStream('wide'))
    for (let i = 0; i < 1000; i++) {
      const place = Math.floor((i / 1000) * 2 ** 52)
      const number = permutation.at(place)
      expect(Number.isSafeInteger(number) && number >= 0).toBe(true)
      expect(permutation.placeOf(number)).toBe(place)
    }
  })

  it('is another order for another seed, in which no place has a favourite', () => {
    const counts = new Map<number, number>()
    for (let seed = 0; seed < 6000; seed++) {
      const first = new Permutation(6, randomStream(seed)).at(0)
      counts.set(first, (counts.get(first) ?? 0) + 1)
    }
    // 1,000 each, with a standard deviation of 29.
    for (let number = 0; number < 6; number++) {
      expect(Math.abs((counts.get(number) ?? 0) - 1000)).toBeLessThan(150)
    }
  })

  it('leaves no trace of the order in neighbours', () => {
    const permutation = new Permutation(10_000, randomStream('n'))
    let rising = 0
    for (let place = 1; place < 10_000; place++)
      if (permutation.at(place) > permutation.at(place - 1)) rising++
    expect(Math.abs(rising - 5000)).toBeLessThan(150)
  })
})
