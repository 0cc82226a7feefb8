import { isPlainObject } from '../../core/metrics.ts'
import { describe } from '../../core/options.ts'
import { OptionError } from '../../errors.ts'
import type { RandomStream } from '../../random/random.ts'
import { clip, roundHalfEven } from '../../space/axis.ts'
import { brandOf, type Domain, flawOf, isDomain } from '../../space/domain.ts'
import { type Draw, drawOf } from '../../space/draw.ts'
import { sameValue } from '../../space/same-value.ts'

/**
 * What may become of one hyperparameter: a domain such as `loguniform(1e-4, 1e-1)`, a list of values of which neighbours
 * are alike, a function that draws a value, or an object of these where the configuration is nested.
 */
export type Mutation =
  | Domain
  | readonly unknown[]
  | ((random: RandomStream) => unknown)
  | { readonly [key: string]: Mutation }

/** A value near another, and how it came about, such as `* 1.2` or `shift left`. */
export interface Near {
  readonly to: unknown
  readonly by: string
}

/** One hyperparameter that may be changed. */
export interface Mutator {
  /** Where it stands in the configuration, key by key. */
  readonly keys: readonly string[]
  readonly draw: Draw
  /** Goes from a value to one near it; undefined where nothing is near, so that it has to be drawn. */
  readonly perturb: (value: unknown, random: RandomStream, factors: readonly number[]) => Near | undefined
}

/**
 * Reads `hyperparamMutations`, so that what cannot be used is refused where it was given.
 * @throws {OptionError} for a domain that is none, `sampleFrom`, `branch`, an empty list, a key with `/`, and what is no
 * mutation at all.
 */
export function readMutations(
  option: string,
  mutations: unknown,
  keys: readonly string[] = [],
): readonly Mutator[] {
  const path = [option, ...keys].join('/')
  const refuse = (problem: string): OptionError =>
    new OptionError(option, `${path} ${problem}`, { received: mutations })
  if (keys.length === 0 && (!isPlainObject(mutations) || brandOf(mutations) !== undefined)) {
    throw refuse(`must be an object with a mutation for each hyperparameter, got ${describe(mutations)}.`)
  }
  if (isDomain(mutations)) {
    const flaw = flawOf(mutations)
    if (flaw !== undefined) throw refuse(`cannot be drawn from: ${flaw.message}`)
    if (mutations.kind === 'computed') {
      throw refuse('is a sampleFrom, which there is nothing to draw from. Change it in customExploreFn.')
    }
    return [domainMutator(keys, mutations)]
  }
  if (brandOf(mutations) === 'branch') {
    throw refuse('is a branch. Name the parameters of its cases one by one, or use customExploreFn.')
  }
  if (Array.isArray(mutations)) {
    if (mutations.length === 0) throw refuse('is an empty list. Give the values that it may have.')
    return [listMutator(keys, [...mutations])]
  }
  if (typeof mutations === 'function') {
    return [functionMutator(keys, mutations as (random: RandomStream) => unknown)]
  }
  if (isPlainObject(mutations)) {
    return Object.entries(mutations).flatMap(([key, inner]) => {
      if (key.includes('/')) throw refuse(`has the key ${key}. Write nested objects, not paths.`)
      return readMutations(option, inner, [...keys, key])
    })
  }
  throw refuse(
    `must be a domain such as uniform(0, 1), a list of values, a function that draws one, or an object of these, got ${describe(mutations)}.`,
  )
}

function domainMutator(keys: readonly string[], domain: Exclude<Domain, { kind: 'computed' }>): Mutator {
  const draw = drawOf(domain)
  switch (domain.kind) {
    case 'grid':
      return listMutator(keys, domain.choices)
    case 'categorical':
      // Where the order means nothing there are no neighbours. Ray Tune multiplies choices by a factor.
      return domain.ordered ? listMutator(keys, domain.choices) : { keys, draw, perturb: () => undefined }
    default:
      return factorMutator(keys, draw, (value, factor) => scaled(domain, value, factor))
  }
}

// Ray Tune lets values leave their domain, and cuts integers, so that 3 · 1.2 stays 3 and 1 · 0.8 becomes 0.
function scaled(
  domain: Extract<Domain, { readonly kind: 'float' | 'int' | 'normal' }>,
  value: number,
  factor: number,
): number {
  if (domain.kind === 'normal') {
    return domain.step === undefined ? value * factor : nearestStep(value, value * factor, domain.step, 0)
  }
  const { low, high, scale, step, rule } = domain
  // Of values such as 0.99, what matters is how far they are from 1.
  const target = scale === 'reverseLog' ? 1 - (1 - value) * factor : value * factor
  if (step === undefined) return clip(target, low, high)
  // The least and the most of Ray Tune's steps may lie beyond the bounds: they are multiples of the step.
  return clip(nearestStep(value, target, step, rule === 'optuna' ? low : 0), low, high)
}

/** The step nearest to `target`; the one after `value` in its direction, when `value` itself is nearest. */
function nearestStep(value: number, target: number, step: number, origin: number): number {
  const nearest = origin + roundHalfEven((target - origin) / step) * step
  if (nearest !== value || target === value) return nearest
  return origin + (roundHalfEven((value - origin) / step) + Math.sign(target - value)) * step
}

function listMutator(keys: readonly string[], values: readonly unknown[]): Mutator {
  return {
    keys,
    draw: (random) => values[random.below(values.length)],
    perturb(value, random) {
      const index = values.findIndex((other) => sameValue(other, value))
      if (index === -1) return undefined
      const shift = random.below(2) === 0 ? -1 : 1
      return {
        to: values[clip(index + shift, 0, values.length - 1)],
        by: shift === -1 ? 'shift left' : 'shift right',
      }
    },
  }
}

function functionMutator(keys: readonly string[], draw: Draw): Mutator {
  return factorMutator(keys, draw, (value, factor, random) => {
    // Whether it is about whole numbers, only another value of it can tell.
    const isWhole = Number.isInteger(value) && Number.isInteger(draw(random))
    return isWhole ? roundHalfEven(value * factor) : value * factor
  })
}

/** Goes from a number to what `move` makes of it with one of the factors; what is no number has to be drawn. */
function factorMutator(
  keys: readonly string[],
  draw: Draw,
  move: (value: number, factor: number, random: RandomStream) => number,
): Mutator {
  return {
    keys,
    draw,
    perturb(value, random, factors) {
      if (typeof value !== 'number') return undefined
      const factor = factors[random.below(factors.length)] as number
      return { to: move(value, factor, random), by: `* ${factor}` }
    },
  }
}
