import { query, row, type Steps } from './steps.ts'

const TRIAL_ID = query<{ trial_id: number }>(
  'SELECT trial_id FROM troupe_trials WHERE study_id = ? AND number = ?',
)

/**
 * Which rows trials are, by their numbers in the log: remembered while they run. What a transaction finds out counts
 * once it is kept.
 */
export class TrialIds {
  readonly #kept = new Map<number, number>()
  readonly #found = new Map<number, number | undefined>()

  /** A transaction begins, perhaps the same one once more. */
  begin(): void {
    this.#found.clear()
  }

  /** It is kept. */
  keep(): void {
    for (const [number, id] of this.#found) {
      if (id === undefined) this.#kept.delete(number)
      else this.#kept.set(number, id)
    }
    this.#found.clear()
  }

  set(number: number, id: number): void {
    this.#found.set(number, id)
  }

  /** Of a trial that has ended nothing more is written. */
  forget(number: number): void {
    this.#found.set(number, undefined)
  }

  *find(studyId: number, number: number): Steps<number | undefined> {
    const known = this.#found.get(number) ?? this.#kept.get(number)
    if (known !== undefined) return known
    const found = (yield* row(TRIAL_ID, studyId, number))?.trial_id
    if (found !== undefined) this.#found.set(number, found)
    return found
  }
}
