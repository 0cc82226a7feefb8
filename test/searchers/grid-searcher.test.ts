import { describe, expect, it } from 'vitest'
import { OptionError, SpaceError } from '../../src/errors.ts'
import { gridSearcher } from '../../src/searchers/grid-searcher.ts'
import type { Searcher } from '../../src/searchers/searcher.ts'
import type { SearchSessionOptions } from '../../src/searchers/session.ts'
import { branch } from '../../src/space/branch.ts'
import { choice, gridSearch, ordinal } from '../../src/space/choices.ts'
import { randint } from '../../src/space/integers.ts'
import { quniform, uniform } from '../../src/space/numbers.ts'
import { sampleFrom } from '../../src/space/sample-from.ts'
import type { SpaceDefinition } from '../../src/space/space.ts'
import { FINITE_SPACES, isTrial, obeysSearcherLaws, session } from './laws.ts'

/** All configurations up to the end. */
function all(
  searcher: Searcher,
  space: SpaceDefinition,
  more: Partial<SearchSessionOptions> = {},
  seed = 's',
): unknown[] {
  const search = session(searcher, space, seed, more)
  const configs: unknown[] = []
  for (;;) {
    const answer = search.suggest({ number: configs.length, running: [] })
    if (answer instanceof Promise || !isTrial(answer)) return configs
    configs.push(answer.config)
  }
}

const texts = (configs: unknown[]): string[] =>
  configs.map((config) => Object.values(config as object).join(' '))

