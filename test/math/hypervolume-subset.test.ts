import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hypervolume } from '../../src/math/hypervolume.ts'
import { hypervolumeSubset } from '../../src/math/hypervolume-subset.ts'
import { randomStream } from '../../src/random/random.ts'

const REFERENCE = 64

const points = fc.integer({ min: 1, max: 7 }).chain((m) =>
  fc.array(fc.array(fc.integer({ min: 0, max: 60 }), { minLength: m, maxLength: m }), {
    minLength: 2,
    maxLength: 14,
  }),
)

function isBefore(a: readonly number[], b: readonly number[]): boolean {
  const j = a.findIndex((x, at) => x !== b[at])
  return j >= 0 && (a[j] as number) < (b[j] as number)
}

/** Each time what adds most, of equals the lexicographically smallest: nothing lazy. */
function greedy(given: readonly number[][], k: number, reference: number[]): number[][] {
  const chosen: number[][] = []
  let left = given.filter((point, i) => given.findIndex((other) => other.join() === point.join()) === i)
  while (chosen.length < k) {
    let best = left[0] as number[]
    let most = -1
    for (const point of left) {
      const added = hypervolume([...chosen, point], reference)
      if (added > most || (added === most && isBefore(point, best))) [best, most] = [point, added]
    }
    chosen.push(best)
    left = left.filter((point) => point !== best)
  }
  return chosen
}

describe('the greedy choice by hypervolume', () => {
  it('takes each time the point that adds most, of equals the lexicographically smaller', () => {
    fc.assert(
      fc.property(points, fc.integer({ min: 1, max: 13 }), (given, k) => {
        const distinct = new Set(given.map((point) => point.join())).size
        fc.pre(k < distinct)
        const reference = (given[0] as number[]).map(() => REFERENCE)
        const chosen = hypervolumeSubset(given, k, reference).map((i) => given[i])
        expect(chosen).toEqual(greedy(given, k, reference))
      }),
      { numRuns: 300 },
    )
  })

  it('chooses 25 of 500 points of a sphere in nine objectives in a moment', () => {
    const random = randomStream('sphere')
    const sphere = Array.from({ length: 500 }, () => {
      const direction = Array.from({ length: 9 }, () => Math.abs(random.normal()))
      const length = Math.hypot(...direction)
      return direction.map((x) => x / length)
    })
    const chosen = hypervolumeSubset(sphere, 25, Array<number>(9).fill(1.1))
    expect(new Set(chosen).size).toBe(25)
    // None that was left would have added more than the last one did.
    const volumeWith = (i: number): number =>
      hypervolume(
        [...chosen.slice(0, 24), i].map((at) => sphere[at] as number[]),
        Array<number>(9).fill(1.1),
      )
    const last = volumeWith(chosen[24] as number)
    const others = [0, 100, 200, 300, 400].filter((i) => !chosen.includes(i))
    for (const other of others) expect(volumeWith(other)).toBeLessThanOrEqual(last + 1e-9)
  })

  it('gives all in order when all are wanted, or more', () => {
    expect(
      hypervolumeSubset(
        [
          [2, 1],
          [1, 2],
        ],
        2,
        [3, 3],
      ),
    ).toEqual([0, 1])
    expect(
      hypervolumeSubset(
        [
          [2, 1],
          [1, 2],
        ],
        5,
        [3, 3],
      ),
    ).toEqual([0, 1])
  })

  it('takes an equal of a point only when there are no others', () => {
    const given = [
      [1, 2],
      [1, 2],
      [2, 1],
      [1, 2],
    ]
    expect(hypervolumeSubset(given, 2, [3, 3])).toEqual([0, 2])
    expect(hypervolumeSubset(given, 3, [3, 3])).toEqual([0, 1, 2])
  })

  it('goes by order alone when the reference is infinite', () => {
    expect(
      hypervolumeSubset(
        [
          [3, 1],
          [1, 3],
          [2, 2],
        ],
        2,
        [Infinity, 4],
      ),
    ).toEqual([1, 2])
  })

  it('survives points at -Infinity', () => {
    for (const m of [2, 3]) {
      const given = [0, 1, 2, 3].map((i) => Array.from({ length: m }, (_, j) => (j === i ? -Infinity : i)))
      const chosen = hypervolumeSubset(
        given,
        3,
        Array.from({ length: m }, () => 9),
      )
      expect(new Set(chosen).size).toBe(3)
    }
  })
})
