import { describe, expect, it } from 'vitest'
import { productOf, type Acquisition } from '../../src/math/acquisition/acquisition.ts'
import { nearestIndex, spread } from '../../src/math/acquisition/axis.ts'
import { logProbability } from '../../src/math/acquisition/confidence.ts'
import {
  logExpectedImprovement,
  logFantasizedImprovement,
} from '../../src/math/acquisition/expected-improvement.ts'
import { logFantasizedHypervolume } from '../../src/math/acquisition/hypervolume-fantasies.ts'
import {
  logHypervolumeImprovement,
  logImprovement,
  referencePoint,
} from '../../src/math/acquisition/hypervolume-improvement.ts'
import { maximizeAcquisition, rankedCandidates } from '../../src/math/acquisition/maximize.ts'
import { nonDominatedBoxes } from '../../src/math/box-decomposition.ts'
import { fitKernel, lossOf, rawOf } from '../../src/math/gaussian-process/fit.ts'
import { GaussianProcess } from '../../src/math/gaussian-process/gaussian-process.ts'
import { inputsOf, type KernelParameters } from '../../src/math/gaussian-process/kernel.ts'
import { hypervolume } from '../../src/math/hypervolume.ts'
import { logEi } from '../../src/math/log-ei.ts'
import { normalSobol } from '../../src/math/normal-sobol.ts'
import { randomStream } from '../../src/random/random.ts'

const N = 14
const PARAMETERS: KernelParameters = {
  inverseSquaredLengthscales: Float64Array.of(6, 3, 0.5),
  scale: 1.3,
  noise: 1e-3,
}

/** Rows of two numbers and a choice of three. */
function rows(count: number, seed = 'rows'): Float64Array {
  const random = randomStream(seed)
  return Float64Array.from({ length: 3 * count }, (_, at) => (at % 3 === 2 ? random.below(3) : random.next()))
}

function inputs(count = N) {
  return inputsOf(rows(count), count, Uint8Array.of(0, 0, 1))
}

function values(phase: number): Float64Array {
  const x = rows(N)
  return Float64Array.from(
    { length: N },
    (_, i) => Math.sin(4 * (x[3 * i] as number) + phase) + (x[3 * i + 1] as number) * Math.cos(phase) - 0.5,
  )
}

const process = (phase = 0): GaussianProcess => new GaussianProcess(inputs(), values(phase), PARAMETERS)
const POINTS = [Float64Array.of(0.31, 0.72, 1), Float64Array.of(0.02, 0.97, 2), Float64Array.of(0.55, 0.4, 0)]

/** By how much the gradient differs at most from differences of values, and one point from many at once. */
function slopeError(acquisition: Acquisition): number {
  const d = 3
  const flat = new Float64Array(POINTS.length * d)
  POINTS.forEach((x, i) => flat.set(x, i * d))
  const together = new Float64Array(POINTS.length)
  acquisition.values(flat, POINTS.length, together)
  const errors = POINTS.flatMap((x, i) => {
    const gradient = new Float64Array(d).fill(Number.NaN)
    const value = acquisition.valueAndGradient(x, gradient)
    const slopes = [0, 1].map((j) => {
      const up = x.slice()
      const down = x.slice()
      up[j] = (up[j] as number) + 1e-6
      down[j] = (down[j] as number) - 1e-6
      const slope = (acquisition.value(up) - acquisition.value(down)) / 2e-6
      return ((gradient[j] as number) - slope) / (1 + Math.abs(slope))
    })
    const gaps = [acquisition.value(x) - value, (together[i] as number) - value]
    // A choice has no slope.
    return [...slopes, ...gaps, gradient[2] as number]
  })
  return Math.max(...errors.map(Math.abs))
}

