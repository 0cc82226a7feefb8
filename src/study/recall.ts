import type { LogRecord } from '../core/log.ts'
import type { SearchSession } from '../searchers/session.ts'
import type { Pruner } from './pruner.ts'
import { isFurtherAttempt, type StudyState, type StudyTrialData, toldTrial } from './study-state.ts'

/** What a log is gone through for. */
export interface Recalling {
  readonly state: StudyState
  readonly session: SearchSession
  readonly pruner: Pruner | undefined
  /** Hears of each record besides them; of an imported trial in the records that a trial of the study's own would have. */
  readonly heard?: (record: LogRecord) => void
}

/** Brings a study to where its log ends, by doing again what the log says in the order in which it was done. */
export async function recall(records: readonly LogRecord[], study: Recalling): Promise<void> {
  for (const record of records) await recallOne(record, study)
}

/** Does again what one record says. */
export async function recallOne(record: LogRecord, study: Recalling): Promise<void> {
  const { state, pruner, heard } = study
  const before = 'trial' in record ? state.trials[record.trial] : undefined
  const said = record.type === 'trial.imported' ? inOwnRecords(record, before) : [record]
  // The searcher was asked before there was a trial.
  if (said[0]?.type === 'trial.asked') await askAgain(said[0], study)
  state.apply(record)
  for (const own of said) {
    pruner?.follow(own, state.trials)
    heard?.(own)
    await hear(own, study)
  }
}

type Imported = LogRecord & { readonly type: 'trial.imported' }

/** What an imported trial has to say that was not said of it before, in the records of a trial of the study's own. */
function inOwnRecords(record: Imported, before: StudyTrialData | undefined): readonly LogRecord[] {
  const { trial, id, state, params, domains, config, values, startedAt, endedAt } = record
  if (state === 'waiting' || before?.endedAt !== undefined) return []
  const at = startedAt ?? record.at
  const records: LogRecord[] = []
  if (before?.startedAt === undefined) {
    records.push({ at, type: 'trial.asked', trial, id, source: 'imported', params, domains, config })
  }
  for (const [step, value] of record.intermediate) {
    if (before?.intermediate.has(step) !== true)
      records.push({ at, type: 'trial.intermediate', trial, step, values: [value] })
  }
  if (state !== 'running')
    records.push({ at: endedAt ?? record.at, type: 'trial.ended', trial, state, values })
  return records
}

function askAgain(
  { trial, source, params }: LogRecord & { readonly type: 'trial.asked' },
  { state, session }: Recalling,
): void | Promise<void> {
  // It was asked for it when the trial ran first.
  if (isFurtherAttempt(state.trials[trial])) return undefined
  return session.recall({ number: trial, source, params, running: runningFor(session, state) })
}

function hear(record: LogRecord, { state, session }: Recalling): void | Promise<void> {
  if (record.type === 'trial.intermediate' && session.observes) {
    session.observe({ number: record.trial, step: record.step, values: record.values })
  }
  if (record.type !== 'trial.ended') return undefined
  const trial = state.trials[record.trial]
  // One that was refused before it began is none that the searcher knows.
  return trial?.startedAt === undefined ? undefined : session.tell(toldTrial(trial))
}

/** The running trials, as a session wants to see them. */
export function runningFor(
  session: SearchSession,
  state: StudyState,
): { readonly number: number; readonly params: Readonly<Record<string, unknown>> }[] {
  if (!session.readsRunning) return []
  return Array.from(state.running, ({ number, params }) => ({ number, params }))
}
