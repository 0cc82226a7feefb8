import { isExperiment } from './events.ts'
import { type Insert, insert, query, row, rows, run, type SqlValue, type Steps } from './steps.ts'

/** What the log knows of a row of Optuna's table of trials. */
export interface KnownTrial {
  /** In the log. In the table it can be another one, where others added trials while an experiment ran. */
  readonly number: number
  readonly trialId: number
  /** Its state; of one that others write to, with how many parameters it has, as in `RUNNING/2`. */
  readonly seen: string
  readonly hasEnded: boolean
}

/** A row that others have made or changed, so that the log does not know it as it is. */
export interface ForeignTrial extends KnownTrial {
  /** Whether the log does not know it at all. */
  readonly isNew: boolean
  /** In the table. */
  readonly rowNumber: number
}

/**
 * What is added to the numbers of trials that others put into an experiment, in its log: it numbers its own as if they were
 * not there, since what it does depends on these numbers, and never has so many.
 */
export const FOREIGN_NUMBERS = 1_000_000_000

const OURS: Insert = {
  table: 'troupe_trials',
  columns: [
    ['study_id', 'int4'],
    ['number', 'int4'],
    ['trial_id', 'int4'],
    ['seen', 'text'],
    ['ended', 'int4'],
  ],
  // What is there for the row is of a study that another program has deleted.
  ending: `ON CONFLICT (trial_id) DO UPDATE SET study_id = excluded.study_id, number = excluded.number,
    seen = excluded.seen, ended = excluded.ended`,
}
const CHANGE = query('UPDATE troupe_trials SET seen = ?, ended = ? WHERE trial_id = ?')
// Two queries in one: SQLite finds a maximum in an index only where it is the only thing asked for.
const LAST = query<{ number: number | null; trial_id: number | null }>(
  `SELECT (SELECT MAX(number) FROM troupe_trials WHERE study_id = ?) AS number,
     (SELECT MAX(trial_id) FROM troupe_trials WHERE study_id = ?) AS trial_id`,
)

interface TrialRow {
  readonly trial_id: number
  readonly number: number
  readonly state: string
  readonly param_count: number
}

const PARAM_COUNT = '(SELECT COUNT(*) FROM trial_params p WHERE p.trial_id = t.trial_id) AS param_count'
const NEW = query<TrialRow>(
  `SELECT t.trial_id, t.number, t.state, ${PARAM_COUNT} FROM trials t
   WHERE t.study_id = ? AND t.trial_id > ?
     AND NOT EXISTS (SELECT 1 FROM troupe_trials k WHERE k.trial_id = t.trial_id AND k.study_id = t.study_id)
   ORDER BY t.trial_id`,
)
const ALL = query<TrialRow>(
  `SELECT t.trial_id, t.number, t.state, ${PARAM_COUNT} FROM trials t WHERE t.study_id = ? ORDER BY t.trial_id`,
)
// One that waits as before has not changed, and a queue may be long.
const OPEN = query<TrialRow & { readonly known: number; readonly seen: string }>(
  `SELECT k.number AS known, k.seen, t.trial_id, t.number, t.state, ${PARAM_COUNT}
   FROM troupe_trials k JOIN trials t ON t.trial_id = k.trial_id
   WHERE k.study_id = ? AND k.ended = 0 AND NOT (t.state = 'WAITING' AND k.seen LIKE 'WAITING%')
   ORDER BY k.number`,
)

/** Notes rows that are trials of the log from now on. */
export function* noteTrials(studyId: number, trials: readonly KnownTrial[]): Steps<void> {
  yield* insert(
    OURS,
    trials.map(({ number, trialId, seen, hasEnded }): SqlValue[] => [
      ...[studyId, number, trialId],
      ...[seen, hasEnded ? 1 : 0],
    ]),
  )
}

/** Notes how a row is now. */
export function noteChange({ trialId, seen, hasEnded }: Omit<KnownTrial, 'number'>): Steps<void> {
  return run(CHANGE, seen, hasEnded ? 1 : 0, trialId)
}

/**
 * The rows of a study that others have made or changed, in order. Neither takes long to find, however many there are:
 * those that have ended never change.
 * @param after - Up to this id all rows are known: that of `lastKnown` when they were looked for last, 0 at first.
 */
export function* foreignTrials(studyId: number, after: number): Steps<readonly ForeignTrial[]> {
  const open = yield* rows(OPEN, studyId)
  // Of a trial of the log's own only the state says that another has changed it.
  const changed = open.filter((one) => one.seen !== (one.seen.includes('/') ? seenOf(one) : one.state))
  const foreign = changed.map((one) => foreignTrial(one, one.known, false))
  const added = yield* rows(NEW, studyId, after)
  if (added.length === 0) return foreign
  const isBeside = yield* isExperiment(studyId)
  const next = ((yield* row(LAST, studyId, studyId))?.number ?? -1) + 1
  return [
    ...foreign,
    ...added.map((one, i) => foreignTrial(one, isBeside ? FOREIGN_NUMBERS + one.number : next + i, true)),
  ]
}

/** The greatest id of a row that the log knows, 0 when it knows none. Once rows were looked for, it knows all before. */
export function* lastKnown(studyId: number): Steps<number> {
  return (yield* row(LAST, studyId, studyId))?.trial_id ?? 0
}

/** The rows of a study of which there is no log. */
export function* allTrials(studyId: number): Steps<readonly ForeignTrial[]> {
  return (yield* rows(ALL, studyId)).map((found, i) => foreignTrial(found, i, true))
}

function foreignTrial(found: TrialRow, number: number, isNew: boolean): ForeignTrial {
  const { trial_id: trialId, number: rowNumber } = found
  return { number, trialId, seen: seenOf(found), hasEnded: isEnd(found), isNew, rowNumber }
}

/** Notes that the log knows these rows as they are. */
export function* noteForeign(studyId: number, foreign: readonly ForeignTrial[]): Steps<void> {
  yield* noteTrials(
    studyId,
    foreign.filter(({ isNew }) => isNew),
  )
  for (const trial of foreign) if (!trial.isNew) yield* noteChange(trial)
}

function seenOf({ state, param_count }: TrialRow): string {
  return `${state}/${param_count}`
}

function isEnd({ state }: TrialRow): boolean {
  return state !== 'RUNNING' && state !== 'WAITING'
}