describe('GaussianProcess', () => {
  it('believes what it was told, where there is no noise', () => {
    const exact = new GaussianProcess(inputs(), values(0), { ...PARAMETERS, noise: 1e-9 })
    for (let i = 0; i < N; i++) {
      const { mean, variance } = exact.at(rows(N).slice(3 * i, 3 * i + 3))
      expect(mean).toBeCloseTo(values(0)[i] as number, 5)
      expect(variance).toBeLessThan(1e-6)
    }
  })

  it('believes its prior far from all it knows', () => {
    const { mean, variance } = process().at(Float64Array.of(50, 50, 0))
    expect(mean).toBeCloseTo(0, 9)
    expect(variance).toBeCloseTo(PARAMETERS.scale, 9)
  })

  it('is the same whether it is told all at once or the last values later', () => {
    const all = process()
    const some = new GaussianProcess(
      inputsOf(rows(N), N - 4, Uint8Array.of(0, 0, 1)),
      values(0).slice(0, N - 4),
      PARAMETERS,
    )
    const later = some.given(rows(N).slice(3 * (N - 4)), values(0).slice(N - 4))
    for (const x of POINTS) {
      expect(later.at(x).mean).toBeCloseTo(all.at(x).mean, 9)
      expect(later.at(x).variance).toBeCloseTo(all.at(x).variance, 9)
    }
  })

  it('has the variances of its points on the diagonal of their covariance', () => {
    const joint = process().jointCovariance(rows(3, 'joint'), 3)
    for (let i = 0; i < 3; i++) {
      expect(joint[4 * i]).toBeCloseTo(process().at(rows(3, 'joint').slice(3 * i, 3 * i + 3)).variance, 9)
    }
    expect(joint[1]).toBe(joint[3])
  })

  it('survives points that lie on one another, and kernel parameters that are no numbers', () => {
    const same = inputsOf(new Float64Array(12), 4, Uint8Array.of(0, 0, 1))
    const y = Float64Array.of(1, -1, 1, -1)
    expect(
      new GaussianProcess(same, y, { ...PARAMETERS, noise: 0 }).at(new Float64Array(3)).mean,
    ).toBeCloseTo(0, 3)
    const broken = new GaussianProcess(same, y, { ...PARAMETERS, scale: Number.NaN })
    expect(broken.alpha).toHaveLength(4)
  })
})

describe('the fit of a kernel', () => {
  it('has the gradient of its loss', () => {
    const loss = lossOf(inputs(), values(0))
    const raw = rawOf(PARAMETERS)
    const gradient = new Float64Array(5)
    loss(raw, gradient)
    const room = new Float64Array(5)
    for (let j = 0; j < 5; j++) {
      const up = raw.slice()
      const down = raw.slice()
      up[j] = (up[j] as number) + 1e-5
      down[j] = (down[j] as number) - 1e-5
      expect(gradient[j]).toBeCloseTo((loss(up, room) - loss(down, room)) / 2e-5, 4)
    }
  })

  it('ends at the same place from elsewhere', () => {
    const cold = fitKernel(inputs(), values(0), { gradientTolerance: 1e-5 })
    const warm = fitKernel(inputs(), values(0), { gradientTolerance: 1e-5, start: PARAMETERS })
    expect(warm.scale).toBeCloseTo(cold.scale, 2)
    expect(warm.inverseSquaredLengthscales[0]).toBeCloseTo(cold.inverseSquaredLengthscales[0] as number, 1)
  })

  it('leaves the noise at its minimum for values without noise', () => {
    expect(fitKernel(inputs(), values(0), { isDeterministic: true, minimumNoise: 1e-5 }).noise).toBe(1e-5)
  })

  it('falls back on the default where nothing can be fitted', () => {
    expect(fitKernel(inputs(), new Float64Array(N).fill(Number.NaN), { start: PARAMETERS })).toMatchObject({
      scale: 1,
      noise: 1,
    })
  })
})

describe('acquisitions', () => {
  it('improve: the slope of the logarithm is right, near and far', () => {
    expect(slopeError(logExpectedImprovement(process(), 0.4))).toBeLessThan(1e-4)
    expect(slopeError(logExpectedImprovement(process(), 40))).toBeLessThan(1e-4)
  })

  it('keep a constraint', () => {
    expect(slopeError(logProbability(process(), 0.4))).toBeLessThan(1e-4)
    expect(
      slopeError(productOf([logExpectedImprovement(process(), 0.4), logProbability(process(1), 0.1)])),
    ).toBeLessThan(1e-4)
  })

  it('improve with trials still running', () => {
    const waiting = process().given(rows(2, 'running'), [0.1, 0.2])
    const fantasies = [0, 1, 2].map((s) => {
      const y = waiting.y.slice()
      y.set([0.1 * s, 0.5 - 0.2 * s], N)
      return { weights: waiting.weightsOf(y), threshold: 0.4 + 0.1 * s }
    })
    expect(slopeError(logFantasizedImprovement(waiting, fantasies))).toBeLessThan(1e-4)
  })

  it.each([2, 3])('add to the volume of %i objectives', (m) => {
    const processes = [0, 1, 2].slice(0, m).map(process)
    const losses = Array.from({ length: N }, (_, i) => processes.map(({ y }) => -(y[i] as number)))
    expect(slopeError(logHypervolumeImprovement(processes, losses))).toBeLessThan(1e-4)
    const fantasies = normalSobol(m, 8, randomStream('normals')).map((normals, s) => ({
      normals,
      losses: [...losses, losses[s] as number[]],
      weights: processes.map(({ alpha }) => alpha.map((weight) => weight * (1 + s / 50))),
    }))
    expect(slopeError(logFantasizedHypervolume(processes, fantasies, losses))).toBeLessThan(1e-4)
  })

  it('expect the volume that draws add in the mean', () => {
    const processes = [process(0), process(1)]
    const losses = Array.from({ length: N }, (_, i) => processes.map(({ y }) => -(y[i] as number)))
    const boxes = nonDominatedBoxes(losses, referencePoint(losses))
    const x = POINTS[1] as Float64Array
    const beliefs = processes.map((each) => each.at(x))
    const room = new Float64Array(boxes.length)
    const draws = normalSobol(2, 4096, randomStream('draws'))
    const mean = draws.reduce((sum, normals) => {
      const y = beliefs.map(
        ({ mean: middle, variance }, j) => -middle - Math.sqrt(variance) * (normals[j] as number),
      )
      return sum + Math.exp(logImprovement(y, boxes, room)) / draws.length
    }, 0)
    expect(Math.exp(logHypervolumeImprovement(processes, losses).value(x))).toBeCloseTo(mean, 3)
  })
})

