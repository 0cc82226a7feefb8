import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { freshSeed, idMaker, type RandomStream, randomStream } from '../../src/random/random.ts'

const take = (random: RandomStream, n: number): number[] => Array.from({ length: n }, () => random.next())
const key = fc.oneof(fc.nat(1000), fc.string({ maxLength: 8 }))

describe('randomStream', () => {
  it('draws the same for the same seed, and something else for another', () => {
    expect(take(randomStream(7), 20)).toEqual(take(randomStream(7), 20))
    expect(take(randomStream(7), 20)).toEqual(take(randomStream('7'), 20))
    expect(take(randomStream(7), 20)).not.toEqual(take(randomStream(8), 20))
  })

  it('says which seed and keys lead to it', () => {
    expect(randomStream(7).fork('trial').fork(12).path).toBe('7/trial/12')
  })

  it('forks by name alone, whatever was drawn or forked before, and takes nothing from the parent', () => {
    fc.assert(
      fc.property(key, fc.array(key, { maxLength: 4 }), fc.nat(20), key, (seed, others, drawn, name) => {
        const busy = randomStream(seed)
        take(busy, drawn)
        for (const other of others) take(busy.fork(other), 3)
        expect(take(busy.fork(name), 5)).toEqual(take(randomStream(seed).fork(name), 5))
        const quiet = randomStream(seed)
        take(quiet, drawn)
        expect(take(busy, 5)).toEqual(take(quiet, 5))
      }),
    )
  })

  it('lets streams be drawn from in turns without one feeling the other', () => {
    const [a, b] = [randomStream(1).fork('a'), randomStream(1).fork('b')]
    const turns = Array.from({ length: 50 }, () => [a.next(), b.next()] as const)
    expect(turns.map(([x]) => x)).toEqual(take(randomStream(1).fork('a'), 50))
    expect(turns.map(([, y]) => y)).toEqual(take(randomStream(1).fork('b'), 50))
  })

  it('is uniform in [0, 1), with more than 32 bits', () => {
    const draws = take(randomStream('uniform'), 100_000)
    expect(draws.every((draw) => draw >= 0 && draw < 1)).toBe(true)
    expect(new Set(draws).size).toBe(draws.length)
    // Kolmogorov and Smirnov: above 1.95 / √n once in a thousand.
    const furthest = draws
      .toSorted((a, b) => a - b)
      .reduce((most, draw, i) => Math.max(most, Math.abs(draw - i / draws.length)), 0)
    expect(furthest).toBeLessThan(1.95 / Math.sqrt(draws.length))
  })

  it('has draws that do not depend on the one before', () => {
    const draws = take(randomStream('pairs'), 50_001)
    const cells = Array.from({ length: 100 }, () => 0)
    for (const [i, draw] of draws.slice(1).entries()) {
      const cell = 10 * Math.floor(10 * (draws[i] as number)) + Math.floor(10 * draw)
      cells[cell] = (cells[cell] as number) + 1
    }
    // Pearson's chi-square with 99 degrees of freedom: above 148.2 once in a thousand.
    expect(cells.reduce((sum, count) => sum + (count - 500) ** 2 / 500, 0)).toBeLessThan(148.2)
  })

  it('draws integers below n, each as often', () => {
    const random = randomStream('dice')
    const counts = Array.from({ length: 6 }, () => 0)
    for (let i = 0; i < 60_000; i++) {
      const side = random.below(6)
      counts[side] = (counts[side] as number) + 1
    }
    // Pearson's chi-square with 5 degrees of freedom: above 20.5 once in a thousand.
    expect(counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)).toBeLessThan(20.5)
    expect(random.below(1)).toBe(0)
  })

  it('stays below n however large n is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), key, (n, seed) => {
        const drawn = randomStream(seed).below(n)
        expect(Number.isInteger(drawn) && drawn >= 0 && drawn < n).toBe(true)
      }),
    )
  })

  it('draws normal numbers with mean 0 and variance 1, as far out as they should be', () => {
    const random = randomStream('normal')
    const draws = Array.from({ length: 100_000 }, () => random.normal())
    const mean = draws.reduce((sum, x) => sum + x, 0) / draws.length
    const variance = draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / draws.length
    const beyond2 = draws.filter((x) => Math.abs(x) > 2).length / draws.length
    expect(draws.every(Number.isFinite)).toBe(true)
    expect(Math.abs(mean)).toBeLessThan(0.011)
    expect(Math.abs(variance - 1)).toBeLessThan(0.016)
    expect(Math.abs(beyond2 - 0.0455)).toBeLessThan(0.003)
  })
})

describe('shuffle', () => {
  it('gives back the same array with the same items', () => {
    fc.assert(
      fc.property(fc.array(fc.nat()), key, (items, seed) => {
        const copy = [...items]
        expect(randomStream(seed).shuffle(copy)).toBe(copy)
        expect(copy.toSorted()).toEqual(items.toSorted())
      }),
    )
  })

  it('brings about each order as often as any other', () => {
    const random = randomStream('cards')
    const counts = new Map<string, number>()
    for (let i = 0; i < 24_000; i++) {
      const order = random.shuffle(['a', 'b', 'c', 'd']).join('')
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    expect(counts.size).toBe(24)
    // Pearson's chi-square with 23 degrees of freedom: above 49.7 once in a thousand.
    expect([...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)).toBeLessThan(
      49.7,
    )
  })
})

describe('idMaker', () => {
  it('makes the same ids for the same seed, of hexadecimal digits', () => {
    const ids = (seed: number) => Array.from({ length: 50 }, idMaker(randomStream(seed)))
    expect(ids(1)).toEqual(ids(1))
    expect(ids(1)).not.toEqual(ids(2))
    expect(ids(1).every((id) => /^[0-9a-f]{8}$/.test(id))).toBe(true)
    expect(idMaker(randomStream(1), 3)()).toMatch(/^[0-9a-f]{3}$/)
  })

  it('never gives one twice, even when nearly all are given', () => {
    const make = idMaker(randomStream(1), 2)
    expect(new Set(Array.from({ length: 256 }, make)).size).toBe(256)
  })

  it('uses every digit, about as often', () => {
    const digits = Array.from({ length: 4000 }, idMaker(randomStream('digits'))).join('')
    const counts = '0123456789abcdef'.split('').map((digit) => digits.split(digit).length - 1)
    // Pearson's chi-square with 15 degrees of freedom: above 37.7 once in a thousand.
    expect(counts.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0)).toBeLessThan(37.7)
  })
})

describe('freshSeed', () => {
  it('is another one each time', () => {
    expect(new Set(Array.from({ length: 100 }, freshSeed)).size).toBe(100)
  })
})
