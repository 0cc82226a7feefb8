import type { LogRecord } from '../../core/log.ts'
import { parseJson } from '../../core/plain-json.ts'
import { type Insert, insert, query, row, type Steps, texts } from './steps.ts'

const ALL_FROM = query<{ record: string }>(
  'SELECT record FROM troupe_events WHERE study_id = ? AND position >= ? ORDER BY position',
)
const COUNT = query<{ count: number }>(
  'SELECT COALESCE(MAX(position) + 1, 0) AS count FROM troupe_events WHERE study_id = ?',
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

/** How many records a log has: its next position. */
export function* eventCount(studyId: number): Steps<number> {
  return Number((yield* row(COUNT, studyId))?.count)
}

/** The records of a log from a position on, as their texts. */
export function* eventTexts(studyId: number, from = 0): Steps<readonly string[]> {
  return yield* texts(ALL_FROM, studyId, from)
}

/** Puts texts of records at the end of a log, where `position` is. */
export function* addEvents(studyId: number, position: number, added: readonly string[]): Steps<void> {
  yield* insert(
    ADD,
    added.map((text, i) => [studyId, position + i, text]),
  )
}

/** The records that texts stand for. */
export function parsed(kept: readonly string[]): LogRecord[] {
  return kept.map((text) => parseJson(text) as LogRecord)
}
