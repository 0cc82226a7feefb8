import { describe, expect, it } from 'vitest'
import { randomStream } from '../../src/random/random.ts'
import { defaultPopulationSize, strategyConstants } from '../../src/searchers/cmaes/constants.ts'
import { diagonalCovariance, fullCovariance } from '../../src/searchers/cmaes/covariance.ts'
import { type Candidate, Evolution, type EvolutionStart } from '../../src/searchers/cmaes/evolution.ts'
import { LearningRates } from '../../src/searchers/cmaes/learning-rates.ts'
import { MirroredOrthogonal, normals } from '../../src/searchers/cmaes/mirrored-orthogonal.ts'

type Loss = (x: Float64Array) => number

const sphere: Loss = (x) => x.reduce((sum, value) => sum + (value - 0.3) ** 2, 0)
const cigar: Loss = (x) => x.reduce((sum, value, j) => sum + (j === 0 ? 1 : 1e6) * (value - 0.3) ** 2, 0)

function evolution(n: number, more: Partial<EvolutionStart> = {}): Evolution {
  return new Evolution({
    constants: strategyConstants(n, defaultPopulationSize(n), more.isSeparable),
    mean: new Float64Array(n).fill(0.5),
    sigma: 0.2,
    ...more,
  })
}

function generation(of: Evolution, loss: Loss, key: string): Candidate[] {
  const random = randomStream(key)
  return Array.from({ length: of.constants.lambda }, (_, number) => {
    const x = of.point(normals(of.n, random))
    return { x, loss: loss(x), number }
  })
}

function evolve(of: Evolution, loss: Loss, generations: number, rates?: LearningRates): Evolution {
  for (let g = 0; g < generations; g++) {
    of.update(generation(of, loss, `${g}`), rates && ((before) => rates.temper(of, before)))
  }
  return of
}

describe('the constants of CMA-ES', () => {
  it.each([
    [1, 2],
    [1, 3],
    [2, 2],
    [5, 100],
    [200, 19],
  ])('are usable for %d parameters and %d trials a generation', (n, lambda) => {
    const { weights, mu, c1, cmu, cc, cs, damps } = strategyConstants(n, lambda)
    expect([...weights].every(Number.isFinite)).toBe(true)
    expect(weights.subarray(0, mu).reduce((sum, w) => sum + w, 0)).toBeCloseTo(1, 12)
    expect(weights.subarray(mu).every((w) => w <= 0)).toBe(true)
    for (const rate of [c1, cmu, cc, cs]) expect(rate >= 0 && rate <= 1).toBe(true)
    expect(c1 + cmu).toBeLessThanOrEqual(1)
    expect(damps).toBeGreaterThanOrEqual(1)
  })

  it('learn (n + 2) / 3 times faster where only variances are learned', () => {
    const [full, separable] = [strategyConstants(10, 10), strategyConstants(10, 10, true)]
    expect(separable.c1).toBeCloseTo(4 * full.c1, 12)
    expect(separable.cmu).toBeCloseTo(4 * full.cmu, 12)
  })
})

describe('a covariance', () => {
  const C = Float64Array.of(4, 1, 1, 3)
  const y = Float64Array.of(0.7, -0.2)

  it('has the square of its root for a matrix', () => {
    const covariance = fullCovariance(2, C.slice())
    const z = new Float64Array(2)
    covariance.whiten(y, z)
    covariance.whiten(z.slice(), z)
    // C⁻¹ y by Cramer's rule.
    expect(z[0]).toBeCloseTo((3 * 0.7 + 0.2) / 11, 12)
    expect(z[1]).toBeCloseTo((4 * -0.2 - 0.7) / 11, 12)
  })

  it('is made the identity by its own root, from both sides', () => {
    const white = fullCovariance(2, C.slice()).whitenBoth(C)
    ;[1, 0, 0, 1].forEach((entry, k) => expect(white[k]).toBeCloseTo(entry, 12))
    expect([...diagonalCovariance(2, Float64Array.of(4, 9)).whitenBoth(Float64Array.of(4, 9))]).toEqual([
      1, 1,
    ])
  })

  it('has an axis in every direction, when rounding has left it none', () => {
    const { axes } = fullCovariance(2, Float64Array.of(1, 1 + 1e-15, 1 + 1e-15, 1))
    expect(Math.min(...axes)).toBeGreaterThan(0)
  })
})

