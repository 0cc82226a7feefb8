import { fromAxis, type NumericDomain, roundHalfEven, scaledBounds, toScale } from '../../space/axis.ts'
import { choiceIndex } from '../../space/values.ts'
import type { Domain, NormalDomain, Scale } from '../../space/domain.ts'

/**
 * How one parameter is modelled. Values come as the model has them: a number itself, a choice as its position.
 * The kernels of numbers live on their scale, where a domain is even.
 */
export type Axis = NumericAxis | ChoiceAxis

/** A parameter whose values are near or far from each other: numbers, and choices in an order. */
export interface NumericAxis {
  readonly kind: 'numeric'
  readonly scale: Scale
  /** Ends of the domain on its scale, half a step wider where it has steps. */
  readonly low: number
  readonly high: number
  /** 0 for a continuous domain. */
  readonly step: number
  /** Centre of the prior kernel, on the scale. */
  readonly centre: number
  /** Bandwidth of the prior kernel, which is the widest that a kernel may have. */
  readonly width: number
  /** The model's value; NaN when the axis has no place for it. */
  read(value: unknown): number
  /** The value of the domain that is nearest to a number on the scale, as the model has it. */
  nearest(t: number): number
  /** The parameter's value. */
  write(value: number): unknown
}

/** A parameter whose values are the same or not. */
export interface ChoiceAxis {
  readonly kind: 'choice'
  readonly count: number
  /** The choice's position; NaN when it is none. */
  read(value: unknown): number
  write(value: number): unknown
}

/**
 * The axis of a domain; undefined for one with a single value, which leaves nothing to model, and for computed values.
 *
 * Numbers have kernels over the whole domain, with a prior kernel as wide as it is, in the middle (Optuna 5). `randn`
 * has the prior itself as its prior kernel, as in Bergstra et al. 2011, and is cut five deviations from its mean.
 * Choices in an order are their positions, one step apart.
 */
export function axisOf(domain: Domain): Axis | undefined {
  switch (domain.kind) {
    case 'float':
    case 'int':
      return domain.low === domain.high ? undefined : numericAxis(domain)
    case 'normal':
      return domain.sd === 0 ? undefined : normalAxis(domain)
    case 'categorical':
    case 'grid':
      if (domain.choices.length < 2) return undefined
      return domain.kind === 'categorical' && domain.ordered ? positionAxis(domain) : choiceAxis(domain)
    case 'computed':
      return undefined
  }
}

function numericAxis(domain: NumericDomain): NumericAxis {
  const { scale, step = 0 } = domain
  const [low, high] = scaledBounds(domain, scale, true)
  const width = high - low
  return {
    kind: 'numeric',
    scale,
    low,
    high,
    step,
    centre: 0.5 * (low + high),
    width,
    read(value) {
      if (typeof value !== 'number') return Number.NaN
      // A domain may have moved since a trial drew from it. Beyond its own width a value says nothing of it.
      const t = toScale(scale, value)
      return t >= low - width && t <= high + width ? value : Number.NaN
    },
    nearest: (t) => fromAxis(domain, scale, t),
    write: (value) => value,
  }
}

function normalAxis({ mean, sd, step = 0 }: NormalDomain): NumericAxis {
  const low = mean - 5 * sd
  const high = mean + 5 * sd
  return {
    kind: 'numeric',
    scale: 'linear',
    low: low - step / 2,
    high: high + step / 2,
    step,
    centre: mean,
    width: sd,
    read: (value) =>
      typeof value === 'number' && value >= low - 5 * sd && value <= high + 5 * sd ? value : Number.NaN,
    nearest: (t) => (step === 0 ? t : roundHalfEven(t / step) * step),
    write: (value) => value,
  }
}

function positionAxis(domain: { readonly choices: readonly unknown[] }): NumericAxis {
  const high = domain.choices.length - 1
  return {
    ...numericAxis({ kind: 'int', low: 0, high, scale: 'linear', step: 1, rule: 'optuna' }),
    read: positionOf(domain),
    write: (value) => domain.choices[value],
  }
}

function choiceAxis(domain: { readonly choices: readonly unknown[] }): ChoiceAxis {
  return {
    kind: 'choice',
    count: domain.choices.length,
    read: positionOf(domain),
    write: (value) => domain.choices[value],
  }
}

function positionOf(domain: { readonly choices: readonly unknown[] }): (value: unknown) => number {
  return (value) => {
    const position = choiceIndex(domain, value)
    return position < 0 ? Number.NaN : position
  }
}
