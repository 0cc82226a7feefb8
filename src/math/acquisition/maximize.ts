/**
 * The most promising point of a mixed space: many candidates are looked at, and from the best of them a local search
 * goes up, along the gradient where coordinates are continuous and value by value where they are not.
 * Source: Optuna 5, `_gp/optim_mixed.py`, for the outline: candidates, roulette and turns of both searches.
 */
import type { RandomStream } from '../../random/random.ts'
import { minimize } from '../lbfgs.ts'
import { SobolSequence } from '../sobol.ts'
import type { Acquisition } from './acquisition.ts'
import { type Axis, nearestIndex, spread } from './axis.ts'

/** A part of the space within which every coordinate can move by itself. */
export interface Region {
  /** A point of the region; coordinates that are not free stay as they are here. Shape (d). */
  readonly base: Float64Array
  /** The coordinates that may move. */
  readonly free: readonly number[]
}

/** A point to begin a local search at. */
export interface Start {
  readonly x: Float64Array
  readonly region: Region
}

/** What `maximizeAcquisition` is asked. */
export interface MaximizeOptions {
  readonly axes: readonly Axis[]
  /** At least one. */
  readonly regions: readonly Region[]
  /** The length scale of each coordinate: steps are in proportion to it. Shape (d). */
  readonly lengthScales: Float64Array
  /** Good points that are known. */
  readonly known: readonly Start[]
  readonly random: RandomStream
  /** Candidates in all, at least. Default 512. */
  readonly candidateCount?: number
  /** Local searches. Default 10. */
  readonly searchCount?: number
}

const SWEEPS_MAX = 20
// Above that, a grid is searched by steps of halving width, and choices by a sample.
const EXHAUSTIVE_MAX = 16
const CHOICES_MAX = 64
// Coordinates beyond what Sobol numbers reach are drawn by chance.
const SOBOL_MAX = 400

/** A point and how promising it is. */
export interface Candidate extends Start {
  readonly value: number
}

/**
 * Candidates, the most promising first: points spread over every region alike, and some around those that are known.
 */
export function rankedCandidates(
  acquisition: Acquisition,
  { axes, regions, lengthScales, known, random, candidateCount = 512 }: MaximizeOptions,
): Candidate[] {
  const perRegion = Math.max(16, Math.ceil(candidateCount / regions.length))
  const starts = regions.flatMap((region, r) =>
    spreadOver(region, axes, perRegion, random.fork(`region/${r}`)),
  )
  for (const [i, start] of known.entries()) {
    const near = Math.ceil(candidateCount / 4 / known.length)
    starts.push(...around(start, axes, lengthScales, near, random.fork(`near/${i}`)))
  }
  const d = axes.length
  const points = new Float64Array(starts.length * d)
  starts.forEach(({ x }, i) => points.set(x, i * d))
  const values = new Float64Array(starts.length)
  acquisition.values(points, starts.length, values)
  return starts
    .map((start, i) => ({ ...start, value: Number.isNaN(values[i]) ? -Infinity : (values[i] as number) }))
    .sort((a, b) => b.value - a.value)
}

/**
 * The best point that is found from candidates and known points.
 * @param candidates - Those of `rankedCandidates`.
 * @returns Never worse than the best candidate.
 */
export function maximizeAcquisition(
  acquisition: Acquisition,
  candidates: readonly Candidate[],
  options: MaximizeOptions,
): Candidate {
  const { known, random, searchCount = 10 } = options
  const first = candidates[0] as Candidate
  const chosen = roulette(candidates, Math.max(1, searchCount - known.length), random.fork('roulette'))
  const starts = [...chosen, ...known.map((start) => ({ ...start, value: acquisition.value(start.x) }))]
  let best = first
  starts.forEach((start, i) => {
    const top = climb(acquisition, start, options, random.fork(`climb/${i}`))
    if (top.value > best.value) best = top
  })
  return best
}

function spreadOver(region: Region, axes: readonly Axis[], count: number, random: RandomStream): Start[] {
  const { base, free } = region
  if (free.length === 0) return [{ x: base.slice(), region }]
  const sobol = new SobolSequence(Math.min(free.length, SOBOL_MAX), { scramble: random.fork('sobol') })
  return Array.from({ length: count }, () => {
    const u = sobol.next()
    const x = base.slice()
    free.forEach((j, k) => {
      x[j] = spread(axes[j] as Axis, k < SOBOL_MAX ? (u[k] as number) : random.next())
    })
    return { x, region }
  })
}

