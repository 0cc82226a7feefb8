/** From the past to the present: whose code is called again, from which checkpoint, and what is run once more. */
import type { Ledger } from '../../../machines/controller/ledger.ts'
import type { Retried } from '../../core/log.ts'
import type { TrialRecord } from '../../core/trial.ts'
import type { CatchUp } from './catch-up.ts'
import { CheckpointMark } from './checkpoint-mark.ts'
import type { Restore } from './restore.ts'
import { type FoundCheckpoint, RestoredRun } from './restored-run.ts'

/** The run of a live trial that was taken up. */
export function restoredRun({ live }: Ledger, trial: number): RestoredRun | undefined {
  const run = live.get(trial)?.run
  return run instanceof RestoredRun ? run : undefined
}

/** Trials that have ended and shall be run once more. One that was already is not; what it was run as may be. */
export function retriedIn({ records, retried }: Ledger, { finished, errored }: Restore): Retried[] {
  return records.flatMap(({ number, state, source, checkpoint }) => {
    if (source === 'given' || source === 'reused' || retried.has(number)) return []
    const wish =
      state === 'failed' ? errored : state === 'completed' || state === 'pruned' ? finished : 'skip'
    if (wish === undefined || wish === 'skip') return []
    // One that is lost is nothing to go on from.
    return [{ trial: number, goesOn: wish === 'resume' && checkpoint?.value !== undefined }]
  })
}

/**
 * Checkpoints of the past, instead of the marks that stood for them.
 * @returns Those that trials go on from.
 */
export async function readCheckpoints(
  ledger: Ledger,
  { loadCheckpoint, restarts }: Restore,
): Promise<Map<RestoredRun, FoundCheckpoint>> {
  const found = new Map<RestoredRun, FoundCheckpoint>()
  for (const record of ledger.records) {
    const { number, checkpoint } = record
    const mark = checkpoint?.value
    const run = restoredRun(ledger, number)
    const marks = (restarts === true ? undefined : run?.marks) ?? []
    if (mark instanceof CheckpointMark && !marks.includes(mark))
      setCheckpoint(record, mark, await loadCheckpoint([mark], number))
    if (run === undefined || marks.length === 0) continue
    const latest = await loadCheckpoint(marks, number)
    if (latest !== undefined) found.set(run, latest)
    if (mark instanceof CheckpointMark && marks.includes(mark)) setCheckpoint(record, mark, latest)
  }
  return found
}

/** Calls the user code that was cut off. */
export function callAgain(
  { live }: Ledger,
  catchUp: CatchUp,
  found: ReadonlyMap<RestoredRun, FoundCheckpoint>,
): void {
  const runs = Array.from(live.values(), ({ run }) => run).filter((run) => run instanceof RestoredRun)
  for (const run of runs) catchUp.expect(run, run.turnsFrom(found.get(run)?.mark))
  for (const run of runs) run.comeToPresent(found.get(run))
}

/**
 * One that is lost stays, without its value: whoever asks whether there is one, and of which iteration, has to hear the same
 * as before the break, and after the next.
 */
function setCheckpoint(record: TrialRecord, mark: CheckpointMark, found: FoundCheckpoint | undefined): void {
  record.checkpoint = {
    ...record.checkpoint,
    value: found?.mark === mark ? found.value : undefined,
    iteration: mark.iteration,
  }
}

/** It is made again. */
export function fillCheckpoint(record: TrialRecord, mark: CheckpointMark, value: unknown): void {
  const { checkpoint } = record
  if (checkpoint?.value === undefined && checkpoint?.iteration === mark.iteration)
    record.checkpoint = { value, iteration: mark.iteration }
}
