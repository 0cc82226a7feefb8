import { describe, expect, it } from 'vitest'
import { minimize, type SmoothFunction } from '../../src/math/lbfgs.ts'

const rosenbrock: SmoothFunction = (x, gradient) => {
  gradient.fill(0)
  let value = 0
  for (let i = 0; i + 1 < x.length; i++) {
    const [at, next] = [x[i] as number, x[i + 1] as number]
    const rise = next - at * at
    value += 100 * rise * rise + (1 - at) ** 2
    gradient[i] = (gradient[i] as number) - 400 * rise * at - 2 * (1 - at)
    gradient[i + 1] = (gradient[i + 1] as number) + 200 * rise
  }
  return value
}

function startOf(n: number): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => (i % 2 === 0 ? -1.2 : 1))
}

describe('minimize', () => {
  // SciPy's L-BFGS-B takes 46, 94 and 625.
  it.each([
    [2, 60],
    [10, 120],
    [100, 700],
  ])("finds the end of Rosenbrock's valley in %i dimensions within %i evaluations", (n, evaluationsMax) => {
    const { x, value, evaluations } = minimize(rosenbrock, startOf(n), {
      valueTolerance: 0,
      iterationsMax: 2000,
    })
    expect(value).toBeLessThan(1e-9)
    for (const at of x) expect(at).toBeCloseTo(1, 3)
    expect(evaluations).toBeLessThan(evaluationsMax)
  })

  it('stays within bounds, and goes along them to the best point there', () => {
    const bounds = { lower: new Float64Array(2).fill(-2), upper: new Float64Array(2).fill(0.8) }
    const { x, value } = minimize(rosenbrock, startOf(2), { valueTolerance: 0, bounds })
    expect(x[0]).toBe(0.8)
    expect(x[1]).toBeCloseTo(0.64, 5)
    expect(value).toBeCloseTo(0.04, 8)
  })

  it('begins at the nearest point within the bounds', () => {
    const bounds = { lower: Float64Array.of(0), upper: Float64Array.of(1) }
    const asked: number[] = []
    const { x } = minimize(
      (at, gradient) => {
        asked.push(at[0] as number)
        gradient[0] = 1
        return at[0] as number
      },
      Float64Array.of(7),
      { bounds },
    )
    expect(asked[0]).toBe(1)
    expect([...x]).toEqual([0])
  })

  it('steps back from where the value is not finite', () => {
    const { x } = minimize((at, gradient) => {
      const u = at[0] as number
      gradient[0] = 1 - 1 / u
      return u > 0 ? u - Math.log(u) : Number.NaN
    }, Float64Array.of(0.01))
    expect(x[0]).toBeCloseTo(1, 4)
  })

  it.each([Infinity, Number.NaN])('returns the start where its value is %d', (value) => {
    expect([...minimize(() => value, Float64Array.of(3)).x]).toEqual([3])
  })

  it('never ends above where it began, even when the gradient is wrong', () => {
    const liar: SmoothFunction = (x, gradient) => {
      gradient[0] = -2 * (x[0] as number)
      return (x[0] as number) ** 2
    }
    expect(minimize(liar, Float64Array.of(2)).value).toBeLessThanOrEqual(4)
  })

  it('has nothing to do without coordinates', () => {
    expect(minimize(() => 5, new Float64Array(0)).value).toBe(5)
  })
})
