import type { FloatDomain, IntDomain, Scale } from './domain.ts'

/** A domain of numbers between two bounds. */
export type NumericDomain = FloatDomain | IntDomain

/** The number on the scale where a domain is even: its logarithm, that of its distance to 1, or itself. */
export function toScale(scale: Scale, x: number): number {
  if (scale === 'log') return Math.log(x)
  return scale === 'reverseLog' ? -Math.log1p(-x) : x
}

/** The number that `toScale` came from. */
export function fromScale(scale: Scale, t: number): number {
  if (scale === 'log') return Math.exp(t)
  return scale === 'reverseLog' ? -Math.expm1(-t) : t
}

/**
 * The ends of a domain on a scale, half a step wider when `wide`, so that each step has room of its own.
 * Source: Optuna 5, `_SearchSpaceTransform`.
 */
export function scaledBounds(
  domain: NumericDomain,
  scale: Scale,
  wide: boolean,
): [low: number, high: number] {
  const half = wide && domain.step !== undefined ? domain.step / 2 : 0
  return [toScale(scale, domain.low - half), toScale(scale, domain.high + half)]
}

/**
 * The value of a domain that a number on a scale stands for: the nearest step, or, without steps, the number itself,
 * kept just under `high` (Optuna's convention for continuous domains).
 * Source: Optuna 5, `_untransform_numerical_param`.
 */
export function fromAxis(domain: NumericDomain, scale: Scale, t: number): number {
  const x = fromScale(scale, t)
  if (domain.step === undefined) {
    return domain.low === domain.high ? domain.low : clip(x, domain.low, nextBelow(domain.high))
  }
  // Optuna cuts, where it otherwise rounds, an integer whose domain is logarithmic but whose axis is not.
  if (domain.kind === 'int' && domain.scale === 'log' && scale === 'linear') {
    return clip(
      Math.trunc((x - domain.low) / domain.step) * domain.step + domain.low,
      domain.low,
      domain.high,
    )
  }
  const steps = (x - domain.low) / domain.step
  // Optuna rounds the steps of an evenly spread integer up from the middle, so that each has the same room.
  const isEven = domain.kind === 'int' && domain.scale === 'linear'
  const nearest = isEven ? Math.floor(steps + 0.5) : roundHalfEven(steps)
  return clip(nearest * domain.step + domain.low, domain.low, domain.high)
}

/** Rounds to the nearest integer, from the middle to the even one, as NumPy and Python do. Never gives -0. */
export function roundHalfEven(x: number): number {
  const nearest = Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x)
  return nearest + 0
}

/** `x`, or the bound that it is beyond. */
export function clip(x: number, low: number, high: number): number {
  return x < low ? low : x > high ? high : x
}

const float = new Float64Array(1)
const bits = new BigInt64Array(float.buffer)

/** The largest double under `x`, which must be finite. */
export function nextBelow(x: number): number {
  if (x === 0) return -Number.MIN_VALUE
  float[0] = x
  // The bits of a double count its magnitude.
  bits[0] = (bits[0] as bigint) + (x > 0 ? -1n : 1n)
  return float[0]
}
