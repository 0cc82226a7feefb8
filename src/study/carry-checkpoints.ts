import { checkpointsAt } from '#stores'
import type { CheckpointStore } from '../checkpoints/checkpoint-store.ts'
import type { LogRecord } from '../core/log.ts'
import { StorageError } from '../errors.ts'
import type { Store } from '../stores/store.ts'

/** What a log says of an experiment, under another name: its checkpoints are then other ones than the original's. */
export function renamedRecords(records: readonly LogRecord[], name: string): readonly LogRecord[] {
  const former = nameIn(records)
  return records.map((record) => {
    if (record.type === 'study.created' || record.type === 'experiment.started') return { ...record, name }
    return record.type === 'trial.checkpoint'
      ? { ...record, key: renamedKey(record.key, former, name) }
      : record
  })
}

/** Checkpoints that a log names, with where they are kept and where a copy of the log has them. */
export interface CarriedCheckpoints {
  readonly from: CheckpointStore
  readonly to: CheckpointStore
  readonly keys: readonly string[]
  readonly rename: (key: string) => string
}

/** What has to be carried along when a log is copied: nothing where one of the stores has no place for checkpoints. */
export function checkpointsToCarry(
  records: readonly LogRecord[],
  from: Store,
  to: Store,
  name: string,
): CarriedCheckpoints | undefined {
  const former = nameIn(records)
  const keys = new Set(records.flatMap((record) => (record.type === 'trial.checkpoint' ? record.key : [])))
  const [source, target] = [placeIn(from), placeIn(to)]
  if (keys.size === 0 || source === undefined || target === undefined) return undefined
  return { from: source, to: target, keys: [...keys], rename: (key) => renamedKey(key, former, name) }
}

/** Copies what is still there: most that a long log names have been let go of since. */
export async function carryCheckpoints({ from, to, keys, rename }: CarriedCheckpoints): Promise<void> {
  for (const key of keys) {
    const content = await from.get(key).catch((error: unknown) => {
      if (error instanceof StorageError && ['notFound', 'unreadable'].includes(error.code)) return undefined
      throw error
    })
    if (content !== undefined) await to.put(rename(key), content)
  }
}

function nameIn(records: readonly LogRecord[]): string | undefined {
  return records.find((record) => record.type === 'experiment.started')?.name
}

function renamedKey(key: string, former: string | undefined, name: string): string {
  return former !== undefined && key.startsWith(`${former}/`) ? `${name}${key.slice(former.length)}` : key
}

/** Where a store keeps checkpoints by itself. */
function placeIn({ folder, checkpoints }: Store): CheckpointStore | undefined {
  return folder === undefined ? checkpoints : checkpointsAt({ folder })
}
