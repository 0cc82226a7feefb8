import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Decision, randint, type Scheduler, type Searcher, type Trainable } from 'troupe'
import { endOf, schedulerOf, simulate } from './stage.ts'

type Config = { x: number }

const train: Trainable<Config> = async ({ x }, trial) => {
  for (let step = 1; step <= 3; step++) {
    await trial.sleep(1 + (x % 7))
    await trial.report({ loss: x / step })
    if (x % 5 === 4 && trial.attempt === 1) throw new Error('no')
  }
}

interface Memory {
  suggested: number[]
  told: number[]
}

/** Thinks about some calls, throws at others, and remembers what was asked of it and told to it. */
function moody(
  moods: readonly ('calm' | 'thinks' | 'throws' | 'rejects')[],
  canSave: boolean,
): { readonly searcher: Searcher; readonly last: () => Memory } {
  let calls = 0
  let memory: Memory = { suggested: [], told: [] }
  // The mood is taken on the way in: a call that fails has changed nothing, or everything.
  const inMood = <T>(call: () => T): T | Promise<T> => {
    const mood = moods[calls++ % moods.length]
    if (mood === 'throws') throw new Error(`threw at call ${calls}`)
    if (mood === 'rejects') {
      call()
      return Promise.reject(new Error(`rejected at call ${calls}`))
    }
    if (mood === 'calm') return call()
    return new Promise((resolve) => void setImmediate(() => resolve(call())))
  }
  const searcher: Searcher = {
    name: 'moody',
    start({ random, saved }) {
      const own: Memory = (memory = structuredClone(
        (saved as Memory | undefined) ?? { suggested: [], told: [] },
      ))
      return {
        suggest: ({ number }) =>
          inMood(() => {
            own.suggested.push(number)
            return { kind: 'point', point: { x: random.fork(number).below(1000) } }
          }),
        tell: ({ number }) => inMood(() => void own.told.push(number)),
        ...(canSave && { save: () => own }),
      }
    },
  }
  return { searcher, last: () => memory }
}

function grumpy(throwsAt: readonly number[]): Scheduler<{ reports: number }> {
  let calls = 0
  const pass = (): void => {
    if (throwsAt.includes(++calls)) throw new Error(`threw at call ${calls}`)
  }
  return schedulerOf({
    init: () => ({ reports: 0 }),
    onAdd: pass,
    onReport(state): Decision {
      const turn = ++state.reports % 4
      pass()
      if (turn === 3) return { kind: 'pause', reason: 'takes turns' }
      return turn === 2 ? { kind: 'stop', outcome: 'pruned', reason: 'lost' } : { kind: 'continue' }
    },
    onEnd: pass,
  })
}

const mood = fc.oneof(
  { weight: 15, arbitrary: fc.constant('calm' as const) },
  { weight: 4, arbitrary: fc.constant('thinks' as const) },
  { weight: 1, arbitrary: fc.constantFrom('throws' as const, 'rejects' as const) },
)

it('a searcher and a scheduler that think and throw now and then know of every trial in the end, once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        moods: fc.array(mood, { minLength: 5, maxLength: 40 }),
        canSave: fc.boolean(),
        throwsAt: fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 3 }),
        stopAtMs: fc.option(fc.integer({ min: 1, max: 800 }), { nil: undefined }),
        numSamples: fc.integer({ min: 1, max: 12 }),
        maxConcurrentTrials: fc.integer({ min: 1, max: 4 }),
      }),
      async ({ moods, canSave, throwsAt, stopAtMs, ...options }) => {
        const { searcher, last } = moody(moods, canSave)
        const { results, error } = await endOf(
          simulate({
            trainable: train,
            paramSpace: { x: randint(0, 1_000_000) },
            metric: 'loss',
            mode: 'min',
            failure: { maxFailures: 1 },
            ...options,
            searcher,
            scheduler: grumpy(throwsAt),
            ...(stopAtMs !== undefined && { timeBudgetMs: stopAtMs }),
          }),
        )
        for (const { state, endedAt } of results) {
          expect(endedAt).toBeTypeOf('number')
          expect(['completed', 'pruned', 'interrupted', 'failed']).toContain(state)
        }
        if (error !== undefined) expect(['searcher', 'scheduler']).toContain(error.code)
        if (error?.code === 'searcher') return
        const numbers = [...results].map(({ number }) => number)
        const { suggested, told } = last()
        expect(suggested).toEqual(numbers)
        expect([...told].sort((a, b) => a - b)).toEqual(numbers)
      },
    ),
    { numRuns: 300, timeout: 10_000 },
  )
}, 120_000)
