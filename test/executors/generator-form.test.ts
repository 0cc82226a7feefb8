import { describe, expect, it } from 'vitest'
import { inProcess } from '../../src/executors/in-process.ts'
import type { Trainable, Trial } from '../../src/executors/trainable.ts'
import { play } from './harness.ts'

describe('a plain generator', () => {
  it.each([
    ['a promise', () => Promise.resolve(1), 'a Promise'],
    ['a number', () => 0.3, '0.3'],
    ['nothing', () => undefined, 'undefined'],
    ['an array', () => [{ loss: 1 }, { checkpoint: 1 }], 'an array of 2'],
    ['an instance of a class', () => new Map(), 'a Map'],
  ])('fails when it yields %s, and says what it may yield', async (_, value, words) => {
    let cleaned = false
    const run = await play(inProcess, function* () {
      try {
        yield { loss: 1 }
        yield value() as never
      } finally {
        cleaned = true
      }
    })
    expect(run.metrics).toEqual([{ loss: 1 }])
    expect(run.error).toMatchObject({ name: 'OptionError', option: 'yield' })
    expect(run.error.message).toBe(
      `A plain generator can only yield metrics or trial.sleep(ms), got ${words}. Use an async generator to await something else.`,
    )
    expect(cleaned).toBe(true)
  })

  it('runs a step within one event, without any promise', async () => {
    const order: string[] = []
    await play(
      inProcess,
      function* () {
        order.push('one')
        yield { loss: 1 }
        order.push('two')
        yield { loss: 2 }
      },
      {
        onReport(report, { attempt }) {
          attempt.answer(report.seq)
          queueMicrotask(() => order.push(`reaction to ${report.seq}`))
        },
      },
    )
    expect(order).toEqual(['one', 'two', 'reaction to 1', 'reaction to 2'])
  })

  it('may yield a sleep or a report that was settled before, or is yielded twice', async () => {
    const run = await play(inProcess, function* (_, trial) {
      const sleep = trial.sleep(10)
      const report = trial.report({ loss: 1 })
      yield trial.sleep(20)
      yield sleep
      yield sleep
      yield report
      yield report
    })
    expect(run.told.map((told) => told.at)).toEqual([0, 20])
  })

  it('sees TrialStopped where it yields a report on its way out, and its metrics are not heard', async () => {
    const seen: unknown[] = []
    const run = await play(
      inProcess,
      function* (_, trial) {
        try {
          yield { step: 1 }
        } finally {
          yield { step: 2 }
          yield trial.sleep(30)
          try {
            yield trial.report({ step: 3 })
          } catch (error) {
            seen.push(error)
          }
          yield { step: 4 }
          seen.push('cleaned')
        }
      },
      { onReport: (_, { attempt }) => attempt.leave('paused') },
    )
    expect(run.metrics).toEqual([{ step: 1 }])
    expect(seen).toEqual([expect.objectContaining({ name: 'TrialStopped', reason: 'paused' }), 'cleaned'])
    expect(run.told.at(-1)).toEqual({ at: 30, kind: 'settled', outcome: { kind: 'left' } })
  })

  it('gets no new sleep cut short that began while it was told to leave', async () => {
    const run = await play(
      inProcess,
      function* (_, trial) {
        try {
          yield { step: 1 }
          yield trial.sleep(1000)
        } finally {
          yield trial.sleep(7)
        }
      },
      {
        onReport: (report, watched) => {
          watched.attempt.answer(report.seq)
          watched.after(50, () => watched.attempt.leave('stopped'))
        },
      },
    )
    expect(run.told.at(-1)?.at).toBe(57)
  })
})

describe('an async generator', () => {
  it('is not heard on its way out either, and cleans up', async () => {
    const seen: unknown[] = []
    const run = await play(
      inProcess,
      async function* (_, trial) {
        try {
          yield { step: 1 }
        } finally {
          yield { step: 2 }
          await trial.sleep(30)
          await trial.report({ step: 3 }).catch((error: unknown) => seen.push(error))
          seen.push('cleaned')
        }
      },
      { onReport: (_, { attempt }) => attempt.leave('paused') },
    )
    expect(run.metrics).toEqual([{ step: 1 }])
    expect(seen).toEqual([expect.objectContaining({ name: 'TrialStopped' }), 'cleaned'])
    expect(run.told.at(-1)).toEqual({ at: 30, kind: 'settled', outcome: { kind: 'left' } })
  })
})

describe('the form of a trainable', () => {
  /** What a compiler makes of a generator for an engine without them. */
  const handWritten = (_: unknown, trial: Trial) => {
    let turn = 0
    return {
      [Symbol.iterator]() {
        return this
      },
      next: () =>
        turn++ === 0 ? { done: false, value: trial.sleep(5) } : { done: true, value: { loss: turn } },
    }
  }
  const handWrittenAsync = (_: unknown, trial: Trial) => {
    let turn = 0
    return {
      [Symbol.asyncIterator]() {
        return this
      },
      async next() {
        if (turn++ > 0) return { done: true, value: { loss: turn } }
        await trial.sleep(5)
        return { done: false, value: undefined }
      },
    }
  }
  // oxlint-disable-next-line unicorn/no-thenable -- the promises of old libraries are no more than this.
  const thenable = () => ({ then: (resolve: (value: unknown) => void) => resolve({ loss: 2 }) })

  it.each([
    ['a generator', handWritten, 5],
    ['an async generator', handWrittenAsync, 5],
    ['a promise', thenable, 0],
  ])('is known by what it returns: %s', async (_, trainable, at) => {
    const run = await play(inProcess, trainable as unknown as Trainable)
    expect(run.reports).toEqual([{ seq: 1, metrics: { loss: 2 }, last: true }])
    expect(run.told.at(-1)).toEqual({ at, kind: 'settled', outcome: { kind: 'returned' } })
  })

  it.each([
    ['a generator', handWritten],
    ['an async generator', handWrittenAsync],
  ])('can be left when it has no return(): %s', async (_, trainable) => {
    const run = await play(inProcess, trainable as unknown as Trainable, {
      afterStart: (watched) => watched.after(2, () => watched.attempt.leave('stopped')),
    })
    expect(run.told.at(-1)).toMatchObject({ at: 2, outcome: { kind: 'left' } })
  })

  it('is refused when it is none, at construction', () => {
    const kernel = { now: () => 0 } as never
    for (const trainable of [undefined, 5, 'train', {}, { kind: 'tree' }, null]) {
      expect(() => inProcess({ trainable: trainable as never, kernel })).toThrow(
        /A trainable must be a function/,
      )
    }
  })
})
