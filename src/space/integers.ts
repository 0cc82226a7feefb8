import { SpaceError } from '../errors.ts'
import { callOf, needInteger, needIntegerRange, needPositive } from './bounds.ts'
import { type IntDomain, made } from './domain.ts'

/**
 * Integers from `low` up to, not including, `high`, all equally likely, as Ray Tune's `randint`.
 * @throws {SpaceError} where the space is read, when a bound is not an integer, or `low >= high`.
 * @example new Tuner(train, { paramSpace: { layers: randint(1, 5) } }) // 1, 2, 3 or 4
 */
export function randint(low: number, high: number): IntDomain {
  return integers(() => {
    const call = callOf('randint', [low, high])
    needIntegerRange(call, low, high)
    if (low === high) {
      throw new SpaceError(
        '',
        `${call} has no values, since its high bound is left out. Use randint(${low}, ${high + 1}).`,
        {
          received: [low, high],
        },
      )
    }
    return int(low, high - 1, 'linear', 1)
  })
}

/**
 * Multiples of `q` from `low` to `high`, `high` included: a uniform draw, rounded to the nearest, as Ray Tune's
 * `qrandint`. The two ends come up less often than the others; with `q = 2`, `high` does not when `high / 2` is odd,
 * though points may name it and other searchers propose it. As in Ray Tune, `q = 1` rounds nothing: that is `randint`,
 * whose upper bound is left out.
 * @param q - Distance of neighbouring values, integer from 1. Bounds that are no multiples of it move inwards. Default 1.
 * @throws {SpaceError} where the space is read, when a bound or `q` is not an integer, `low > high`, `q < 1`, or no
 * multiple lies between.
 * @example new Tuner(train, { paramSpace: { batchSize: qrandint(16, 256, 16) } })
 */
export function qrandint(low: number, high: number, q = 1): IntDomain {
  return integers(() => {
    const call = callOf('qrandint', [low, high, q])
    needIntegerRange(call, low, high)
    const [first, last] = multiplesWithin(call, low, high, q)
    return int(first, last, 'linear', q)
  })
}

/**
 * Integers from `low` up to, not including, `high`, likely by their logarithm, as Ray Tune's `lograndint`.
 * `lograndint(5, 5)` is the one number 5.
 * @param low - From 1.
 * @throws {SpaceError} where the space is read, when a bound is not an integer, `low < 1`, or `low > high`.
 * @example new Tuner(train, { paramSpace: { width: lograndint(8, 1025) } })
 */
export function lograndint(low: number, high: number): IntDomain {
  return integers(() => {
    const call = callOf('lograndint', [low, high])
    needIntegerRange(call, low, high)
    needPositive(call, low, 'randint')
    return int(low, Math.max(low, high - 1), 'log', 1)
  })
}

/**
 * `lograndint`, rounded to multiples of `q`, `high` included. As in Ray Tune, `q = 1` rounds nothing: that is
 * `lograndint`, whose upper bound is left out.
 * @param low - From 1.
 * @param q - Distance of neighbouring values, integer from 1. Bounds that are no multiples of it move inwards.
 * @throws {SpaceError} as `qrandint`, and when `low < 1`.
 * @example new Tuner(train, { paramSpace: { width: qlograndint(8, 1024, 8) } })
 */
export function qlograndint(low: number, high: number, q: number): IntDomain {
  return integers(() => {
    const call = callOf('qlograndint', [low, high, q])
    needIntegerRange(call, low, high)
    needPositive(call, low, 'qrandint')
    const [first, last] = multiplesWithin(call, low, high, q)
    return int(first, last, 'log', q)
  })
}

function integers(make: () => IntDomain): IntDomain {
  return made('domain', make, EMPTY)
}

const EMPTY = int(Number.NaN, Number.NaN, 'linear', 1)

function int(low: number, high: number, scale: IntDomain['scale'], step: number): IntDomain {
  return { kind: 'int', low, high, scale, step, rule: 'ray' }
}

function multiplesWithin(call: string, low: number, high: number, q: number): [number, number] {
  needInteger(call, 'q', q)
  if (q < 1)
    throw new SpaceError('', `${call}: q must be 1 or more, got ${q}. Give the distance of values.`, {
      received: q,
    })
  if (q === 1) return [low, Math.max(low, high - 1)]
  const [first, last] = [Math.ceil(low / q) * q + 0, Math.floor(high / q) * q + 0]
  if (first <= last) return [first, last]
  throw new SpaceError(
    '',
    `${call} has no values: no multiple of ${q} lies from ${low} to ${high}. Widen the bounds.`,
    {
      received: [low, high],
    },
  )
}
