/**
 * Chooses configurations by what changes of the score others have led to: the time-varying bandit of PB2.
 *
 *   row: between two rankings of one trial with one configuration: when the second was, the score at the first, the
 *   configuration, and by how much the score grew in a unit of time
 *   x // (1 + h) the score at the start and h hyperparameters, each from 0 to 1     t the time, from 0 to 1
 *   acquisition: μ(x, t) + √β σ(x, t), β = 0.2 + max(0, ln 0.4 n)
 *
 * Those that were chosen at the same time as this one count as tried, with what they led to unknown: σ is small near
 * them, μ does not know of them (Desautels et al. 2014, GP-BUCB).
 * Source: Parker-Holder et al. 2020, arXiv:2002.02518, algorithm 1 and equation 6.
 */
import {
  fitTimeVarying,
  TimeVaryingProcess,
  type TimedInputs,
} from '../../math/gaussian-process/time-varying.ts'
import { minimize } from '../../math/lbfgs.ts'
import type { RandomStream } from '../../random/random.ts'
import { clip } from '../../space/axis.ts'
import type { BoundedParameter } from './bounds.ts'

/** What is known between two rankings of a trial. */
export interface Row {
  readonly time: number
  readonly before: number
  readonly values: readonly number[]
  /** Of the score, in a unit of time. */
  readonly growth: number
}

/** Where a trial stood when it was last ranked, or when it took over another. */
export interface Mark {
  readonly time: number
  readonly score: number
  readonly values: readonly number[]
}

/** All that the bandit remembers. Plain data. */
export interface BanditData {
  /** The newest, oldest first. */
  readonly rows: Row[]
  readonly marks: Map<number, Mark>
  /** How far the farthest trial was. */
  newest: number
  /** Values, each from 0 to 1, that were chosen when the farthest was where it is. */
  pending: number[][]
  pendingAt: number
  /** Of each parameter, whether all values seen of it were whole. */
  readonly isWhole: boolean[]
}

// Each costs a row and a column of a matrix to be inverted. Ray Tune keeps 200 to 1,000, as the likelihood says.
const ROWS_MAX = 200
const SEARCHES = 10

/** Nothing is known yet. */
export function noData(parameterCount: number): BanditData {
  return {
    rows: [],
    marks: new Map(),
    newest: -Infinity,
    pending: [],
    pendingAt: -Infinity,
    isWhole: Array.from({ length: parameterCount }, () => true),
  }
}

/** A trial was ranked. A score or a value that is no finite number starts it anew. */
export function addRanking(data: BanditData, trial: number, mark: Mark): void {
  const last = data.marks.get(trial)
  if (mark.time > data.newest) data.newest = mark.time
  if (!Number.isFinite(mark.score) || !mark.values.every(Number.isFinite)) {
    data.marks.delete(trial)
    return
  }
  data.marks.set(trial, mark)
  mark.values.forEach((value, j) => {
    if (!Number.isInteger(value)) data.isWhole[j] = false
  })
  if (last === undefined || !(mark.time > last.time)) return
  if (!mark.values.every((value, j) => value === last.values[j])) return
  const growth = (mark.score - last.score) / (mark.time - last.time)
  if (!Number.isFinite(growth)) return
  data.rows.push({ time: mark.time, before: last.score, values: mark.values, growth })
  if (data.rows.length > ROWS_MAX) data.rows.shift()
}

/**
 * The values that promise most for a trial that goes on from another; even chance where too little is known.
 * @param donor - Where the other one stands; undefined when that is not known.
 * @param ahead - How far the trial runs until it is ranked again.
 */
export function chooseValues(
  data: BanditData,
  parameters: readonly BoundedParameter[],
  donor: Mark | undefined,
  ahead: number,
  random: RandomStream,
): number[] {
  if (data.newest > data.pendingAt) {
    data.pendingAt = data.newest
    data.pending = []
  }
  const units =
    donor === undefined || data.rows.length < 2
      ? parameters.map(() => random.next())
      : mostPromising(data, parameters, donor, ahead, random)
  data.pending.push(units)
  return parameters.map(({ min, max }, j) => {
    const value = min + (units[j] as number) * (max - min)
    return clip(data.isWhole[j] === true ? Math.round(value) : value, min, max)
  })
}

function mostPromising(
  { rows, pending }: BanditData,
  parameters: readonly BoundedParameter[],
  donor: Mark,
  ahead: number,
  random: RandomStream,
): number[] {
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
  const fitted = fitTimeVarying(known, y)
  const believed = new TimeVaryingProcess(known, y, fitted)
  const tried = withPending(
    known,
    pending.map((units) => [start, ...units]),
    now,
  )
  const wellKnown =
    tried === known ? believed : new TimeVaryingProcess(tried, new Float64Array(tried.n), fitted)

  const beta = 0.2 + Math.max(0, Math.log(0.4 * rows.length))
  const x = new Float64Array(1 + h).fill(start)
  const [meanSlope, varianceSlope, unused] = [0, 1, 2].map(() => new Float64Array(1 + h)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ]
  const disappointment = (units: Float64Array, gradient: Float64Array): number => {
    x.set(units, 1)
    const { mean } = believed.at(x, now, meanSlope, unused)
    const { variance } = wellKnown.at(x, now, unused, varianceSlope)
    const deviation = Math.sqrt(Math.max(variance, 1e-12))
    for (let j = 0; j < h; j++) {
      const slope = (Math.sqrt(beta) * (varianceSlope[1 + j] as number)) / (2 * deviation)
      gradient[j] = -(meanSlope[1 + j] as number) - slope
    }
    return -mean - Math.sqrt(beta) * deviation
  }
  const bounds = { lower: new Float64Array(h), upper: new Float64Array(h).fill(1) }
  const minima = Array.from({ length: SEARCHES }, () =>
    minimize(
      disappointment,
      Float64Array.from({ length: h }, () => random.next()),
      { bounds, iterationsMax: 50 },
    ),
  )
  const best = minima.reduce((a, b) => (b.value < a.value ? b : a))
  return [...best.x]
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