describe('logEi', () => {
  it('goes over from formula to formula without a step', () => {
    for (const z of [-1, -25, -1e4]) expect(logEi(z - 1e-9) / logEi(z + 1e-9)).toBeCloseTo(1, 7)
    expect(logEi(-1e8)).toBeLessThan(logEi(-1e7))
    expect(logEi(1e8)).toBeCloseTo(Math.log(1e8), 9)
  })
})

describe('nonDominatedBoxes', () => {
  it.each([2, 3, 4])(
    'fills what %i losses leave: what a point adds is the difference of two volumes',
    (m) => {
      const random = randomStream(`boxes/${m}`)
      const losses = Array.from({ length: 12 }, () => Array.from({ length: m }, () => random.next()))
      const reference = Array.from({ length: m }, () => 1.1)
      const boxes = nonDominatedBoxes(losses, reference)
      const room = new Float64Array(boxes.length)
      const before = hypervolume(losses, reference)
      for (let i = 0; i < 20; i++) {
        const y = Array.from({ length: m }, () => random.next() * 0.7)
        const added = hypervolume([...losses, y], reference) - before
        expect(Math.exp(logImprovement(y, boxes, room))).toBeCloseTo(added, 8)
      }
    },
  )

  it('is one box where nothing lies under the reference', () => {
    expect(nonDominatedBoxes([[2, 2]], [1, 1])).toEqual([
      { lower: new Float64Array(2).fill(-Infinity), upper: new Float64Array(2).fill(1) },
    ])
  })
})

describe('maximizeAcquisition', () => {
  const axes = [
    { kind: 'continuous' as const },
    { kind: 'grid' as const, coordinates: Float64Array.from({ length: 50 }, (_, i) => (i + 0.5) / 50) },
    { kind: 'choice' as const, count: 5 },
  ]
  // The top is at (0.37, 0.61, 3).
  const hill = (x: Float64Array): number =>
    -(((x[0] as number) - 0.37) ** 2) - ((x[1] as number) - 0.61) ** 2 - (x[2] === 3 ? 0 : 1)
  const acquisition: Acquisition = {
    value: hill,
    valueAndGradient(x, gradient) {
      gradient.fill(0)
      gradient[0] = -2 * ((x[0] as number) - 0.37)
      return hill(x)
    },
    values: (points, m, out) => {
      for (let i = 0; i < m; i++) out[i] = hill(points.subarray(3 * i, 3 * i + 3))
    },
  }

  it('finds the top of a mixed space, and leaves alone what is not free', () => {
    const lengthScales = Float64Array.of(1, 1, 1)
    const random = randomStream('hill')
    const find = (free: readonly number[]) => {
      const options = {
        axes,
        lengthScales,
        known: [],
        random,
        regions: [{ base: Float64Array.of(0.9, 0.11, 0), free }],
        candidateCount: 16,
      }
      return maximizeAcquisition(acquisition, rankedCandidates(acquisition, options), options).x
    }
    expect([...find([0, 1, 2])].map((u) => Number(u.toFixed(4)))).toEqual([0.37, 0.61, 3])
    expect([...find([0])].map((u) => Number(u.toFixed(4)))).toEqual([0.37, 0.11, 0])
    expect([...find([])]).toEqual([0.9, 0.11, 0])
  })

  it('gives every value the same room', () => {
    expect(
      [0, 0.019, 0.02, 0.999].map((u) =>
        nearestIndex(axes[1]?.coordinates as Float64Array, spread(axes[1] as never, u)),
      ),
    ).toEqual([0, 0, 1, 49])
    expect(spread(axes[2] as never, 0.999)).toBe(4)
  })
})
