import type { StudyTrialData } from './study-state.ts'
import type { StudyStoppers } from './study-stoppers.ts'

// How long to wait, when only trials of other processes can give what is waited for, before looking again.
const OTHERS_WAIT_MS = 200

/** Who wants to hear of the reports and ends of a study's trials: the stoppers of each `optimize`, and who waits for an end. */
export class StudyWatch {
  readonly #othersRun: () => boolean
  readonly #waitingForEnd = new Set<() => void>()
  // Those of each `optimize` that is under way.
  readonly #stoppers = new Set<StudyStoppers>()

  /** @param othersRun - Whether other processes have trials that run. */
  constructor(othersRun: () => boolean) {
    this.#othersRun = othersRun
  }

  /** Resolves when another trial has ended, or may have in another process. */
  nextEnd(): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        this.#waitingForEnd.delete(end)
        resolve()
      }
      const timer = this.#othersRun() ? setTimeout(end, OTHERS_WAIT_MS) : undefined
      this.#waitingForEnd.add(end)
    })
  }

  /** Shows reports and ends to these stoppers, until the function that it gives is called. */
  watch(stoppers: StudyStoppers): () => void {
    this.#stoppers.add(stoppers)
    return () => void this.#stoppers.delete(stoppers)
  }

  /** What a trial completes with, when a stopper has ended it. */
  boundOf(trial: StudyTrialData): readonly number[] | undefined {
    for (const stoppers of this.#stoppers) {
      const values = stoppers.boundOf(trial)
      if (values !== undefined) return values
    }
    return undefined
  }

  /** A trial has reported. */
  reported(trial: StudyTrialData, step: number, values: readonly number[], at: number): void {
    for (const stoppers of this.#stoppers) stoppers.reported(trial, step, values, at)
  }

  /** A trial has ended. */
  ended(trial: StudyTrialData, at: number): void {
    for (const stoppers of this.#stoppers) stoppers.ended(trial, at)
  }

  /** Whoever waits for an end goes on. */
  wake(): void {
    for (const end of this.#waitingForEnd) end()
  }
}
