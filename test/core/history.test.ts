import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { History } from '../../src/core/history.ts'
import type { Metrics } from '../../src/core/metrics.ts'

type Step =
  | { readonly kind: 'push'; readonly metrics: Metrics }
  | { readonly kind: 'truncate'; readonly length: number }
  | { readonly kind: 'compact' }

const numbers = fc.record({ loss: fc.double(), training_iteration: fc.nat(99) })
// Other keys, another order, fewer or none, and what is no number.
const others: fc.Arbitrary<Metrics> = fc.oneof(
  fc.record({ training_iteration: fc.nat(9), loss: fc.double() }),
  fc.record({ loss: fc.double() }),
  fc.record({ loss: fc.double(), training_iteration: fc.nat(9), acc: fc.double() }),
  fc.record({ loss: fc.constantFrom(null, 'nan', [1], { a: 1 }), training_iteration: fc.nat(9) }),
  fc.record({ 7: fc.double(), a: fc.double(), 3: fc.double() }),
  fc.constant({}),
)

function steps(pushed: fc.Arbitrary<Metrics>): fc.Arbitrary<Step[]> {
  return fc.array(
    fc.oneof(
      { weight: 8, arbitrary: fc.record({ kind: fc.constant('push' as const), metrics: pushed }) },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant('truncate' as const), length: fc.nat(12) }),
      },
      { weight: 1, arbitrary: fc.constant({ kind: 'compact' as const }) },
    ),
    { maxLength: 40 },
  )
}

function isAsAnArray(taken: readonly Step[]): void {
  const history = new History()
  let model: Metrics[] = []
  for (const step of taken) {
    if (step.kind === 'push') {
      history.push({ ...step.metrics })
      model.push({ ...step.metrics })
    } else if (step.kind === 'truncate') {
      history.truncate(step.length)
      model = model.slice(0, step.length)
    } else history.compact()
    expect(history.length).toBe(model.length)
    expect(history.at(-1)).toStrictEqual(model.at(-1))
  }
  expect(history.toArray()).toStrictEqual(model)
  expect([...history]).toStrictEqual(model)
  for (let i = -model.length - 1; i <= model.length; i++) expect(history.at(i)).toStrictEqual(model.at(i))
}

describe('History', () => {
  it('is an array of reports, when all have the same keys', () => {
    fc.assert(fc.property(steps(numbers), isAsAnArray))
  })

  it('is an array of reports, when some differ in shape', () => {
    fc.assert(
      fc.property(
        steps(fc.oneof({ weight: 6, arbitrary: numbers }, { weight: 1, arbitrary: others })),
        isAsAnArray,
      ),
      { numRuns: 300 },
    )
  })

  it('is an array of reports, when every one differs', () => {
    fc.assert(fc.property(steps(others), isAsAnArray))
  })

  it('keeps NaN, infinities and the sign of zero', () => {
    const history = new History()
    for (const loss of [Number.NaN, -Infinity, -0]) history.push({ loss })
    expect(history.toArray()).toStrictEqual([{ loss: Number.NaN }, { loss: -Infinity }, { loss: -0 }])
  })

  it('keeps the order of the keys', () => {
    const history = new History()
    history.push({ z: 1, a: 2 })
    history.push({ a: 1, z: 2 })
    expect(history.toArray().map((row) => Object.keys(row))).toEqual([
      ['z', 'a'],
      ['a', 'z'],
    ])
  })

  it('keeps trials with different keys apart', () => {
    const [one, other] = [new History(), new History()]
    for (const i of [1, 2, 3]) {
      one.push({ loss: i })
      other.push({ acc: i, loss: -i })
    }
    expect(one.at(-1)).toEqual({ loss: 3 })
    expect(other.at(0)).toEqual({ acc: 1, loss: -1 })
  })

  it('does not change with what was pushed, while all reports are numbers', () => {
    const history = new History()
    const metrics = { loss: 1 }
    history.push(metrics)
    metrics.loss = 2
    expect(history.at(0)).toEqual({ loss: 1 })
  })
})
