import { expect } from 'vitest'
import type { LogRecord } from '../../../src/core/log.ts'
import type { Result } from '../../../src/results/result.ts'
import type { Results } from '../../../src/results/results.ts'
import { recordedResults } from '../../../src/results/recorded/read-recorded.ts'

/** Expects that a log gives the results that the experiment gave, field by field. */
export function expectSameResults(records: Iterable<LogRecord>, given: Results<unknown>): void {
  const trainable = given.at(0)?.name.replace(/_[^_]*$/, '') ?? 'trial'
  // Stores keep what the trials are named after; traces have no need of it.
  const kept = Array.from(records, (record) =>
    record.type === 'experiment.started' ? { trainable, ...record } : record,
  )
  const read = recordedResults(kept)
  expect(read.length).toBe(given.length)
  const times = [...given].map((result, i) => {
    const mine = read.at(i) as Result
    expect(factsOf(mine)).toEqual(factsOf(result))
    expect(livesOf(read, i)).toEqual(livesOf(given, i))
    return [timesOf(mine, read, i), timesOf(result, given, i)] as const
  })
  for (const [mine, theirs] of times) {
    expect(mine.length).toBe(theirs.length)
    for (const [i, time] of mine.entries()) expect(time).toBeCloseTo(theirs[i] as number, 9)
  }
  expect(read.objectives).toEqual(given.objectives)
  expect(read.endedBy).toBe(given.endedBy)
  expect(read.elapsedMs).toBeCloseTo(given.elapsedMs, 9)
}

// A log tells no more of checkpoints than when there was one, and that only where they are kept.
function factsOf(result: Result): object {
  const {
    error,
    checkpoint: _,
    checkpointIteration: __,
    path: ___,
    checkpoints: ____,
    startedAt,
    endedAt,
    ranMs: _____,
    ...facts
  } = result
  return {
    ...facts,
    history: [...facts.history],
    error: error?.message,
    hasStarted: startedAt !== undefined,
    hasEnded: endedAt !== undefined,
  }
}

function livesOf(results: Results<unknown>, i: number): object | undefined {
  return results.timeline().lanes[i]?.stays.map(({ status, cause, attempt }) => ({ status, cause, attempt }))
}

function timesOf({ startedAt, endedAt, ranMs }: Result, results: Results<unknown>, i: number): number[] {
  // On a real clock it is a moment from when a trial is made to when its machine is there.
  const stays = results.timeline().lanes[i]?.stays.slice(1) ?? []
  return [startedAt ?? -1, endedAt ?? -1, ranMs, ...stays.flatMap(({ from, to }) => [from, to ?? -1])]
}
