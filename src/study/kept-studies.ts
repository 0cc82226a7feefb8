import type { LogRecord } from '../core/log.ts'
import { describe, readOptions } from '../core/options.ts'
import { OptionError, StorageError } from '../errors.ts'
import { openStore, type Storage } from '../stores/open-store.ts'
import { notFound } from '../stores/refusals.ts'
import type { Store } from '../stores/store.ts'
import { carryCheckpoints, checkpointsToCarry, renamedRecords } from './carry-checkpoints.ts'

/** Names of the studies and experiments that are kept, in order of creation. */
export function studyNames(storage: Storage): Promise<readonly string[]> {
  return withStore(storage, (store) => store.names())
}

/**
 * Forgets a study, or an experiment, with all its trials, and the checkpoints that the storage itself keeps. Those in a
 * `directory` or a store of the user's own stay.
 * @throws {StorageError} (rejects) with code `'notFound'` when there is none of that name, `'inUse'` when it is an experiment
 *   that runs.
 */
export async function deleteStudy(options: {
  readonly storage: Storage
  readonly name: string
}): Promise<void> {
  const given = readOptions('deleteStudy', options, { storage: undefined, name: undefined })
  const [storage, name] = storageAndName('deleteStudy', given)
  await withStore(storage, async (store) => {
    await mustExist(store, name)
    const holder = await store.holder?.(name)
    if (holder !== undefined) throw running(name, holder)
    await store.delete(name)
  })
}

function running(name: string, holder: string): StorageError {
  return new StorageError(
    'inUse',
    `${name} is an experiment that runs: it is held by ${holder}. Stop it first.`,
  )
}

/** Options of `copyStudy`: from where, and under which name to where. */
export interface CopyStudyOptions {
  readonly fromStorage: Storage
  readonly fromName: string
  readonly toStorage: Storage
  /** Default: the same name. */
  readonly toName?: string | undefined
}

/**
 * Copies a study, or an experiment, with all its trials, into another storage or to another name. Checkpoints that the
 * storage itself keeps are copied too, where the other one has a place for them; those in a `directory` or a store of the
 * user's own stay where they are, and the copy has none of them: its keys begin with its own name.
 * @throws {StorageError} (rejects) with code `'notFound'` when there is none of that name, `'exists'` when there is one
 *   where it should go.
 */
export async function copyStudy(options: CopyStudyOptions): Promise<void> {
  const defaults = { fromStorage: undefined, fromName: undefined, toStorage: undefined, toName: undefined }
  const given = readOptions('copyStudy', options, defaults)
  const [fromStorage, fromName] = storageAndName('copyStudy', {
    storage: given.fromStorage,
    name: given.fromName,
  })
  const [toStorage, toName] = storageAndName('copyStudy', {
    storage: given.toStorage,
    name: given.toName ?? fromName,
  })
  await withStore(fromStorage, (from) => withStore(toStorage, (to) => copy(from, fromName, to, toName)))
}

async function copy(from: Store, fromName: string, to: Store, toName: string): Promise<void> {
  await mustExist(from, fromName)
  if ((await to.names()).includes(toName)) throw exists(fromName, toName)
  const kept = (await from.read(fromName)) ?? []
  const carried = checkpointsToCarry(kept, from, to, toName)
  const records = renamedRecords(kept, toName)
  // Not for itself alone: who has begun one of that name meanwhile keeps it.
  const log = await to.open(toName, { shared: true })
  let isOurs = log.records.length === 0
  try {
    const add = async (part: readonly LogRecord[]): Promise<void> => {
      isOurs &&= (await log.append(part)) === undefined
    }
    // The name is taken before anything is put under it; and what a crash leaves in between has no trials yet.
    if (carried !== undefined) {
      await add(records.slice(0, 1))
      if (isOurs) await carryCheckpoints(carried)
    }
    await add(carried === undefined ? records : records.slice(1))
  } catch (error) {
    // Parts of it may be there, where a store keeps so much in several steps. What was wrong first is to be heard of.
    await log.close().then(
      () => to.delete(toName),
      () => {},
    )
    throw error
  }
  await log.close()
  if (!isOurs) throw exists(fromName, toName)
}

function exists(fromName: string, toName: string): StorageError {
  return new StorageError(
    'exists',
    `There is a study ${toName} where ${fromName} should go. Give another toName.`,
  )
}

/** A store, and what lets go of it when it was opened for this alone, by its URL. */
export function ownedStore(storage: Storage): {
  readonly store: Store
  readonly release: () => Promise<void>
} {
  const store = openStore(storage)
  return {
    store,
    release: async () => {
      if (typeof storage === 'string') await store.close?.()
    },
  }
}

async function withStore<T>(storage: Storage, use: (store: Store) => Promise<T>): Promise<T> {
  const { store, release } = ownedStore(storage)
  try {
    return await use(store)
  } finally {
    await release()
  }
}

/** What is wrong with the name of a study, in words. */
export function nameProblem(name: unknown): string | undefined {
  return typeof name === 'string' && name !== '' ? undefined : 'must be a text that is not empty.'
}

/**
 * The storage and the name of a study that is to be found.
 * @throws {OptionError} when one of them is missing.
 */
export function storageAndName(
  owner: string,
  { storage, name }: { readonly storage?: Storage | undefined; readonly name?: string | undefined },
): [Storage, string] {
  if (storage === undefined)
    throw new OptionError(`${owner}.storage`, `${owner} needs a storage: a store, or its URL.`)
  const problem = nameProblem(name)
  if (problem !== undefined) {
    throw new OptionError(
      `${owner}.name`,
      `${owner}: the name of the study ${problem} Got ${describe(name)}.`,
      { received: name },
    )
  }
  return [storage, name as string]
}

/**
 * Makes sure that a study is there.
 * @throws {StorageError} with code `'notFound'`, naming those that are.
 */
export async function mustExist(store: Store, name: string): Promise<void> {
  const names = await store.names()
  if (!names.includes(name)) throw notFound(store, name, 'study', names)
}
