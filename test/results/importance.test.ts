import { describe, expect, it } from 'vitest'
import type { EndState } from '../../src/core/trial.ts'
import { OptionError } from '../../src/errors.ts'
import { randomStream } from '../../src/random/random.ts'
import type { EndedTrial } from '../../src/results/ended-trials.ts'
import type { ImportanceSource } from '../../src/results/importance/assessed.ts'
import {
  importance,
  type ImportanceMethod,
  type ImportanceOptions,
} from '../../src/results/importance/importance.ts'
import { randomSearch } from '../../src/searchers/random-search.ts'
import { branch } from '../../src/space/branch.ts'
import { choice } from '../../src/space/choices.ts'
import { randint } from '../../src/space/integers.ts'
import { loguniform, randn, reverseLoguniform, uniform } from '../../src/space/numbers.ts'
import { readSpace } from '../../src/space/read-space.ts'
import { sampleFrom } from '../../src/space/sample-from.ts'
import type { SpaceDefinition } from '../../src/space/space.ts'
import { createStudy } from '../../src/study/create-study.ts'
import { simulate } from '../../src/testing/simulate.ts'

const METHODS: readonly ImportanceMethod[] = ['pedAnova', 'fanova', 'mdi']

type Values = (params: never, number: number) => number | readonly number[]

/** Trials drawn at random, with what a function makes of them. */
function history(
  definition: SpaceDefinition,
  values: Values,
  {
    count = 200,
    modes = ['min'],
    state = 'completed',
  }: { count?: number; modes?: ('min' | 'max')[]; state?: EndState } = {},
): ImportanceSource {
  const space = readSpace(definition)
  const trials = Array.from({ length: count }, (_, number): EndedTrial => {
    const { params, domains } = space.resolve({}, randomStream('history').fork(number))
    const given = values(params as never, number)
    return {
      number,
      params,
      domains,
      state,
      values: typeof given === 'number' ? [given] : given,
      constraints: {},
    }
  })
  return { objectives: modes.map((mode, i) => ({ metric: `f${i}`, mode })), endedTrials: () => trials }
}

const PLANE = { x: uniform(0, 1), lr: loguniform(1e-4, 1), c: choice(['a', 'b', 'c']), n: randint(0, 9) }

function total(importances: Readonly<Record<string, number>>): number {
  return Object.values(importances).reduce((sum, value) => sum + value, 0)
}

