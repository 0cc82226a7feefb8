import { describe, expect, it } from 'vitest'
import { type Decision, randint, type Trainable } from 'troupe'
import type { SimulateOptions } from 'troupe/testing'
import { endOf, FOREVER_MS, schedulerOf, simulate } from './stage.ts'

type Config = { x: number }

const paramSpace = { x: randint(0, 1_000_000) }
const LOSS = { metric: 'loss', mode: 'min' } as const

const forEver: Trainable<Config> = async (_config, trial) => {
  for (;;) await trial.report({ loss: 1 })
}

// Bounds are large, so that they are reached takes seconds.
describe('time that stands while much happens, in virtual time,', { timeout: 120_000 }, () => {
  const always = (decision: (trial: number, config: unknown) => Decision) =>
    schedulerOf({ init: () => null, onReport: (_, { trial, config }) => decision(trial, config) })
  const growing: Trainable<Config> = async (_config, trial) => {
    const { step } = (trial.checkpoint ?? { step: 0 }) as { step: number }
    await trial.report({ loss: 1 }, { checkpoint: { step: step + 1 } })
  }
  const base = { paramSpace, timeBudgetMs: 1000, ...LOSS } as const
  const circles: readonly [string, string, SimulateOptions<Config> & { trainable: Trainable<Config> }][] = [
    [
      'a scheduler that lets a trial exploit for ever',
      'trial 0 was started 10000 times.',
      {
        ...base,
        trainable: growing,
        scheduler: always((_, config) => ({ kind: 'exploit', donor: 0, config, reason: 'again' })),
      },
    ],
    [
      'a scheduler that pauses an endless trial for ever',
      'trial 0 was started 10000 times.',
      { ...base, trainable: forEver, scheduler: always(() => ({ kind: 'pause', reason: 'again' })) },
    ],
    [
      'a trial that fails for ever',
      'trial 0 was started 10000 times.',
      {
        ...base,
        trainable: () => {
          throw new Error('no')
        },
        failure: { maxFailures: Infinity },
      },
    ],
    ['a trial that reports for ever', 'trial 0 reported 100000 times.', { ...base, trainable: forEver }],
    [
      'trial after trial for ever',
      '10000 trials were made,',
      { ...base, trainable: ({ x }) => ({ loss: x }), numSamples: Infinity },
    ],
  ]

  it.each(circles)('because of %s is an error that says when', async (_, what, options) => {
    const { error, results } = await endOf(simulate(options))
    expect(error?.code).toBe('stalled')
    expect(error?.message).toContain(`Time stands at 0 ms: ${what}`)
    expect([...results].every(({ endedAt }) => endedAt === 0)).toBe(true)
    expect(results.length).toBeGreaterThan(0)
  })

  it('may stand for long as long as it moves on in the end', async () => {
    const { results, elapsedMs } = await simulate({
      ...base,
      timeBudgetMs: FOREVER_MS,
      trainable: async (config, trial) => {
        if (trial.attempt % 5000 === 0) await trial.sleep(1)
        if (trial.attempt <= 12_000) throw new Error('again')
        return { loss: config.x }
      },
      failure: { maxFailures: Infinity },
    })
    expect(results.at(0)).toMatchObject({ state: 'completed', attempt: 12_001 })
    expect(elapsedMs).toBe(2)
  })
})
