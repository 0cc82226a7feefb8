import type { Params } from '../../core/trial.ts'
import { lossesOf } from '../../searchers/losses.ts'
import type { Domain } from '../../space/space.ts'
import type { StopperEnd } from '../stopper.ts'

/** What a terminator keeps of a trial that ended. */
export interface KeptTrial {
  readonly number: number
  readonly params: Params
  /** Without those of computed values, which hold functions. */
  readonly domains: Readonly<Record<string, Domain>>
  /** Whether it surely had all of its parameters. */
  readonly isWhole: boolean
  /** Smaller is better; undefined when it did not complete. */
  readonly loss: number | undefined
  /** Values of the folds that its own value is the mean of, when it reported them. */
  readonly scores: readonly number[] | undefined
}

/** Reads the end of a trial; a value of NaN counts as none. */
export function keptTrial(
  { trial, objectives }: StopperEnd,
  scores: readonly number[] | undefined,
): KeptTrial {
  const loss = trial.state === 'completed' ? lossesOf(trial, objectives)?.[0] : undefined
  const domains = Object.entries(trial.domains).filter(([, { kind }]) => kind !== 'computed')
  return {
    number: trial.number,
    params: Object.fromEntries(domains.map(([path]) => [path, trial.params[path]])),
    domains: Object.fromEntries(domains.map(([path, domain]) => [path, { ...domain }])),
    isWhole: trial.state === 'completed' || trial.state === 'pruned',
    loss: Number.isNaN(loss) ? undefined : loss,
    scores,
  }
}
