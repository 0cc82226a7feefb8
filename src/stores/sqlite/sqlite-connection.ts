import { assertNever } from '../../errors.ts'
import type { Insert, Step, Steps, Version } from '../sql/steps.ts'
import type { SqliteDriver, SqliteStatement } from './driver.ts'
import { isLocked } from './sqlite-errors.ts'

/** One connection to a file. */
export class SqliteConnection {
  readonly #driver: SqliteDriver
  readonly #id: number
  readonly #statements = new Map<string, SqliteStatement>()
  #isSynced: boolean | undefined
  #writeCount = 0
  #isWriting = false

  constructor(driver: SqliteDriver, id: number) {
    this.#driver = driver
    this.#id = id
    // Without it macOS leaves what was synced in the memory of the disk. Elsewhere it does nothing.
    driver.exec('PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON')
  }

  write<T>(work: () => Steps<T>, synced: boolean): T {
    if (this.#isSynced === undefined) this.#useWal()
    if (this.#isSynced !== synced) {
      this.#driver.exec(`PRAGMA synchronous = ${synced ? 'FULL' : 'NORMAL'}`)
      this.#isSynced = synced
    }
    // Not a plain BEGIN: one that has read and then wants to write is refused at once when another has written since.
    this.#isWriting = true
    try {
      const result = this.#transaction('BEGIN IMMEDIATE', work)
      this.#writeCount++
      return result
    } finally {
      this.#isWriting = false
    }
  }

  read<T>(work: () => Steps<T>): T {
    return this.#transaction('BEGIN', work)
  }

  close(): void {
    this.#driver.close()
  }

  // Not before there is something to be written: who only reads leaves the file as it is. One that may not be written to
  // stays so, and the writing will tell.
  #useWal(): void {
    const [mode] = this.#prepared('PRAGMA journal_mode').all([]) as readonly {
      readonly journal_mode?: string
    }[]
    if (mode?.journal_mode === 'wal') return
    try {
      this.#driver.exec('PRAGMA journal_mode = WAL')
    } catch (error) {
      if (isLocked(error)) throw error
    }
  }

  #transaction<T>(begin: string, work: () => Steps<T>): T {
    this.#prepared(begin).run([])
    try {
      const result = this.#finish(work())
      this.#prepared('COMMIT').run([])
      return result
    } catch (error) {
      this.#rollback()
      throw error
    }
  }

  // A full disk ends the transaction by itself, and then there is none to be rolled back.
  #rollback(): void {
    try {
      this.#prepared('ROLLBACK').run([])
    } catch {
      // The first error is the one to hear of.
    }
  }

  #finish<T>(steps: Steps<T>): T {
    let next = steps.next()
    while (next.done !== true) next = steps.next(this.#answer(next.value))
    return next.value
  }

  #answer(step: Step): readonly unknown[] {
    switch (step.kind) {
      case 'rows':
        return this.#prepared(step.query.sql).all(step.values)
      case 'texts':
        return this.#prepared(step.query.sql).texts(step.values)
      case 'run':
        this.#prepared(step.query.sql).run(step.values)
        return []
      case 'insert': {
        const statement = this.#prepared(insertText(step.insert))
        if (step.insert.returns === true) return step.rows.flatMap((values) => statement.all(values))
        for (const values of step.rows) statement.run(values)
        return []
      }
      case 'script':
        for (const sql of step.statements) this.#driver.exec(sql)
        return []
      case 'version':
        return [this.#version()]
      default:
        return assertNever(step, 'a step')
    }
  }

  // SQLite's own number tells of other connections only.
  #version(): Version {
    const [told] = this.#prepared('PRAGMA data_version').all([]) as readonly {
      readonly data_version: number
    }[]
    const others = `${this.#id}.${told?.data_version}`
    return {
      before: `${others}.${this.#writeCount}`,
      after: `${others}.${this.#writeCount + (this.#isWriting ? 1 : 0)}`,
    }
  }

  #prepared(sql: string): SqliteStatement {
    let statement = this.#statements.get(sql)
    if (statement === undefined) this.#statements.set(sql, (statement = this.#driver.prepare(sql)))
    return statement
  }
}

const insertTexts = new WeakMap<Insert<unknown>, string>()

function insertText(insert: Insert<unknown>): string {
  let text = insertTexts.get(insert)
  if (text === undefined) {
    const { table, columns, ending } = insert
    text = `INSERT INTO ${table} (${columns.map(([name]) => `"${name}"`).join(', ')}) VALUES (${columns.map(() => '?').join(', ')}) ${ending}`
    insertTexts.set(insert, text)
  }
  return text
}
