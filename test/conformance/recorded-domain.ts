import { randomStream } from '../../src/random/random.ts'
import { SuggestRecorder, type SuggestTrial } from '../../src/space/define-by-run.ts'
import type { Domain } from '../../src/space/space.ts'

/** A parameter as fixtures of Optuna write it. */
export interface RecordedParameter {
  readonly param: string
  readonly type: 'float' | 'int' | 'categorical'
  readonly low: number
  readonly high: number
  readonly log: boolean
  readonly step: number | null
  readonly choices: readonly unknown[]
}

/** Suggests a recorded parameter, as the trial that was recorded did. */
export function suggestRecorded(
  trial: SuggestTrial,
  { param, type, low, high, log, step, choices }: RecordedParameter,
): void {
  const options = { log, ...(step === null ? {} : { step }) }
  if (type === 'float') trial.suggestFloat(param, low, high, options)
  else if (type === 'int') trial.suggestInt(param, low, high, options)
  else trial.suggestCategorical(param, choices)
}

/** The domain of a recorded parameter. */
export function recordedDomain(parameter: RecordedParameter): Domain {
  const trial = new SuggestRecorder({}, () => randomStream(0))
  suggestRecorded(trial, parameter)
  return trial.domains[parameter.param] as Domain
}
