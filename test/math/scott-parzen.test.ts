import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { choiceDensity, numericDensity } from '../../src/math/scott-parzen.ts'

const counts = fc
  .array(fc.nat({ max: 9 }), { minLength: 2, maxLength: 50 })
  .filter((all) => all.some((count) => count > 0))

function sum(values: ArrayLike<number>): number {
  return Array.from(values).reduce((total, value) => total + value, 0)
}

describe('densities on a grid', () => {
  it('are probabilities: none below 0, and 1 in all', () => {
    fc.assert(
      fc.property(counts, fc.double({ min: 0.01, max: 5, noNaN: true }), (all, priorWeight) => {
        for (const { pdf, weights } of [numericDensity(all, priorWeight), choiceDensity(all, priorWeight)]) {
          expect(sum(pdf)).toBeCloseTo(1, 10)
          expect(sum(weights)).toBeCloseTo(1, 12)
          expect(pdf.every((p) => p > 0)).toBe(true)
        }
      }),
    )
  })

  it('are highest where most was observed', () => {
    expect(
      [...numericDensity([0, 0, 9, 0, 0, 0, 1], 1).pdf].indexOf(
        Math.max(...numericDensity([0, 0, 9, 0, 0, 0, 1], 1).pdf),
      ),
    ).toBe(2)
    const { pdf } = choiceDensity([1, 5, 0], 1)
    expect((pdf[1] as number) > (pdf[0] as number) && (pdf[0] as number) > (pdf[2] as number)).toBe(true)
  })

  it('are mirrored when the observations are, as far as quartiles are', () => {
    const { pdf } = numericDensity([0, 3, 0, 0, 3, 0], 1)
    for (let i = 0; i < 3; i++) expect(pdf[i]).toBeCloseTo(pdf[5 - i] as number, 12)
  })
})
