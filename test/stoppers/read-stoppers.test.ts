import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { maximumIteration } from '../../src/stoppers/maximum-iteration.ts'
import { metricBound } from '../../src/stoppers/metric-bound.ts'
import { readStoppers } from '../../src/stoppers/read-stoppers.ts'

describe('stop', () => {
  it('may be bounds, a stopper, or an array of both', () => {
    const names = (stop: Parameters<typeof readStoppers>[1]): string[] =>
      readStoppers('Tuner', stop).map(({ name }) => name)
    expect(names(undefined)).toEqual([])
    expect(names({ acc: 0.3 })).toEqual(['metricBound'])
    expect(names(maximumIteration(9))).toEqual(['maximumIteration'])
    expect(names([maximumIteration(9), { acc: 0.3 }, metricBound({ loss: 1 })])).toEqual([
      'maximumIteration',
      'metricBound',
      'metricBound',
    ])
  })

  it.each([
    [() => true, 'Tuner.stop', /Write functionStopper\(f\)/],
    [[maximumIteration], 'Tuner.stop', /got the function maximumIteration.*call it/],
    [null, 'Tuner.stop', /got null/],
    [{}, 'stop', /^stop takes an object with a bound/],
    [[{}], 'stop', /^stop takes an object with a bound/],
    [[{ acc: '1' }], 'stop.acc', /^stop\.acc: a bound must be a finite number, got "1"/],
    [{ onReport: () => undefined }, 'Tuner.stop', /needs name, init and onReport/],
  ])('refuses %o', (stop, option, message) => {
    const read = (): unknown => readStoppers('Tuner', stop as never)
    expect(read).toThrow(OptionError)
    expect(read).toThrow(expect.objectContaining({ option, message: expect.stringMatching(message) }))
  })
})
