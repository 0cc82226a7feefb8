import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { maximumIteration } from '../../src/stoppers/maximum-iteration.ts'

describe('maximumIteration', () => {
  it('ends a trial at its n-th report, and not before', () => {
    const stopper = maximumIteration(3)
    const demands = [1, 2, 3, 4].map((iteration) =>
      stopper.onReport(stopper.init(), {
        trial: 0,
        metrics: { training_iteration: iteration },
        elapsedMs: 0,
      }),
    )
    expect(demands.map((demand) => demand?.scope)).toEqual([undefined, undefined, 'trial', 'trial'])
    expect(demands[2]).toMatchObject({
      reason: 'training_iteration 3 has reached the maximum 3',
      evidence: { iteration: 3, maxIter: 3 },
    })
  })

  it.each([0, 1.5, NaN, '3'])('refuses %j', (maxIter) => {
    expect(() => maximumIteration(maxIter as number)).toThrow(OptionError)
    expect(() => maximumIteration(maxIter as number)).toThrow(/integer from 1/)
  })
})
