import { describe, expect, it } from 'vitest'
import type { Params } from '../../src/core/trial.ts'
import { randomStream } from '../../src/random/random.ts'
import { KnownSpace } from '../../src/searchers/known-space.ts'
import { branch } from '../../src/space/branch.ts'
import { randint } from '../../src/space/integers.ts'
import { uniform } from '../../src/space/numbers.ts'
import { readSpace } from '../../src/space/read-space.ts'
import { sampleFrom } from '../../src/space/sample-from.ts'
import type { SpaceDefinition } from '../../src/space/space.ts'

function pathsOf(known: KnownSpace, point: Params): { always: string[]; sometimes: string[] } {
  const { always, sometimes } = known.next(point)
  return { always: always.map(({ path }) => path), sometimes: sometimes.map(({ path }) => path) }
}

/** A known space that was told a trial for each of some points. */
function learned(definition: SpaceDefinition, points: readonly Params[]): KnownSpace {
  const space = readSpace(definition)
  const known = new KnownSpace(space.parameters)
  points.forEach((point, number) => known.learn(space.resolve(point, randomStream(number))))
  return known
}

describe('a known space that is declared', () => {
  const space = {
    x: uniform(0, 1),
    total: sampleFrom(() => 1),
    act: branch({
      relu: {},
      tanh: { alpha: uniform(0, 1), gate: branch({ on: { k: randint(0, 3) }, off: {} }) },
    }),
  }

  it('gives level after level as branches are chosen', () => {
    const known = learned(space, [])
    expect(pathsOf(known, {})).toEqual({ always: ['x', 'act'], sometimes: [] })
    expect(pathsOf(known, { x: 0.5, act: 'relu' })).toEqual({ always: [], sometimes: [] })
    expect(pathsOf(known, { x: 0.5, act: 'tanh' })).toEqual({ always: ['alpha', 'gate'], sometimes: [] })
    expect(pathsOf(known, { x: 0.5, act: 'tanh', alpha: 0, gate: 'on' }).always).toEqual(['k'])
  })
})

describe('a known space that is learned', () => {
  const definition: SpaceDefinition = (trial) => {
    const act = trial.suggestCategorical('act', ['relu', 'tanh'])
    const layers = trial.suggestInt('layers', 1, 3)
    for (let i = 0; i < layers; i++) trial.suggestFloat(`width${i}`, 0, 1)
    if (act === 'tanh') trial.suggestFloat('alpha', 0, 1)
  }

  it('knows nothing before a trial was told', () => {
    expect(pathsOf(learned(definition, []), {})).toEqual({ always: [], sometimes: [] })
  })

  it('has what every trial had, as the first of them was asked', () => {
    const known = learned(definition, [
      { act: 'tanh', layers: 2 },
      { act: 'relu', layers: 1 },
    ])
    expect(pathsOf(known, {})).toEqual({
      always: ['act', 'layers', 'width0'],
      sometimes: ['width1', 'alpha'],
    })
  })

  it('narrows down to the trials that made the same choices', () => {
    const known = learned(definition, [
      { act: 'tanh', layers: 2 },
      { act: 'relu', layers: 1 },
      { act: 'tanh', layers: 1 },
    ])
    const point = { act: 'tanh', layers: 1, width0: 0.5 }
    expect(pathsOf(known, point)).toEqual({ always: ['alpha'], sometimes: ['width1'] })
    expect(pathsOf(known, { ...point, act: 'relu' })).toEqual({ always: [], sometimes: [] })
  })

  it('goes on learning', () => {
    const known = learned(definition, [{ act: 'tanh', layers: 1 }])
    expect(pathsOf(known, {}).always).toContain('alpha')
    known.learn(readSpace(definition).resolve({ act: 'relu', layers: 1 }, randomStream(1)))
    expect(pathsOf(known, {})).toEqual({ always: ['act', 'layers', 'width0'], sometimes: ['alpha'] })
  })

  it('counts a parameter whose range moves among those that are not sure, with its last range', () => {
    let high = 1
    const moving: SpaceDefinition = (trial) => void trial.suggestFloat('x', 0, high++)
    const known = learned(moving, [{}, {}])
    expect(known.next({}).always).toEqual([])
    expect(known.next({}).sometimes).toMatchObject([{ path: 'x', domain: { high: 2 } }])
  })

  it('takes objects among choices as what they hold', () => {
    const definitionOf: SpaceDefinition = (trial) => {
      const { kind } = trial.suggestCategorical('opt', [{ kind: 'sgd' }, { kind: 'adam' }])
      if (kind === 'sgd') trial.suggestFloat('momentum', 0, 1)
    }
    const known = learned(definitionOf, [{ opt: { kind: 'sgd' } }, { opt: { kind: 'adam' } }])
    expect(pathsOf(known, { opt: { kind: 'sgd' } }).always).toEqual(['momentum'])
    expect(pathsOf(known, { opt: { kind: 'adam' } }).always).toEqual([])
  })
})

describe('losses', () => {
  it('are values turned so that smaller is better, and violations sums of what is broken', async () => {
    const { lossesOf, violationOf } = await import('../../src/searchers/losses.ts')
    const objectives = [
      { metric: 'a', mode: 'max' as const },
      { metric: 'b', mode: 'min' as const },
    ]
    expect(lossesOf({ values: [2, 3] }, objectives)).toEqual([-2, 3])
    expect(lossesOf({ values: undefined }, objectives)).toBeUndefined()
    expect(Object.is(lossesOf({ values: [0, 0] }, objectives)?.[0], 0)).toBe(true)
    expect(violationOf({ constraints: { a: 1, b: -3, c: 0.5 } })).toBe(1.5)
    expect(violationOf({ constraints: {} })).toBe(0)
    expect(violationOf({ constraints: { a: Number.NaN } })).toBe(Infinity)
  })
})
