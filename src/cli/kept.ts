import { readRecorded } from '../results/recorded/read-recorded.ts'
import type { Recorded } from '../results/recorded/recorded.ts'
import { notFound } from '../stores/refusals.ts'
import type { Store } from '../stores/store.ts'
import type { Call } from './command.ts'
import { UsageError } from './usage-error.ts'

/** An experiment or a study as it is kept. */
export interface Kept {
  readonly store: Store
  readonly recorded: Recorded
  /** Who runs it now, in words; undefined when nobody does, or when the store cannot know. */
  readonly holder: string | undefined
  /** Whether the store knows who runs what. */
  readonly knowsHolders: boolean
}

/** The URL of the store that a command was given, else that of the environment. */
export function storageUrl({ options, shell }: Pick<Call, 'options' | 'shell'>): string | undefined {
  const url = options.storage ?? shell.env['TROUPE_STORAGE']
  return url === '' ? undefined : url
}

/**
 * Works with the store that a command was given, and lets go of it.
 * @throws {UsageError} when none was given.
 */
export async function withStore<T>(call: Call, work: (store: Store) => Promise<T>): Promise<T> {
  const store = openGivenStore(call)
  try {
    return await work(store)
  } finally {
    await store.close?.()
  }
}

function openGivenStore(call: Call): Store {
  const url = storageUrl(call)
  if (url !== undefined) return call.shell.openStore(url)
  throw new UsageError(
    'where are things kept? Give --storage URL, such as --storage sqlite:///runs.db, or set TROUPE_STORAGE to it once for all.',
  )
}

/**
 * Reads an experiment or a study.
 * @throws {StorageError} with code `'notFound'` when there is none of that name, saying which there are.
 */
export async function readKept(store: Store, name: string): Promise<Kept> {
  const records = await store.read(name)
  if (records === undefined || records.length === 0)
    throw notFound(store, name, 'experiment or study', await store.names())
  const recorded = readRecorded(records)
  const holder = await store.holder?.(name)
  return { store, recorded, holder, knowsHolders: store.holder !== undefined }
}
