import { describe, expect, it } from 'vitest'
import { centeredDiscrepancy, starDiscrepancy } from '../../src/math/discrepancy.ts'

const even = Array.from({ length: 10 }, (_, i) => [(i + 0.5) / 10])

describe('discrepancy', () => {
  it('is smallest, among points of a line, for the middles of equal parts', () => {
    // For one dimension both have closed forms there: 1 / 12n² and 1 / √12 n.
    expect(centeredDiscrepancy(even)).toBeCloseTo(1 / 1200, 12)
    expect(starDiscrepancy(even)).toBeCloseTo(1 / (Math.sqrt(12) * 10), 12)
  })

  it('grows when points crowd together', () => {
    const crowded = even.map(([x]) => [(x as number) ** 3])
    expect(centeredDiscrepancy(crowded)).toBeGreaterThan(10 * centeredDiscrepancy(even))
    expect(starDiscrepancy(crowded)).toBeGreaterThan(3 * starDiscrepancy(even))
  })

  it('is the same for a mirrored cube only when it is centered', () => {
    const points = [
      [0.1, 0.4],
      [0.7, 0.9],
    ]
    const mirrored = points.map((point) => point.map((x) => 1 - x))
    expect(centeredDiscrepancy(mirrored)).toBeCloseTo(centeredDiscrepancy(points), 12)
    expect(starDiscrepancy(mirrored)).not.toBeCloseTo(starDiscrepancy(points), 3)
  })
})
