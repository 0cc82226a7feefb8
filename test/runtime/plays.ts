import fc from 'fast-check'
import {
  asha,
  type Command,
  defineTrainable,
  type Decision,
  type ExperimentOptions,
  fifo,
  randint,
  type Scheduler,
  type Trainable,
  type Trial,
} from 'troupe'
import { schedulerOf } from './stage.ts'

// Random experiments: what each trial does, who schedules them, and what cuts them.

export type Config = { x: number }

export const paramSpace = { x: randint(0, 1_000_000) }

/** What one trial does, step by step, and how it comes to an end. */
interface Part {
  readonly steps: readonly { readonly ms: number; readonly loss: unknown; readonly awaited: boolean }[]
  readonly end: 'returns' | 'throws' | 'throws once' | 'sleeps on' | 'ignores the end'
  readonly cleanupMs: number
}

export interface Play {
  readonly parts: readonly Part[]
  readonly form: 'async' | 'generator' | 'async generator' | 'steps'
  readonly scheduler: 'fifo' | 'asha' | 'pausing' | 'cutting' | 'exploiting'
  readonly numSamples: number
  readonly slots: number
  readonly maxFailures: number
  readonly failFast: boolean
  readonly backoffMs: number
  readonly stopAtMs: number | undefined
  readonly abortAt: { readonly trial: number; readonly step: number } | undefined
  readonly trialTimeoutMs: number | undefined
  readonly stopGraceMs: number
  readonly batch: boolean
  readonly clones: boolean
}

const loss = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 9 }) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(NaN, Infinity, undefined, 'low', null) },
)

const part: fc.Arbitrary<Part> = fc.record({
  steps: fc.array(fc.record({ ms: fc.constantFrom(0, 1, 5, 7), loss, awaited: fc.boolean() }), {
    maxLength: 5,
  }),
  end: fc.constantFrom('returns', 'returns', 'throws', 'throws once', 'sleeps on', 'ignores the end'),
  cleanupMs: fc.constantFrom(0, 0, 3, 50),
})

export const play: fc.Arbitrary<Play> = fc.record({
  parts: fc.array(part, { minLength: 1, maxLength: 4 }),
  form: fc.constantFrom('async', 'generator', 'async generator', 'steps'),
  scheduler: fc.constantFrom('fifo', 'asha', 'pausing', 'cutting', 'exploiting'),
  numSamples: fc.integer({ min: 1, max: 8 }),
  slots: fc.integer({ min: 1, max: 4 }),
  maxFailures: fc.constantFrom(0, 1, 2),
  failFast: fc.boolean(),
  backoffMs: fc.constantFrom(0, 4),
  stopAtMs: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
  abortAt: fc.option(fc.record({ trial: fc.nat({ max: 4 }), step: fc.nat({ max: 3 }) }), { nil: undefined }),
  trialTimeoutMs: fc.option(fc.constantFrom(6, 20), { nil: undefined }),
  stopGraceMs: fc.constantFrom(0, 10, 100),
  batch: fc.boolean(),
  clones: fc.boolean(),
})

/** Pauses each trial after each report, and goes on with the one that waits for longest when nothing else can run. */
const pausing = (): Scheduler<{ queue: number[] }> =>
  schedulerOf({
    init: () => ({ queue: [] as number[] }),
    onReport(state, { trial }) {
      state.queue.push(trial)
      return { kind: 'pause', reason: 'takes turns' }
    },
    choose(state, { candidates }) {
      const pending = candidates.find(({ status }) => status === 'pending')
      const next =
        pending?.trial ?? state.queue.find((trial) => candidates.some((other) => other.trial === trial))
      state.queue = state.queue.filter((trial) => trial !== next)
      return next
    },
  })

/** Pauses at the first report, waits until all are there, and then ends all that wait but one. */
const cutting = (): Scheduler<{ waiting: number[] }> =>
  schedulerOf({
    init: () => ({ waiting: [] as number[] }),
    onReport: (state, { trial, time }): Decision => {
      if (time > 1) return { kind: 'continue' }
      state.waiting.push(trial)
      return { kind: 'pause', reason: 'waits for the others' }
    },
    commands: (state): Command[] =>
      state.waiting.length < 3
        ? []
        : state.waiting.splice(1).map((trial) => ({
            trial,
            decision: { kind: 'stop', outcome: 'pruned', reason: 'lost' },
          })),
    choose: (_, { candidates, idle }) =>
      candidates.find(({ status }) => status === 'pending')?.trial ??
      (idle ? candidates[0]?.trial : undefined),
  })

