/**
 * What is done to a database, said once for all of them. Work is a generator that yields statements and is given their
 * rows: SQLite runs it to its end within one turn of the event loop, so that no transaction is ever half done while
 * others run; PostgreSQL waits for the server at each statement.
 * @module
 */

/** What a statement takes and a row holds. */
export type SqlValue = string | number | null | Uint8Array

/** A statement with `?` for its values, in their order. `Row` is what it gives, for the compiler alone. */
export interface Query<Row = never> {
  readonly sql: string
  readonly __row?: Row
}

/** Rows that are put into a table all at once: each one statement on SQLite, one for all on PostgreSQL. */
export interface Insert<Row = never> {
  readonly table: string
  /** Name and type of each column, as PostgreSQL calls the type. */
  readonly columns: readonly (readonly [name: string, type: string])[]
  /** What follows the values, such as what to do when there is a row of the same key. */
  readonly ending: string
  /** Whether each gives a row. */
  readonly returns?: boolean
  readonly __row?: Row
}

/** One statement, and what it gives: rows, the texts of their only column, or nothing. */
export type Step =
  | {
      readonly kind: 'rows' | 'texts' | 'run'
      readonly query: Query<unknown>
      readonly values: readonly SqlValue[]
    }
  | {
      readonly kind: 'insert'
      readonly insert: Insert<unknown>
      readonly rows: readonly (readonly SqlValue[])[]
    }
  /** Statements without values, one after the other. */
  | { readonly kind: 'script'; readonly statements: readonly string[] }
  /** Gives a `Version`, or nothing. */
  | { readonly kind: 'version' }

/** Work in a transaction, as a generator of its statements. It may be run again from the start, so it changes nothing else. */
export type Steps<T> = Generator<Step, T, readonly unknown[]>

/** A query, with the type of its rows. */
export function query<Row = never>(sql: string): Query<Row> {
  return { sql }
}

/** All rows that a query gives. */
export function* rows<Row>(asked: Query<Row>, ...values: SqlValue[]): Steps<readonly Row[]> {
  // The driver's rows are what the query says they are: here is where that is believed.
  return (yield { kind: 'rows', query: asked, values }) as readonly Row[]
}

/** The only column of all rows that a query gives. */
export function* texts(
  asked: Query<Record<string, string>>,
  ...values: SqlValue[]
): Steps<readonly string[]> {
  return (yield { kind: 'texts', query: asked, values }) as readonly string[]
}

/** The first row that a query gives. */
export function* row<Row>(asked: Query<Row>, ...values: SqlValue[]): Steps<Row | undefined> {
  return (yield* rows(asked, ...values))[0]
}

/** Does what gives no rows. */
export function* run(asked: Query, ...values: SqlValue[]): Steps<void> {
  yield { kind: 'run', query: asked, values }
}

/** Does several statements, at once where that can be. */
export function* script(statements: readonly string[]): Steps<void> {
  yield { kind: 'script', statements }
}

/** Puts rows into a table. @returns What the insert returns of each. */
export function* insert<Row = never>(
  into: Insert<Row>,
  added: readonly (readonly SqlValue[])[],
): Steps<readonly Row[]> {
  if (added.length === 0) return []
  return (yield { kind: 'insert', insert: into, rows: added }) as readonly Row[]
}

/** What a database says of its changes, where it can tell of them. */
export interface Version {
  /** Another text when anything was written since it was asked for last. */
  readonly before: string | undefined
  /** What it will be once this transaction is kept, unless others write. */
  readonly after: string | undefined
}

/** How the database is at the beginning of this transaction, and will be at its end. */
export function* version(): Steps<Version> {
  const [told] = (yield { kind: 'version' }) as readonly Version[]
  return told ?? { before: undefined, after: undefined }
}
