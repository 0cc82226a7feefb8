import { SpaceError } from '../errors.ts'
import { callOf, needAboveZero, needFinite, needPositive, needRange } from './bounds.ts'
import { type FloatDomain, made, type NormalDomain, type Scale } from './domain.ts'

/**
 * Numbers from `low` to `high`, all equally likely, as Ray Tune's `uniform`. `uniform(2, 2)` is the one number 2.
 * @throws {SpaceError} where the space is read, when a bound is not a finite number, or `low > high`.
 * @example new Tuner(train, { paramSpace: { dropout: uniform(0, 0.5) } })
 */
export function uniform(low: number, high: number): FloatDomain {
  return floats(() => {
    needRange(callOf('uniform', [low, high]), low, high)
    return float(low, high, 'linear')
  })
}

/**
 * Multiples of `q` from `low` to `high`, both included: a uniform draw, rounded to the nearest, as Ray Tune's
 * `quniform`, in its floating arithmetic. The two ends therefore come up half as often; values carry rounding error
 * (0.30000000000000004), and where `high / q` falls short of an integer by such an error, as 1.2 / 0.1 does, `high` does
 * not come up at all, though points may name it. `suggestFloat` with `step` gives every step alike. As in Ray Tune,
 * `q = 1` rounds nothing: use `qrandint`.
 * @param q - Distance of neighbouring values, above 0. Both bounds must be multiples of it.
 * @throws {SpaceError} where the space is read, when a bound is not finite or no multiple of `q`, `low > high`, or
 * `q` is not above 0.
 * @example new Tuner(train, { paramSpace: { dropout: quniform(0, 0.5, 0.1) } })
 */
export function quniform(low: number, high: number, q: number): FloatDomain {
  return floats(() => {
    const call = callOf('quniform', [low, high, q])
    needRange(call, low, high)
    const step = stepFrom(call, q)
    needMultiples(call, [low, high], q)
    return float(low, high, 'linear', step)
  })
}

/**
 * Numbers from `low` to `high` whose logarithms are equally likely, as Ray Tune's `loguniform`: for what varies over
 * orders of magnitude, such as learning rates.
 * @param low - Above 0.
 * @throws {SpaceError} where the space is read, when a bound is not a finite number, `low` is not above 0, or
 * `low > high`.
 * @example new Tuner(train, { paramSpace: { lr: loguniform(1e-5, 1e-1) } })
 */
export function loguniform(low: number, high: number): FloatDomain {
  return floats(() => {
    const call = callOf('loguniform', [low, high])
    needRange(call, low, high)
    needPositive(call, low, 'uniform')
    return float(low, high, 'log')
  })
}

/**
 * `loguniform`, rounded to multiples of `q`, both bounds included. As in Ray Tune, `q = 1` rounds nothing: use
 * `qlograndint`.
 * @param low - Above 0, a multiple of `q`.
 * @param q - Distance of neighbouring values, above 0.
 * @throws {SpaceError} as `quniform`, and when `low` is not above 0.
 * @example new Tuner(train, { paramSpace: { decay: qloguniform(0.001, 1, 0.001) } })
 */
export function qloguniform(low: number, high: number, q: number): FloatDomain {
  return floats(() => {
    const call = callOf('qloguniform', [low, high, q])
    needRange(call, low, high)
    needPositive(call, low, 'quniform')
    const step = stepFrom(call, q)
    needMultiples(call, [low, high], q)
    return float(low, high, 'log', step)
  })
}

/**
 * Numbers near 1, such as 0.9, 0.99 and 0.999, equally likely by the logarithm of their distance to 1: for momentum
 * and discount factors. Source: Syne Tune's `reverseloguniform`.
 * @param low - At least 0.
 * @param high - Below 1.
 * @throws {SpaceError} where the space is read, when a bound is not a finite number from 0 to below 1, or
 * `low > high`.
 * @example new Tuner(train, { paramSpace: { momentum: reverseLoguniform(0.5, 0.999) } })
 */
