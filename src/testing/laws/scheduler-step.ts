import type { EndState } from '../../core/trial.ts'

/** One thing that happens, to the `pick`-th of the trials that it can happen to. */
export type SchedulerStep =
  | { readonly kind: 'add' }
  | { readonly kind: 'run'; readonly idle: boolean }
  | {
      readonly kind: 'report'
      readonly pick: number
      readonly ahead: number
      /** One for each objective that there may be. */
      readonly values: readonly number[]
      readonly checkpoint: boolean
    }
  /** It fails, and is tried again from its checkpoint. */
  | { readonly kind: 'retry'; readonly pick: number }
  | { readonly kind: 'end'; readonly pick: number; readonly state: EndState }
