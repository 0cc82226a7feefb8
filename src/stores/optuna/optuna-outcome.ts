import type { EndState } from '../../core/trial.ts'

/** How a trial ended in Optuna's terms, which fails what ends in NaN, as Troupe does, and completes nothing without a value. */
export function optunaOutcome({
  state,
  values: given,
}: {
  readonly state: EndState
  readonly values: readonly number[] | undefined
}): {
  readonly state: 'COMPLETE' | 'PRUNED' | 'FAIL'
  readonly values: readonly number[] | undefined
} {
  if (state === 'failed' || (state === 'completed' && given?.some(Number.isNaN) === true))
    return { state: 'FAIL', values: undefined }
  const values = given?.length === 0 || given?.some(Number.isNaN) === true ? undefined : given
  return { state: state === 'completed' && values !== undefined ? 'COMPLETE' : 'PRUNED', values }
}
