import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { concurrencyLimiter } from '../../src/searchers/concurrency-limiter.ts'
import { gridSearcher } from '../../src/searchers/grid-searcher.ts'
import { randomSearch } from '../../src/searchers/random-search.ts'
import type { Searcher, Suggestion } from '../../src/searchers/searcher.ts'
import { choice } from '../../src/space/choices.ts'
import { randint } from '../../src/space/integers.ts'
import { uniform } from '../../src/space/numbers.ts'
import { maximumIteration } from '../../src/stoppers/maximum-iteration.ts'
import { terminator } from '../../src/stoppers/terminator/terminator.ts'
import { createStudy } from '../../src/study/create-study.ts'
import type { StudyTrial } from '../../src/study/study-trial.ts'
import { TrialPruned } from '../../src/study/trial-pruned.ts'

const paramSpace = { x: uniform(0, 1) }

/** An objective that ends when the test says so, and notes how many run at once. */
function gate(): { readonly objective: () => Promise<number>; readonly counts: number[]; open(): void } {
  const waiting: (() => void)[] = []
  const counts: number[] = []
  let running = 0
  return {
    counts,
    open: () => waiting.splice(0).forEach((resolve) => resolve()),
    async objective() {
      counts.push(++running)
      await new Promise<void>((resolve) => waiting.push(resolve))
      running--
      return 1
    },
  }
}

const turns = async (): Promise<void> => {
  for (let i = 0; i < 50; i++) await Promise.resolve()
}

