import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { outcomeOf } from '../../src/searchers/tpe/outcome.ts'
import type { Outcome } from '../../src/searchers/tpe/outcome.ts'
import { TrialOrder } from '../../src/searchers/tpe/trial-order.ts'
import { told } from './laws.ts'

const NONE = { params: {}, domains: {} }

function complete(number: number, ...losses: number[]): Outcome {
  return { kind: 'complete', number, losses }
}

function best(outcomes: readonly Outcome[], k: number): number[] {
  const order = new TrialOrder(outcomes.find((outcome) => outcome.kind === 'complete')?.losses.length ?? 1)
  for (const outcome of outcomes) order.add(outcome)
  return order.best(k).toSorted((a, b) => a - b)
}

describe("TPE's order of trials", () => {
  it('takes completed before pruned before infeasible ones, and of equal ones the earlier', () => {
    const outcomes: Outcome[] = [
      { kind: 'infeasible', number: 0, violation: 2 },
      { kind: 'pruned', number: 1, last: undefined },
      { kind: 'pruned', number: 2, last: { step: 3, loss: 9 } },
      complete(3, 5),
      { kind: 'pruned', number: 4, last: { step: 8, loss: NaN } },
      { kind: 'infeasible', number: 5, violation: 1 },
      { kind: 'pruned', number: 6, last: { step: 8, loss: 1 } },
      complete(7, Infinity),
      complete(8, 5),
      complete(9, -Infinity),
    ]
    const preferred = [9, 3, 8, 7, 6, 4, 2, 1, 5, 0]
    for (let k = 0; k <= 12; k++) {
      expect(best(outcomes.toReversed(), k)).toEqual(preferred.slice(0, k).toSorted((a, b) => a - b))
    }
  })

  it('takes whole fronts as long as they fit, and from the next those that dominate most', () => {
    const outcomes = [
      complete(0, 0, 10),
      complete(1, 4.9, 5.1),
      complete(2, 5, 5),
      complete(3, 10, 0),
      complete(4, 11, 11),
    ]
    // (4.9, 5.1) and (5, 5) dominate nearly the same, so that only one of them is worth its place.
    expect(best(outcomes, 3).filter((number) => number === 1 || number === 2)).toHaveLength(1)
    expect(best(outcomes, 4)).toEqual([0, 1, 2, 3])
    expect(best(outcomes, 3)).not.toContain(4)
  })

  it('answers the same however trials came, also where an earlier answer is kept', () => {
    const losses = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 })), {
      minLength: 1,
      maxLength: 40,
    })
    fc.assert(
      fc.property(losses, fc.integer({ min: 1, max: 10 }), (rows, k) => {
        const order = new TrialOrder(2)
        rows.forEach((row, number) => {
          order.add(complete(number, ...row))
          const fresh = rows.slice(0, number + 1).map((other, i) => complete(i, ...other))
          expect(order.best(k).toSorted((a, b) => a - b)).toEqual(best(fresh, k))
        })
      }),
    )
  })

  it('reads how a trial ended', () => {
    const objectives = [{ metric: 'score', mode: 'max' as const }]
    const read = (more: Parameters<typeof told>[2]): Outcome | undefined =>
      outcomeOf(told(1, NONE, more), objectives)
    expect(read({ values: [3] })).toEqual({ kind: 'complete', number: 1, losses: [-3] })
    expect(read({ values: [NaN] })).toBeUndefined()
    expect(read({ state: 'failed', values: undefined })).toBeUndefined()
    expect(read({ values: [3], constraints: { a: -1, b: 0.5, c: 2 } })).toEqual({
      kind: 'infeasible',
      number: 1,
      violation: 2.5,
    })
    const reports = [
      [1, 5],
      [4, 7],
      [2, 6],
    ] as const
    expect(read({ state: 'pruned', intermediate: reports })).toEqual({
      kind: 'pruned',
      number: 1,
      last: { step: 4, loss: -7 },
    })
    expect(read({ state: 'interrupted', intermediate: [], values: [2], step: 3 })).toEqual({
      kind: 'pruned',
      number: 1,
      last: { step: 3, loss: -2 },
    })
    expect(read({ state: 'interrupted', intermediate: [], values: undefined, step: undefined })).toEqual({
      kind: 'pruned',
      number: 1,
      last: undefined,
    })
  })
})