/** Neighbours of a point: each has some coordinates moved, by a part of their length scale. */
function around(
  { x: centre, region }: Start,
  axes: readonly Axis[],
  lengthScales: Float64Array,
  count: number,
  random: RandomStream,
): Start[] {
  const { free } = region
  if (free.length === 0) return []
  return Array.from({ length: count }, (_, i) => {
    const x = centre.slice()
    // From steps that are coarse to steps that are fine.
    const width = 0.3 * 2 ** (-6 * (i / count))
    const share = Math.max(1 / free.length, random.next())
    for (const j of free) {
      if (random.next() >= share) continue
      const axis = axes[j] as Axis
      if (axis.kind === 'choice') x[j] = random.below(axis.count)
      else {
        const step = random.normal() * width * Math.min(1, lengthScales[j] as number)
        const moved = reflect((centre[j] as number) + step)
        x[j] = axis.kind === 'continuous' ? moved : spread(axis, moved)
      }
    }
    return { x, region }
  })
}

function reflect(u: number): number {
  const inside = Math.abs(u % 2)
  return inside > 1 ? 2 - inside : inside
}

/** The best candidate, and others with a chance in proportion to what they promise. */
function roulette(candidates: readonly Candidate[], count: number, random: RandomStream): Candidate[] {
  const [first] = candidates as [Candidate, ...Candidate[]]
  const chosen = [first]
  // What promises nothing beside the best could only win by rounding.
  const rest = candidates.slice(1).filter(({ value }) => value - first.value > -700)
  // The largest of value + Gumbel noise: a draw without replacement (Efraimidis & Spirakis 2006).
  const keys = rest.map(({ value }) => value - Math.log(-Math.log(1 - random.next())))
  const order = rest.map((_, i) => i).sort((a, b) => (keys[b] as number) - (keys[a] as number))
  for (const i of order.slice(0, count - 1)) chosen.push(rest[i] as Candidate)
  return chosen
}

function climb(
  acquisition: Acquisition,
  start: Candidate,
  { axes, lengthScales }: MaximizeOptions,
  random: RandomStream,
): Candidate {
  const { region } = start
  const continuous = region.free.filter((j) => (axes[j] as Axis).kind === 'continuous')
  const others = region.free.filter((j) => (axes[j] as Axis).kind !== 'continuous')
  const x = start.x.slice()
  let value = start.value
  for (let sweep = 0; sweep < SWEEPS_MAX; sweep++) {
    const before = value
    if (continuous.length > 0) value = ascend(acquisition, x, value, continuous, lengthScales)
    const afterAscent = value
    for (const j of others) value = searchAlong(acquisition, x, value, j, axes[j] as Axis, random)
    // With nothing changed since the last ascent, the next one would change nothing either.
    if (value <= afterAscent || value <= before) break
  }
  return { x, region, value }
}

/** Goes up along the gradient of the continuous coordinates, measured in their length scales. Moves `x`. */
function ascend(
  acquisition: Acquisition,
  x: Float64Array,
  value: number,
  continuous: readonly number[],
  lengthScales: Float64Array,
): number {
  const scales = continuous.map((j) => lengthScales[j] as number)
  const trial = x.slice()
  const slope = new Float64Array(x.length)
  const top = minimize(
    (z, gradient) => {
      continuous.forEach((j, k) => (trial[j] = Math.min(1, (z[k] as number) * (scales[k] as number))))
      const promise = acquisition.valueAndGradient(trial, slope)
      continuous.forEach((j, k) => (gradient[k] = -(slope[j] as number) * (scales[k] as number)))
      return -promise
    },
    Float64Array.from(continuous, (j, k) => (x[j] as number) / (scales[k] as number)),
    {
      gradientTolerance: 1e-2,
      valueTolerance: 1e-7,
      iterationsMax: 100,
      bounds: {
        lower: new Float64Array(continuous.length),
        upper: Float64Array.from(scales, (scale) => 1 / scale),
      },
    },
  )
  if (!(-top.value > value)) return value
  continuous.forEach((j, k) => (x[j] = Math.min(1, (top.x[k] as number) * (scales[k] as number))))
  return -top.value
}

/** Looks for a better value of one coordinate that is not continuous. Moves `x`. */
function searchAlong(
  acquisition: Acquisition,
  x: Float64Array,
  value: number,
  j: number,
  axis: Axis,
  random: RandomStream,
): number {
  let best = value
  const attempt = (coordinate: number): boolean => {
    const before = x[j] as number
    if (coordinate === before) return false
    x[j] = coordinate
    const promise = acquisition.value(x)
    if (promise > best) {
      best = promise
      return true
    }
    x[j] = before
    return false
  }
  if (axis.kind === 'choice') {
    for (let i = 0; i < Math.min(axis.count, CHOICES_MAX); i++) {
      attempt(axis.count <= CHOICES_MAX ? i : random.below(axis.count))
    }
  } else if (axis.kind === 'grid') {
    const { coordinates } = axis
    if (coordinates.length <= EXHAUSTIVE_MAX) coordinates.forEach(attempt)
    else {
      for (let step = coordinates.length >> 2; step >= 1; step >>= 1) {
        for (let moved = true; moved;) {
          const at = nearestIndex(coordinates, x[j] as number)
          moved = [at - step, at + step].some(
            (i) => i >= 0 && i < coordinates.length && attempt(coordinates[i] as number),
          )
        }
      }
    }
  }
  return best
}
