import type { Client } from 'pg'
import { assertNever, StorageError } from '../../errors.ts'
import type { Insert, SqlValue, Step, Steps } from '../sql/steps.ts'

/** A connection that broke. */
export class LostConnection extends StorageError {
  /** Whether the same may be done again on a new one. */
  readonly mayRepeat: boolean

  constructor(cause: unknown, mayRepeat: boolean) {
    super('unreachable', 'The connection is broken.', { cause })
    this.mayRepeat = mayRepeat
  }
}

// What the driver's types leave out.
type RefClient = Client & { ref(): void; unref(): void }

/** One connection to a server. */
export class PostgresConnection {
  readonly #client: RefClient
  // Statements are prepared by name, once a connection.
  readonly #names = new Map<string, string>()
  /** Whether the server has let it go. */
  isBroken = false

  constructor(client: Client) {
    this.#client = client as RefClient
    // Said whether or not a statement waits; without a listener it would end the process.
    client.on('error', () => void (this.isBroken = true))
    client.on('end', () => void (this.isBroken = true))
  }

  /** A connection that does nothing keeps no process from its end. */
  async awake<T>(use: (connection: PostgresConnection) => Promise<T>): Promise<T> {
    this.#client.ref()
    try {
      return await use(this)
    } finally {
      this.#client.unref()
    }
  }

  /**
   * @param isRepeatable - Whether the work finds out by itself that it has been kept: where the connection breaks before the
   * server has said so, nobody else knows.
   * @throws {LostConnection} (rejects) when the connection breaks.
   */
  async transaction<T>(begin: string, work: () => Steps<T>, isRepeatable: boolean): Promise<T> {
    let mayRepeat = true
    try {
      await this.#client.query(begin)
    } catch (cause) {
      this.isBroken = true
      throw new LostConnection(cause, mayRepeat)
    }
    try {
      const steps = work()
      let next = steps.next()
      while (next.done !== true) next = steps.next(await this.#answer(next.value))
      mayRepeat = isRepeatable
      await this.#client.query('COMMIT')
      return next.value
    } catch (error) {
      // Where the connection is gone there is nothing to be rolled back, and the first error is the one to hear of.
      await this.#client.query('ROLLBACK').catch(() => void (this.isBroken = true))
      throw this.isBroken && !(error instanceof StorageError) ? new LostConnection(error, mayRepeat) : error
    }
  }

  async close(): Promise<void> {
    if (!this.isBroken) await this.awake(() => this.#client.end())
  }

  async #answer(step: Step): Promise<readonly unknown[]> {
    switch (step.kind) {
      case 'rows':
      case 'run':
        return this.#query(statementText(step.query.sql), step.values)
      case 'texts': {
        const rows = await this.#query(statementText(step.query.sql), step.values)
        return rows.map((row) => Object.values(row)[0])
      }
      case 'insert':
        return this.#query(insertText(step.insert), columnsOf(step.rows, step.insert.columns.length))
      case 'script':
        await this.#client.query(step.statements.join(';\n'))
        return []
      case 'version':
        return []
      default:
        return assertNever(step, 'a step')
    }
  }

  async #query(text: string, values: readonly unknown[]): Promise<readonly Record<string, unknown>[]> {
    let name = this.#names.get(text)
    if (name === undefined) this.#names.set(text, (name = `troupe-${this.#names.size}`))
    const { rows } = await this.#client.query<Record<string, unknown>>({ name, text, values: [...values] })
    return rows
  }
}

// What is the same for every connection.
const statementTexts = new Map<string, string>()
const insertTexts = new WeakMap<Insert<unknown>, string>()

/** The text with `$1`, `$2` and so on for its question marks, of which none stands in a literal. */
function statementText(sql: string): string {
  let text = statementTexts.get(sql)
  if (text === undefined) {
    let count = 0
    text = sql.replaceAll('?', () => `$${++count}`)
    statementTexts.set(sql, text)
  }
  return text
}

function insertText(insert: Insert<unknown>): string {
  let text = insertTexts.get(insert)
  if (text === undefined) {
    const { table, columns, ending } = insert
    const arrays = columns.map(([, type], i) => `$${i + 1}::${type}[]`)
    text = `INSERT INTO ${table} (${columns.map(([name]) => `"${name}"`).join(', ')}) SELECT * FROM unnest(${arrays.join(', ')}) ${ending}`
    insertTexts.set(insert, text)
  }
  return text
}

/** Rows turned into one array a column, as unnest takes them. */
function columnsOf(rows: readonly (readonly SqlValue[])[], width: number): SqlValue[][] {
  return Array.from({ length: width }, (_, column) => rows.map((row) => row[column] ?? null))
}
