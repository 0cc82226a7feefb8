import { describe, expect, it } from 'vitest'
import type { Objective } from '../../src/core/objective.ts'
import { OptionError } from '../../src/errors.ts'
import { hypervolume } from '../../src/results/hypervolume.ts'
import { uniform } from '../../src/space/numbers.ts'
import { createStudy } from '../../src/study/create-study.ts'
import { type Told, resultsOf } from './records.ts'

const LOSS_AND_GAIN: readonly Objective[] = [
  { metric: 'loss', mode: 'min' },
  { metric: 'gain', mode: 'max' },
]

function trial(loss: number, gain: number, more: Told = {}): Told {
  return { reports: [{ loss, gain }], ...more }
}

describe('hypervolume', () => {
  it('is the area that the front covers up to the reference, in the metrics’ own units', () => {
    const results = resultsOf([trial(1, 6), trial(2, 8), trial(3, 7)], { objectives: LOSS_AND_GAIN })
    // Up to loss 4 and gain 5: 3 × 1 of the first, and what the second adds, 2 × 2.
    expect(hypervolume(results, { reference: [4, 5] })).toBe(3 * 1 + 2 * 2)
  })

  it('passes over trials that failed, are infeasible, reported NaN or nothing, or do not beat the reference', () => {
    const none = [
      trial(0, 99, { state: 'failed' }),
      trial(0, 99, { constraints: { memory: 1 } }),
      trial(NaN, 99),
      trial(0, NaN),
      { reports: [] },
      trial(0, 5),
      trial(9, 99),
    ]
    const results = resultsOf(none, { objectives: LOSS_AND_GAIN })
    expect(hypervolume(results, { reference: [4, 5] })).toBe(0)
    const withOne = resultsOf([...none, trial(3, 6)], { objectives: LOSS_AND_GAIN })
    expect(hypervolume(withOne, { reference: [4, 5] })).toBe(1)
  })

  it('counts what a stopped trial reported last, as the front does', () => {
    const results = resultsOf([trial(3, 6, { state: 'pruned' })], { objectives: LOSS_AND_GAIN })
    expect(results.paretoFront()).toHaveLength(1)
    expect(hypervolume(results, { reference: [4, 5] })).toBe(1)
  })

  it('takes a study just as well', async () => {
    const study = await createStudy({
      paramSpace: { x: uniform(0, 1) },
      directions: ['minimize', 'maximize'],
    })
    for (const values of [
      [1, 6],
      [2, 8],
    ] as const)
      await study.tell(await study.ask(), values)
    expect(hypervolume(study, { reference: [4, 5] })).toBe(7)
    await study.close()
  })

  it('of one objective is how far the best is from the reference', () => {
    expect(hypervolume(resultsOf([{ reports: [{ loss: 2 }] }]), { reference: [10] })).toBe(8)
  })

  it.each([
    ['of the wrong length', { reference: [1] }, /array of 2 finite numbers/],
    ['with an infinity', { reference: [1, Infinity] }, /array of 2 finite numbers.*: \[1, Infinity\]/],
    ['left out', {}, /array of 2 finite numbers/],
    ['misspelt', { referense: [1, 2] }, /Did you mean reference\?/],
  ])('refuses a reference %s', (_, options, text) => {
    const results = resultsOf([trial(1, 2)], { objectives: LOSS_AND_GAIN })
    const measure = (): number => hypervolume(results, options as { reference: number[] })
    expect(measure).toThrow(OptionError)
    expect(measure).toThrow(text)
  })

  it('refuses results without objectives', () => {
    expect(() => hypervolume(resultsOf([], { objectives: [] }), { reference: [] })).toThrow(/no objectives/)
  })
})
