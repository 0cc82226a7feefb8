import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Life, type TrialStatus, valuesOf } from '../../src/core/trial.ts'

const STATUSES: TrialStatus[] = [
  'pending',
  'running',
  'stopping',
  'paused',
  'retrying',
  'terminated',
  'error',
]
const entry = fc.record({
  status: fc.constantFrom(...STATUSES),
  at: fc.double({ min: 0, max: 1e12, noNaN: true }),
  cause: fc.constantFrom('trial.start', 'trial.report', 'experiment.stop', 'a cause nobody had before'),
  attempt: fc.integer({ min: 1, max: 100_000 }),
})

describe('Life', () => {
  it('tells each stay as it was entered, until the next', () => {
    fc.assert(
      fc.property(
        fc.array(entry, { maxLength: 20 }),
        fc.option(fc.nat(), { nil: undefined }),
        (entries, endedAt) => {
          const life = new Life()
          for (const { status, at, cause, attempt } of entries) life.enter(status, at, cause, attempt)
          const expected = entries.map(({ at, ...stay }, i) => ({
            ...stay,
            from: at,
            to: entries[i + 1]?.at ?? endedAt,
          }))
          expect(life.stays(endedAt)).toEqual(expected)
          life.compact()
          expect(life.stays(endedAt)).toEqual(expected)
        },
      ),
    )
  })

  it('has no end of its last stay while it lasts, and can go on after compact', () => {
    const life = new Life()
    expect(life.stays()).toEqual([])
    life.enter('pending', 0, 'created', 1)
    life.compact()
    life.enter('running', 5, 'trial.start', 1)
    expect(life.stays().map(({ from, to }) => [from, to])).toEqual([
      [0, 5],
      [5, undefined],
    ])
  })
})

describe('valuesOf', () => {
  const objectives = [
    { metric: 'loss', mode: 'min' },
    { metric: 'val/acc', mode: 'max' },
  ] as const

  it('is one value an objective, in their order', () => {
    expect(valuesOf({ val: { acc: 0.5 }, loss: Number.NaN }, objectives)).toEqual([Number.NaN, 0.5])
    expect(valuesOf({ loss: 1 }, [])).toEqual([])
  })

  it('is nothing when one is missing or no number', () => {
    expect(valuesOf({ loss: 1 }, objectives)).toBeUndefined()
    expect(valuesOf({ loss: 1, val: { acc: '0.5' } }, objectives)).toBeUndefined()
  })
})
