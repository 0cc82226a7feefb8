import { describe, expect, expectTypeOf, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import {
  defineTrainable,
  isTrainable,
  type ReportOptions,
  type SteppedTrainable,
  type Trainable,
  type Trial,
} from '../../src/executors/trainable.ts'

describe('defineTrainable', () => {
  it('refuses an unknown member, naming the nearest known one', () => {
    const misspelt = { setup: () => 0, step: () => ({}), cleanUp: () => {} }
    expect(() => defineTrainable(misspelt)).toThrow(/no option cleanUp. Did you mean cleanup/)
  })

  it('refuses a definition without setup or step, and members that are no functions', () => {
    expect(() => defineTrainable({ step: () => ({}) } as never)).toThrow(/setup is missing/)
    expect(() => defineTrainable({ setup: () => 0 } as never)).toThrow(/step is missing/)
    expect(() => defineTrainable({ setup: () => 0, step: () => ({}), save: 5 as never })).toThrow(OptionError)
    expect(() => defineTrainable(undefined as never)).toThrow(OptionError)
  })

  it('refuses save without load, which would begin from scratch where a trial should go on', () => {
    const build = (): unknown =>
      defineTrainable({ setup: () => ({ n: 0 }), step: () => ({}), save: ({ n }) => n })
    expect(build).toThrow(OptionError)
    expect(build).toThrow(/has save, but no load.*Give load: \(state, value\) => …, or leave save out/)
  })

  it('is known as a trainable', () => {
    expect(isTrainable(defineTrainable({ setup: () => 0, step: () => ({}) }))).toBe(true)
    expect(isTrainable(() => {})).toBe(true)
    expect(isTrainable({ setup: () => 0, step: () => ({}) })).toBe(false)
  })

  it('takes the types of the state and of what is saved from setup and save', () => {
    const trainable = defineTrainable({
      setup: async (config: { lr: number }, trial) => {
        expectTypeOf(trial).toEqualTypeOf<Trial>()
        return { weight: config.lr, seen: ['a'] }
      },
      step(state, trial) {
        expectTypeOf(state).toEqualTypeOf<{ weight: number; seen: string[] }>()
        expectTypeOf(trial).toEqualTypeOf<Trial>()
        return { loss: state.weight, done: true }
      },
      save: async (state) => state.weight,
      load(state, value) {
        expectTypeOf(value).toEqualTypeOf<number>()
        state.weight = value
      },
      reset(state, config) {
        expectTypeOf(config).toEqualTypeOf<{ lr: number }>()
        state.weight = config.lr
      },
      cleanup: (state) => void state.seen,
    })
    expectTypeOf(trainable).toEqualTypeOf<SteppedTrainable<{ lr: number }>>()
    expectTypeOf(trainable).toExtend<Trainable<{ lr: number; width: number }>>()
    expectTypeOf(trainable).not.toExtend<Trainable<{ width: number }>>()
    expect(isTrainable(trainable)).toBe(true)
  })
})

describe('the type Trainable', () => {
  interface Config {
    lr: number
  }

  it('takes every form, and types what it is called with', () => {
    const forms: Trainable<Config>[] = [
      async (config, trial) => {
        expectTypeOf(config).toEqualTypeOf<Config>()
        expectTypeOf(trial).toEqualTypeOf<Trial>()
        await trial.report({ loss: config.lr }, { checkpoint: 1 })
      },
      async (config) => ({ loss: config.lr }),
      (config) => ({ loss: config.lr }),
      () => {},
      async function* (config, trial) {
        yield { loss: config.lr }
        yield trial.sleep(5)
        yield trial.report({ loss: 1 })
        return { loss: 2 }
      },
      function* (config, trial) {
        yield { loss: config.lr }
        yield trial.sleep(5)
        yield trial.report({ loss: 1 }, { checkpoint: [1] })
        return { loss: 2 }
      },
    ]
    expect(forms).toHaveLength(6)
  })

  it('refuses what would fail or be lost', () => {
    const returnsNumber = () => 0.3
    const resolvesNumber = async () => 0.3
    function* yieldsPromise() {
      yield Promise.resolve({ loss: 1 })
    }
    function* yieldsNumber() {
      yield 0.3
    }
    const wantsMore = (config: { lr: number; momentum: number }) => ({ loss: config.momentum })
    expectTypeOf(returnsNumber).not.toExtend<Trainable<Config>>()
    expectTypeOf(resolvesNumber).not.toExtend<Trainable<Config>>()
    expectTypeOf(yieldsPromise).not.toExtend<Trainable<Config>>()
    expectTypeOf(yieldsNumber).not.toExtend<Trainable<Config>>()
    expectTypeOf(wantsMore).not.toExtend<Trainable<Config>>()
    expectTypeOf<number>().not.toExtend<Parameters<Trial['report']>[0]>()
    expectTypeOf<{ checkpiont: number }>().not.toExtend<ReportOptions>()
    expect([returnsNumber, wantsMore].every(isTrainable)).toBe(true)
  })
})
