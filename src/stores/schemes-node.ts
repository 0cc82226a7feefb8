import { CheckpointKeeper, type CheckpointKeeperOptions } from '../checkpoints/checkpoint-keeper.ts'
import type { CheckpointStore } from '../checkpoints/checkpoint-store.ts'
import { fileCheckpoints } from '../checkpoints/file-checkpoints.ts'
import { SearchStateKeeper, type SearchStateKeeperOptions } from '../checkpoints/search-state-keeper.ts'
import { journalFromUrl } from './journal/journal-store.ts'
import { optunaJournalFromUrl } from './optuna/journal/journal-store.ts'
import { postgresStore } from './postgres/postgres-store.ts'
import { sqliteStoreOfUrl } from './sqlite/sqlite-store.ts'
import type { Store } from './store.ts'

/** What opens each kind of URL that needs Node; `rest` is what follows the scheme and its colon. */
export const SCHEMES: Readonly<Record<string, (rest: string) => Store>> = {
  sqlite: sqliteStoreOfUrl,
  journal: journalFromUrl,
  'optuna-journal': optunaJournalFromUrl,
  postgres: (rest) => postgresStore({ url: `postgres:${rest}` }),
  postgresql: (rest) => postgresStore({ url: `postgresql:${rest}` }),
}

/** Where checkpoints go: a store of the user's own, or files in a folder. */
export type CheckpointPlace = { readonly store: CheckpointStore } | { readonly folder: string }

/** Keeps the checkpoints of an experiment. */
export function keepCheckpoints(
  place: CheckpointPlace,
  options: Omit<CheckpointKeeperOptions, 'store'>,
): CheckpointKeeper {
  return new CheckpointKeeper({ ...options, store: checkpointsAt(place) })
}

/** Keeps states of an experiment's searcher, in the same place. */
export function keepSearchStates(
  place: CheckpointPlace,
  options: Omit<SearchStateKeeperOptions, 'store'>,
): SearchStateKeeper {
  return new SearchStateKeeper({ ...options, store: checkpointsAt(place) })
}

/** The store of a place. */
export function checkpointsAt(place: CheckpointPlace): CheckpointStore {
  return 'store' in place ? place.store : fileCheckpoints({ folder: place.folder })
}
