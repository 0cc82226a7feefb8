import type { LogRecord } from '../../core/log.ts'
import { isPlainObject } from '../../core/metrics.ts'
import { parseJson } from '../../core/plain-json.ts'
import { StorageError } from '../../errors.ts'
import { nameOf } from './study-name.ts'
import { type Insert, insert, query, row, rows, type Steps, texts } from './steps.ts'

const ALL_FROM = query<{ record: string }>(
  'SELECT record FROM troupe_events WHERE study_id = ? AND position >= ? ORDER BY position',
)
const FIRST = query<{ record: string }>(
  'SELECT record FROM troupe_events WHERE study_id = ? AND position = 0',
)
const COUNT = query<{ count: number }>(
  'SELECT COALESCE(MAX(position) + 1, 0) AS count FROM troupe_events WHERE study_id = ?',
)
const POSITIONS = query<{ position: number }>(
  'SELECT position FROM troupe_events WHERE study_id = ? AND position >= ? ORDER BY position',
)
const ADD: Insert = {
  table: 'troupe_events',
  columns: [
    ['study_id', 'int4'],
    ['position', 'int4'],
    ['record', 'text'],
  ],
  ending: '',
}

/** Whether a log is that of an experiment, not of a study. */
export function* isExperiment(studyId: number): Steps<boolean> {
  const [first = ''] = yield* texts(FIRST, studyId)
  return recordOf(first)?.type === 'experiment.started'
}

/** How many records a log has: its next position. */
export function* eventCount(studyId: number): Steps<number> {
  return Number((yield* row(COUNT, studyId))?.count)
}

/**
 * The records of a log from a position on, as their texts.
 * @throws {StorageError} with code `'corrupt'` when one of them is missing.
 */
export function* eventTexts(studyId: number, from = 0): Steps<readonly string[]> {
  const found = yield* texts(ALL_FROM, studyId, from)
  const end = yield* eventCount(studyId)
  if (found.length >= end - from) return found
  const positions = yield* rows(POSITIONS, studyId, from)
  const gap = positions.findIndex(({ position }, i) => position !== from + i)
  throw corrupt(yield* nameOf(studyId), from + gap, 'is missing')
}

/** Puts texts of records at the end of a log, where `position` is. */
export function* addEvents(studyId: number, position: number, added: readonly string[]): Steps<void> {
  yield* insert(
    ADD,
    added.map((text, i) => [studyId, position + i, text]),
  )
}

/**
 * The records that texts stand for.
 * @param name - Of the log.
 * @param from - The position of the first.
 * @throws {StorageError} with code `'corrupt'` when one of them is none.
 */
export function parsed(kept: readonly string[], name: string, from = 0): LogRecord[] {
  return kept.map((text, i) => recordOf(text) ?? refuse(name, from + i))
}

/** The record that a text stands for; undefined when it is none. */
export function recordOf(text: string): LogRecord | undefined {
  try {
    const record = parseJson(text)
    return isPlainObject(record) && typeof record['type'] === 'string'
      ? (record as object as LogRecord)
      : undefined
  } catch {
    return undefined
  }
}

function refuse(name: string, position: number): never {
  throw corrupt(name, position, 'is broken')
}

function corrupt(name: string, position: number, problem: string): StorageError {
  return new StorageError(
    'corrupt',
    `The log of ${name} is damaged: its record at position ${position} (table troupe_events) ${problem}. Take the database from a backup, or make a copy of it and delete the records from that position on.`,
  )
}
