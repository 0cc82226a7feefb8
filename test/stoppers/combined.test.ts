import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { combined } from '../../src/stoppers/combined.ts'
import { functionStopper } from '../../src/stoppers/function-stopper.ts'
import { metricBound } from '../../src/stoppers/metric-bound.ts'
import type { Stopper } from '../../src/stoppers/stopper.ts'
import { timeout } from '../../src/stoppers/timeout.ts'
import { trialPlateau } from '../../src/stoppers/trial-plateau.ts'
import { simulate } from '../../src/testing/simulate.ts'
import { demandsOf, firstDemand } from './reports.ts'

describe('combined', () => {
  it('ends a trial when any of its stoppers does, and tells all of every report', () => {
    const stopper = combined(metricBound({ loss: 9 }), trialPlateau({ metric: 'loss' }))
    const demands = demandsOf(stopper, [1, 9, 1, 1, 1, 1])
    expect(demands.map((demand) => demand?.evidence?.['bound'] ?? demand?.evidence?.['std'])).toEqual([
      undefined,
      9,
      undefined,
      undefined,
      undefined,
      0.01,
    ])
  })

  it('ends the experiment rather than the trial', () => {
    const demands = demandsOf(combined(metricBound({ loss: 1 }), timeout(15)), [1, 1])
    expect(demands.map((demand) => demand?.scope)).toEqual(['trial', 'experiment'])
  })

  it('hands on what is demanded at a trial’s end', () => {
    const ending: Stopper<null> = {
      name: 'ending',
      init: () => null,
      onReport: () => undefined,
      onEnd: () => ({ scope: 'experiment', reason: 'enough' }),
    }
    const stopper = combined(metricBound({ loss: 1 }), ending)
    const trial = {
      number: 0,
      params: {},
      domains: {},
      state: 'completed',
      values: [1],
      step: 1,
      intermediate: [],
      constraints: {},
    } as const
    expect(stopper.onEnd?.(stopper.init(), { trial, objectives: [] })).toMatchObject({ reason: 'enough' })
  })

  it('refuses what is no stopper, and to be nothing', () => {
    expect(() => combined()).toThrow(OptionError)
    expect(() => combined({ loss: 1 } as object as Stopper)).toThrow(/metricBound\(/)
    expect(() => combined([timeout(1), timeout(2)] as never)).toThrow(/Write combined\(\.\.\.stoppers\)/)
    expect(() => combined((() => true) as never)).toThrow(/Write functionStopper\(f\)/)
  })
})

describe('timeout', () => {
  it('ends the experiment at the first report that is late enough', async () => {
    expect(firstDemand(demandsOf(timeout(30), [1, 1, 1, 1]))).toBe(3)
    const run = await simulate({
      trainable: function* () {
        for (;;) yield { loss: 1 }
      },
      metric: 'loss',
      mode: 'min',
      stepMs: 10,
      stop: timeout(100),
      seed: 1,
    })
    expect(run.elapsedMs).toBe(100)
    expect(run.results.endedBy).toBe('stopper')
  })

  it.each([0, -1, NaN, Infinity, '1s'])('refuses %j', (timeoutMs) => {
    expect(() => timeout(timeoutMs as number)).toThrow(OptionError)
    expect(() => timeout(timeoutMs as number)).toThrow(/above 0.*milliseconds/)
  })
})

describe('functionStopper', () => {
  it('ends a trial when the function is true of its report', () => {
    const isGood = (_trial: number, { loss }: { readonly loss?: unknown }): boolean => Number(loss) < 0.5
    const demands = demandsOf(functionStopper(isGood), [1, 0.4])
    expect(demands).toEqual([undefined, { scope: 'trial', reason: 'isGood is true' }])
  })

  it('is given the number of the trial', () => {
    const demands = demandsOf(
      functionStopper((trial) => trial === 2),
      [1, 1, 1],
      (i) => i,
    )
    expect(demands.map((demand) => demand?.reason)).toEqual([
      undefined,
      undefined,
      'the function given as stop is true',
    ])
  })

  it.each([
    [async () => true, /got a promise\. It cannot wait/],
    [() => 1, /got 1\. Return a comparison/],
    [() => undefined, /got undefined/],
  ])('refuses an answer that is neither true nor false: %s', async (isDone, message) => {
    const stop = functionStopper(isDone as () => unknown as () => boolean)
    expect(() => demandsOf(stop, [1])).toThrow(message)
    const run = simulate({ trainable: () => ({ loss: 1 }), metric: 'loss', mode: 'min', stop })
    await expect(run).rejects.toMatchObject({ code: 'stopper', message: expect.stringMatching(message) })
  })

  it('refuses what is no function', () => {
    expect(() => functionStopper(true as never)).toThrow(OptionError)
  })
})
