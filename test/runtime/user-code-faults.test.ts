import { describe, expect, it } from 'vitest'
import { defineTrainable, type Trainable, Tuner, type Warning } from 'troupe'
import { simulate } from 'troupe/testing'

const LOSS = { metric: 'loss', mode: 'min' } as const

type Run = typeof simulate

/** The same in real time. */
const real: Run = async ({ trainable, ...options }) => {
  const results = await new Tuner(trainable, options as never).fit()
  return { results } as never
}

const cleanUp = (): never => {
  throw new RangeError('the file was gone')
}

/** Each reports for ever, and throws when it cleans up. */
const FORMS: Readonly<Record<string, Trainable>> = {
  'an async function': async (_, trial) => {
    try {
      for (;;) {
        await trial.sleep(1)
        await trial.report({ loss: 1 })
      }
    } finally {
      cleanUp()
    }
  },
  'an async generator': async function* (_, trial) {
    try {
      for (;;) {
        await trial.sleep(1)
        yield { loss: 1 }
      }
    } finally {
      cleanUp()
    }
  },
  'a generator': function* (_, trial) {
    try {
      for (;;) {
        yield trial.sleep(1)
        yield { loss: 1 }
      }
    } finally {
      cleanUp()
    }
  },
  defineTrainable: defineTrainable({
    setup: () => null,
    async step(_, trial) {
      await trial.sleep(1)
      return { loss: 1 }
    },
    cleanup: cleanUp,
  }),
}

const brief = (warnings: readonly Warning[]): unknown[] =>
  warnings.map(({ kind, trial, message, cause }) => [
    kind,
    trial,
    message,
    (cause as Error | undefined)?.name,
  ])

describe('what user code throws while it is leaving', () => {
  it.each(
    Object.entries(FORMS).flatMap(([form, trainable]) => [
      [form, 'simulate', trainable, simulate] as const,
      [form, 'a Tuner', trainable, real] as const,
    ]),
  )('is a warning, in %s under %s', async (_form, _under, trainable, run) => {
    const { results } = await run({ trainable, ...LOSS, stop: { training_iteration: 2 }, numSamples: 2 })
    expect([...results].map(({ state, error }) => [state, error])).toEqual([
      ['completed', undefined],
      ['completed', undefined],
    ])
    expect(brief(results.warnings)).toEqual(
      [0, 1].map((number) => [
        'cleanup',
        number,
        `Trial ${number} threw while it was leaving or cleaning up: the file was gone`,
        'RangeError',
      ]),
    )
  })

  it('is none when it only says that it had to leave', async () => {
    const { results } = await simulate({
      trainable: async (_, trial) => {
        for (;;) {
          try {
            await trial.sleep(1)
            await trial.report({ loss: 1 })
          } catch (cause) {
            throw trial.number === 0 ? cause : new Error('training was cut', { cause })
          }
        }
      },
      ...LOSS,
      stop: { training_iteration: 2 },
      numSamples: 2,
    })
    expect(results.warnings).toEqual([])
  })

  it('by cleanup, after a step had thrown, is a warning beside the error of the step', async () => {
    const trainable = defineTrainable({
      setup: () => null,
      step: (): never => {
        throw new Error('diverged')
      },
      cleanup: cleanUp,
    })
    const { results } = await simulate({ trainable, ...LOSS })
    expect(results.at(0)?.error?.message).toBe('diverged')
    expect(results.warnings).toMatchObject([{ kind: 'cleanup', cause: { message: 'the file was gone' } }])
  })
})

const { proxy, revoke } = Proxy.revocable({}, {})
revoke()

class Unreadable extends Error {
  override get message(): string {
    throw new Error('no message for you')
  }
}

const trap = (): never => {
  throw new Error('trap')
}

