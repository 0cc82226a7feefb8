import type { EndState } from '../../core/trial.ts'
import { assertNever } from '../../errors.ts'

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
  | { readonly kind: 'end'; readonly pick: number; readonly state: EndState }

/** Steps in words, in order. */
export function schedulerStepsInWords(steps: readonly SchedulerStep[], objectiveCount = 1): string {
  if (steps.length === 0) return 'nothing happens'
  return steps.map((step) => stepInWords(step, objectiveCount)).join('; ')
}

function stepInWords(step: SchedulerStep, objectiveCount: number): string {
  switch (step.kind) {
    case 'add':
      return 'add a trial'
    case 'run':
      return step.idle ? 'choose when idle' : 'choose'
    case 'report':
      return `running trial ${step.pick} reports ${step.values.slice(0, objectiveCount).join(' and ')} after ${step.ahead}${step.checkpoint ? ', with a checkpoint' : ''}`
    case 'end':
      return `running trial ${step.pick} ends ${step.state}`
    default:
      return assertNever(step, 'A step')
  }
}
