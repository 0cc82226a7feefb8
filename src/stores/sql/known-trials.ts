import { type Insert, insert, query, row, rows, run, type SqlValue, type Steps } from './steps.ts'

/** What the log knows of a row of Optuna's table of trials. */
export interface KnownTrial {
  /** In the log. In the table it can be another one, where Optuna added trials while an experiment ran. */
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
}

const OURS: Insert = {
  table: 'troupe_trials',
  columns: [
    ['study_id', 'int4'],
    ['number', 'int4'],
    ['trial_id', 'int4'],
    ['seen', 'text'],
    ['ended', 'int4'],
  ],
  ending: '',
}
const CHANGE = query('UPDATE troupe_trials SET seen = ?, ended = ? WHERE trial_id = ?')
// Two queries in one: SQLite finds a maximum in an index only where it is the only thing asked for.
const LAST = query<{ number: number | null; trial_id: number | null }>(
  `SELECT (SELECT MAX(number) FROM troupe_trials WHERE study_id = ?) AS number,
     (SELECT MAX(trial_id) FROM troupe_trials WHERE study_id = ?) AS trial_id`,
)

interface TrialRow {
  readonly trial_id: number
  readonly state: string
  readonly param_count: number
}

const PARAM_COUNT = '(SELECT COUNT(*) FROM trial_params p WHERE p.trial_id = t.trial_id) AS param_count'
const NEW = query<TrialRow>(
  `SELECT t.trial_id, t.state, ${PARAM_COUNT} FROM trials t
   WHERE t.study_id = ? AND t.trial_id > ?
     AND NOT EXISTS (SELECT 1 FROM troupe_trials k WHERE k.trial_id = t.trial_id)
   ORDER BY t.trial_id`,
)
const ALL = query<TrialRow>(
  `SELECT t.trial_id, t.state, ${PARAM_COUNT} FROM trials t WHERE t.study_id = ? ORDER BY t.trial_id`,
)
const OPEN = query<TrialRow & { readonly number: number; readonly seen: string }>(
  `SELECT k.number, k.seen, t.trial_id, t.state, ${PARAM_COUNT}
   FROM troupe_trials k JOIN trials t ON t.trial_id = k.trial_id
   WHERE k.study_id = ? AND k.ended = 0 ORDER BY k.number`,
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
 * @param isAny - Whether new ones may be among those that are known: an experiment goes on while Optuna adds trials. Else
 *   only greater ids can be new.
 */
export function* foreignTrials(studyId: number, isAny: boolean): Steps<readonly ForeignTrial[]> {
  const foreign: ForeignTrial[] = []
  for (const { number, seen, ...found } of yield* rows(OPEN, studyId)) {
    const now = seenOf(found)
    // Of a trial of the log's own only the state says that another has changed it.
    if (seen === (seen.includes('/') ? now : found.state)) continue
    foreign.push({ number, trialId: found.trial_id, seen: now, hasEnded: isEnd(found), isNew: false })
  }
  const last = yield* row(LAST, studyId, studyId)
  const first = (last?.number ?? -1) + 1
  const found = yield* rows(NEW, studyId, isAny ? 0 : (last?.trial_id ?? 0))
  return [...foreign, ...found.map((trial, i) => newTrial(trial, first + i))]
}

/** The rows of a study of which there is no log. */
export function* allTrials(studyId: number): Steps<readonly ForeignTrial[]> {
  return (yield* rows(ALL, studyId)).map(newTrial)
}

function newTrial(found: TrialRow, number: number): ForeignTrial {
  return { number, trialId: found.trial_id, seen: seenOf(found), hasEnded: isEnd(found), isNew: true }
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
