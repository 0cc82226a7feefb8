import { describe, expectTypeOf, it } from 'vitest'
import { type Callback, type CallbackEnd, type Metrics, Tuner, type TrialInfo } from 'troupe'

describe('a callback', () => {
  it('types its listeners, and those that start returns', () => {
    const callback: Callback = {
      name: 'mine',
      async start({ seed, restored, trials }, signal) {
        expectTypeOf([seed, restored]).toEqualTypeOf<(string | boolean)[]>()
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
        for (const { history } of trials) expectTypeOf(history).toEqualTypeOf<Iterable<Metrics>>()
        return {
          'trial.report': ({ trial, metrics }) => {
            expectTypeOf(trial).toEqualTypeOf<TrialInfo>()
            expectTypeOf(metrics).toEqualTypeOf<Metrics>()
          },
          end: (end) => void expectTypeOf(end).toEqualTypeOf<CallbackEnd>(),
        }
      },
      'trial.error': ({ error }) => void expectTypeOf(error).toEqualTypeOf<Error>(),
    }
    new Tuner(async () => {}, { callbacks: [callback, {}] })
  })

  it('has nothing else', () => {
    // @ts-expect-error no event of this name
    new Tuner(async () => {}, { callbacks: [{ 'trial.reprot': () => {} }] })
    // @ts-expect-error a name is a text
    new Tuner(async () => {}, { callbacks: [{ name: 5 }] })
    // @ts-expect-error a start has no metrics
    new Tuner(async () => {}, { callbacks: [{ 'trial.start': ({ metrics }) => void metrics }] })
  })
})
