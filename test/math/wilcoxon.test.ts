import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { signedRankTest, type ZeroMethod } from '../../src/math/wilcoxon.ts'

const ZERO_METHODS: readonly ZeroMethod[] = ['wilcox', 'pratt', 'zsplit']

/** The definition: all ways to turn the signs, with T+ of each. */
function byEnumeration(
  differences: readonly number[],
  zeroMethod: ZeroMethod,
): { less: number; greater: number } {
  const kept = zeroMethod === 'wilcox' ? differences.filter((d) => d !== 0) : [...differences]
  const size = kept.map(Math.abs)
  const rank = size.map(
    (a) => size.filter((b) => b < a).length + (size.filter((b) => b === a).length + 1) / 2,
  )
  const plus = (signs: number): number =>
    kept.reduce((sum, d, i) => {
      if (d === 0) return sum
      const isPositive = ((signs >> i) & 1) === 1
      return isPositive ? sum + (rank[i] as number) : sum
    }, 0)
  const own = plus(kept.reduce((bits, d, i) => (d > 0 ? bits | (1 << i) : bits), 0))
  const all = Array.from({ length: 2 ** kept.length }, (_, signs) => plus(signs))
  return {
    less: all.filter((t) => t <= own).length / all.length,
    greater: all.filter((t) => t >= own).length / all.length,
  }
}

describe('signedRankTest', () => {
  it('counts all ways to choose the signs when there are few differences, tied and zero ones too', () => {
    const differences = fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 9 })
    fc.assert(
      fc.property(differences, fc.constantFrom(...ZERO_METHODS), (ds, zeroMethod) => {
        const expected = byEnumeration(ds, zeroMethod)
        for (const alternative of ['less', 'greater'] as const) {
          expect(signedRankTest(ds, { alternative, zeroMethod }).p).toBeCloseTo(expected[alternative], 12)
        }
      }),
    )
  })

  it('says the same of mirrored differences for the other side', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 70 }), (ds) => {
        const mirrored = ds.map((d) => -d)
        for (const zeroMethod of ZERO_METHODS) {
          const less = signedRankTest(ds, { alternative: 'less', zeroMethod }).p
          const greater = signedRankTest(mirrored, { alternative: 'greater', zeroMethod }).p
          if (Number.isNaN(less)) expect(greater).toBeNaN()
          else expect(greater).toBeCloseTo(less, 12)
        }
      }),
    )
  })

  it('goes over from exact to approximate without a jump', () => {
    const exact = Array.from({ length: 50 }, (_, i) => (i % 3 === 0 ? -1 : 1) * (i + 1))
    const { p } = signedRankTest(exact)
    const { p: approximate, z } = signedRankTest(exact, { method: 'asymptotic' })
    expect(approximate / p).toBeGreaterThan(0.9)
    expect(approximate / p).toBeLessThan(1.1)
    expect(z).toBeLessThan(0)
    expect(signedRankTest(exact).z).toBeUndefined()
    expect(signedRankTest([...exact, 51]).z).toBeDefined()
  })

  it('knows nothing of no differences, and finds nothing in zeros', () => {
    expect(signedRankTest([])).toMatchObject({ statistic: Number.NaN, p: Number.NaN })
    expect(signedRankTest([0, 0, 0], { zeroMethod: 'zsplit' }).p).toBe(1)
    expect(signedRankTest(Array<number>(20).fill(0), { zeroMethod: 'zsplit' }).p).toBe(1)
    expect(signedRankTest(Array<number>(20).fill(0)).p).toBeNaN()
  })

  it('takes infinite differences as the largest', () => {
    expect(signedRankTest([1, 2, Infinity])).toEqual(signedRankTest([1, 2, 3]))
    expect(signedRankTest([1, 2, -Infinity])).toEqual(signedRankTest([1, 2, -3]))
  })
})
