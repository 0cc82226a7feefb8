/**
 * Where experiments and studies are kept, and the interface to write a store of one's own.
 * @module
 */
export { type MemoryStoreOptions, memoryStore } from './memory.ts'
export { type SqliteStoreOptions, sqliteStore } from './sqlite/sqlite-store.ts'
export { type PostgresStoreOptions, postgresStore } from './postgres/postgres-store.ts'
export { type JournalStoreOptions, journalStore } from './journal/journal-store.ts'
export {
  type OptunaJournalStore,
  type OptunaJournalStoreOptions,
  optunaJournalStore,
} from './optuna/journal/journal-store.ts'
export type { Durability, OpenLog, OpenOptions, Store } from './store.ts'
export type { LoggedError, LogRecord } from '../core/log.ts'

// Where the content of checkpoints is kept
export type { CheckpointStore, KeptContent } from '../checkpoints/checkpoint-store.ts'
export { type FileCheckpointsOptions, fileCheckpoints } from '../checkpoints/file-checkpoints.ts'
