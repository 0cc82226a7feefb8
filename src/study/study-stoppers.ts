import type { Objective } from '../core/objective.ts'
import type { Reason } from '../core/trial.ts'
import type { StopDemand, Stopper } from '../stoppers/stopper.ts'
import { lastValues, type StudyTrialData, toldTrial } from './study-state.ts'

/**
 * The stoppers of one call of `optimize`. They hear of each report by the names of the values, with the step as
 * `training_iteration`; of the values that the objective gives as one last report, and of what was attached to the trial
 * with it; and of how trials ended. Trials that had ended before are told to them first, so that it does not matter in
 * how many calls a study is run.
 */
export class StudyStoppers {
  readonly #stoppers: readonly Stopper[]
  readonly #states: unknown[]
  readonly #objectives: readonly Objective[]
  readonly #startedAt: number
  // Trials that have reached a bound, and have not ended.
  readonly #done = new Set<number>()
  #demand: StopDemand | undefined
  #failure: { readonly error: unknown } | undefined

  /**
   * @param past - Trials that have ended, in the order in which they did.
   * @param startedAt - Milliseconds since 1970.
   */
  constructor(
    stoppers: readonly Stopper[],
    objectives: readonly Objective[],
    past: readonly StudyTrialData[],
    startedAt: number,
  ) {
    this.#stoppers = stoppers
    this.#states = stoppers.map((stopper) => stopper.init())
    this.#objectives = objectives
    this.#startedAt = startedAt
    if (stoppers.length === 0) return
    for (const trial of past) {
      for (const [step, values] of trial.intermediate) this.#hear(trial, step, values, startedAt)
      this.ended(trial, startedAt, true)
    }
  }

  /** Why nothing more shall begin, when a stopper has had enough. */
  get reason(): Reason | undefined {
    if (this.#demand === undefined) return undefined
    const { reason, evidence } = this.#demand
    return { by: 'stopper', text: reason, evidence }
  }

  /** What a stopper threw, which ends everything too. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure
  }

  reported(trial: StudyTrialData, step: number, values: readonly number[], at: number): void {
    if (this.#hear(trial, step, values, at)) this.#done.add(trial.number)
  }

  /** @param isPast - Whether it had ended before. */
  ended(trial: StudyTrialData, at: number, isPast = false): void {
    const { number, state, values, intermediate } = trial
    this.#done.delete(number)
    if (state === 'completed' && values !== undefined) {
      this.#hear(trial, intermediate.size === 0 ? 1 : Math.max(...intermediate.keys()), values, at)
    }
    const end = { trial: toldTrial(trial), objectives: this.#objectives, ...(isPast && { isPast }) }
    this.#ask((stopper, state_) => stopper.onEnd?.(state_, end))
  }

  /** What a trial completes with that has reached a bound: the values that it reported last. */
  boundOf(trial: StudyTrialData): readonly number[] | undefined {
    return this.#done.has(trial.number) ? lastValues(trial, this.#objectives.length) : undefined
  }

  /** Whether the trial shall end. */
  #hear(trial: StudyTrialData, step: number, values: readonly number[], at: number): boolean {
    // Of several objectives other programs report the first alone.
    if (values.length < this.#objectives.length) return false
    const named = this.#objectives.map(({ metric }, i) => [metric, values[i] as number] as const)
    const metrics = {
      ...trial.userAttrs,
      training_iteration: step,
      time_total_s: (at - (trial.startedAt ?? at)) / 1_000,
      ...Object.fromEntries(named),
    }
    const elapsedMs = at - this.#startedAt
    return this.#ask((stopper, state) => stopper.onReport(state, { trial: trial.number, metrics, elapsedMs }))
  }

  // Each stopper hears of all, also when an earlier one has spoken.
  #ask(about: (stopper: Stopper, state: unknown) => StopDemand | undefined): boolean {
    let endsTrial = false
    this.#stoppers.forEach((stopper, i) => {
      try {
        const demand = about(stopper, this.#states[i])
        if (demand?.scope === 'experiment') this.#demand ??= demand
        else if (demand !== undefined) endsTrial = true
      } catch (error) {
        this.#failure ??= { error }
      }
    })
    return endsTrial
  }
}
