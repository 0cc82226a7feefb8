import { describe, expectTypeOf, it } from 'vitest'
import type { RandomStream } from '../../src/random/random.ts'
import { branch } from '../../src/space/branch.ts'
import { choice, gridSearch, ordinal } from '../../src/space/choices.ts'
import type { SuggestTrial } from '../../src/space/define-by-run.ts'
import { lograndint, qlograndint, qrandint, randint } from '../../src/space/integers.ts'
import {
  loguniform,
  qloguniform,
  qrandn,
  quniform,
  randn,
  reverseLoguniform,
  uniform,
} from '../../src/space/numbers.ts'
import { sampleFrom } from '../../src/space/sample-from.ts'
import type { AcceptedBy, CheckedSpace, ConfigOf } from '../../src/space/types.ts'

// `toEqualTypeOf` compares a union member by member only when both sides are written out alike.
type Equal<A, B> = [A, B] extends [B, A] ? true : false

class Optimizer {
  readonly #momentum: number = 0.9
  readonly name: string = 'sgd'
  step(rate: number): number {
    return rate * this.#momentum
  }
}

describe('ConfigOf', () => {
  it('gives the names of cases as they arrive: as texts, also those written as numbers', () => {
    const space = { layers: branch({ 1: { width: uniform(0, 1) }, 2: {} }) }
    type Config = ConfigOf<typeof space>
    expectTypeOf<Config['layers']>().toEqualTypeOf<'1' | '2'>()
    const width = (config: Config): number => (config.layers === '1' ? config.width : 0)
    expectTypeOf(width).returns.toBeNumber()
  })

  it('gives numbers for all domains of numbers', () => {
    const space = {
      a: uniform(0, 1),
      b: quniform(0, 1, 0.5),
      c: loguniform(1, 2),
      d: qloguniform(1, 2, 0.5),
      e: reverseLoguniform(0, 0.9),
      f: randn(),
      g: qrandn(0, 1, 0.5),
      h: randint(0, 2),
      i: qrandint(0, 2, 2),
      j: lograndint(1, 2),
      k: qlograndint(1, 2, 2),
    }
    type Keys = 'a' | 'b' | 'c' | 'd' | 'e' | 'f' | 'g' | 'h' | 'i' | 'j' | 'k'
    expectTypeOf<ConfigOf<typeof space>>().toEqualTypeOf<{ [K in Keys]: number }>()
  })

  it('gives the literal values of choices', () => {
    const space = {
      activation: choice(['relu', 'tanh']),
      size: ordinal([16, 32]),
      bias: gridSearch([true, false]),
      mixed: choice([null, undefined, 1, 'a']),
    }
    expectTypeOf<ConfigOf<typeof space>>().toEqualTypeOf<{
      activation: 'relu' | 'tanh'
      size: 16 | 32
      bias: boolean
      mixed: 1 | 'a' | null | undefined
    }>()
  })

  it('gives choices that are arrays or objects without readonly, since they are copies', () => {
    const space = { layers: choice([[16, 32], [64]]), how: choice([{ name: 'a' }]) }
    expectTypeOf<ConfigOf<typeof space>>().toEqualTypeOf<{ layers: [16, 32] | [64]; how: { name: 'a' } }>()
  })

  it('widens constants, and keeps functions and instances of classes as they are', () => {
    const space = {
      optimizer: new Optimizer(),
      started: new Date(0),
      weights: new Float64Array(2),
      loss: (x: number) => x * x,
      nothing: null,
    }
    expectTypeOf<ConfigOf<typeof space>>().toEqualTypeOf<{
      optimizer: Optimizer
      started: Date
      weights: Float64Array<ArrayBuffer>
      loss: (x: number) => number
      nothing: null
    }>()
    expectTypeOf(configOf({ steps: 100, name: 'a', on: true, big: 1n })).toEqualTypeOf<{
      steps: number
      name: string
      on: boolean
      big: bigint
    }>()
  })

  it('follows nested objects and arrays', () => {
    const config = configOf({
      optimizer: { lr: uniform(0, 1), name: 'sgd' },
      layers: [16, randint(1, 64), choice(['a', 'b'])],
    })
    expectTypeOf(config).toEqualTypeOf<{
      optimizer: { lr: number; name: string }
      layers: [number, number, 'a' | 'b']
    }>()
    const layers = [1, 2].map(() => randint(1, 64))
    expectTypeOf(configOf({ layers })).toEqualTypeOf<{ layers: number[] }>()
  })

  it('gives what the function of sampleFrom returns', () => {
    const space = {
      width: randint(1, 9),
      hidden: sampleFrom(
        (config: { width: number }, random: RandomStream) => `${config.width + random.next()}`,
      ),
      plain: sampleFrom((config) => ({ seen: config['width'] })),
    }
    expectTypeOf<ConfigOf<typeof space>>().toEqualTypeOf<{
      width: number
      hidden: string
      plain: { seen: unknown }
    }>()
  })

  it('makes a branch a union told apart by its property, with the parameters of the case beside it', () => {
    const config = configOf({
      steps: 100,
      activation: branch({
        relu: { width: uniform(0, 20) },
        tanh: { width: uniform(-1, 21), alpha: uniform(0, 1) },
      }),
    })
    type Expected =
      | { steps: number; activation: 'relu'; width: number }
      | { steps: number; activation: 'tanh'; width: number; alpha: number }
    expectTypeOf<Equal<typeof config, Expected>>().toEqualTypeOf<true>()
    if (config.activation === 'tanh') expectTypeOf(config.alpha).toEqualTypeOf<number>()
    // @ts-expect-error a parameter of another case
    else String(config.alpha)
  })

  it('multiplies out several branches, and branches within branches', () => {
    const config = configOf({
      optimizer: branch({
        sgd: { momentum: branch({ none: {}, nesterov: { mu: uniform(0, 1) } }) },
        adam: { beta: uniform(0, 1), decoupled: false },
      }),
      schedule: branch({ flat: {}, step: { every: randint(1, 9) } }),
    })
    type Optimizers =
      | { optimizer: 'sgd'; momentum: 'none' }
      | { optimizer: 'sgd'; momentum: 'nesterov'; mu: number }
      | { optimizer: 'adam'; beta: number; decoupled: boolean }
    type Schedules = { schedule: 'flat' } | { schedule: 'step'; every: number }
    expectTypeOf<Equal<typeof config, Optimizers & Schedules>>().toEqualTypeOf<true>()
  })

  it('has a branch in a nested object make a union there', () => {
    const config = configOf({ net: { kind: branch({ a: { x: uniform(0, 1) }, b: {} }), depth: 2 } })
    type Net = { depth: number; kind: 'a'; x: number } | { depth: number; kind: 'b' }
    expectTypeOf<Equal<typeof config.net, Net>>().toEqualTypeOf<true>()
  })

  it('knows nothing of a define-by-run function, nor without a space', () => {
    const run = (trial: SuggestTrial) => ({ steps: trial.suggestInt('n', 1, 9) })
    expectTypeOf<ConfigOf<typeof run>>().toEqualTypeOf<Record<string, unknown>>()
    expectTypeOf<ConfigOf<undefined>>().toEqualTypeOf<Record<string, unknown>>()
    expectTypeOf<ConfigOf<object>>().toEqualTypeOf<Record<string, unknown>>()
  })

  it('gives suggestCategorical the literal choices', () => {
    const run = (trial: SuggestTrial) => trial.suggestCategorical('activation', ['relu', 'tanh'])
    expectTypeOf(run).returns.toEqualTypeOf<'relu' | 'tanh'>()
  })
})

