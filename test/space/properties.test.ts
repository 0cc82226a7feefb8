import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { randomStream } from '../../src/random/random.ts'
import { gridSearch } from '../../src/space/choices.ts'
import { uniform } from '../../src/space/numbers.ts'
import { readSpace } from '../../src/space/read-space.ts'
import type { Parameter } from '../../src/space/space.ts'
import { contains } from '../../src/space/values.ts'
import { definitions } from './arbitraries.ts'

const seeds = fc.integer()

function existing(parameters: readonly Parameter[], params: Readonly<Record<string, unknown>>): Parameter[] {
  // A parameter exists where all its branches were taken; of two branches of one name, only one can exist.
  const taken = new Set<Parameter>()
  for (const parameter of parameters) {
    const exists = parameter.when.every(({ path, value }, i) =>
      [...taken].some((above) => above.path === path && above.when.length === i && params[path] === value),
    )
    if (exists) taken.add(parameter)
  }
  return [...taken]
}

describe('any declared space', () => {
  it('samples exactly the parameters whose cases are taken, each within its domain', () => {
    fc.assert(
      fc.property(definitions, seeds, (definition, seed) => {
        const space = readSpace(definition)
        const point = space.sample(randomStream(seed))
        const expected = existing(space.parameters, point)
        expect(Object.keys(point)).toEqual(expected.map(({ path }) => path))
        for (const { path, domain } of expected) expect(contains(domain, point[path])).toBe(true)
      }),
    )
  })

  it('makes the same configuration from the same stream', () => {
    fc.assert(
      fc.property(definitions, seeds, (definition, seed) => {
        const [a, b] = [1, 2].map(() => {
          const space = readSpace(definition)
          const stream = randomStream(seed)
          return space.resolve(space.sample(stream), stream)
        })
        expect(a).toEqual(b)
      }),
    )
  })

  it('knows its own points again, from params and from the nested configuration', () => {
    fc.assert(
      fc.property(definitions, seeds, (definition, seed) => {
        const space = readSpace(definition)
        const point = space.sample(randomStream(seed))
        const resolved = space.resolve(point, randomStream('unused'))
        expect(resolved.params).toEqual(point)
        expect(space.toPoint(point)).toEqual(point)
        const again = space.resolve(space.toPoint(resolved.config as object), randomStream('unused'))
        expect(again).toEqual(resolved)
      }),
    )
  })

  it('completes any part of a point, and keeps what was given', () => {
    fc.assert(
      fc.property(
        definitions,
        seeds,
        fc.array(fc.boolean(), { minLength: 30, maxLength: 30 }),
        (definition, seed, mask) => {
          const space = readSpace(definition)
          const point = space.sample(randomStream(seed))
          const part = Object.fromEntries(Object.entries(point).filter((_, i) => mask[i % mask.length]))
          const { params } = space.resolve(part, randomStream(seed + 1))
          expect(params).toMatchObject(part)
          expect(Object.keys(params)).toEqual(existing(space.parameters, params).map(({ path }) => path))
        },
      ),
    )
  })

  it('has each combination of its grid once', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(sizes, seeds, (axes, seed) => {
        const grids = axes.map((size) => gridSearch(Array.from({ length: size }, (_, i) => i)))
        const space = readSpace({ grids, x: uniform(0, 1) })
        const points = Array.from({ length: space.gridSize }, (_, i) => space.sample(randomStream(seed), i))
        const places = points.map((point) => axes.map((_, i) => point[`grids/${i}`] as number))
        expect(space.gridSize).toBe(axes.reduce((product, size) => product * size, 1))
        expect(new Set(places.map(String)).size).toBe(space.gridSize)
        expect(places.every((place) => place.every((value, i) => value < (axes[i] as number)))).toBe(true)
      }),
    )
  })
})