describe('an evolution', () => {
  it.each([
    ['a full covariance', {}],
    ['a diagonal one', { isSeparable: true }],
  ])('comes to the best of a round and of a narrow bowl with %s', (_, more) => {
    expect(sphere(evolve(evolution(5, more), sphere, 120).mean)).toBeLessThan(1e-12)
    expect(cigar(evolve(evolution(5, more), cigar, 400).mean)).toBeLessThan(1e-10)
  })

  it('learns the same, in whatever order its candidates are told', () => {
    const [forth, back] = [evolution(3), evolution(3)]
    const flat: Loss = (x) => Math.round(sphere(x))
    forth.update(generation(forth, flat, 'g'))
    back.update(generation(back, flat, 'g').toReversed())
    expect(back.save()).toEqual(forth.save())
  })

  it('ranks NaN with infinity, behind everything else', () => {
    const [nan, infinite] = [evolution(2), evolution(2)]
    const worst =
      (bad: number): Loss =>
      (x) =>
        (x[0] as number) > 0.6 ? bad : sphere(x)
    nan.update(generation(nan, worst(Number.NaN), 'g'))
    infinite.update(generation(infinite, worst(Infinity), 'g'))
    expect(nan.save()).toEqual(infinite.save())
  })

  it('goes on the same after it was saved', () => {
    const [unbroken, resumed] = [evolve(evolution(4), cigar, 7), evolution(4)]
    resumed.restore(structuredClone(unbroken.save()))
    expect(evolve(resumed, cigar, 7).save()).toEqual(evolve(unbroken, cigar, 7).save())
  })

  it('is not thrown far off by a candidate from elsewhere', () => {
    const far = Float64Array.of(1e6, 1e6, 1e6)
    const moved = (isInjected: boolean): number => {
      const one = evolution(3)
      const others = generation(one, sphere, 'g').slice(1)
      one.update([{ x: far, loss: -1, number: 0, isInjected }, ...others])
      return Math.abs((one.mean[0] as number) - 0.5)
    }
    expect(moved(false)).toBeGreaterThan(1e4)
    expect(moved(true)).toBeLessThan(1)
  })

  it('keeps its mean in the box, and its step size for the parameters that are free to move', () => {
    const n = 10
    // Half of the parameters are best at or beyond a bound, the other half inside.
    const inside = (x: Float64Array): Float64Array => x.map((value) => Math.min(1, Math.max(0, value)))
    const loss: Loss = (x) =>
      inside(x).reduce((sum, value, j) => sum + (value - (j % 2 === 0 ? 1 : 0.3)) ** 2, 0)
    const one = evolve(evolution(n, { isBounded: Array<boolean>(n).fill(true) }), loss, 250)
    expect(one.mean.every((value) => value >= 0 && value <= 1)).toBe(true)
    expect(loss(one.mean)).toBeLessThan(1e-6)
  })
})

describe('learning-rate adaptation', () => {
  const etaAfter = (loss: Loss): number => {
    const rates = new LearningRates()
    evolve(evolution(5), loss, 1000, rates)
    return rates.etaMean
  }

  it('lowers the rate where results are all noise, and leaves it where they are clear', () => {
    const noise = randomStream('noise')
    const clear = etaAfter(sphere)
    expect(etaAfter(() => noise.next())).toBeLessThan(clear / 2)
    expect(clear).toBeLessThanOrEqual(1)
  })

  it('gets nearer to the best of a noisy bowl than CMA-ES without it', () => {
    const distance = (rates?: LearningRates): number => {
      const noise = randomStream('noisy')
      const one = evolve(evolution(5), (x) => sphere(x) + 0.05 * noise.normal(), 1500, rates)
      return sphere(one.mean)
    }
    expect(distance(new LearningRates())).toBeLessThan(distance() / 3)
  })

  it('goes on the same after it was saved', () => {
    const rates = new LearningRates()
    const one = evolve(evolution(3), cigar, 9, rates)
    const [other, resumed] = [evolution(3), new LearningRates(structuredClone(rates.save()))]
    other.restore(one.save())
    evolve(one, cigar, 5, rates)
    evolve(other, cigar, 5, resumed)
    expect(resumed.save()).toEqual(rates.save())
    expect(other.save()).toEqual(one.save())
  })
})

describe('mirrored orthogonal sampling', () => {
  const dot = (a: Float64Array, b: Float64Array): number =>
    a.reduce((sum, value, j) => sum + value * (b[j] as number), 0)

  it('turns every second vector round, and has those between at right angles', () => {
    const sampler = new MirroredOrthogonal(4, 8)
    const vectors = Array.from({ length: 8 }, (_, slot) => sampler.vector(randomStream('g'), slot))
    for (let pair = 0; pair < 4; pair++) {
      expect(vectors[2 * pair + 1]).toEqual(vectors[2 * pair]?.map((value) => -value))
      for (let other = 0; other < pair; other++) {
        expect(dot(vectors[2 * pair] as Float64Array, vectors[2 * other] as Float64Array)).toBeCloseTo(0, 12)
      }
    }
  })

  it('gives a slot the same vector, whichever were asked for before', () => {
    const [inOrder, alone] = [new MirroredOrthogonal(2, 6), new MirroredOrthogonal(2, 6)]
    for (let slot = 0; slot < 9; slot++) inOrder.vector(randomStream('g'), slot)
    expect(alone.vector(randomStream('g'), 9)).toEqual(inOrder.vector(randomStream('g'), 9))
  })

  it('draws each vector by itself from the standard normal distribution', () => {
    const sampler = new MirroredOrthogonal(3, 7)
    const drawn = Array.from({ length: 6000 }, (_, g) => sampler.vector(randomStream(g), g % 7))
    for (let j = 0; j < 3; j++) {
      const values = drawn.map((z) => z[j] as number)
      expect(Math.abs(values.reduce((sum, z) => sum + z, 0) / 6000)).toBeLessThan(0.05)
      expect(values.reduce((sum, z) => sum + z * z, 0) / 6000).toBeCloseTo(1, 1)
      expect(values.reduce((sum, z) => sum + z ** 4, 0) / 6000).toBeGreaterThan(2.7)
    }
  })
})
