import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { randomSearch } from '../../src/searchers/random-search.ts'
import { settleObjectives, settleSpace } from '../../src/searchers/settle.ts'

describe('metric and mode', () => {
  const loss = [{ metric: 'loss', mode: 'min' }]

  it('are taken from wherever they are given', () => {
    expect(settleObjectives('Tuner', { metric: 'loss', mode: 'min' }, randomSearch())).toEqual(loss)
    expect(settleObjectives('Tuner', {}, randomSearch({ metric: 'loss', mode: 'min' }))).toEqual(loss)
    expect(
      settleObjectives(
        'Tuner',
        { metric: ['loss'], mode: ['min'] },
        randomSearch({ metric: 'loss', mode: 'min' }),
      ),
    ).toEqual(loss)
    expect(settleObjectives('Tuner', {}, randomSearch())).toEqual([])
  })

  it('must be equal when given in both places', () => {
    const settle = (): unknown =>
      settleObjectives(
        'Tuner',
        { metric: 'loss', mode: 'min' },
        randomSearch({ metric: 'loss', mode: 'max' }),
      )
    expect(settle).toThrow(OptionError)
    expect(settle).toThrow(
      'randomSearch optimises loss (max), but Tuner loss (min). Give metric and mode in one place, or the same in both.',
    )
  })

  it('must be given together', () => {
    expect(() => settleObjectives('Tuner', {}, randomSearch({ metric: 'loss' }))).toThrow(
      /randomSearch: metric is given but mode is not/,
    )
  })
})

describe('a space', () => {
  it('is taken from wherever it is given, but not from both', () => {
    expect(settleSpace('Tuner', { x: 1 }, randomSearch())).toEqual({ x: 1 })
    expect(settleSpace('Tuner', undefined, randomSearch({ space: { x: 2 } }))).toEqual({ x: 2 })
    expect(settleSpace('Tuner', undefined, randomSearch())).toBeUndefined()
    expect(() => settleSpace('Tuner', { x: 1 }, randomSearch({ space: { x: 1 } }))).toThrow(
      /given twice.*Leave one of them out/,
    )
  })
})
