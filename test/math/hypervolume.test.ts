import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { hypervolume } from '../../src/math/hypervolume.ts'

/** The volume by inclusion and exclusion: another way altogether. */
function byInclusion(points: readonly (readonly number[])[], reference: readonly number[]): number {
  let volume = 0
  for (let set = 1; set < 2 ** points.length; set++) {
    const members = points.filter((_, i) => (set >> i) & 1)
    const box = reference.reduce(
      (product, bound, j) => product * (bound - Math.max(...members.map((point) => point[j] as number))),
      1,
    )
    volume += members.length % 2 === 1 ? box : -box
  }
  return volume
}

const points = fc.integer({ min: 1, max: 6 }).chain((m) =>
  fc.array(fc.array(fc.integer({ min: 0, max: 6 }), { minLength: m, maxLength: m }), {
    minLength: 1,
    maxLength: 8,
  }),
)

describe('hypervolume', () => {
  it('is what inclusion and exclusion give, for one loss to six', () => {
    fc.assert(
      fc.property(points, (given) => {
        const reference = (given[0] as number[]).map(() => 6)
        expect(hypervolume(given, reference)).toBe(byInclusion(given, reference))
      }),
      { numRuns: 300 },
    )
  })

  it('changes neither with the order of points nor of losses, nor by points that others beat', () => {
    fc.assert(
      fc.property(points, (given) => {
        const reference = (given[0] as number[]).map(() => 6)
        const volume = hypervolume(given, reference)
        const turned = given.toReversed().map((point) => point.toReversed())
        expect(hypervolume(turned, reference)).toBe(volume)
        const worse = (given[0] as number[]).map((x) => Math.min(6, x + 1))
        expect(hypervolume([...given, worse, given[0] as number[]], reference)).toBe(volume)
      }),
    )
  })

  it('of a sphere’s corner comes near its volume as points are added', () => {
    const n = 60
    const corner: number[][] = []
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const [a, b] = [((i + 0.5) / n) * (Math.PI / 2), ((j + 0.5) / n) * (Math.PI / 2)]
        corner.push([1 - Math.cos(a) * Math.cos(b), 1 - Math.cos(a) * Math.sin(b), 1 - Math.sin(a)])
      }
    }
    expect(hypervolume(corner, [1, 1, 1])).toBeCloseTo(Math.PI / 6, 1)
  })

  it.each([
    ['no points', [], [1, 1], 0],
    ['a point on the reference', [[1, 0.2]], [1, 1], 0],
    ['an infinite reference', [[0, 0]], [Infinity, 1], Infinity],
    [
      'a point at -Infinity',
      [
        [-Infinity, 0],
        [0.5, 0.2],
      ],
      [1, 1],
      Infinity,
    ],
    ['a point at -Infinity on the edge', [[-Infinity, 1]], [1, 1], Infinity],
  ] as [string, number[][], number[], number][])('of %s', (_, given, reference, volume) => {
    expect(hypervolume(given, reference)).toBe(volume)
  })

  it.each([
    ['beyond the reference', [2, 0]],
    ['with NaN', [NaN, 0]],
    ['with another number of losses', [0]],
  ])('refuses a point %s', (_, point) => {
    expect(() => hypervolume([point], [1, 1])).toThrow(OptionError)
  })
})