/** Lets whoever reports twice go on, once, from the last other trial that has a checkpoint. */
const exploiting = (): Scheduler<{ donors: number[]; exploited: number[] }> =>
  schedulerOf({
    init: () => ({ donors: [] as number[], exploited: [] as number[] }),
    onReport(state, { trial, time, hasCheckpoint, config }): Decision {
      const donor = state.donors.findLast((other) => other !== trial)
      if (hasCheckpoint) state.donors.push(trial)
      if (time !== 2 || donor === undefined || state.exploited.includes(trial)) return { kind: 'continue' }
      state.exploited.push(trial)
      return { kind: 'exploit', donor, config, reason: 'the other is better' }
    },
  })

export const SCHEDULERS = {
  fifo: () => fifo(),
  asha: () => asha({ maxT: 4, gracePeriod: 1, reductionFactor: 2 }),
  pausing,
  cutting,
  exploiting,
}

/** Writes down who came in and who cleaned up. */
export interface Book {
  began: number
  cleaned: number
}

export function perform(given: Play, book: Book, abort: AbortController): Trainable<Config> {
  const partOf = (trial: Trial): Part => given.parts[trial.number % given.parts.length] as Part
  const mayAbort = (trial: Trial, step: number): void => {
    if (given.abortAt?.trial === trial.number && given.abortAt.step === step) abort.abort()
  }
  const crash = (trial: Trial): void => {
    const { end } = partOf(trial)
    if (end === 'throws' || (end === 'throws once' && trial.attempt === 1)) throw new Error('broke')
  }
  const leave = async (trial: Trial): Promise<void> => {
    // It may be told to leave only now, which cuts its sleep short.
    if (partOf(trial).cleanupMs > 0) await trial.sleep(partOf(trial).cleanupMs).catch(() => {})
    book.cleaned++
  }
  const lingers = ({ end }: Part): boolean => end === 'sleeps on' || end === 'ignores the end'

  switch (given.form) {
    case 'async':
      return async (_config, trial) => {
        const { steps, end } = partOf(trial)
        book.began++
        try {
          for (const [i, { ms, loss: value, awaited }] of steps.entries()) {
            mayAbort(trial, i)
            if (ms > 0) await trial.sleep(ms)
            const reported = trial.report({ loss: value }, i % 2 === 0 ? { checkpoint: i } : {})
            if (awaited) await reported
          }
          crash(trial)
          // A hundred times, since nothing else might ever end it.
          for (let i = 0; i < 100 && end === 'ignores the end'; i++) await trial.sleep(30).catch(() => {})
          if (end === 'sleeps on') await trial.sleep(1000)
        } finally {
          await leave(trial)
        }
      }
    case 'generator':
      return function* (_config, trial) {
        const chosen = partOf(trial)
        book.began++
        try {
          for (const [i, { ms, loss: value }] of chosen.steps.entries()) {
            mayAbort(trial, i)
            if (ms > 0) yield trial.sleep(ms)
            yield trial.report({ loss: value }, { checkpoint: i })
          }
          crash(trial)
          if (lingers(chosen)) yield trial.sleep(1000)
        } finally {
          try {
            if (chosen.cleanupMs > 0) yield trial.sleep(chosen.cleanupMs)
          } finally {
            book.cleaned++
          }
        }
      }
    case 'async generator':
      return async function* (_config, trial) {
        const chosen = partOf(trial)
        book.began++
        try {
          for (const [i, { ms, loss: value }] of chosen.steps.entries()) {
            mayAbort(trial, i)
            if (ms > 0) await trial.sleep(ms)
            yield { loss: value }
          }
          crash(trial)
          if (lingers(chosen)) await trial.sleep(1000)
        } finally {
          await leave(trial)
        }
      }
    case 'steps':
      return defineTrainable({
        setup(_config: Config, trial) {
          book.began++
          return { trial, step: 0 }
        },
        async step(state, trial) {
          const chosen = partOf(trial)
          const step = chosen.steps[state.step]
          if (step === undefined) {
            crash(trial)
            if (lingers(chosen)) await trial.sleep(1000)
            return { done: true }
          }
          mayAbort(trial, state.step++)
          if (step.ms > 0) await trial.sleep(step.ms)
          return { loss: step.loss }
        },
        save: ({ step }) => step,
        load: (state, step: number) => void (state.step = step),
        reset: () => {},
        cleanup: ({ trial }) => leave(trial),
      })
  }
}

/** The options of a play, all but its trainable, searcher and scheduler. */
export function optionsOf(given: Play, abort: AbortController): ExperimentOptions<Config> {
  return {
    metric: 'loss',
    mode: 'min',
    numSamples: given.numSamples,
    failure: { maxFailures: given.maxFailures, failFast: given.failFast, backoffMs: given.backoffMs },
    signal: abort.signal,
    stopGraceMs: given.stopGraceMs,
    ...(given.stopAtMs !== undefined && { timeBudgetMs: given.stopAtMs }),
    checkpoint: { every: 1, atEnd: true },
    ...(given.trialTimeoutMs !== undefined && { trialTimeoutMs: given.trialTimeoutMs }),
  }
}
