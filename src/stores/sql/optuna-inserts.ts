/**
 * How rows are put into Optuna's tables. What is there already for the same key is replaced, but for what is never
 * changed: directions, and the values of a trial.
 * @module
 */
import type { Insert } from './steps.ts'

const UPSERT_ATTR = (of: 'study' | 'trial', kind: 'user' | 'system'): Insert => ({
  table: `${of}_${kind}_attributes`,
  columns: [
    [`${of}_id`, 'int4'],
    ['key', 'text'],
    ['value_json', 'text'],
  ],
  ending: `ON CONFLICT (${of}_id, "key") DO UPDATE SET value_json = excluded.value_json`,
})
export const STUDY_USER_ATTRS = UPSERT_ATTR('study', 'user')
export const STUDY_SYSTEM_ATTRS = UPSERT_ATTR('study', 'system')
export const TRIAL_USER_ATTRS = UPSERT_ATTR('trial', 'user')
export const TRIAL_SYSTEM_ATTRS = UPSERT_ATTR('trial', 'system')

export const DIRECTIONS: Insert = {
  table: 'study_directions',
  columns: [
    ['study_id', 'int4'],
    ['objective', 'int4'],
    ['direction', 'studydirection'],
  ],
  ending: 'ON CONFLICT (study_id, objective) DO NOTHING',
}
export const TRIALS: Insert<{ trial_id: number; number: number }> = {
  table: 'trials',
  columns: [
    ['study_id', 'int4'],
    ['number', 'int4'],
    ['state', 'trialstate'],
    ['datetime_start', 'timestamp'],
    ['datetime_complete', 'timestamp'],
  ],
  ending: 'RETURNING trial_id, number',
  returns: true,
}
export const PARAMS: Insert = {
  table: 'trial_params',
  columns: [
    ['trial_id', 'int4'],
    ['param_name', 'text'],
    ['param_value', 'float8'],
    ['distribution_json', 'text'],
  ],
  ending: `ON CONFLICT (trial_id, param_name)
    DO UPDATE SET param_value = excluded.param_value, distribution_json = excluded.distribution_json`,
}
export const INTERMEDIATE: Insert = {
  table: 'trial_intermediate_values',
  columns: [
    ['trial_id', 'int4'],
    ['step', 'int4'],
    ['intermediate_value', 'float8'],
    ['intermediate_value_type', 'trialintermediatevaluetype'],
  ],
  ending: `ON CONFLICT (trial_id, step) DO UPDATE SET intermediate_value = excluded.intermediate_value,
    intermediate_value_type = excluded.intermediate_value_type`,
}
export const VALUES: Insert = {
  table: 'trial_values',
  columns: [
    ['trial_id', 'int4'],
    ['objective', 'int4'],
    ['value', 'float8'],
    ['value_type', 'trialvaluetype'],
  ],
  ending: 'ON CONFLICT (trial_id, objective) DO NOTHING',
}
