/**
 * Attributes of Troupe's own in Optuna's storage. All begin with `troupe:`, which no reader of the user's attributes is
 * shown.
 * @module
 */

/** Study, system: its seed, metrics and space, where nothing else keeps them. */
export const STUDY_KEY = 'troupe:study'
/** Study, system: who may append to an experiment that one writer has alone. */
export const WRITER_KEY = 'troupe:writer'
/** Trial, system: the record by which it began, where nothing else keeps it. */
export const ASKED_KEY = 'troupe:asked'
/** Trial, system: the record by which it was put in the queue, where nothing else keeps it. */
export const ENQUEUED_KEY = 'troupe:enqueued'
/** Trial, system: records of what Optuna has no equal for, where nothing else keeps them; what follows tells them apart. */
export const RECORD_KEY = 'troupe:record:'
/** Trial, system: how it ended, where Optuna has no word for it. */
export const STATE_KEY = 'troupe:state'
/** Trial, system: why it failed. */
export const ERROR_KEY = 'troupe:error'
/** Trial, user: parameters that Optuna has no equal for, by path. */
export const PARAMS_KEY = 'troupe:params'

/** Whether a key is one of Troupe's own. */
export function isOwnKey(key: string): boolean {
  return key.startsWith('troupe:')
}