describe('CheckedSpace', () => {
  it('refuses a parameter of a case that is named like a sibling', () => {
    checked({
      width: 1,
      // @ts-expect-error the case has a width too
      activation: branch({ relu: { width: uniform(0, 1) } }),
    })
    // @ts-expect-error the case has a parameter named like the branch
    checked({ activation: branch({ relu: { activation: uniform(0, 1) } }) })
    checked({
      // @ts-expect-error a case of the other branch has a width too
      a: branch({ x: { width: uniform(0, 1) } }),
      // @ts-expect-error a case of the other branch has a width too
      b: branch({ y: { width: uniform(0, 1) } }),
    })
    checked({
      width: 1,
      // @ts-expect-error the clash is in a branch within the branch
      a: branch({ x: { inner: branch({ y: { width: uniform(0, 1) } }) } }),
    })
    checked({
      // @ts-expect-error the clash is inside a case
      a: branch({ x: { width: 1, inner: branch({ y: { width: uniform(0, 1) } }) } }),
    })
  })

  it('refuses a branch in an array', () => {
    // @ts-expect-error a branch in an array
    checked({ layers: [branch({ dense: { size: randint(1, 9) } })] })
    checked({ layers: [{ kind: branch({ dense: { size: randint(1, 9) } }) }] })
  })

  it('takes the same name in two cases', () => {
    checked({
      activation: branch({ relu: { width: uniform(0, 20) }, tanh: { width: uniform(-1, 21) } }),
      steps: 1,
    })
  })
})

