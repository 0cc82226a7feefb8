import { describe, expect, it } from 'vitest'
import { readOptions } from '../../src/core/options.ts'
import { OptionError } from '../../src/errors.ts'
import { expendable, type Retention, RETENTION_CHECKS, scoreOf } from '../../src/checkpoints/retention.ts'

const { NaN: nan, POSITIVE_INFINITY: inf } = Number

/** The indices of what is kept, after each checkpoint. */
function keptAfterEach(scores: readonly (number | undefined)[], retention: Retention): number[][] {
  let kept: { readonly index: number; readonly score: number | undefined }[] = []
  return scores.map((score, index) => {
    kept.push({ index, score })
    const going = expendable(kept, retention)
    kept = kept.filter((checkpoint) => !going.includes(checkpoint))
    return kept.map((checkpoint) => checkpoint.index)
  })
}

describe('which checkpoints are kept', () => {
  // What Ray Tune's rules give, worked out from them by hand-written bookkeeping of their own.
  it.each([
    [[1, 2, 3, 4], 2, 'max', [[0], [0, 1], [1, 2], [2, 3]]],
    [[4, 3, 2, 1], 2, 'max', [[0], [0, 1], [0, 1, 2], [0, 1, 3]]],
    [[4, 3, 2, 1], 2, 'min', [[0], [0, 1], [1, 2], [2, 3]]],
    [[1, 1, 1, 1], 2, 'max', [[0], [0, 1], [1, 2], [2, 3]]],
    [[2, 1, 2, 1], 1, 'max', [[0], [0, 1], [2], [2, 3]]],
    [[5, 1, 4, 2, 3], 3, 'max', [[0], [0, 1], [0, 1, 2], [0, 2, 3], [0, 2, 4]]],
    [[5, 1, 4, 2, 3], 1, 'min', [[0], [1], [1, 2], [1, 3], [1, 4]]],
    [[nan, 1, nan, 2, nan], 2, 'max', [[0], [0, 1], [1, 2], [1, 3], [1, 3, 4]]],
    [[nan, nan, nan], 2, 'min', [[0], [0, 1], [1, 2]]],
    [[-inf, inf, 0, nan, inf], 2, 'max', [[0], [0, 1], [1, 2], [1, 2, 3], [1, 4]]],
    [[-inf, inf, 0, nan, -inf], 2, 'min', [[0], [0, 1], [0, 2], [0, 2, 3], [0, 4]]],
    [[3, 9, 1, 8, 2, 7], 2, 'max', [[0], [0, 1], [0, 1, 2], [1, 3], [1, 3, 4], [1, 3, 5]]],
  ] as const)('of scores %j, with keep %d and mode %s', (scores, keep, mode, kept) => {
    expect(keptAfterEach(scores, { keep, mode, scoreAttribute: 'score' })).toEqual(kept)
  })

  it('takes a missing score for the worst', () => {
    expect(keptAfterEach([1, undefined, 0, undefined], { keep: 1 })).toEqual([[0], [0, 1], [0, 2], [0, 3]])
    expect(keptAfterEach([undefined, nan, undefined], { keep: 1, mode: 'min' })).toEqual([[0], [1], [2]])
  })

  it('keeps the newest without scores, and all without a number', () => {
    expect(keptAfterEach([undefined, undefined, undefined], { keep: 2 })).toEqual([[0], [0, 1], [1, 2]])
    expect(keptAfterEach([3, 2, 1], {})).toEqual([[0], [0, 1], [0, 1, 2]])
  })

  it('reads the score from the report, also within', () => {
    const metrics = { loss: 1, val: { loss: 2 }, name: 'x' }
    expect(scoreOf(metrics, { scoreAttribute: 'loss' })).toBe(1)
    expect(scoreOf(metrics, { scoreAttribute: 'val/loss' })).toBe(2)
    expect(scoreOf(metrics, { scoreAttribute: 'name' })).toBeUndefined()
    expect(scoreOf(metrics, {})).toBeUndefined()
  })

  it.each([{ keep: 0 }, { keep: 1.5 }, { scoreAttribute: '' }, { mode: 'best' as 'max' }])(
    'refuses %j',
    (options) => {
      const defaults = { keep: undefined, scoreAttribute: undefined, mode: undefined }
      expect(() =>
        readOptions<Retention, typeof defaults>('checkpoint', options, defaults, RETENTION_CHECKS),
      ).toThrow(OptionError)
    },
  )
})
