import type { LogRecord } from '../../core/log.ts'
import { importedStudy, importedTrial } from '../optuna/imported.ts'
import { type Projected, Projection } from '../optuna/projection.ts'
import { applyOperations } from './apply-operations.ts'
import type { Dialect } from './database.ts'
import { foreignAttrs, type KnownAttrs, knownAttrs } from './foreign-attrs.ts'
import { allTrials, type ForeignTrial, foreignTrials, noteForeign } from './known-trials.ts'
import { readStudy, readTrials, studySystemAttrs } from './optuna-rows.ts'
import type { Steps } from './steps.ts'
import { TrialIds } from './trial-ids.ts'

/** Optuna's tables as the other side of a log: what Troupe writes appears in them, what others write there in the log. */
export class Mirror {
  readonly #studyId: number
  readonly #dialect: Dialect
  readonly #projection = new Projection()
  readonly #trialIds = new TrialIds()
  #projected: Projected | undefined
  #written: readonly LogRecord[] = []
  #attrs: KnownAttrs = new Map()

  constructor(dialect: Dialect, studyId: number) {
    this.#dialect = dialect
    this.#studyId = studyId
  }

  /** Takes in records that are in the log, and gives them back. */
  follow(records: readonly LogRecord[]): readonly LogRecord[] {
    this.#projection.follow(records)
    this.#attrs = knownAttrs(records, this.#attrs)
    return records
  }

  /** Writes what records come to, in the transaction that keeps them. */
  *write(records: readonly LogRecord[]): Steps<void> {
    this.#trialIds.begin()
    this.#projected = this.#projection.project(records)
    this.#written = records
    yield* applyOperations(this.#dialect, this.#studyId, this.#projected.operations, this.#trialIds)
  }

  /** That transaction is kept. */
  written(): void {
    this.#projected?.keep()
    this.#attrs = knownAttrs(this.#written, this.#attrs)
    this.#trialIds.keep()
  }

  /**
   * Whether others have written what the log does not know yet. Takes no lock.
   * @param after - As with `foreignTrials`.
   */
  *hasForeign(after: number): Steps<boolean> {
    if ((yield* foreignTrials(this.#studyId, after)).length > 0) return true
    return (yield* foreignAttrs(this.#studyId, this.#attrs)).length > 0
  }

  /**
   * What others have written since, as records; from here on the log is taken to have them.
   * @param unread - Records that other writers of the log have appended, and this one has not taken in yet.
   */
  *takeIn(after: number, unread: readonly LogRecord[]): Steps<readonly LogRecord[]> {
    const attrs = yield* foreignAttrs(this.#studyId, knownAttrs(unread, this.#attrs))
    return [...attrs, ...(yield* takeInTrials(this.#studyId, after))]
  }
}

/**
 * What others have written into the tables of a study that is being opened, as records; from here on the log is taken to
 * have them. The first of them is the study itself where Optuna made it.
 * @param isEmpty - Whether the log has no records.
 */
export function* takeInAll(studyId: number, name: string, isEmpty: boolean): Steps<readonly LogRecord[]> {
  const begun = isEmpty ? yield* studyRecords(studyId, name) : yield* foreignAttrs(studyId)
  return [...begun, ...(yield* takeInTrials(studyId, 0))]
}

/**
 * What a log would take in, for whoever only looks.
 * @param study - With whether there is a log, which knows some of it.
 * @param kept - What is in the log.
 */
export function* foreignRecords(
  study: { readonly id: number; readonly hasLog: boolean },
  name: string,
  kept: readonly LogRecord[],
): Steps<readonly LogRecord[]> {
  const begun =
    kept.length === 0 ? yield* studyRecords(study.id, name) : yield* foreignAttrs(study.id, knownAttrs(kept))
  const trials = study.hasLog ? yield* foreignTrials(study.id, 0) : yield* allTrials(study.id)
  return [...begun, ...(yield* trialRecords(study.id, trials))]
}

function* takeInTrials(studyId: number, after: number): Steps<readonly LogRecord[]> {
  const trials = yield* foreignTrials(studyId, after)
  yield* noteForeign(studyId, trials)
  return yield* trialRecords(studyId, trials)
}

function* studyRecords(studyId: number, name: string): Steps<readonly LogRecord[]> {
  const study = yield* readStudy(studyId, name)
  // One without directions was only begun.
  return study.directions.length === 0 ? [] : importedStudy(study, Date.now())
}

function* trialRecords(studyId: number, trials: readonly ForeignTrial[]): Steps<readonly LogRecord[]> {
  if (trials.length === 0) return []
  const systemAttrs = yield* studySystemAttrs(studyId)
  const at = Date.now()
  const records: LogRecord[] = []
  // New ones are many perhaps, and lie side by side; changed ones are few, and lie anywhere.
  const added = trials.filter(({ isNew }) => isNew)
  const runs = [...trials.filter(({ isNew }) => !isNew).map((trial) => [trial]), added]
  for (const run of runs) {
    const [first, last] = [run[0], run.at(-1)]
    if (first === undefined || last === undefined) continue
    const rows = yield* readTrials(studyId, first.trialId, last.trialId)
    for (const { trialId, number, rowNumber } of run) {
      const row = rows.get(trialId)
      if (row === undefined) continue
      records.push({ ...importedTrial({ ...row, number: rowNumber }, { systemAttrs }, at), trial: number })
    }
  }
  return records
}
