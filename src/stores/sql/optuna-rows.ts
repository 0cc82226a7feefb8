import { StorageError } from '../../errors.ts'
import type { OptunaStudy, OptunaTrial } from '../optuna/imported.ts'
import type { OptunaDirection, OptunaState } from '../optuna/operation.ts'
import { parsePythonJson } from '../optuna/python-json.ts'
import { type Query, query, rows, type Steps } from './steps.ts'
import { nameOf } from './study-name.ts'
import { timeOf } from './times.ts'

interface AttrRow {
  readonly key: string
  readonly value_json: string
}
interface OfTrial {
  readonly trial_id: number
}

const DIRECTIONS = query<{ direction: OptunaDirection }>(
  'SELECT direction FROM study_directions WHERE study_id = ? ORDER BY objective',
)
const STUDY_USER_ATTRS = query<AttrRow>(
  'SELECT "key", value_json FROM study_user_attributes WHERE study_id = ? ORDER BY study_user_attribute_id',
)
const STUDY_SYSTEM_ATTRS = query<AttrRow>(
  'SELECT "key", value_json FROM study_system_attributes WHERE study_id = ? ORDER BY study_system_attribute_id',
)

/** A query of what belongs to the trials of a study whose ids are between two. */
function ofTrials<Row>(columns: string, table: string, order: string): Query<OfTrial & Row> {
  return query(
    `SELECT x.trial_id, ${columns} FROM ${table} x JOIN trials t ON t.trial_id = x.trial_id
     WHERE t.study_id = ? AND t.trial_id BETWEEN ? AND ? ORDER BY x.trial_id, x.${order}`,
  )
}

const TRIALS = query<
  OfTrial & { state: OptunaState; datetime_start: string | null; datetime_complete: string | null }
>(
  `SELECT trial_id, state, datetime_start, datetime_complete FROM trials
   WHERE study_id = ? AND trial_id BETWEEN ? AND ? ORDER BY trial_id`,
)
const PARAMS = ofTrials<{ param_name: string; param_value: number; distribution_json: string }>(
  'x.param_name, x.param_value, x.distribution_json',
  'trial_params',
  'param_id',
)
const VALUES = ofTrials<{ number: number | null; type: string }>(
  'x.value AS number, x.value_type AS type',
  'trial_values',
  'objective',
)
const INTERMEDIATE = ofTrials<{ step: number; number: number | null; type: string }>(
  'x.step, x.intermediate_value AS number, x.intermediate_value_type AS type',
  'trial_intermediate_values',
  'step',
)
const USER_ATTRS = ofTrials<AttrRow>(
  'x."key", x.value_json',
  'trial_user_attributes',
  'trial_user_attribute_id',
)
const SYSTEM_ATTRS = ofTrials<AttrRow>(
  'x."key", x.value_json',
  'trial_system_attributes',
  'trial_system_attribute_id',
)

/** A study as Optuna's tables hold it. One that was only begun has no directions yet. */
export function* readStudy(studyId: number, name: string): Steps<OptunaStudy> {
  return {
    name,
    directions: (yield* rows(DIRECTIONS, studyId)).map(({ direction }) => direction),
    userAttrs: yield* studyUserAttrs(studyId),
    systemAttrs: yield* studySystemAttrs(studyId),
  }
}

/** The user attributes of a study. */
export function* studyUserAttrs(studyId: number): Steps<Readonly<Record<string, unknown>>> {
  return yield* attrsOf(studyId, 'the study', yield* rows(STUDY_USER_ATTRS, studyId))
}

/** The system attributes of a study. */
export function* studySystemAttrs(studyId: number): Steps<Readonly<Record<string, unknown>>> {
  return yield* attrsOf(studyId, 'the study', yield* rows(STUDY_SYSTEM_ATTRS, studyId))
}

/** Trials of a study, by their ids: all from the first to the last. */
export function* readTrials(
  studyId: number,
  first: number,
  last: number,
): Steps<ReadonlyMap<number, Omit<OptunaTrial, 'number'>>> {
  const ids = [studyId, first, last] as const
  // The states first: where others may commit between two statements, one that has ended is then read with its values.
  const found = yield* rows(TRIALS, ...ids)
  const params = byTrial(yield* rows(PARAMS, ...ids))
  const values = byTrial(yield* rows(VALUES, ...ids))
  const intermediate = byTrial(yield* rows(INTERMEDIATE, ...ids))
  const userAttrs = byTrial(yield* rows(USER_ATTRS, ...ids))
  const systemAttrs = byTrial(yield* rows(SYSTEM_ATTRS, ...ids))
  const trials = new Map<number, Omit<OptunaTrial, 'number'>>()
  for (const { trial_id: id, state, datetime_start, datetime_complete } of found) {
    trials.set(id, {
      state,
      startedAt: timeOf(datetime_start),
      endedAt: timeOf(datetime_complete),
      values: values.get(id)?.map(numberOf),
      params: (params.get(id) ?? []).map(({ param_name, param_value, distribution_json }) => ({
        ...{ name: param_name, value: param_value, distribution: distribution_json },
      })),
      intermediate: (intermediate.get(id) ?? []).map((value) => [value.step, numberOf(value)]),
      userAttrs: yield* attrsOf(studyId, `the trial of trial_id ${id}`, userAttrs.get(id) ?? []),
      systemAttrs: yield* attrsOf(studyId, `the trial of trial_id ${id}`, systemAttrs.get(id) ?? []),
    })
  }
  return trials
}

function byTrial<Row extends OfTrial>(found: readonly Row[]): ReadonlyMap<number, Row[]> {
  const groups = new Map<number, Row[]>()
  for (const one of found) {
    const group = groups.get(one.trial_id)
    if (group === undefined) groups.set(one.trial_id, [one])
    else group.push(one)
  }
  return groups
}

/** @param whose - In words, for the text of an error. */
function* attrsOf(studyId: number, whose: string, found: readonly AttrRow[]): Steps<Record<string, unknown>> {
  const attrs: [string, unknown][] = []
  for (const { key, value_json } of found) {
    try {
      attrs.push([key, parsePythonJson(value_json)])
    } catch (cause) {
      const name = yield* nameOf(studyId)
      throw new StorageError(
        'corrupt',
        `The study ${name} is damaged: the attribute ${key} of ${whose} is no JSON. Mend its value_json, or delete that row.`,
        { cause },
      )
    }
  }
  // Not an object literal: a key may be __proto__.
  return Object.fromEntries(attrs)
}

const WORDS: ReadonlyMap<string, number> = new Map([
  ['INF_POS', Infinity],
  ['INF_NEG', -Infinity],
  ['NAN', Number.NaN],
])

function numberOf({ number, type }: { readonly number: number | null; readonly type: string }): number {
  return WORDS.get(type) ?? number ?? Number.NaN
}
