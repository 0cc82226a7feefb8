import type { LogRecord } from '../../core/log.ts'
import { isOwnKey } from '../optuna/own-keys.ts'
import { toPythonJson } from '../optuna/python-json.ts'
import { isExperiment, recordOf } from './events.ts'
import { studyUserAttrs } from './optuna-rows.ts'
import { query, type Steps, texts } from './steps.ts'

/** Attributes of a study that a log knows, each as JSON. */
export type KnownAttrs = ReadonlyMap<string, string>

const KEPT = query<{ record: string }>(
  `SELECT record FROM troupe_events WHERE study_id = ? AND record LIKE '%"study.attr"%' ORDER BY position`,
)

/** The attributes that records set, over those that were known. */
export function knownAttrs(records: readonly LogRecord[], before: KnownAttrs = new Map()): KnownAttrs {
  const set = records.flatMap((record) => (record.type === 'study.attr' ? [record] : []))
  if (set.length === 0) return before
  return new Map([...before, ...set.map(({ key, value }) => [key, toPythonJson(value)] as const)])
}

/**
 * The attributes of a study that others have set, or set anew, as records.
 * @param known - What the log knows; missing when that is to be looked up in it.
 */
export function* foreignAttrs(studyId: number, known?: KnownAttrs): Steps<readonly LogRecord[]> {
  const found = Object.entries(yield* studyUserAttrs(studyId))
  // An experiment has none, and hears of nothing.
  if (found.length === 0 || (yield* isExperiment(studyId))) return []
  // One that is broken is refused by whoever reads the log.
  const before = known ?? knownAttrs((yield* texts(KEPT, studyId)).flatMap((text) => recordOf(text) ?? []))
  const at = Date.now()
  return found
    .filter(([key, value]) => !isOwnKey(key) && before.get(key) !== toPythonJson(value))
    .map(([key, value]) => ({ at, type: 'study.attr', key, value }))
}
