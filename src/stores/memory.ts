import type { LogRecord } from '../core/log.ts'
import { must, readOptions } from '../core/options.ts'
import { freshSeed } from '../random/random.ts'
import { copyPlain } from '../space/same-value.ts'
import { notHeld } from './refusals.ts'
import type { OpenLog, OpenOptions, Store } from './store.ts'

/** Options of `memoryStore`. */
export interface MemoryStoreOptions {
  /** The clock by which writers of a shared log are alive or dead, in milliseconds. Default `Date.now`. */
  readonly now?: (() => number) | undefined
}

const DEFAULTS = { now: Date.now }

/**
 * Keeps logs in this process, for as long as the store itself is there: nothing survives a crash.
 * To open a log that is open takes it over, so that what held it before can no longer append; but any number may have it
 * open as shared, such as several studies of one name.
 * @example const storage = memoryStore()
 * await createStudy({ name: 'demo', storage, paramSpace: { x: uniform(0, 1) } })
 */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  const { now } = readOptions('memoryStore', options, DEFAULTS, { now: must.beFunction })
  const logs = new Map<string, KeptLog>()
  return {
    name: 'memoryStore',

    async open(experiment, { shared = false }: OpenOptions = {}) {
      let log = logs.get(experiment)
      if (log === undefined) logs.set(experiment, (log = new KeptLog(experiment, now)))
      return shared ? log.share() : log.take()
    },

    async read(experiment) {
      const log = logs.get(experiment)
      return log && [...log.records]
    },

    async names() {
      return [...logs].flatMap(([name, { records }]) => (records.length > 0 ? name : []))
    },

    async delete(experiment) {
      logs.get(experiment)?.letGo()
      logs.delete(experiment)
    },
  }
}

/** One log, and who has it open. */
class KeptLog {
  readonly records: LogRecord[] = []
  readonly #name: string
  readonly #now: () => number
  #holder: OpenLog | undefined
  // When each writer that has it open as shared was last heard of.
  readonly #heardAt = new Map<string, number>()

  constructor(name: string, now: () => number) {
    this.#name = name
    this.#now = now
  }

  letGo(): void {
    this.#holder = undefined
    this.#heardAt.clear()
  }

  take(): OpenLog {
    this.letGo()
    const log: OpenLog = {
      records: [...this.records],
      append: async (added) => {
        if (this.#holder !== log) throw notHeld(this.#name)
        this.#add(added)
      },
      close: async () => {
        if (this.#holder === log) this.#holder = undefined
      },
    }
    this.#holder = log
    return log
  }

  share(): OpenLog {
    const writer = freshSeed()
    let readCount = this.records.length
    const news = (): readonly LogRecord[] => {
      if (!this.#heardAt.has(writer)) throw notHeld(this.#name)
      const others = this.records.slice(readCount)
      readCount = this.records.length
      return others
    }
    this.#heardAt.set(writer, this.#now())
    return {
      records: [...this.records],
      writer,
      append: async (added) => {
        const others = news()
        if (others.length > 0) return others
        // Whoever only looks takes it from nobody.
        this.#holder = undefined
        this.#add(added)
        readCount = this.records.length
        return undefined
      },
      poll: async () => news(),
      beat: async () => {
        if (!this.#heardAt.has(writer)) throw notHeld(this.#name)
        this.#heardAt.set(writer, this.#now())
      },
      deadWriters: async (leaseMs) => {
        const now = this.#now()
        return [...this.#heardAt].filter(([, at]) => now - at > leaseMs).map(([id]) => id)
      },
      close: async () => {
        this.#heardAt.delete(writer)
      },
    }
  }

  #add(added: readonly LogRecord[]): void {
    // A caller may go on to change what it handed in. What is no plain data, such as a function among choices, can stay
    // as it is within one process.
    for (const record of added) this.records.push(copyPlain(record) as LogRecord)
  }
}
