import { describe, expect, it } from 'vitest'
import type { Axis } from '../../src/math/acquisition/axis.ts'
import { logDensity, productKernels, samplePoint } from '../../src/math/product-kernels.ts'
import { randomStream } from '../../src/random/random.ts'

const axes: readonly Axis[] = [{ kind: 'continuous' }, { kind: 'choice', count: 3 }]
const points = Float64Array.from([0.2, 0, 0.4, 0, 0.9, 2])

describe('productKernels', () => {
  it('has the bandwidths of the normal reference rule', () => {
    const { bandwidths } = productKernels(axes, points, 0.001)
    const sigma = Math.sqrt((0.3 ** 2 + 0.1 ** 2 + 0.4 ** 2) / 3)
    expect(bandwidths[0]).toBeCloseTo(1.06 * sigma * 3 ** (-1 / 6), 12)
    expect(bandwidths[1]).toBeCloseTo(Math.min(2 / 3, 1.06 * Math.sqrt(4 / 9) * 3 ** (-1 / 6)), 12)
  })

  it('is a density: it has mass 1 over all numbers and choices', () => {
    const kernels = productKernels(axes, points, 0.05)
    let mass = 0
    for (let choice = 0; choice < 3; choice++) {
      for (let u = -3; u < 4; u += 0.01)
        mass += 0.01 * Math.exp(logDensity(kernels, Float64Array.of(u, choice)))
    }
    expect(mass).toBeCloseTo(1, 6)
  })

  it('keeps the least bandwidth where all points are one, and a finite density far away', () => {
    const same = productKernels(axes, Float64Array.from([0.5, 1, 0.5, 1]), 0.01)
    expect([...same.bandwidths]).toEqual([0.01, 0.01])
    expect(Number.isFinite(logDensity(same, Float64Array.of(0, 2)))).toBe(true)
  })

  it('knows what to do with a choice of one', () => {
    const one = productKernels([{ kind: 'choice', count: 1 }], Float64Array.of(0, 0), 0.01)
    expect(logDensity(one, Float64Array.of(0))).toBe(0)
    expect(samplePoint(one, 3, randomStream('one'))).toEqual(Float64Array.of(0))
  })

  it('samples within the box, on the grid, and near the points', () => {
    const grid: readonly Axis[] = [{ kind: 'grid', coordinates: Float64Array.of(0.25, 0.75) }, ...axes]
    const kernels = productKernels(grid, Float64Array.from([0.25, 0.01, 1]), 0.02)
    const random = randomStream('samples')
    const drawn = Array.from({ length: 500 }, () => samplePoint(kernels, 1, random))
    for (const [step, u, choice] of drawn) {
      expect([0.25, 0.75]).toContain(step)
      expect(u).toBeGreaterThanOrEqual(0)
      expect(u).toBeLessThan(0.2)
      expect([0, 1, 2]).toContain(choice)
    }
    expect(drawn.filter(([, , choice]) => choice === 1).length).toBeGreaterThan(470)
  })
})
