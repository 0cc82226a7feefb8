import { describe, expect, it } from 'vitest'
import { type ObjectiveOptions, orient, readObjectives, sameObjectives } from '../../src/core/objective.ts'
import type { OptionError } from '../../src/errors.ts'

describe('readObjectives', () => {
  it('reads none, one, or several', () => {
    expect(readObjectives('Tuner', {})).toEqual([])
    expect(readObjectives('Tuner', { metric: 'loss', mode: 'min' })).toEqual([
      { metric: 'loss', mode: 'min' },
    ])
    expect(readObjectives('Tuner', { metric: ['loss', 'acc'], mode: ['min', 'max'] })).toEqual([
      { metric: 'loss', mode: 'min' },
      { metric: 'acc', mode: 'max' },
    ])
  })

  it.each<[object, string, RegExp]>([
    [{ metric: 'loss' }, 'Tuner.mode', /metric is given but mode is not\. Give both/],
    [{ mode: 'min' }, 'Tuner.metric', /mode is given but metric is not\. Give both/],
    [{ metric: 5, mode: 'min' }, 'Tuner.metric', /must be the name of a metric, or an array of names, got 5/],
    [{ metric: '', mode: 'min' }, 'Tuner.metric', /must be the name of a metric/],
    [{ metric: [], mode: [] }, 'Tuner.metric', /must be the name of a metric/],
    [
      { metric: 'loss', mode: 'minimize' },
      'Tuner.mode',
      /must be 'min' or 'max'.* got "minimize"\. Did you mean 'min'\?/,
    ],
    [{ metric: ['a', 'b'], mode: ['min', 'up'] }, 'Tuner.mode', /must be 'min' or 'max'/],
    [
      { metric: ['a', 'b'], mode: 'min' },
      'Tuner.mode',
      /2 metrics \(a, b\) but 1 mode\. Give one mode for each/,
    ],
    [{ metric: ['a', 'a'], mode: ['min', 'min'] }, 'Tuner.metric', /names a twice\. Name each metric once/],
  ])('refuses %j', (given, option, words) => {
    expect(() => readObjectives('Tuner', given as ObjectiveOptions)).toThrow(words)
    expect(() => readObjectives('Tuner', given as ObjectiveOptions)).toThrow(
      expect.objectContaining({ name: 'OptionError', option }) as OptionError,
    )
  })
})

describe('sameObjectives', () => {
  const [loss, acc] = [
    { metric: 'loss', mode: 'min' },
    { metric: 'acc', mode: 'max' },
  ] as const

  it('looks at metrics, modes and order', () => {
    expect(sameObjectives([loss, acc], [{ ...loss }, { ...acc }])).toBe(true)
    expect(sameObjectives([], [])).toBe(true)
    expect(sameObjectives([loss, acc], [acc, loss])).toBe(false)
    expect(sameObjectives([loss], [{ metric: 'loss', mode: 'max' }])).toBe(false)
    expect(sameObjectives([loss], [loss, acc])).toBe(false)
  })
})

describe('orient', () => {
  it('makes larger better', () => {
    expect([orient(3, 'max'), orient(3, 'min'), orient(-Infinity, 'min')]).toEqual([3, -3, Infinity])
    expect(orient(Number.NaN, 'min')).toBeNaN()
  })
})
