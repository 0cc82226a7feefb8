/**
 * Where experiments and studies are kept, and the interface to write a store of one's own.
 * @module
 */
export { memoryStore } from './memory.ts'
export type { OpenLog, Store } from './store.ts'
export type { LogRecord } from '../core/log.ts'