describe('gridSearcher', () => {
  obeysSearcherLaws(() => gridSearcher(), { spaces: FINITE_SPACES.map(({ space }) => space) })
  describe('shuffled', () =>
    obeysSearcherLaws(() => gridSearcher({ shuffle: true }), {
      spaces: FINITE_SPACES.map(({ space }) => space),
    }))

  it('takes parameters by name, the last one fastest, as Optuna does', () => {
    expect(texts(all(gridSearcher(), { b: choice(['x', 'y']), a: randint(1, 4) }))).toEqual([
      'x 1',
      'y 1',
      'x 2',
      'y 2',
      'x 3',
      'y 3',
    ])
  })

  it('goes through every kind of finite domain', () => {
    const space = {
      a: quniform(0.1, 0.3, 0.1),
      b: ordinal(['s', 'l']),
      c: gridSearch([true, false]),
      d: uniform(5, 5),
      e: sampleFrom((config: { a: number }) => config.a * 10),
    }
    const configs = all(gridSearcher(), space)
    expect(configs).toHaveLength(12)
    expect(configs[0]).toEqual({ a: 0.1, b: 's', c: true, d: 5, e: 1 })
    expect(configs[11]).toEqual({ a: 0.3, b: 'l', c: false, d: 5, e: 3 })
  })

  it('varies a parameter of a case only where the case is taken, even one whose name sorts before', () => {
    const space = {
      mode: branch({ on: { level: randint(0, 2), mass: choice(['k', 'm']) }, off: {} }),
      z: choice([1, 2]),
    }
    expect(all(gridSearcher(), space)).toEqual([
      { mode: 'on', level: 0, mass: 'k', z: 1 },
      { mode: 'on', level: 0, mass: 'k', z: 2 },
      { mode: 'on', level: 0, mass: 'm', z: 1 },
      { mode: 'on', level: 0, mass: 'm', z: 2 },
      { mode: 'on', level: 1, mass: 'k', z: 1 },
      { mode: 'on', level: 1, mass: 'k', z: 2 },
      { mode: 'on', level: 1, mass: 'm', z: 1 },
      { mode: 'on', level: 1, mass: 'm', z: 2 },
      { mode: 'off', z: 1 },
      { mode: 'off', z: 2 },
    ])
  })

  it('leaves out what where forbids, however much that is', () => {
    const where = (config: unknown): boolean => (config as { n: number }).n % 2_500 === 0
    expect(all(gridSearcher(), { n: randint(0, 5_001) }, { where })).toEqual([
      { n: 0 },
      { n: 2_500 },
      { n: 5_000 },
    ])
  })

  it('tries the values that grid names, each once, in their order', () => {
    const searcher = gridSearcher({ grid: { 'opt/lr': [0.5, 0.1, 0.5] } })
    expect(all(searcher, { opt: { lr: uniform(0, 1) }, n: choice([1, 2]) })).toEqual([
      { opt: { lr: 0.5 }, n: 1 },
      { opt: { lr: 0.1 }, n: 1 },
      { opt: { lr: 0.5 }, n: 2 },
      { opt: { lr: 0.1 }, n: 2 },
    ])
  })

  it('gives each case those values of grid that its own domain has', () => {
    const space = { act: branch({ relu: { width: uniform(0, 10) }, tanh: { width: uniform(-1, 1) } }) }
    expect(all(gridSearcher({ grid: { width: [-1, 0, 5] } }), space)).toEqual([
      { act: 'relu', width: 0 },
      { act: 'relu', width: 5 },
      { act: 'tanh', width: -1 },
      { act: 'tanh', width: 0 },
    ])
  })

  it('goes through the values of grid in a define-by-run space', () => {
    const searcher = gridSearcher({ grid: { x: [0, 1], y: [2] } })
    const configs = all(searcher, (trial) => {
      trial.suggestFloat('x', 0, 1)
      trial.suggestFloat('y', 0, 9)
    })
    expect(configs).toEqual([
      { x: 0, y: 2 },
      { x: 1, y: 2 },
    ])
  })

  it('tries what several combinations of a define-by-run space come to once', () => {
    const searcher = gridSearcher({ grid: { k: ['x', 'y'], n: [1, 2] } })
    const configs = all(searcher, (trial) => {
      if (trial.suggestCategorical('k', ['x', 'y']) === 'x') trial.suggestInt('n', 1, 2)
    })
    expect(configs).toEqual([{ k: 'x', n: 1 }, { k: 'x', n: 2 }, { k: 'y' }])
  })

  it('goes on after a restart without trying again what it had', () => {
    const made = (): Searcher => gridSearcher({ grid: { k: ['y', 'x'], n: [1, 2] } })
    const space: SpaceDefinition = (trial) => {
      if (trial.suggestCategorical('k', ['x', 'y']) === 'x') trial.suggestInt('n', 1, 2)
    }
    const before = session(made(), space, 's')
    expect(before.suggest({ number: 0, running: [] })).toMatchObject({ config: { k: 'y' } })
    const after = session(made(), space, 's', { saved: structuredClone(before.save()) })
    expect(after.suggest({ number: 1, running: [] })).toMatchObject({ config: { k: 'x', n: 1 } })
  })

  it('refuses at construction what a define-by-run space cannot take', () => {
    const space: SpaceDefinition = (trial) => void trial.suggestFloat('lr', 0, 1)
    const refused = (grid: Record<string, unknown[]>) => (): unknown =>
      session(gridSearcher({ grid }), space, 's')
    expect(refused({ lr: [0.5, 6] })).toThrow(/^lr: 6 is out of range. Give a number from 0 to 1/)
    expect(refused({ lr: [0.5], rl: [1, 2] })).toThrow(/^rl: is in gridSearcher.grid.*Did you mean lr\?/)
    expect(refused({ lr: [0.5, 6] })).toThrow(SpaceError)
  })

  it('leaves a name alone that may be asked for after a draw', () => {
    const rare: SpaceDefinition = (trial) => {
      if (trial.suggestFloat('x', 0, 1) > 0.999) trial.suggestInt('n', 1, 2)
    }
    expect(() => session(gridSearcher({ grid: { n: [1, 2] } }), rare, 's')).not.toThrow()
  })

  it('is an error when where allows none of the combinations', () => {
    const search = session(gridSearcher(), { a: choice([1, 2, 3]) }, 's', { where: () => false })
    expect(() => search.suggest({ number: 0, running: [] })).toThrow(/where rejected all 3 configurations/)
  })

  it('shuffles by seed, and leaves nothing out', () => {
    const space = { a: randint(0, 10), b: randint(0, 10) }
    const shuffled = texts(all(gridSearcher({ shuffle: true, seed: 1 }), space))
    expect(shuffled).not.toEqual(texts(all(gridSearcher(), space)))
    expect(shuffled).toEqual(texts(all(gridSearcher({ shuffle: true, seed: 1 }), space, {}, 'other')))
    expect(shuffled).not.toEqual(texts(all(gridSearcher({ shuffle: true, seed: 2 }), space)))
    expect(new Set(shuffled).size).toBe(100)
  })

  it('refuses a parameter with infinitely many values where it is given, with both ways out', () => {
    const refused = (): unknown => session(gridSearcher(), { n: randint(0, 3), lr: uniform(0, 1) }, 's')
    expect(refused).toThrow(OptionError)
    expect(refused).toThrow(/all values of lr: there are infinitely many.*grid: \{ 'lr': \[…\] \}.*quniform/)
    expect(() => session(gridSearcher(), { n: randint(0, 2 ** 40) }, 's')).toThrow(
      /values of n: there are 1099511627776/,
    )
  })

  it('refuses what grid cannot mean', () => {
    const space = { lr: uniform(0, 1) }
    expect(() => session(gridSearcher({ grid: { lr: [0.5, 2] } }), space, 's')).toThrow(SpaceError)
    expect(() => session(gridSearcher({ grid: { lr: [0.5, 2] } }), space, 's')).toThrow(
      /^lr: .*has 2, which is not/,
    )
    expect(() => session(gridSearcher({ grid: { rl: [0.5] } }), space, 's')).toThrow(
      /no parameter rl\. Did you mean lr\?/,
    )
    expect(() => gridSearcher({ grid: { lr: [] } })).toThrow(/at least one value for lr/)
    expect(() => session(gridSearcher(), () => {}, 's')).toThrow(
      /define-by-run.*declare the space as an object/,
    )
    const wide = { a: randint(0, 1001), b: randint(0, 1001) }
    expect(() => session(gridSearcher({ shuffle: true }), wide, 's')).toThrow(/more than 1000000/)
  })
})
