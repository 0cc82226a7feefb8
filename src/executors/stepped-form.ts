import { isPlainObject } from '../core/metrics.ts'
import { asError } from '../errors.ts'
import { copiedCheckpoint } from './copies.ts'
import type { ReportOptions, Stepper, SteppedTrainable } from './trainable.ts'
import type { UserSide } from './user-side.ts'
import type { Wait } from './wait.ts'

/** States of trials that left to exploit another and can be `reset`, by number of the trial. */
export type KeptStates<Config> = Map<number, Stepper<Config>>

/** What a stepped trainable needs besides what every form does. */
export interface SteppedSide extends UserSide {
  /** The iteration of the last report. */
  readonly iteration: number
  saved(checkpoint: { readonly value: unknown } | undefined): void
  /** `cleanup` threw after the trial had failed, or has to leave: that decides nothing, but must not be lost. */
  alsoThrew(error: unknown): void
  /** Rejects a report that waits for its answer. */
  refuse(report: Wait<'report'>, error: Error): void
}

/** One attempt at a stepped trainable: set up or taken over, loaded, stepped, cleaned up. */
export class SteppedRun<Config> {
  readonly #side: SteppedSide
  readonly #kept: KeptStates<Config>
  #stepper: Stepper<Config> | undefined
  #waiting: Wait<'report'> | undefined
  #saveCount = 0
  #lastSave = Promise.resolve()

  constructor(side: SteppedSide, kept: KeptStates<Config>) {
    this.#side = side
    this.#kept = kept
  }

  /** Whether `save` runs, although a report waits for its answer. */
  get isSaving(): boolean {
    return this.#saveCount > 0
  }

  async run(trainable: SteppedTrainable<Config>, config: Config): Promise<void> {
    const { trial, number } = { trial: this.#side.trial, number: this.#side.assignment.trial }
    const taken = this.#kept.get(number)
    this.#kept.delete(number)
    const stepper = (this.#stepper = taken ?? (await trainable.setUp(config, trial)))
    let failure: { readonly error: unknown } | undefined
    try {
      await taken?.reset?.(config)
      await this.#load(stepper)
      await this.#stepToTheEnd(stepper)
    } catch (error) {
      failure = { error }
    }
    // The state must not be released under a `save` that was asked for.
    await this.#lastSave
    if (this.#canBeReset(stepper)) {
      this.#kept.set(number, stepper)
      return
    }
    try {
      await stepper.cleanup?.()
    } catch (error) {
      if (failure === undefined) failure = { error }
      else this.#side.alsoThrew(error)
    }
    if (failure !== undefined) throw asError(failure.error)
  }

  /** Answers with a checkpoint when a report waits and the trainable can make one, else with undefined. */
  save(): void {
    const save = this.#stepper?.save
    const report = this.#waiting
    if (save === undefined || report === undefined || report.isSettled) {
      this.#side.saved(undefined)
      return
    }
    this.#saveCount++
    this.#lastSave = this.#answerWith(save, report, this.#lastSave)
  }

  async #answerWith(save: () => unknown, report: Wait<'report'>, before: Promise<void>): Promise<void> {
    await before
    try {
      const value = copiedCheckpoint(await save())
      this.#saveCount--
      this.#side.saved(value === undefined ? undefined : { value })
    } catch (error) {
      this.#saveCount--
      this.#side.refuse(report, asError(error))
    }
  }

  async #load(stepper: Stepper<Config>): Promise<void> {
    this.#leaveIfAsked()
    if (this.#side.assignment.checkpoint !== undefined) await stepper.load?.(this.#side.trial.checkpoint)
  }

  async #stepToTheEnd(stepper: Stepper<Config>): Promise<void> {
    for (;;) {
      this.#leaveIfAsked()
      const { metrics, done } = withoutDone(await stepper.step(this.#side.trial))
      this.#leaveIfAsked()
      const options = await this.#attached(stepper, done)
      this.#waiting = this.#side.report(metrics, options, done)
      await this.#waiting
      this.#waiting = undefined
      await this.#lastSave
      if (done) return
    }
  }

  async #attached(stepper: Stepper<Config>, done: boolean): Promise<ReportOptions | undefined> {
    const { saveEvery, saveAtEnd } = this.#side.assignment
    const isDue = saveEvery > 0 && (this.#side.iteration + 1) % saveEvery === 0
    if (stepper.save === undefined || !(isDue || (done && saveAtEnd))) return undefined
    return { checkpoint: await stepper.save() }
  }

  // Only between two steps: a state that was left in the middle of one is set up anew.
  #canBeReset(stepper: Stepper<Config>): boolean {
    const { leaving } = this.#side
    return stepper.reset !== undefined && leaving?.reason === 'exploited' && this.#waiting?.error === leaving
  }

  #leaveIfAsked(): void {
    if (this.#side.leaving !== undefined) throw this.#side.leaving
  }
}

function withoutDone(result: unknown): { metrics: unknown; done: boolean } {
  if (!isPlainObject(result) || typeof result['done'] !== 'boolean') return { metrics: result, done: false }
  const { done, ...metrics } = result
  return { metrics, done }
}
