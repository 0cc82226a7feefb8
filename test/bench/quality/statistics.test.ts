import { describe, expect, it } from 'vitest'
import { holm, pLarger, quantile8, ranksOf } from './statistics.ts'

describe('the statistics of the quality benchmark', () => {
  // Against scipy 1.17: mannwhitneyu(a, b, alternative='greater', method='asymptotic').
  it('give the one-sided rank-sum test of scipy', () => {
    expect(pLarger([1.1, 2.2, 3.3, 4.4], [0.5, 1.5, 2.5, 2.5])).toBeCloseTo(0.233912538642, 10)
    expect(pLarger([1, 2, 2, 3, 9], [2, 2, 4, 5])).toBeCloseTo(0.738784357519, 10)
    expect(pLarger([1, 1], [1, 1])).toBe(1)
    expect(pLarger([Infinity, Infinity, Infinity], [1, 2, 3])).toBeLessThan(0.05)
  })

  it('correct p values for being many', () => {
    expect(holm([0.01, 0.04, 0.03])).toEqual([0.03, 0.06, 0.06])
    expect(holm([0.5, 0.9])).toEqual([1, 1])
  })

  it('interpolate quantiles of type 8', () => {
    expect(quantile8([1, 2, 3, 4], 0.5)).toBe(2.5)
    expect(quantile8([1, 2, 3, 4], 0.25)).toBeCloseTo(1 + 5 / 12, 12)
    expect(quantile8([3, Infinity, Infinity], 0.5)).toBe(Infinity)
  })

  it('share ranks among equals', () => {
    expect(ranksOf([5, 1, 5, 2])).toEqual([3.5, 1, 3.5, 2])
  })
})
