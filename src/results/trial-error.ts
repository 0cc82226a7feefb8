import type { TrialRecord } from '../core/trial.ts'
import { TroupeError } from '../errors.ts'
import { copyPlain } from '../space/same-value.ts'
import { firstLine } from './text.ts'

/** A trial that failed. `cause` is what its code threw, whole; without one, `message` says what was wrong. */
export class TrialError extends TroupeError {
  override readonly name = 'TrialError'
  readonly trialId: string
  readonly number: number
  readonly trialName: string
  readonly config: unknown
  /** How often the trial failed, retries included. */
  readonly failures: number

  constructor({ id, number, name, config, failures, error, reason }: TrialRecord) {
    const why =
      error === undefined ? (reason?.text ?? 'no error was kept') : firstLine(error.message) || error.name
    super(
      'trialFailed',
      `${name} (trial ${number}) failed: ${why}`,
      error === undefined ? {} : { cause: error },
    )
    this.trialId = id
    this.number = number
    this.trialName = name
    this.config = copyPlain(config)
    this.failures = failures
  }
}
