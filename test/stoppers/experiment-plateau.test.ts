import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { type ExperimentPlateauOptions, experimentPlateau } from '../../src/stoppers/experiment-plateau.ts'
import { demandsOf, firstDemand } from './reports.ts'

const top3 = { metric: 'loss', std: 0.1, top: 3 }

describe('experimentPlateau', () => {
  it('ends the experiment when the best results of all trials hardly differ, and says why', () => {
    const demands = demandsOf(experimentPlateau(top3), [5, 1, 9, 1, 8, 1], (i) => i)
    expect(firstDemand(demands)).toBe(6)
    expect(demands[5]).toEqual({
      scope: 'experiment',
      reason: 'the best 3 results of loss have a standard deviation of 0, at most 0.1, at 1 report',
      evidence: { metric: 'loss', best: 1, deviation: 0, std: 0.1, top: 3 },
    })
  })

  it('takes the largest for the best where the mode is max', () => {
    const values = [1, 1, 5, 5, 5]
    expect(firstDemand(demandsOf(experimentPlateau({ ...top3, mode: 'max' }), values))).toBe(5)
  })

  it('waits until they were so for patience reports in a row', () => {
    const stopper = experimentPlateau({ ...top3, patience: 3 })
    expect(firstDemand(demandsOf(stopper, [1, 1, 1, 1, 1]))).toBe(5)
    // A new best breaks the row.
    expect(firstDemand(demandsOf(stopper, [1, 1, 1, 1, -5, 1, -5, -5, 1, 1, 1]))).toBe(10)
  })

  it('leaves out reports without the metric, or with NaN, and sees no plateau of infinities', () => {
    expect(firstDemand(demandsOf(experimentPlateau(top3), [1, NaN, undefined, 1, NaN, 1]))).toBe(6)
    expect(firstDemand(demandsOf(experimentPlateau(top3), Array(9).fill(-Infinity)))).toBeUndefined()
  })

  it.each([
    [{}, /needs metric/],
    [{ metric: 'loss', top: 1 }, /integer from 2/],
    [{ metric: 'loss', std: 0 }, /above 0/],
    [{ metric: 'loss', mode: 'up' }, /'min', 'max'/],
    [{ metric: 'loss', patience: -1 }, /integer from 0/],
  ])('refuses %j', (options, message) => {
    const build = (): unknown => experimentPlateau(options as ExperimentPlateauOptions)
    expect(build).toThrow(OptionError)
    expect(build).toThrow(message)
  })
})
