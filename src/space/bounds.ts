import { describe } from '../core/options.ts'
import { SpaceError } from '../errors.ts'

/** A call as a message shows it: `uniform(0, 1)`. */
export function callOf(factory: string, args: readonly unknown[]): string {
  return `${factory}(${args.map(describe).join(', ')})`
}

/** @throws {SpaceError} unless both bounds are finite numbers, the right way round. */
export function needRange(call: string, low: number, high: number): void {
  needFinite(call, 'the low bound', low)
  needFinite(call, 'the high bound', high)
  needOrder(call, low, high)
}

/** @throws {SpaceError} unless both bounds are integers that a double holds exactly, the right way round. */
export function needIntegerRange(call: string, low: number, high: number): void {
  needInteger(call, 'the low bound', low)
  needInteger(call, 'the high bound', high)
  needOrder(call, low, high)
}

/** @throws {SpaceError} unless the value is a finite number. */
export function needFinite(call: string, what: string, value: unknown): void {
  if (typeof value === 'number' && Number.isFinite(value)) return
  throw new SpaceError(
    '',
    `${call}: ${what} must be a finite number, got ${describe(value)}. Give a number.`,
    {
      received: value,
    },
  )
}

/** @throws {SpaceError} unless the value is an integer that a double holds exactly. */
export function needInteger(call: string, what: string, value: unknown): void {
  if (Number.isSafeInteger(value)) return
  throw new SpaceError(
    '',
    `${call}: ${what} must be an integer, got ${describe(value)}. Round it, or use a domain of numbers.`,
    { received: value },
  )
}

/** @throws {SpaceError} unless a logarithmic domain begins above 0. */
export function needPositive(call: string, low: number, instead: string): void {
  if (low > 0) return
  throw new SpaceError(
    '',
    `${call} needs a low bound above 0, got ${low}. Give a small one, or use ${instead}.`,
    {
      received: low,
    },
  )
}

/** @throws {SpaceError} unless the value is a finite number above 0. */
export function needAboveZero(call: string, what: string, value: unknown): void {
  if (typeof value === 'number' && value > 0 && value < Infinity) return
  throw new SpaceError(
    '',
    `${call}: ${what} must be a number above 0, got ${describe(value)}. Give such a number.`,
    {
      received: value,
    },
  )
}

function needOrder(call: string, low: number, high: number): void {
  if (low > high) {
    throw new SpaceError('', `${call}: the low bound ${low} is above the high bound ${high}. Swap them.`, {
      received: [low, high],
    })
  }
  if (high - low === Infinity) {
    throw new SpaceError(
      '',
      `${call}: the bounds are further apart than a number can say. Bring them closer.`,
      {
        received: [low, high],
      },
    )
  }
}
