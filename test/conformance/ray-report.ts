import { type Mode, orient } from '../../src/core/objective.ts'
import type { Decision, TrialReport } from '../../src/schedulers/scheduler.ts'
import { numberOf } from './matching.ts'

/** Ray's words for decisions. */
export const RAY_WORDS: Readonly<Record<Decision['kind'], string>> = {
  continue: 'CONTINUE',
  pause: 'PAUSE',
  stop: 'STOP',
  exploit: 'NOOP',
}

/** What every recorded scheduler was configured with, under whatever names. */
export interface RayMeasures {
  readonly metric: string
  readonly mode: Mode
  readonly timeAttr: string
}

/** The report of a recorded `result`; undefined when it lacked the metric, and so never reaches a scheduler. */
export function rayReportOf(
  trial: number,
  { step, value }: { readonly step?: number; readonly value?: unknown },
  { metric, mode, timeAttr }: RayMeasures,
  hasCheckpoint = false,
): TrialReport | undefined {
  const number = numberOf(value)
  if (number === undefined || step === undefined) return undefined
  return {
    trial,
    time: step,
    score: orient(number, mode),
    values: [number],
    metrics: { [metric]: number, [timeAttr]: step },
    config: {},
    hasCheckpoint,
  }
}