describe('importance', () => {
  describe.each(METHODS)('by %s', (method) => {
    it('puts the parameter first that decides, gives each a share, and all of them 1', () => {
      const source = history(PLANE, ({ x, n }: { x: number; n: number }) => 10 * x + n / 8)
      const importances = importance(source, { method })
      expect(Object.keys(importances)).toHaveLength(4)
      expect(Object.keys(importances).slice(0, 2)).toEqual(['x', 'n'])
      expect(importances['x']).toBeGreaterThan(0.6)
      expect(total(importances)).toBeCloseTo(1, 12)
      const raw = Object.values(importance(source, { method, normalize: false }))
      expect(raw.every((value) => value >= 0)).toBe(true)
      expect(raw).toEqual(raw.toSorted((a, b) => b - a))
    })

    it('knows a choice, a normal, a reversed and an ordered integer parameter', () => {
      const space = {
        c: choice([{ a: 1 }, { a: 2 }, { a: 3 }]),
        z: randn(0, 1),
        r: reverseLoguniform(0.9, 0.999),
        n: randint(0, 4),
        one: uniform(2, 2),
      }
      for (const [path, values] of [
        ['c', ({ c }: { c: { a: number } }) => c.a],
        ['z', ({ z }: { z: number }) => z],
        ['r', ({ r }: { r: number }) => r],
        ['n', ({ n }: { n: number }) => n],
      ] as const) {
        const importances = importance(history(space, values), { method })
        expect(Object.keys(importances)[0]).toBe(path)
        expect(importances['one']).toBe(0)
      }
    })

    it('does not depend on the mode’s sign, only on what is good', () => {
      const loss = importance(
        history(PLANE, ({ x }: { x: number }) => x),
        { method },
      )
      const gain = importance(
        history(PLANE, ({ x }: { x: number }) => -x, { modes: ['max'] }),
        { method },
      )
      expect(Object.keys(gain)).toEqual(Object.keys(loss))
      for (const path in loss) expect(gain[path]).toBeCloseTo(loss[path] as number, 9)
    })

    it('says the same twice', () => {
      const source = history(PLANE, ({ x, n }: { x: number; n: number }) => x * n)
      expect(importance(source, { method })).toEqual(importance(source, { method }))
    })

    it('knows nothing of too few trials, of equal ones, and of a space without parameters', () => {
      const equal = { x: 0.25, lr: 0.25, c: 0.25, n: 0.25 }
      expect(
        importance(
          history(PLANE, () => 1, { count: 1 }),
          { method },
        ),
      ).toEqual(equal)
      const alike = importance(
        history(PLANE, () => 1),
        { method },
      )
      expect(total(alike)).toBeCloseTo(1, 12)
      expect(
        importance(
          history({ steps: 3 }, () => 1),
          { method },
        ),
      ).toEqual({})
      expect(
        importance(
          history(PLANE, () => 1, { count: 0 }),
          { method },
        ),
      ).toEqual({})
      expect(
        importance(
          history(PLANE, () => 1, { state: 'failed' }),
          { method },
        ),
      ).toEqual({})
    })

    it('passes over infinite and NaN values, and copes with enormous ones', () => {
      const odd = [Number.NaN, Infinity, -Infinity]
      const source = history(PLANE, ({ x }: { x: number }, number: number) =>
        number % 4 === 0 ? (odd[number % 3] as number) : 1e300 * x,
      )
      expect(Object.keys(importance(source, { method }))[0]).toBe('x')
    })

    it('assesses the parameters that were named, by their paths', () => {
      const source = history(
        { model: { width: uniform(0, 1) }, x: uniform(0, 1), y: uniform(0, 1) },
        ({ x }: { x: number }) => x,
      )
      const importances = importance(source, { method, params: ['model/width', 'x'] })
      expect(Object.keys(importances)).toEqual(['x', 'model/width'])
      expect(() => importance(source, { method, params: ['model/widht'] })).toThrow(
        /Did you mean model\/width\?/,
      )
    })

    it('asks about one of several objectives, or anything else of a trial', () => {
      const source = history(PLANE, ({ x, n }: { x: number; n: number }) => [x, n], { modes: ['min', 'max'] })
      const first = (target: string | ((trial: EndedTrial) => number)): unknown =>
        Object.keys(importance(source, { method, target }))[0]
      expect(first('f0')).toBe('x')
      expect(first('f1')).toBe('n')
      expect(first(({ params }) => Math.log(params['lr'] as number))).toBe('lr')
      expect(() => importance(source, { method, target: 'f2' })).toThrow(OptionError)
    })
  })

  it('assesses, by PED-ANOVA, the parameters of branches and those whose range differs', () => {
    const space = {
      act: branch({
        relu: { width: uniform(0, 20) },
        tanh: { width: uniform(-1, 21), alpha: uniform(0, 1) },
      }),
      y: uniform(0, 1),
      twice: sampleFrom((config: { y: number }) => 2 * config.y),
    }
    const source = history(
      space,
      ({ act, alpha, y }: { act: string; alpha: number; y: number }) => (act === 'tanh' ? alpha : 2) + y / 50,
      { count: 400 },
    )
    const importances = importance(source)
    expect(Object.keys(importances).toSorted()).toEqual(['act', 'alpha', 'width', 'y'])
    expect(importances['alpha']).toBeGreaterThan(importances['width'] as number)
    expect(importances['alpha']).toBeGreaterThan(importances['y'] as number)
    for (const method of ['fanova', 'mdi'] as const) {
      expect(Object.keys(importance(source, { method })).toSorted()).toEqual(['act', 'y'])
      expect(Object.keys(importance(source, { method, params: ['alpha', 'y'] }))).toEqual(['alpha', 'y'])
      expect(() => importance(source, { method, params: ['width'] })).toThrow(/same domain/)
    }
  })

  it('asks, without a target, by PED-ANOVA what leads to the Pareto front; forests want a target', () => {
    const source = history(
      PLANE,
      ({ x, c }: { x: number; c: string }) => (c === 'a' ? [x, 1 - x] : [x + 1, 2 - x]),
      { modes: ['min', 'min'] },
    )
    expect(Object.keys(importance(source))[0]).toBe('c')
    expect(() => importance(source, { method: 'fanova' })).toThrow(
      /2 \(f0, f1\)\. Name one in importance\(results, \{ method: 'fanova', target: 'f0' \}\)/,
    )
  })

  it('copes with ranges that move from trial to trial, and with parameters of a single trial', () => {
    const space: SpaceDefinition = (trial) => {
      const a = trial.suggestFloat('a', 0, 1)
      trial.suggestFloat('b', a, 2)
      if (a > 0.99) trial.suggestFloat('rare', 0, 1)
    }
    const importances = importance(history(space, ({ a }: { a: number }) => a, { count: 120 }))
    expect(importances['a']).toBe(1)
    expect(importances['b']).toBe(0)
  })

  it('copes with 10,000 choices, 200 parameters and 9 objectives', () => {
    const many = Array.from({ length: 10_000 }, (_, i) => i)
    const wide = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`p${i}`, uniform(0, 1)]))
    const source = history({ ...wide, c: choice(many) }, ({ p7 }: { p7: number }) => p7, { count: 60 })
    for (const method of METHODS) {
      expect(
        Object.keys(importance(source, method === 'pedAnova' ? { method } : { method, nTrees: 8 }))[0],
      ).toBe('p7')
    }
    const nine = history(PLANE, ({ x }: { x: number }) => Array.from({ length: 9 }, (_, i) => x * i), {
      modes: Array<'min'>(9).fill('min'),
      count: 60,
    })
    expect(total(importance(nine))).toBeCloseTo(1, 12)
  })

  it('reads the results of an experiment, declared or define-by-run', async () => {
    const common = {
      trainable: (config: { x: number; y: number }) => ({ loss: config.x + config.y / 20 }),
      metric: 'loss',
      mode: 'min',
      numSamples: 60,
      seed: 3,
    } as const
    const declared = await simulate({ ...common, paramSpace: { x: loguniform(0.01, 1), y: uniform(0, 1) } })
    const space: SpaceDefinition = (trial) => {
      trial.suggestFloat('x', 0.01, 1, { log: true })
      trial.suggestFloat('y', 0, 1)
    }
    const byRunning = await simulate({ ...common, searcher: randomSearch({ space }) })
    for (const { results } of [declared, byRunning]) {
      for (const method of METHODS) expect(Object.keys(importance(results, { method }))).toEqual(['x', 'y'])
      expect(results.endedTrials()[0]?.domains['x']).toMatchObject({ scale: 'log', low: 0.01, high: 1 })
    }
  })

  it('reads a study', async () => {
    const study = await createStudy({ direction: 'maximize' })
    for (let i = 0; i < 40; i++) {
      const trial = await study.ask()
      const x = trial.suggestFloat('x', 0, 1)
      const c = trial.suggestCategorical('c', ['p', 'q'])
      await study.tell(trial, i % 10 === 9 ? { state: 'failed' } : x + (c === 'p' ? 0.01 : 0))
    }
    for (const method of METHODS) expect(Object.keys(importance(study, { method }))).toEqual(['x', 'c'])
  })

  it.each<[ImportanceOptions, RegExp]>([
    [{ method: 'fanova', targetQuantile: 0.2 }, /targetQuantile is for 'pedAnova', but method is 'fanova'/],
    [{ method: 'mdi', evaluateOnLocal: true }, /evaluateOnLocal is for 'pedAnova'/],
    [{ nTrees: 8 }, /nTrees is for 'fanova' and 'mdi', but method is 'pedAnova'/],
    [{ method: 'pedAnova', seed: 3 }, /seed is for 'fanova' and 'mdi'/],
  ])('refuses options of another method: %j', (options, message) => {
    expect(() => importance([] as never, options)).toThrow(message)
  })

  it('refuses quantiles that leave nothing to compare, and what holds no trials', () => {
    const source = history(PLANE, () => 1)
    expect(() => importance(source, { targetQuantile: 1 })).toThrow(/below regionQuantile/)
    expect(() => importance(source, { targetQuantile: 0.5, regionQuantile: 0.5 })).toThrow(OptionError)
    expect(() => importance(source, { regionQuantile: 2 })).toThrow(OptionError)
    expect(() => importance(source, { method: 'shap' as 'mdi' })).toThrow(
      /must be one of 'pedAnova', 'fanova', 'mdi'/,
    )
    expect(() => importance([] as never)).toThrow(/takes results or a study/)
    expect(() => importance({ objectives: [], endedTrials: () => [] })).toThrow(/no objective/)
  })
})
