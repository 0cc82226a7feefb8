import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Objective } from '../../src/core/objective.ts'
import { paretoFront } from '../../src/core/pareto.ts'

const MIN_MAX: readonly Objective[] = [
  { metric: 'loss', mode: 'min' },
  { metric: 'gain', mode: 'max' },
]

function candidate(number: number, values: readonly number[] | undefined, broken = 0) {
  return { number, state: 'completed', values, constraints: { limit: broken } }
}

const numbersOf = (...args: Parameters<typeof paretoFront>) =>
  paretoFront(...args).map(({ number }) => number)

describe('paretoFront', () => {
  it('keeps equal trials together and drops what is worse in one and better in none', () => {
    const records = [
      candidate(0, [1, 5]),
      candidate(1, [1, 5]),
      candidate(2, [1, 4]),
      candidate(3, [2, 5]),
      candidate(4, [2, 6]),
    ]
    expect(numbersOf(records, MIN_MAX)).toEqual([0, 1, 4])
  })

  it('takes infinities as values, NaN and missing ones as none', () => {
    const records = [
      candidate(0, [-Infinity, -Infinity]),
      candidate(1, [NaN, Infinity]),
      candidate(2, undefined),
      candidate(3, [0, 0]),
    ]
    expect(numbersOf(records, MIN_MAX)).toEqual([0, 3])
  })

  it('leaves out failed trials', () => {
    expect(numbersOf([{ ...candidate(0, [0, 9]), state: 'failed' }, candidate(1, [1, 1])], MIN_MAX)).toEqual([
      1,
    ])
  })

  it('has infeasible trials only when none is feasible', () => {
    expect(numbersOf([candidate(0, [0, 9], 1), candidate(1, [5, 1])], MIN_MAX)).toEqual([1])
    expect(numbersOf([candidate(0, [0, 9], 1), candidate(1, [5, 1], 2)], MIN_MAX)).toEqual([0])
  })

  it('is the best trial, or all that are, with one objective', () => {
    const records = [candidate(0, [3]), candidate(1, [1]), candidate(2, [1])]
    expect(numbersOf(records, [{ metric: 'loss', mode: 'min' }])).toEqual([1, 2])
  })

  it('can be empty', () => expect(numbersOf([], MIN_MAX)).toEqual([]))

  it('is what comparing each with each gives', () => {
    const value = fc.integer({ min: 0, max: 6 })
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value, value), { maxLength: 40 }), (points) => {
        const objectives = [...MIN_MAX, { metric: 'size', mode: 'min' as const }]
        const beats = (a: readonly number[], b: readonly number[]) => {
          const gains = objectives.map(
            ({ mode }, i) => ((a[i] as number) - (b[i] as number)) * (mode === 'max' ? 1 : -1),
          )
          return gains.every((gain) => gain >= 0) && gains.some((gain) => gain > 0)
        }
        const records = points.map((values, number) => candidate(number, values))
        const expected = records.filter((a) => !points.some((b) => beats(b, a.values ?? [])))
        expect(paretoFront(records, objectives)).toEqual(expected)
      }),
    )
  })
})
