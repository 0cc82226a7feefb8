import type { LogRecord } from '../../core/log.ts'
import { readSpace } from '../../space/read-space.ts'
import type { Space } from '../../space/space.ts'
import { restoredSpace } from '../../study/stored-space.ts'
import { Results } from '../results.ts'
import { RecordedExperimentFold } from './recorded-experiment.ts'
import { recordedStudy } from './recorded-study.ts'
import type { Recorded } from './recorded.ts'

/**
 * What an experiment or a study came to, read from its log alone: nothing runs. Each record is as the experiment itself
 * had it, but for what a log does not hold: the content of checkpoints, what a trial took of the room, warnings, and of
 * what user code threw all but name, message, code and stack.
 *
 * Cost: O(records); 100,000 trials of three records take less than a second.
 */
export function readRecorded(records: readonly LogRecord[]): Recorded {
  const isStudy = records.some(({ type }) => type === 'study.created')
  if (isStudy) return recordedStudy(records)
  const fold = new RecordedExperimentFold()
  for (const record of records) fold.apply(record)
  return fold.finish()
}

/**
 * The results of an experiment or a study, read from its log, as `fit()` gave or would give them.
 * `endedBy` is `'error'` for an experiment whose log ends without its end, and `'finished'` for a study.
 * @example const results = recordedResults((await store.read('train')) ?? [])
 */
export function recordedResults<Config = unknown>(records: readonly LogRecord[]): Results<Config> {
  return resultsOfRecorded<Config>(readRecorded(records))
}

/** The results of what was read from a log. */
export function resultsOfRecorded<Config = unknown>(recorded: Recorded): Results<Config> {
  const { trials, objectives, endedBy, kind, lastAt, space } = recorded
  return new Results<Config>({
    records: trials,
    objectives,
    endedBy: endedBy ?? (kind === 'study' ? 'finished' : 'error'),
    warnings: [],
    elapsedMs: lastAt,
    space: spaceOf(space),
  })
}

function spaceOf(stored: unknown): Space | undefined {
  return stored === undefined ? undefined : readSpace(restoredSpace(stored))
}
