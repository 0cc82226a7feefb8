import type { LogRecord } from '../../core/log.ts'
import { StudyState } from '../../study/study-state.ts'
import type { Recorded } from './recorded.ts'
import { recordOfStudyTrial } from './recorded-study-trial.ts'
import { WallClock } from './wall-clock.ts'

/** A study as its log tells it. Its clock starts when it was created. */
export function recordedStudy(records: readonly LogRecord[]): Recorded {
  const state = new StudyState()
  let created: Extract<LogRecord, { type: 'study.created' }> | undefined
  for (const record of records) {
    if (record.type === 'study.created') created ??= record
    state.apply(record)
  }
  const { name = '', seed = '', objectives = [], space, at: createdAt = 0 } = created ?? {}
  // Of a study that another program made it is not known when: no later than its first trial.
  const startedAt = state.trials.reduce(
    (first, trial) => Math.min(first, trial.startedAt ?? first),
    createdAt,
  )
  const clock = new WallClock()
  clock.start(0, startedAt)
  const lastAt = records.reduce((last, record) => Math.max(last, timeOf(record)), startedAt) - startedAt
  return {
    kind: 'study',
    name,
    seed,
    objectives,
    searcher: undefined,
    scheduler: undefined,
    startedAt,
    clock,
    lastAt,
    endedBy: undefined,
    resumptions: 0,
    trialCount: undefined,
    file: undefined,
    numSamples: undefined,
    userAttrs: state.userAttrs,
    space,
    // Numbers may have been skipped.
    trials: Object.values(state.trials).map((trial) =>
      recordOfStudyTrial(trial, objectives, `${name}_${trial.id}`, (time) => time - startedAt),
    ),
  }
}

/** When what a record tells happened. What others wrote was read later, and so was the study if it is theirs. */
function timeOf(record: LogRecord): number {
  switch (record.type) {
    case 'trial.imported':
      return record.endedAt ?? record.startedAt ?? -Infinity
    case 'study.created':
    case 'study.attr':
      return -Infinity
    default:
      return record.at
  }
}