export function reverseLoguniform(low: number, high: number): FloatDomain {
  return floats(() => {
    const call = callOf('reverseLoguniform', [low, high])
    needRange(call, low, high)
    if (low < 0 || high >= 1) {
      throw new SpaceError('', `${call} needs bounds from 0 to below 1. Bring them closer, or use uniform.`, {
        received: [low, high],
      })
    }
    return float(low, high, 'reverseLog')
  })
}

/**
 * Normally distributed numbers, as Ray Tune's `randn`. There are no bounds: any finite number can come up.
 * @param mean - Default 0.
 * @param sd - Standard deviation, above 0. Default 1.
 * @throws {SpaceError} where the space is read, when `mean` is not a finite number, `sd` is not above 0, or its values
 * would be beyond the largest number.
 * @example new Tuner(train, { paramSpace: { bias: randn(0, 0.1) } })
 */
export function randn(mean = 0, sd = 1): NormalDomain {
  return made('domain', () => normal(callOf('randn', [mean, sd]), mean, sd), EMPTY_NORMAL)
}

/**
 * `randn`, rounded to the nearest multiple of `q`. As in Ray Tune, `q = 1` rounds nothing.
 * @param sd - Standard deviation, above 0.
 * @param q - Distance of neighbouring values, above 0.
 * @throws {SpaceError} where the space is read, as `randn`, and when `q` is not above 0.
 * @example new Tuner(train, { paramSpace: { bias: qrandn(0, 1, 0.25) } })
 */
export function qrandn(mean: number, sd: number, q: number): NormalDomain {
  return made(
    'domain',
    () => {
      const call = callOf('qrandn', [mean, sd, q])
      return normal(call, mean, sd, stepFrom(call, q))
    },
    EMPTY_NORMAL,
  )
}

function floats(make: () => FloatDomain): FloatDomain {
  return made('domain', make, EMPTY)
}

const EMPTY = float(Number.NaN, Number.NaN, 'linear')
const EMPTY_NORMAL: NormalDomain = { kind: 'normal', mean: Number.NaN, sd: Number.NaN, step: undefined }

function float(low: number, high: number, scale: Scale, step?: number): FloatDomain {
  return { kind: 'float', low, high, scale, step, rule: 'ray' }
}

// As far from the mean as chance will never come: a normal number beyond 8.6 needs more than 53 bits.
const DEVIATIONS_MAX = 10

function normal(call: string, mean: number, sd: number, step?: number): NormalDomain {
  needFinite(call, 'the mean', mean)
  needAboveZero(call, 'the standard deviation', sd)
  const furthest = Math.abs(mean) + DEVIATIONS_MAX * sd
  if (furthest === Infinity) {
    throw new SpaceError(
      '',
      `${call}: its values would be larger than a number can say. Give a smaller mean and standard deviation.`,
      { received: [mean, sd] },
    )
  }
  if (step !== undefined) needCountable(call, furthest, step)
  return { kind: 'normal', mean, sd, step }
}

function stepFrom(call: string, q: number): number | undefined {
  needAboveZero(call, 'q', q)
  // Ray Tune takes a quantum of 1 for none, in every domain.
  return q === 1 ? undefined : q
}

function needCountable(call: string, furthest: number, q: number): void {
  if (Number.isFinite(furthest / q)) return
  throw new SpaceError(
    '',
    `${call}: q is so small that ${furthest} is more steps from 0 than a number can say. Give a larger q, or use a domain without one.`,
    { received: q },
  )
}

function needMultiples(call: string, bounds: readonly number[], q: number): void {
  for (const bound of bounds) {
    needCountable(call, bound, q)
    const multiple = Math.round(bound / q)
    // Python's math.isclose, which is Ray Tune's test: 1.2 / 0.1 is 11.999999999999998.
    if (Math.abs(bound / q - multiple) <= 1e-9 * Math.max(Math.abs(bound / q), Math.abs(multiple))) continue
    throw new SpaceError(
      '',
      `${call}: both bounds must be multiples of q, but ${bound} is no multiple of ${q}. Take ${Number((multiple * q).toPrecision(12))}.`,
      { received: bound },
    )
  }
}
