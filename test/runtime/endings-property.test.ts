import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Scheduler } from 'troupe'
import type { ExperimentMessage } from 'troupe/machines'
import { cloned, type Trace } from 'troupe/testing'
import { inProcess } from '../../src/executors/in-process.ts'
import { type Book, type Config, optionsOf, paramSpace, perform, play, SCHEDULERS } from './plays.ts'
import { runPlanted } from './planted.ts'
import { type Ended, endOf, simulate, spyingSearcher } from './stage.ts'

/** The most trials that ran at one time, or had run and were leaving: one that waited cleans up without a slot. */
function mostAtOnce(trace: Trace): number {
  const inside = new Set<number>()
  let most = 0
  for (const record of trace) {
    if (record.type !== 'trial.transition') continue
    if (record.to === 'running') inside.add(record.trial)
    else if (record.to !== 'stopping') inside.delete(record.trial)
    most = Math.max(most, inside.size)
  }
  return most
}

const STATUS = { completed: 'terminated', pruned: 'terminated', failed: 'error', interrupted: 'paused' }

describe('whatever trials do, whoever pauses or stops them, and whenever', () => {
  it('each is told to the searcher and to the scheduler once, as it ended, and cleans up', async () => {
    await fc.assert(
      fc.asyncProperty(play, async (given) => {
        const spy = spyingSearcher({ limit: { max: given.slots, batch: given.batch } })
        const abort = new AbortController()
        const book: Book = { began: 0, cleaned: 0 }
        const heard: string[] = []
        const inner = SCHEDULERS[given.scheduler]() as Scheduler<unknown>
        const scheduler: Scheduler<unknown> = {
          ...inner,
          onAdd(state, added) {
            heard.push(`add ${added.trial}`)
            inner.onAdd?.(state, added)
          },
          onReport(state, report) {
            heard.push(`report ${report.trial}`)
            return inner.onReport(state, report)
          },
          onEnd(state, end) {
            heard.push(`end ${end.trial} ${end.state}`)
            return inner.onEnd?.(state, end)
          },
        }
        const traces: Trace[] = []
        const ended: Ended<Config> = await endOf(
          simulate({
            trainable: perform(given, book, abort),
            paramSpace,
            ...optionsOf(given, abort),
            stallMs: 2000,
            searcher: spy.searcher,
            scheduler,
            ...(given.clones && { executor: (context) => cloned(inProcess(context), context.kernel) }),
          }),
        )
        const { results, error, run } = ended
        if (run !== undefined) traces.push(run.trace)
        if (error !== undefined) expect(error.code).toBe('failFast')

        const told = spy.told.map(({ number }) => number).sort((a, b) => a - b)
        expect(told).toEqual([...results].map(({ number }) => number))
        expect(told).toEqual(spy.suggested)
        for (const word of spy.told) {
          const result = results.at(word.number)
          expect(result?.state).toBe(word.state)
          expect(result?.status).toBe(STATUS[word.state])
          expect(result?.endedAt).toBeTypeOf('number')
          expect(word.values).toEqual(word.state === 'failed' ? undefined : result?.values)
          if (word.state === 'completed') expect(word.values?.some(Number.isNaN)).toBe(false)
          if (word.state === 'failed') expect(result?.error).toBeInstanceOf(Error)
          const words = heard.filter((line) => line.split(' ')[1] === String(word.number))
          if (words.length === 0) continue
          expect(words[0]).toBe(`add ${word.number}`)
          expect(words.indexOf(`end ${word.number} ${word.state}`)).toBe(words.length - 1)
          expect(words.filter((line) => !line.startsWith('report'))).toHaveLength(2)
        }

        for (const trace of traces) expect(mostAtOnce(trace)).toBeLessThanOrEqual(given.slots)
        const abandoned = results.warnings.filter(({ kind }) => kind === 'abandoned').length
        expect(book.cleaned).toBeGreaterThanOrEqual(book.began - abandoned)
      }),
      { numRuns: 200, timeout: 10_000 },
    )
  }, 120_000)

  it('the same happens in the other executor, message by message', async () => {
    await fc.assert(
      fc.asyncProperty(play, async (given) => {
        const runs = [false, true].map(async (clones) => {
          const abort = new AbortController()
          return endOf(
            simulate({
              trainable: perform(given, { began: 0, cleaned: 0 }, abort),
              paramSpace,
              ...optionsOf(given, abort),
              scheduler: SCHEDULERS[given.scheduler](),
              ...(clones && { executor: (context) => cloned(inProcess(context), context.kernel) }),
            }),
          )
        })
        const [here, there] = await Promise.all(runs)
        expect(there?.run?.trace.toJSONL()).toBe(here?.run?.trace.toJSONL())
        expect(there?.error?.message).toBe(here?.error?.message)
        expect(there?.results.toCSV()).toBe(here?.results.toCSV())
      }),
      { numRuns: 100, timeout: 10_000 },
    )
  }, 120_000)

  it('also when the user pauses, resumes and stops trials and the experiment by hand', async () => {
    const hand = fc.record({
      at: fc.integer({ min: 0, max: 30 }),
      does: fc.constantFrom(
        'pauseTrial',
        'pauseTrial',
        'resumeTrial',
        'stopTrial',
        'stop',
        'stop gracefully',
      ),
      trial: fc.nat({ max: 5 }),
    })
    await fc.assert(
      fc.asyncProperty(play, fc.array(hand, { maxLength: 8 }), async (given, hands) => {
        const spy = spyingSearcher({ limit: { max: given.slots, batch: given.batch } })
        const abort = new AbortController()
        const book: Book = { began: 0, cleaned: 0 }
        const messages = hands.map(({ at, does, trial }): [number, ExperimentMessage] => [
          at,
          does === 'stop' || does === 'stop gracefully'
            ? { type: 'experiment.stop', by: 'stop', graceful: does !== 'stop' }
            : { type: `experiment.${does}`, trial },
        ])
        // Somebody always comes back in the end.
        const release = [0, 1, 2, 3, 4, 5, 6, 7].map((trial): [number, ExperimentMessage] => [
          5000,
          { type: 'experiment.resumeTrial', trial },
        ])
        const { signal: _, ...options } = optionsOf(given, abort)
        const after = await runPlanted(
          {
            trainable: perform(given, book, abort),
            paramSpace,
            ...options,
            searcher: spy.searcher,
            scheduler: SCHEDULERS[given.scheduler](),
          },
          { messages: [...messages, ...release] },
        )
        const { records } = after.experiment
        if (after.failure !== undefined) expect(after.failure.code).toBe('failFast')
        const told = spy.told.map(({ number }) => number).sort((a, b) => a - b)
        expect(told).toEqual(records.map(({ number }) => number))
        expect(told).toEqual(spy.suggested)
        for (const { number, state } of spy.told) {
          expect(records[number]).toMatchObject({ state, status: STATUS[state] })
        }
        const { slots, resources, waitingFor } = after.experiment.snapshot()
        expect({ slots: slots.used, cpus: resources.used['cpu'], waitingFor }).toEqual({
          slots: 0,
          cpus: 0,
          waitingFor: [],
        })
        const abandoned = after.experiment.warnings.filter(({ kind }) => kind === 'abandoned').length
        expect(book.cleaned).toBeGreaterThanOrEqual(book.began - abandoned)
      }),
      { numRuns: 500, timeout: 10_000 },
    )
  }, 120_000)
})
