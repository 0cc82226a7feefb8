import type { OptunaOperation } from '../optuna/operation.ts'
import { type MadeTrial, OperationBatch, type TrialChanges } from './operation-batch.ts'
import {
  DIRECTIONS,
  INTERMEDIATE,
  PARAMS,
  STUDY_SYSTEM_ATTRS,
  STUDY_USER_ATTRS,
  TRIAL_SYSTEM_ATTRS,
  TRIAL_USER_ATTRS,
  TRIALS,
  VALUES,
} from './optuna-inserts.ts'
import type { Dialect } from './database.ts'
import { isName } from './names.ts'
import { insert, query, row, run, type SqlValue, type Steps } from './steps.ts'
import { timeText } from './times.ts'
import { type KnownTrial, noteChange, noteTrials } from './known-trials.ts'
import type { TrialIds } from './trial-ids.ts'

// Optuna counts the rows before a trial. None is ever deleted alone, so the last one has counted them already.
const LAST_NUMBER = query<{ number: number }>(
  'SELECT number FROM trials WHERE study_id = ? ORDER BY trial_id DESC LIMIT 1',
)
const CLAIM = query(
  "UPDATE trials SET state = 'RUNNING', datetime_start = ? WHERE trial_id = ? AND state = 'WAITING'",
)
// What has ended is never changed, whoever ended it.
const END = { COMPLETE: endWith('COMPLETE'), PRUNED: endWith('PRUNED'), FAIL: endWith('FAIL') }

// Of a column of four bytes, which it is on some databases.
const STEP_MAX = 2 ** 31 - 1

const REMOVE_WHAT_WAS_SAID = [
  query('DELETE FROM trial_params WHERE trial_id = ?'),
  query('DELETE FROM trial_intermediate_values WHERE trial_id = ?'),
  query('DELETE FROM trial_user_attributes WHERE trial_id = ?'),
  query(`DELETE FROM trial_system_attributes
    WHERE trial_id = ? AND ("key" = 'constraints' OR "key" LIKE 'constraints:%')`),
]

function endWith(state: string) {
  return query<{ trial_id: number }>(
    `UPDATE trials SET state = '${state}', datetime_complete = ?
     WHERE trial_id = ? AND state IN ('RUNNING', 'WAITING') RETURNING trial_id`,
  )
}

/** Carries out operations in Optuna's tables. */
export function* applyOperations(
  dialect: Dialect,
  studyId: number,
  operations: readonly OptunaOperation[],
  trialIds: TrialIds,
): Steps<void> {
  if (operations.length === 0) return
  const batch = new OperationBatch(operations)
  yield* insert(
    DIRECTIONS,
    batch.directions.map((direction, i) => [studyId, i, direction]),
  )
  yield* insert(STUDY_USER_ATTRS, attrRows(dialect, studyId, batch.studyUserAttrs))
  yield* insert(STUDY_SYSTEM_ATTRS, attrRows(dialect, studyId, batch.studySystemAttrs))
  yield* addTrials(studyId, [...batch.made.values()], trialIds)

  const rows = new TrialRows(dialect)
  for (const [number, changes] of batch.trials) {
    const trialId = yield* trialIds.find(studyId, number)
    // The log has a trial whose row is gone all the same.
    if (trialId === undefined) continue
    if (batch.made.has(number) || (yield* changeState(trialId, changes))) {
      if (changes.isAnew) for (const removal of REMOVE_WHAT_WAS_SAID) yield* run(removal, trialId)
      rows.add(trialId, changes)
    }
    if (changes.end !== undefined) trialIds.forget(number)
  }
  yield* rows.write()
}

function* addTrials(studyId: number, made: readonly MadeTrial[], trialIds: TrialIds): Steps<void> {
  if (made.length === 0) return
  const first = ((yield* row(LAST_NUMBER, studyId))?.number ?? -1) + 1
  const added = yield* insert(
    TRIALS,
    made.map(({ state, startedAt, endedAt }, i) => [
      ...[studyId, first + i, state],
      ...[startedAt, endedAt].map((at) => (at === undefined ? null : timeText(at))),
    ]),
  )
  const ids = new Map(added.map(({ number, trial_id }) => [number, trial_id]))
  const known = made.map(({ number, state, endedAt }, i): KnownTrial => {
    const trialId = ids.get(first + i) as number
    trialIds.set(number, trialId)
    return { number, trialId, seen: state, hasEnded: endedAt !== undefined }
  })
  yield* noteTrials(studyId, known)
}

/** @returns Whether the trial had not ended before. */
function* changeState(trialId: number, { claimedAt, end }: TrialChanges): Steps<boolean> {
  if (claimedAt !== undefined) yield* run(CLAIM, timeText(claimedAt), trialId)
  if (end !== undefined) {
    const ended = yield* row(END[end.state], timeText(end.endedAt), trialId)
    // Ended by another: that is to be taken in, and counts.
    if (ended === undefined) return false
    yield* noteChange({ trialId, seen: end.state, hasEnded: true })
    return true
  }
  if (claimedAt !== undefined) yield* noteChange({ trialId, seen: 'RUNNING', hasEnded: false })
  return true
}

/** What belongs to trials, by the table in which it is. */
class TrialRows {
  readonly #dialect: Dialect
  readonly #params: SqlValue[][] = []
  readonly #intermediate: SqlValue[][] = []
  readonly #userAttrs: SqlValue[][] = []
  readonly #systemAttrs: SqlValue[][] = []
  readonly #values: SqlValue[][] = []

  constructor(dialect: Dialect) {
    this.#dialect = dialect
  }

  add(trialId: number, { params, intermediate, userAttrs, systemAttrs, end }: TrialChanges): void {
    for (const { name, value, distribution } of params.values())
      if (isName(this.#dialect, name)) this.#params.push([trialId, name, value, distribution])
    for (const [step, value] of intermediate)
      if (step <= STEP_MAX) this.#intermediate.push([trialId, step, finiteOrNull(value), typeOf(value)])
    this.#userAttrs.push(...attrRows(this.#dialect, trialId, userAttrs))
    this.#systemAttrs.push(...attrRows(this.#dialect, trialId, systemAttrs))
    for (const [objective, value] of (end?.values ?? []).entries())
      this.#values.push([trialId, objective, finiteOrNull(value), typeOf(value)])
  }

  *write(): Steps<void> {
    yield* insert(PARAMS, this.#params)
    yield* insert(INTERMEDIATE, this.#intermediate)
    yield* insert(TRIAL_USER_ATTRS, this.#userAttrs)
    yield* insert(TRIAL_SYSTEM_ATTRS, this.#systemAttrs)
    yield* insert(VALUES, this.#values)
  }
}

// What the tables cannot have the log has all the same.
function attrRows(dialect: Dialect, id: number, attrs: ReadonlyMap<string, string>): SqlValue[][] {
  return [...attrs].filter(([key]) => isName(dialect, key)).map(([key, value]) => [id, key, value])
}

// SQLite would take NaN for no value, and Optuna reads the type first.
function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null
}

function typeOf(value: number): string {
  if (Number.isFinite(value)) return 'FINITE'
  return Number.isNaN(value) ? 'NAN' : value > 0 ? 'INF_POS' : 'INF_NEG'
}