// How the Tuner infers: trainable first, its config from the space that stands after it.
type Trainable<C> =
  | ((config: C, trial: { readonly number: number }) => unknown)
  | { readonly setup: (config: C) => unknown; readonly step: () => unknown }
interface Options<C> {
  readonly where?: (config: C) => boolean
  readonly numSamples?: number
}
interface Tuner<C> {
  readonly config: C
}
// One signature, not overloads: the compiler then shows the sentence of a TypeProblem where the mistake is.
declare const Tuner: new <const S = undefined, C = ConfigOf<S>>(
  trainable: Trainable<C>,
  options?: { readonly paramSpace?: S & CheckedSpace<S> & AcceptedBy<C, S> } & Options<NoInfer<C>>,
) => Tuner<C>

describe('inference by the Tuner', () => {
  it('types the config of an async function from the space that stands after it', () => {
    new Tuner(
      async (config, trial) => {
        expectTypeOf(trial.number).toEqualTypeOf<number>()
        expectTypeOf(config).toEqualTypeOf<{ steps: number; width: number; activation: 'relu' | 'tanh' }>()
      },
      {
        paramSpace: { steps: 100, width: uniform(0, 20), activation: choice(['relu', 'tanh']) },
        numSamples: 3,
      },
    )
  })

  it('does so beside where, and for generators', () => {
    new Tuner(
      async function* (config, trial) {
        yield { loss: config.width + trial.number }
        expectTypeOf(config).toEqualTypeOf<{ width: number; layers: [number, number] }>()
      },
      {
        paramSpace: { width: uniform(0, 20), layers: [16, randint(1, 64)] },
        where: (config) => config.layers[1] < config.width,
      },
    )
    new Tuner(
      function* (config) {
        if (config.kind === 'b') yield { loss: config.x }
        // @ts-expect-error a parameter of another case
        yield config.x
      },
      { paramSpace: { kind: branch({ a: {}, b: { x: uniform(0, 1) } }) }, where: ({ kind }) => kind === 'b' },
    )
  })

  it('types the config of a trainable object', () => {
    const space = { width: uniform(0, 20) }
    const tuner = new Tuner(
      { setup: (config: ConfigOf<typeof space>) => config.width, step: () => 1 },
      { paramSpace: space },
    )
    expectTypeOf(tuner.config).toEqualTypeOf<{ width: number }>()
  })

  it('takes the annotation of the trainable where there is no space, else Record<string, unknown>', () => {
    new Tuner(async (config) => expectTypeOf(config).toEqualTypeOf<Record<string, unknown>>(), {})
    const tuner = new Tuner(async (config: { width: number }) => config.width, { numSamples: 2 })
    expectTypeOf(tuner.config).toEqualTypeOf<{ width: number }>()
    expectTypeOf(new Tuner(async (config: { width: number }) => config.width).config).toEqualTypeOf<{
      width: number
    }>()
  })

  it('refuses an annotation that the space does not give', () => {
    new Tuner(async (config: { width: number }) => config.width, {
      paramSpace: { width: uniform(0, 1), more: 1 },
    })
    // @ts-expect-error width is a number
    new Tuner(async (config: { width: string }) => config.width, { paramSpace: { width: uniform(0, 1) } })
  })

  it('refuses a space that cannot be used', () => {
    // @ts-expect-error the case has a width too
    new Tuner(async () => {}, { paramSpace: { width: 1, a: branch({ x: { width: uniform(0, 1) } }) } })
  })
})

declare function configOf<const S>(space: S & CheckedSpace<S>): ConfigOf<S>
declare function checked<const S>(space: S & CheckedSpace<S>): void