describe('optimize', () => {
  it('runs the objective on so many trials, and finds the best', async () => {
    const study = await createStudy({ paramSpace, seed: 1 })
    await study.optimize(({ config }) => (config.x - 0.5) ** 2, { nTrials: 60 })
    expect(study.trials).toHaveLength(60)
    expect(study.bestTrial.config.x).toBeCloseTo(0.5, 1)
    await study.optimize(() => 1, { nTrials: 0 })
    expect(study.trials).toHaveLength(60)
  })

  it('ends with the searcher', async () => {
    const study = await createStudy({ paramSpace: { n: randint(0, 5) }, searcher: gridSearcher() })
    await study.optimize(({ config }) => config.n, { concurrency: 2 })
    expect(study.trials.map(({ values }) => values)).toEqual([[0], [1], [2], [3], [4]])
  })

  it('lets trials suggest, report and be pruned', async () => {
    const study = await createStudy({ seed: 2 })
    await study.optimize(
      (trial) => {
        const x = trial.suggestFloat('x', 0, 1)
        trial.report(1, x)
        if (trial.number === 1) throw new TrialPruned()
        return x
      },
      { nTrials: 3 },
    )
    expect(study.trials.map(({ state }) => state)).toEqual(['completed', 'pruned', 'completed'])
    expect(study.trials[1]?.values).toEqual([study.trials[1]?.config.x])
  })

  it('takes several values, and NaN as a failure', async () => {
    const study = await createStudy({ paramSpace, directions: ['minimize', 'minimize'] })
    await study.optimize(async ({ number }) => [number, number === 1 ? Number.NaN : 0], { nTrials: 2 })
    expect(study.trials.map(({ state }) => state)).toEqual(['completed', 'failed'])
  })

  it('rejects with what the objective threw, when all that runs has ended, its trial failed', async () => {
    const study = await createStudy({ paramSpace })
    const broken = new RangeError('boom')
    const objective = async ({ number }: { number: number }): Promise<number> => {
      await turns()
      if (number === 1) throw broken
      return number
    }
    await expect(study.optimize(objective, { nTrials: 20, concurrency: 3 })).rejects.toBe(broken)
    expect(study.trials.map(({ state }) => state).slice(0, 3)).toEqual(['completed', 'failed', 'completed'])
    expect(study.trials.length).toBeLessThan(7)
    expect(study.trials.some(({ state }) => state === 'running')).toBe(false)
  })

  it('goes on over what the objective throws, when it may', async () => {
    const study = await createStudy({ paramSpace })
    const objective = (): number => {
      throw new RangeError('boom')
    }
    await study.optimize(objective, { nTrials: 3, catch: true })
    expect(study.trials.map(({ state }) => state)).toEqual(['failed', 'failed', 'failed'])
  })

  it('goes on over a thrown value that breaks whoever looks at it', async () => {
    const { proxy, revoke } = Proxy.revocable(new Error('hidden'), {})
    revoke()
    const study = await createStudy({ paramSpace })
    const objective = (): number => {
      throw proxy
    }
    await study.optimize(objective, { nTrials: 2, catch: true })
    expect(study.trials.map(({ state }) => state)).toEqual(['failed', 'failed'])
  })

  it('rejects for an objective that gives no value, its trial failed', async () => {
    const study = await createStudy({ paramSpace })
    await expect(study.optimize((() => {}) as never, { nTrials: 3 })).rejects.toThrow(OptionError)
    expect(study.trials.map(({ state }) => state)).toEqual(['failed'])
  })

  it('runs as many at once as asked, at most what the searcher is limited to', async () => {
    for (const [searcher, concurrency, most] of [
      [randomSearch(), 3, 3],
      [randomSearch(), undefined, 1],
      [concurrencyLimiter(randomSearch(), { maxConcurrent: 2 }), undefined, 2],
      [concurrencyLimiter(randomSearch(), { maxConcurrent: 2 }), 5, 2],
    ] as const) {
      const { objective, counts, open } = gate()
      const study = await createStudy({ paramSpace, searcher })
      let isOver = false
      const done = study.optimize(objective, { nTrials: 7, concurrency }).then(() => (isOver = true))
      while (!isOver) {
        await turns()
        open()
      }
      await done
      expect(Math.max(...counts)).toBe(most)
      expect(counts).toHaveLength(7)
    }
  })

  it('asks a batched limiter in rounds', async () => {
    const asked: number[] = []
    const told: number[] = []
    const inner: Searcher = {
      name: 'rounds',
      start: () => ({
        suggest({ number }): Suggestion {
          if (number % 3 === 0) asked.push(told.length)
          return { kind: 'point', point: {} }
        },
        tell: ({ number }) => void told.push(number),
      }),
    }
    const study = await createStudy({
      paramSpace,
      searcher: concurrencyLimiter(inner, { maxConcurrent: 3, batch: true }),
    })
    await study.optimize(() => 1, { nTrials: 8 })
    expect(asked).toEqual([0, 3, 6])
    expect(told).toHaveLength(8)
  })

  it('waits with a searcher that needs a result first', async () => {
    const inner: Searcher = {
      name: 'one at a time',
      start: () => ({
        suggest: ({ running }): Suggestion =>
          running.length > 0 ? { kind: 'wait' } : { kind: 'point', point: {} },
        tell: () => {},
      }),
    }
    const study = await createStudy({ paramSpace, searcher: inner })
    await study.optimize(async () => 1, { nTrials: 6, concurrency: 3 })
    expect(study.trials).toHaveLength(6)
  })

  it('begins nothing after its signal has aborted', async () => {
    const study = await createStudy({ paramSpace })
    const controller = new AbortController()
    await study.optimize(
      ({ number }) => {
        if (number === 2) controller.abort()
        return 1
      },
      { signal: controller.signal },
    )
    expect(study.trials.map(({ state }) => state)).toEqual(['completed', 'completed', 'completed'])
  })

  it('begins nothing after its time is over', async () => {
    const study = await createStudy({ paramSpace })
    const end = Date.now() + 20
    await study.optimize(
      () => {
        while (Date.now() <= end);
        return 1
      },
      { timeoutMs: 10 },
    )
    expect(study.trials).toHaveLength(1)
  })

  it('rejects with what the searcher or the space throws', async () => {
    const study = await createStudy({ paramSpace: { x: choice([1]) }, where: () => false })
    await expect(study.optimize(() => 1, { nTrials: 2 })).rejects.toThrow(/where rejected/)
  })

  it.each([
    [{}, /would never end\. Give nTrials, timeoutMs, stop or signal/],
    [{ nTrials: 1.5 }, /nTrials/],
    [{ nTrials: 1, concurrency: 0 }, /concurrency/],
    [{ nTrial: 1 }, /Did you mean nTrials\?/],
    [{ signal: {} }, /AbortSignal/],
  ])('refuses %j', async (options, message) => {
    const study = await createStudy({ paramSpace })
    await expect(study.optimize(() => 1, options as never)).rejects.toThrow(message)
  })

  it('refuses what is no objective', async () => {
    const study = await createStudy({ paramSpace })
    await expect(study.optimize(undefined as never, { nTrials: 1 })).rejects.toThrow(OptionError)
  })

  it('ends when a stopper has had enough, and says why', async () => {
    const study = await createStudy({ paramSpace, seed: 1, direction: 'minimize' })
    const stop = terminator({ improvement: 'bestValueStagnation', maxStagnationTrials: 4, minNTrials: 1 })
    const end = await study.optimize(({ number }) => (number < 3 ? -number : 0), { stop })
    expect(end).toMatchObject({ endedBy: 'stopper', endReason: { by: 'stopper' } })
    expect(end.endReason?.text).toMatch(/bestValueStagnation/)
    expect(study.trials).toHaveLength(8)
  })

  it('shows stoppers the trials that ended before, however often it is called', async () => {
    const study = await createStudy({ paramSpace, seed: 1, direction: 'minimize' })
    const stop = terminator({ improvement: 'bestValueStagnation', maxStagnationTrials: 4, minNTrials: 1 })
    for (let calls = 0; calls < 7; calls++) {
      const end = await study.optimize(({ number }) => (number < 3 ? -number : 0), { nTrials: 1, stop })
      expect(end).toEqual({ endedBy: 'finished', endReason: undefined })
    }
    expect((await study.optimize(() => 0, { nTrials: 5, stop })).endedBy).toBe('stopper')
    expect(study.trials).toHaveLength(8)
  })

  it('looks at folds that a trial has as a user attribute', async () => {
    const study = await createStudy({ paramSpace, seed: 1, direction: 'minimize' })
    const objective = (trial: StudyTrial<{ x: number }>): number => {
      trial.setUserAttr('cvScores', [trial.config.x - 9, trial.config.x + 9])
      return trial.config.x
    }
    const { endedBy } = await study.optimize(objective, { nTrials: 30, stop: terminator() })
    expect(endedBy).toBe('stopper')
    await expect(
      study.optimize(() => 0, { nTrials: 30, stop: terminator({ cvScores: 'no' }) }),
    ).rejects.toThrow(/needs the folds of each trial/)
  })

  it('completes a trial that has reached a bound with what it reported last', async () => {
    const study = await createStudy({ paramSpace, direction: 'maximize', metricNames: ['acc'] })
    const objective = (trial: StudyTrial<{ x: number }>): number => {
      for (let step = 1; step <= 9; step++) {
        trial.report(step, step / 10)
        if (trial.shouldPrune()) throw new TrialPruned()
      }
      return 1
    }
    await study.optimize(objective, { nTrials: 1, stop: { acc: 0.5 } })
    await study.optimize(objective, { nTrials: 1, stop: [maximumIteration(3)] })
    await study.optimize(objective, { nTrials: 1 })
    expect(study.trials.map(({ state, values }) => [state, values])).toEqual([
      ['completed', [0.5]],
      ['completed', [0.3]],
      ['completed', [1]],
    ])
  })

  it('says whether trials, time, a signal or the searcher ended it', async () => {
    const study = await createStudy({ paramSpace })
    const abort = new AbortController()
    const stopping = ({ number }: { number: number }): number => {
      if (number === 4) abort.abort()
      return number
    }
    expect((await study.optimize(() => 1, { nTrials: 3 })).endedBy).toBe('finished')
    expect((await study.optimize(stopping, { signal: abort.signal })).endedBy).toBe('signal')
    expect((await study.optimize(() => 1, { timeoutMs: 0.001 })).endedBy).toBe('timeBudget')
    const finite = await createStudy({ paramSpace: { n: randint(0, 2) }, searcher: gridSearcher() })
    expect((await finite.optimize(() => 1)).endedBy).toBe('finished')
  })

  it('calls back with the study and each trial that has ended, in order', async () => {
    const study = await createStudy({ paramSpace })
    const heard: [number, string, number][] = []
    await study.optimize(({ number }) => number, {
      nTrials: 3,
      callbacks: [
        (given, { number, state, values }) => {
          expect(given).toBe(study)
          heard.push([number, state, values?.[0] ?? -1])
        },
        async (given) => void (await given.setUserAttr('count', given.trials.length)),
      ],
    })
    expect(heard).toEqual([0, 1, 2].map((number) => [number, 'completed', number]))
    expect(study.userAttrs).toEqual({ count: 3 })
  })

  it('ends with what a callback throws, and refuses callbacks that are none', async () => {
    const study = await createStudy({ paramSpace })
    const broken = new RangeError('no')
    const callbacks = [
      (): void => {
        throw broken
      },
    ]
    await expect(study.optimize(() => 1, { nTrials: 5, callbacks })).rejects.toBe(broken)
    expect(study.trials).toHaveLength(1)
    await expect(study.optimize(() => 1, { nTrials: 5, callbacks: [3] as never })).rejects.toThrow(
      /callbacks: must be an array of functions/,
    )
  })

  it('refuses a stopper that cannot judge its objectives before anything runs', async () => {
    const study = await createStudy({ paramSpace, directions: ['minimize', 'minimize'] })
    const stop = terminator({ improvement: 'bestValueStagnation' })
    await expect(study.optimize(() => [1, 2], { nTrials: 3, stop })).rejects.toThrow(OptionError)
    expect(study.trials).toEqual([])
  })

  it('refuses what is no stopper, and to go on for ever with bounds of trials alone', async () => {
    const study = await createStudy({ paramSpace })
    await expect(study.optimize(() => 1, { nTrials: 1, stop: [5] as never })).rejects.toThrow(
      /must be a stopper, an array of stoppers/,
    )
    await expect(study.optimize(() => 1, { stop: { value: 3 } })).rejects.toThrow(/would never end/)
  })
})