describe('a thrown value that breaks whoever looks at it', () => {
  it.each([
    ['a revoked proxy', proxy],
    ['a proxy whose traps throw', new Proxy(new Error('hidden'), { get: trap, getPrototypeOf: trap })],
    ['an error whose message throws', new Unreadable()],
    ['an error whose message is no text', Object.assign(new Error('x'), { message: { text: 'x' } })],
  ])('fails its trial and nothing else: %s', async (_, thrown) => {
    const trainable: Trainable = async (_config, trial) => {
      await trial.report({ loss: trial.number })
      if (trial.number === 0) await Promise.reject(thrown)
    }
    for (const run of [simulate, real]) {
      const { results } = await run({ trainable, ...LOSS, numSamples: 2 })
      expect([...results].map(({ state }) => state)).toEqual(['failed', 'completed'])
      const error = results.at(0)?.error
      expect(error).toMatchObject({ code: 'thrown' })
      expect(error?.cause === thrown).toBe(true)
      expect(results.errors[0]?.message).toMatch(/trial 0\) failed: An? .* was thrown/)
      expect(results.toTable()).toHaveLength(2)
    }
  })

  it('also when it comes from a listener', async () => {
    const tuner = new Tuner(() => ({ loss: 1 }), LOSS)
    tuner.on('trial.start', () => {
      throw proxy as Error
    })
    expect((await tuner.fit()).warnings).toMatchObject([{ kind: 'listener' }])
  })
})

describe('a trial that ends without a value', () => {
  const errorOf = async (trainable: Trainable, objective: object = LOSS): Promise<string | undefined> =>
    (await simulate({ trainable, ...objective })).results.at(0)?.error?.message

  it.each([
    [3, 'It returned 3, which names no metric: return { loss: 3 }.'],
    ['good', 'It returned "good", which names no metric: return { loss: 0.3 }.'],
    [[1, 2], 'It returned an array of 2: [1, 2], which names no metric: return { loss: 0.3 }.'],
    [undefined, 'Report it, or name another metric.'],
    [{ acc: 1 }, 'Report it, or name another metric.'],
  ])('says what it returned: %j', async (value, words) => {
    const beginning = 'Trial 0 ended without a report of loss that is a number. '
    expect(await errorOf((() => value) as never)).toBe(beginning + words)
    expect(await errorOf((async () => value) as never)).toBe(beginning + words)
  })

  it('does not mind what is returned when there is a value, or none is wanted', async () => {
    const reported: Trainable = async (_, trial) => {
      await trial.report({ loss: 1 })
      return 5 as never
    }
    expect(await errorOf(reported)).toBeUndefined()
    expect(await errorOf((() => 5) as never, {})).toBeUndefined()
  })

  it('of several objectives that never came together says so', async () => {
    const objectives = { metric: ['loss', 'val gain'], mode: ['min', 'max'] } as const
    const apart: Trainable = async (_, trial) => {
      await trial.report({ loss: 1 })
      await trial.report({ 'val gain': 1 })
    }
    expect(await errorOf(apart, objectives)).toBe(
      'Trial 0 ended without a report that carries loss, val gain together, as numbers. Put all of them into one report, or name other metrics.',
    )
    expect(await errorOf((() => 2) as never, objectives)).toMatch(/return \{ loss: 2, 'val gain': 2 \}\.$/)
  })
})

describe('a report of what the runtime counts', () => {
  it.each(['training_iteration', 'time_total_s'])('is replaced, and said once: %s', async (name) => {
    const { results } = await simulate({
      trainable: async (_, trial) => {
        for (let i = 1; i <= 3; i++) await trial.report({ loss: i, [name]: 1000 })
      },
      ...LOSS,
      numSamples: 3,
    })
    expect(results.at(2)?.metrics).toEqual({ loss: 3, training_iteration: 3, time_total_s: 0 })
    expect(results.warnings).toMatchObject([
      {
        kind: 'report',
        trial: 0,
        message: expect.stringMatching(`^Trial 0 reported ${name}, which is counted`) as string,
      },
    ])
  })
})
