/**
 * Which values promise most, by a model of how fast the score grows.
 *
 *   x // (1 + h) the score at the start and h hyperparameters, each from 0 to 1     t the time, from 0 to 1
 *   acquisition: μ(x, t) + √β σ(x, t), β = 0.2 + max(0, ln 0.4 n)
 *
 * Those that were chosen at the same time as this one count as tried, with what they led to unknown: σ is small near
 * them, μ does not know of them (Desautels et al. 2014, GP-BUCB).
 * Source: Parker-Holder et al. 2020, arXiv:2002.02518, equation 6.
 */
import {
  fitTimeVarying,
  type TimeVaryingParameters,
  TimeVaryingProcess,
  type TimedInputs,
} from '../../math/gaussian-process/time-varying.ts'
import { minimize } from '../../math/lbfgs.ts'
import type { RandomStream } from '../../random/random.ts'
import { clip } from '../../space/axis.ts'
import type { BanditData, Mark } from './growths.ts'
import type { BoundedParameter } from './bounds.ts'

// To fit costs most of all. A few rows more among many hardly change the model: then it stays what it is.
const REFIT_SHARE = 0.1
// So many points are looked at, and the most promising of them searched about.
const LOOKS = 30
const SEARCHES = 3

/**
 * Values, each from 0 to 1, for a trial that goes on from another. Needs two rows.
 * Cost: O(n²) for n rows, about a hundred times; O(n³) some times when a tenth of the rows are new.
 * @param donor - Where the other one stands.
 * @param ahead - How far the trial runs until it is ranked again.
 */
export function mostPromising(
  data: BanditData,
  parameters: readonly BoundedParameter[],
  donor: Mark,
  ahead: number,
  random: RandomStream,
): number[] {
  const { rows, pending } = data
  const h = parameters.length
  const time = scaleOf(rows.map((row) => row.time))
  const score = scaleOf(rows.map((row) => row.before))
  const start = score(donor.score)
  const now = time(donor.time + ahead)
  const points = rows.map(({ before, values }) => [
    score(before),
    ...values.map((value, j) => unitOf(value, parameters[j] as BoundedParameter)),
  ])
  const known = inputsOf(
    points,
    rows.map((row) => time(row.time)),
  )
  const y = standardised(rows.map((row) => row.growth))
  const fitted = modelOf(data, known, y)
  const believed = new TimeVaryingProcess(known, y, fitted)
  const tried = withPending(
    known,
    pending.map((units) => [start, ...units]),
    now,
  )
  const wellKnown =
    tried === known ? believed : new TimeVaryingProcess(tried, new Float64Array(tried.n), fitted)

  const rootBeta = Math.sqrt(0.2 + Math.max(0, Math.log(0.4 * rows.length)))
  const x = new Float64Array(1 + h).fill(start)
  const room = (): Float64Array => new Float64Array(1 + h)
  const [meanSlope, varianceSlope, unused] = [room(), room(), room()]
  const disappointment = (units: Float64Array, gradient: Float64Array): number => {
    x.set(units, 1)
    const mean = believed.meanAt(x, now, meanSlope)
    const { variance } = wellKnown.at(x, now, unused, varianceSlope)
    const deviation = Math.sqrt(Math.max(variance, 1e-12))
    for (let j = 0; j < h; j++) {
      const slope = (rootBeta * (varianceSlope[1 + j] as number)) / (2 * deviation)
      gradient[j] = -(meanSlope[1 + j] as number) - slope
    }
    return -mean - rootBeta * deviation
  }
  return leastOf(disappointment, h, random)
}

type Disappointment = (units: Float64Array, gradient: Float64Array) => number

/** Where a function of `h` numbers from 0 to 1 is least, as far as is found. */
function leastOf(f: Disappointment, h: number, random: RandomStream): number[] {
  const bounds = { lower: new Float64Array(h), upper: new Float64Array(h).fill(1) }
  const unused = new Float64Array(h)
  const looks = Array.from({ length: LOOKS }, () => {
    const units = Float64Array.from({ length: h }, () => random.next())
    return { units, value: f(units, unused) }
  })
  const minima = looks
    .toSorted((a, b) => a.value - b.value)
    .slice(0, SEARCHES)
    .map(({ units }) => minimize(f, units, { bounds, iterationsMax: 50 }))
  const best = minima.reduce((a, b) => (b.value < a.value ? b : a))
  return [...best.x]
}

/** The parameters of the model: those of before, or, when enough rows are new, from there on to where they fit best. */
function modelOf(data: BanditData, known: TimedInputs, y: Float64Array): TimeVaryingParameters {
  const { fitted, rowCount } = data
  if (fitted !== undefined && rowCount - fitted.rowCount < REFIT_SHARE * known.n) return fitted.parameters
  const parameters = fitTimeVarying(known, y, fitted?.parameters)
  data.fitted = { parameters, rowCount }
  return parameters
}

/** A scale on which the smallest of some numbers is 0 and the largest 1. */
function scaleOf(numbers: readonly number[]): (x: number) => number {
  const low = Math.min(...numbers)
  const span = Math.max(...numbers) - low || 1
  return (x) => (x - low) / span
}

function unitOf(value: number, { min, max }: BoundedParameter): number {
  return max > min ? (value - min) / (max - min) : 0
}

/** Of mean 0 and deviation 1, cut at two deviations: one collapse must not hide all else. */
function standardised(numbers: readonly number[]): Float64Array {
  const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length
  const deviation = Math.sqrt(numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / numbers.length)
  return Float64Array.from(numbers, (x) => clip((x - mean) / (deviation || 1), -2, 2))
}

function inputsOf(points: readonly (readonly number[])[], times: readonly number[]): TimedInputs {
  return {
    n: points.length,
    d: points[0]?.length ?? 0,
    points: Float64Array.from(points.flat()),
    times: Float64Array.from(times),
  }
}

function withPending(known: TimedInputs, pending: readonly (readonly number[])[], now: number): TimedInputs {
  if (pending.length === 0) return known
  return {
    n: known.n + pending.length,
    d: known.d,
    points: Float64Array.from([...known.points, ...pending.flat()]),
    times: Float64Array.from([...known.times, ...pending.map(() => now)]),
  }
}
