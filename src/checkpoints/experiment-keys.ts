import type { CheckpointStore } from './checkpoint-store.ts'

/**
 * What follows the name of an experiment and a slash in the keys of its checkpoints. Another's name may begin with this one's
 * and a slash.
 */
export const CHECKPOINT_KEY_END = /^trial-\d+\/\d{6,}-\d+$/

/** The keys of an experiment's states of its searcher begin with this, and the words after it tell how many calls, and which. */
export const STATES_KEY = 'searcher/'
/** What follows that. Of the same length, so that they are in order. */
export const STATE_KEY_END = /^\d{12}-[\da-f]+$/

/**
 * Deletes all that is kept of an experiment.
 * @throws {StorageError} (rejects) as the store does.
 */
export async function forgetCheckpoints(store: CheckpointStore, experiment: string): Promise<void> {
  const prefix = `${experiment}/`
  for (const key of await store.list(prefix)) {
    const end = key.slice(prefix.length)
    const isState = end.startsWith(STATES_KEY) && STATE_KEY_END.test(end.slice(STATES_KEY.length))
    if (isState || CHECKPOINT_KEY_END.test(end)) await store.delete(key)
  }
}
