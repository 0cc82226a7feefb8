/** Stands for the value of a checkpoint that came with a report in the past, until that is needed. */
export class CheckpointMark {
  readonly trial: number
  readonly attempt: number
  /** The `training_iteration` of its report. */
  readonly iteration: number

  constructor(trial: number, attempt: number, iteration: number) {
    this.trial = trial
    this.attempt = attempt
    this.iteration = iteration
  }
}
