import type { LogRecord } from '../core/log.ts'
import type { SearchSession } from '../searchers/session.ts'
import type { Pruner } from './pruner.ts'
import { type StudyState, toldTrial } from './study-state.ts'

/** What a log is gone through for. */
export interface Recalling {
  readonly state: StudyState
  readonly session: SearchSession
  readonly pruner: Pruner | undefined
}

/** Brings a study to where its log ends, by doing again what the log says in the order in which it was done. */
export async function recall(records: readonly LogRecord[], study: Recalling): Promise<void> {
  for (const record of records) {
    if (record.type === 'trial.asked') await askAgain(record, study)
    study.state.apply(record)
    study.pruner?.follow(record, study.state.trials)
    await hear(record, study)
  }
}

// The searcher was asked before there was a trial.
function askAgain(
  { trial, source, params }: LogRecord & { readonly type: 'trial.asked' },
  { state, session }: Recalling,
): void | Promise<void> {
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
