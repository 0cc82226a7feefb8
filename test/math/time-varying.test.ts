import { describe, expect, it } from 'vitest'
import {
  fitTimeVarying,
  logsOf,
  lossOf,
  TimeVaryingProcess,
  type TimedInputs,
} from '../../src/math/gaussian-process/time-varying.ts'
import { randomStream } from '../../src/random/random.ts'

const parameters = { variance: 1.3, lengthscale: 0.4, forgetting: 0.2, noise: 0.05 }

/** Values of a function of two coordinates and the time, at points drawn at random. */
function sampled(n: number, f: (a: number, b: number, time: number) => number) {
  const random = randomStream('sampled')
  const points = Float64Array.from({ length: 2 * n }, () => random.next())
  const times = Float64Array.from({ length: n }, (_, i) => i / n)
  const y = times.map((time, i) => f(points[2 * i] as number, points[2 * i + 1] as number, time))
  const inputs: TimedInputs = { n, d: 2, points, times }
  return { inputs, y }
}

/** The slope of a function at a point, by differences. */
function slopeOf(f: (x: Float64Array) => number, x: Float64Array): number[] {
  return Array.from(x, (_, j) => {
    const at = (step: number): number => f(x.map((value, k) => value + (k === j ? step : 0)))
    return (at(1e-5) - at(-1e-5)) / 2e-5
  })
}

describe('a Gaussian process whose function drifts', () => {
  it('knows how its likelihood changes with its parameters', () => {
    const { inputs, y } = sampled(15, (a, b) => Math.sin(5 * a) + b)
    const loss = lossOf(inputs, y)
    const gradient = new Float64Array(4)
    const at = logsOf(parameters)
    loss(at, gradient)
    const expected = slopeOf((logs) => loss(logs, new Float64Array(4)), at)
    expected.forEach((slope, j) => expect(gradient[j]).toBeCloseTo(slope, 6))
  })

  it('has the likelihood that the definition gives, for two points', () => {
    const inputs = { n: 2, d: 1, points: Float64Array.of(0, 0.5), times: Float64Array.of(0, 1) }
    const y = Float64Array.of(1, -0.5)
    const k = 1.3 * Math.exp(-0.25 / 0.4) * Math.sqrt(0.8)
    const determinant = 1.35 ** 2 - k ** 2
    const fit = (1.35 * (1 + 0.25) - 2 * k * -0.5) / determinant
    const value = lossOf(inputs, y)(logsOf(parameters), new Float64Array(4))
    expect(value).toBeCloseTo(0.5 * fit + 0.5 * Math.log(determinant), 12)
  })

  it('knows how its belief changes with the point', () => {
    const { inputs, y } = sampled(12, (a, b) => a - b * b)
    const process = new TimeVaryingProcess(inputs, y, parameters)
    const [byMean, byVariance, room] = [0, 1, 2].map(() => new Float64Array(2)) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ]
    const x = Float64Array.of(0.3, 0.6)
    process.at(x, 0.9, byMean, byVariance)
    const beliefAt = (point: Float64Array) => process.at(point, 0.9, room, room)
    slopeOf((point) => beliefAt(point).mean, x).forEach((slope, j) => expect(byMean[j]).toBeCloseTo(slope, 6))
    slopeOf((point) => beliefAt(point).variance, x).forEach((slope, j) =>
      expect(byVariance[j]).toBeCloseTo(slope, 6),
    )
  })

  it('believes what it was told where it was told it, and less as time passes', () => {
    const { inputs, y } = sampled(10, (a, b) => a + b)
    const process = new TimeVaryingProcess(inputs, y, { ...parameters, noise: 1e-6 })
    const room = new Float64Array(2)
    const x = inputs.points.slice(6, 8)
    const [then, later] = [inputs.times[3] as number, 5].map((time) => process.at(x, time, room, room))
    expect(then?.mean).toBeCloseTo(y[3] as number, 3)
    expect(then?.variance).toBeLessThan(1e-4)
    expect(later?.variance).toBeGreaterThan(0.1)
  })

  it('takes twice the same point at the same time', () => {
    const inputs = { n: 2, d: 1, points: Float64Array.of(0.5, 0.5), times: Float64Array.of(1, 1) }
    const process = new TimeVaryingProcess(inputs, Float64Array.of(1, 0), { ...parameters, noise: 0 })
    const room = new Float64Array(1)
    expect(process.at([0.5], 1, room, room).mean).toBeCloseTo(0.5, 2)
  })

  it('finds by the data how much is forgotten, and how much is noise', () => {
    const same = sampled(60, (a) => Math.sin(6 * a))
    const turning = sampled(60, (a, _, time) => Math.sin(6 * a) * Math.cos(9 * time))
    const stays = fitTimeVarying(same.inputs, same.y)
    const turns = fitTimeVarying(turning.inputs, turning.y)
    expect(stays.forgetting).toBeLessThan(0.01)
    expect(turns.forgetting).toBeGreaterThan(10 * stays.forgetting)
    const random = randomStream('noise')
    const blurred = fitTimeVarying(
      same.inputs,
      same.y.map((value) => value + 0.3 * random.normal()),
    )
    expect(Math.sqrt(blurred.noise)).toBeGreaterThan(0.15)
    expect(Math.sqrt(stays.noise)).toBeLessThan(0.05)
  })
})
