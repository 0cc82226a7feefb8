import { describe, expect, it } from 'vitest'
import { randomStream } from '../../src/random/random.ts'
import { byCrowding, eliteOf } from '../../src/searchers/evolution/elite.ts'
import { byNiches } from '../../src/searchers/evolution/niching.ts'
import { type Member, Population } from '../../src/searchers/evolution/population.ts'
import { referencePoints } from '../../src/math/reference-points.ts'

function member(losses: readonly number[], violation = 0): Member {
  return { losses, violation, params: { id: losses.join() }, domains: {} }
}

function ids(members: readonly Member[]): unknown[] {
  return members.map(({ params }) => params['id']).toSorted()
}

describe('who survives', () => {
  it('are whole fronts while they fit, then the most widely spaced of the next', () => {
    const front = [
      [0, 3],
      [3, 0],
    ]
    const next = [
      [1, 6],
      [2, 4.2],
      [2.2, 4],
      [4, 3.5],
      [6, 1],
    ]
    const members = [...next, ...front].map((losses) => member(losses))
    const elite = eliteOf(members, 5, byCrowding).map((i) => members[i] as Member)
    expect(ids(elite)).toEqual(['0,3', '1,6', '3,0', '4,3.5', '6,1'])
  })

  it('are the feasible first, then those that break their constraints least', () => {
    const members = [member([0], 5), member([9]), member([1], 2), member([8]), member([2], 1)]
    expect(eliteOf(members, 4, byCrowding).map((i) => (members[i] as Member).losses[0])).toEqual([8, 9, 2, 1])
  })

  it('are all when there is room', () => {
    expect(eliteOf([member([1]), member([2])], 5, byCrowding)).toEqual([0, 1])
  })

  it('stand, by niches, at as many reference lines as there are', () => {
    // Three crowds, one at each axis; of each only the nearest to its line is alone there.
    const axis = (j: number, off: number): number[] => [0, 1, 2].map((k) => (k === j ? 1 : off))
    const members = [0, 1, 2].flatMap((j) => [0.001, 0.002, 0.003].map((off) => member(axis(j, off))))
    const cut = byNiches(referencePoints(3, 1), randomStream('niches'))
    const chosen = cut([], members, 3).map((i) => (members[i] as Member).losses)
    expect(chosen.toSorted()).toEqual([axis(2, 0.001), axis(1, 0.001), axis(0, 0.001)].toSorted())
    // Those that are kept already fill their lines.
    const others = cut(members.slice(0, 3), members.slice(3), 4)
    expect(others.filter((i) => i < 3)).toHaveLength(2)
  })
})

describe('a population', () => {
  const settings = { size: 4, parentCount: 4, cut: byCrowding, isCrowdingCompared: true }

  it('keeps the best, in whatever order they come', () => {
    const losses = [5, 3, 8, 1, 9, 2, 7]
    for (const order of [losses, losses.toReversed(), losses.toSorted()]) {
      const population = new Population(settings)
      for (const loss of order) population.add(member([loss]))
      expect(ids(population.members)).toEqual(['1', '2', '3', '5'])
      expect(population.isFull).toBe(true)
    }
  })

  it('lets the better of two breed more often, and of two equals the more widely spaced', () => {
    const population = new Population(settings)
    for (const losses of [
      [0, 4],
      [1, 1.1],
      [1.1, 1],
      [4, 0],
    ])
      population.add(member(losses))
    const random = randomStream('tournament')
    const counts = new Map<string, number>()
    for (let i = 0; i < 1000; i++) {
      const [parent] = population.parents.complete([], 1, () => true, random)
      const id = parent?.losses.join() as string
      counts.set(id, (counts.get(id) ?? 0) + 1)
    }
    expect((counts.get('0,4') ?? 0) + (counts.get('4,0') ?? 0)).toBeGreaterThan(700)
    expect(counts.size).toBe(4)
  })

  it('gives parents that differ, and fewer where fewer fit', () => {
    const population = new Population(settings)
    for (const loss of [1, 2, 3]) population.add(member([loss]))
    const random = randomStream('parents')
    const [first] = population.members
    const chosen = population.parents.complete([first as Member], 3, () => true, random)
    expect(ids(chosen)).toEqual(['1', '2', '3'])
    expect(population.parents.complete([], 3, ({ losses }) => losses[0] === 2, random)).toHaveLength(1)
  })
})
