import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { metricBound } from '../../src/stoppers/metric-bound.ts'
import type { StopDemand } from '../../src/stoppers/stopper.ts'

function asked(bounds: Record<string, number>, metrics: Record<string, unknown>): StopDemand | undefined {
  const stopper = metricBound(bounds)
  return stopper.onReport(stopper.init(), { trial: 0, metrics, elapsedMs: 0 })
}

describe('metricBound', () => {
  it('ends a trial whose metric is at or above its bound, and says why', () => {
    expect(asked({ acc: 0.9 }, { acc: 0.9 })).toEqual({
      scope: 'trial',
      reason: 'acc 0.9 has reached its bound 0.9',
      evidence: { metric: 'acc', value: 0.9, bound: 0.9 },
    })
    expect(asked({ acc: 0.9 }, { acc: Infinity })).toMatchObject({ scope: 'trial' })
  })

  it('lets a trial go on below its bound', () => {
    expect(asked({ acc: 0.9 }, { acc: 0.89 })).toBeUndefined()
  })

  it('needs one of several bounds only', () => {
    expect(asked({ acc: 0.9, training_iteration: 3 }, { acc: 0.1, training_iteration: 3 })).toMatchObject({
      evidence: { metric: 'training_iteration' },
    })
  })

  it.each([[{}], [{ acc: 'high' }], [{ acc: NaN }], [{ acc: -Infinity }]])(
    'ends nothing on %j',
    (metrics) => {
      expect(asked({ acc: 0 }, metrics)).toBeUndefined()
    },
  )

  it('reads nested reports by path', () => {
    expect(asked({ 'val/acc': 0.5 }, { val: { acc: 0.6 } })).toMatchObject({
      evidence: { metric: 'val/acc' },
    })
  })

  it.each([
    [{}, /^metricBound takes an object with a bound for at least one metric/],
    [[1], /at least one metric/],
    [null, /got null/],
    [{ acc: '0.9' }, /metricBound\.acc: a bound must be a finite number, got "0\.9"/],
    [{ acc: NaN }, /got NaN/],
    [{ acc: Infinity }, /leave it out/],
  ])('refuses %j', (bounds, message) => {
    expect(() => metricBound(bounds as Record<string, number>)).toThrow(OptionError)
    expect(() => metricBound(bounds as Record<string, number>)).toThrow(message)
  })
})
