import { describe, expect, it } from 'vitest'
import { randomStream } from '../../src/random/random.ts'
import { evened } from '../../src/searchers/gp/evened.ts'
import { chebyshev, finiteOf, standardized } from '../../src/searchers/gp/scores.ts'

const random = randomStream('evened')
const normals = Array.from({ length: 200 }, () => random.normal())

function skewness(values: ArrayLike<number>): number {
  const { y } = standardized(values)
  return y.reduce((sum, value) => sum + value ** 3 / y.length, 0)
}

describe('evened', () => {
  it('keeps the order of losses', () => {
    const losses = normals.map((x) => Math.exp(3 * x))
    const order = (values: ArrayLike<number>) =>
      Array.from(values, (_, i) => i).sort((a, b) => (values[a] as number) - (values[b] as number))
    expect(order(evened(losses))).toEqual(order(losses))
  })

  it('takes away most of a skew, to either side', () => {
    const steep = normals.map(Math.exp)
    expect(skewness(steep)).toBeGreaterThan(2)
    expect(Math.abs(skewness(evened(steep)))).toBeLessThan(skewness(steep) / 2)
    const other = steep.map((loss) => -loss)
    expect(Math.abs(skewness(evened(other)))).toBeLessThan(skewness(steep) / 2)
  })

  it('leaves what is normal nearly as it is', () => {
    const { y } = standardized(normals)
    evened(normals).forEach((bent, i) => expect(Math.abs(bent - (y[i] as number))).toBeLessThan(0.5))
  })

  it.each([[[1, 1, 1]], [[5]], [[]], [[0, 1e300, -1e300]], [[1e-320, 0, 3]]])(
    'gives numbers for %j',
    (losses) => {
      expect([...evened(losses)].every(Number.isFinite)).toBe(true)
    },
  )
})

describe('scores', () => {
  it('bring infinities in to the nearest finite value', () => {
    expect([...finiteOf([1, Infinity, 3, -Infinity])]).toEqual([1, 3, 3, 1])
    expect([...finiteOf([Infinity, -Infinity])]).toEqual([0, 0])
  })

  it('have mean 0 and deviation 1, and say which they had', () => {
    const { y, mean, deviation } = standardized([2, 4])
    expect([...y]).toEqual([-1, 1])
    expect([mean, deviation]).toEqual([3, 1])
    expect([...standardized([1e308, -1e308]).y]).toEqual([1, -1])
  })

  it('of several losses weigh differently each time, and prefer what is better everywhere', () => {
    const losses = [Float64Array.of(0, 1, 5), Float64Array.of(0, 1, 5)]
    const one = chebyshev(losses, randomStream(1))
    expect(chebyshev(losses, randomStream(2))).not.toEqual(one)
    expect([...one].toSorted((a, b) => a - b)).toEqual([...one])
  })
})
