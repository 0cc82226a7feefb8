import type { RandomStream } from '../random/random.ts'
import {
  clip,
  fromAxis,
  fromScale,
  type NumericDomain,
  roundHalfEven,
  scaledBounds,
  toScale,
} from './axis.ts'
import type { Domain, FloatDomain, IntDomain, NormalDomain } from './domain.ts'
import { assertNever, SpaceError } from '../errors.ts'

/** Draws one value of a domain. */
export type Draw = (random: RandomStream) => unknown

/**
 * A function that draws from a domain, with all that does not change from draw to draw worked out beforehand.
 * Source of the rule `'ray'`: Ray Tune 2.58, `ray.tune.search.sample`, floating error included; of `'optuna'`: Optuna 5,
 * a uniform draw from the transformed domain. Values are kept within the bounds, which a logarithm may miss by a bit.
 * @throws {SpaceError} for a computed domain, whose value is not drawn.
 */
export function drawOf(domain: Domain): Draw {
  switch (domain.kind) {
    case 'float':
      return domain.rule === 'optuna' ? drawWholeSteps(domain) : drawFloat(domain)
    case 'int':
      return domain.rule === 'optuna' ? drawWholeSteps(domain) : drawInt(domain)
    case 'normal':
      return drawNormal(domain)
    case 'categorical':
    case 'grid':
      return drawChoice(domain.choices)
    case 'computed':
      throw new SpaceError('', 'A computed value is not drawn. Leave sampleFrom out of what is sampled.')
    default:
      return assertNever(domain, 'domain')
  }
}

function drawChoice(choices: readonly unknown[]): Draw {
  return (random) => choices[random.below(choices.length)]
}

function drawNormal({ mean, sd, step }: NormalDomain): Draw {
  if (step === undefined) return (random) => mean + sd * random.normal()
  return (random) => roundHalfEven((mean + sd * random.normal()) / step) * step
}

function drawWholeSteps(domain: NumericDomain): Draw {
  const [from, to] = scaledBounds(domain, domain.scale, true)
  const width = to - from
  return (random) => fromAxis(domain, domain.scale, from + random.next() * width)
}

function drawFloat(domain: FloatDomain): Draw {
  const { low, high, scale, step } = domain
  if (low === high) return () => low
  const [least, most] = step === undefined ? [low, high] : multiplesWithin(low, high, step)
  const from = toScale(scale, least)
  const width = toScale(scale, most) - from
  if (step === undefined) return (random) => clip(fromScale(scale, from + random.next() * width), low, high)
  return (random) => roundHalfEven(fromScale(scale, from + random.next() * width) / step) * step
}

function drawInt(domain: IntDomain): Draw {
  const { low, high, scale, step } = domain
  if (low === high) return () => low
  // Ray draws below an upper bound that it leaves out: one past `high`, unless rounding to a step will reach `high`.
  const bound = step === 1 ? high + 1 : high
  const draw =
    scale === 'log' ? drawLogInt(low, bound) : (random: RandomStream) => low + random.below(bound - low)
  if (step === 1) return (random) => clip(draw(random), low, high)
  return (random) => clip(roundHalfEven(draw(random) / step) * step, low, high)
}

function drawLogInt(low: number, bound: number): (random: RandomStream) => number {
  const from = Math.log(low)
  const width = Math.log(bound) - from
  return (random) => Math.floor(Math.exp(from + random.next() * width))
}

// In floating numbers, as Ray does: the floor of 1.2 / 0.1 is 11, so quniform(0.3, 1.2, 0.1) is drawn up to 1.1.
function multiplesWithin(low: number, high: number, step: number): [number, number] {
  return [Math.ceil(low / step) * step, Math.floor(high / step) * step]
}
