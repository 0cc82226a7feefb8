import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import type { CheckpointStore } from '../../checkpoints/checkpoint-store.ts'
import { asError, StorageError } from '../../errors.ts'
import { isRunning, markText, readMark, thisProcess } from '../process-mark.ts'
import type { Database } from './database.ts'
import { ensureSchema, readSchema } from './schema.ts'
import { query, row, rows, run, type Steps, texts } from './steps.ts'

/**
 * What one row holds at most. Others of this process write to the database in between, so that no trial waits for the
 * checkpoint of another one.
 */
const PART_BYTES = 2 ** 21

/** For so long nothing may be added to what a process has begun of which nobody knows whether it still runs. */
const UNFINISHED_MS_MAX = 60 * 60_000

// What is not finished has the name of an upload.
const REMOVE = query(`DELETE FROM troupe_checkpoints WHERE "key" = ? AND upload = ?`)
const FINISH = query<{ part: number }>(
  `UPDATE troupe_checkpoints SET upload = '' WHERE "key" = ? AND upload = ? RETURNING part`,
)
const SIZE = query<{ count: number; size: number }>(
  `SELECT COUNT(*) AS count, SUM(LENGTH(bytes)) AS size FROM troupe_checkpoints WHERE "key" = ? AND upload = ''`,
)
const PART = query<{ bytes: Uint8Array }>(
  `SELECT bytes FROM troupe_checkpoints WHERE "key" = ? AND upload = '' AND part = ?`,
)
const KEYS = query<{ key: string }>(
  `SELECT "key" FROM troupe_checkpoints WHERE "key" BETWEEN ? AND ? AND upload = '' AND part = 0`,
)

/** Greater than any letter that a key has. */
const LAST_LETTER = '\u{10FFFF}'

/**
 * Keeps the content of checkpoints in a table of the database, in parts, so that neither a row nor what is in memory at
 * once becomes large. What `put` has acknowledged survives what a log's batch under durability `'report'` does; before that
 * the key has what it had. What a process left unfinished is removed by the next one that puts something.
 * @param using - Does what needs the database, and lets go of it when nobody else needs it.
 */
export function sqlCheckpoints(
  database: Database,
  using: <T>(work: () => Promise<T>) => Promise<T>,
): CheckpointStore {
  const { dialect, place } = database
  const add = query(
    `INSERT INTO troupe_checkpoints ("key", upload, part, bytes, added) VALUES (?, ?, ?, ?, ${dialect.now})`,
  )
  const unfinished = query<{ key: string; upload: string; silence: number }>(
    `SELECT "key", upload, ${dialect.now} - MAX(added) AS silence FROM troupe_checkpoints WHERE upload <> ''
     GROUP BY "key", upload`,
  )
  let count = 0
  let ready: Promise<void> | undefined

  function* begin(): Steps<void> {
    yield* ensureSchema(dialect, place)
    for (const { key, upload, silence } of yield* rows(unfinished)) {
      const mark = readMark(upload.slice(0, upload.lastIndexOf('.')))
      const isAlive = (mark && isRunning(mark)) ?? silence < UNFINISHED_MS_MAX
      if (!isAlive) yield* run(REMOVE, key, upload)
    }
  }

  async function beReady(): Promise<void> {
    ready ??= database.write(begin, false)
    try {
      await ready
    } catch (error) {
      ready = undefined
      throw error
    }
  }

  /** What is there to be read; undefined when Troupe has no tables there. */
  async function read<T>(work: () => Steps<T>): Promise<T | undefined> {
    if (!(await database.exists())) return undefined
    return database.read(function* () {
      const { troupe } = yield* readSchema(dialect, place)
      return troupe ? yield* work() : undefined
    })
  }

  return {
    put: (key, content) =>
      using(async () => {
        await beReady()
        const upload = `${markText(thisProcess())}.${++count}`
        const hash = createHash('sha256')
        let size = 0
        let part = 0
        try {
          for await (const bytes of partsOf(content)) {
            hash.update(bytes)
            size += bytes.length
            await database.write(() => run(add, key, upload, part, bytes), false)
            part++
          }
          await database.write(() => finish(key, upload, part), true)
        } catch (error) {
          // What cannot be removed now is removed when this process is gone.
          await database.write(() => run(REMOVE, key, upload), false).catch(() => {})
          if (error instanceof StorageError) throw error
          throw notKept(place, key, asError(error).message, error)
        }
        return { size, sha256: hash.digest('hex') }
      }),

    get: (key) =>
      using(async () => {
        const found = await read(() => row(SIZE, key))
        if (found === undefined || found.count === 0) throw notFound(place, key)
        const content = Buffer.allocUnsafeSlow(found.size)
        let length = 0
        for (let part = 0; part < found.count; part++) {
          const bytes = (await database.read(() => row(PART, key, part)))?.bytes
          if (bytes === undefined || length + bytes.length > content.length) throw notFound(place, key)
          content.set(bytes, length)
          length += bytes.length
        }
        return content.subarray(0, length)
      }),

    delete: (key) =>
      using(async () => {
        if ((await read(() => row(PART, key, 0))) === undefined) return
        await database.write(() => run(REMOVE, key, ''), false)
      }),

    list: (prefix) =>
      using(async () => ((await read(() => texts(KEYS, prefix, prefix + LAST_LETTER))) ?? []).toSorted()),
  }
}

/** From here on the key has this content. */
function* finish(key: string, upload: string, count: number): Steps<void> {
  yield* run(REMOVE, key, '')
  const parts = yield* rows(FINISH, key, upload)
  if (parts.length !== count)
    throw notKept(
      'The database',
      key,
      'parts of it were removed, since nothing was added to it for too long.',
    )
}

/** The content in parts for a row each, at least one. A part is to be done with before the next one is asked for. */
async function* partsOf(content: Uint8Array | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (content instanceof Uint8Array) {
    yield content.subarray(0, PART_BYTES)
    for (let start = PART_BYTES; start < content.length; start += PART_BYTES)
      yield content.subarray(start, start + PART_BYTES)
    return
  }
  // Pieces are copied at once: whoever gives them may write the next one into the same memory.
  const part = Buffer.allocUnsafeSlow(PART_BYTES)
  let length = 0
  let isFirst = true
  for await (const piece of content) {
    for (let start = 0; start < piece.length;) {
      const taken = piece.subarray(start, start + PART_BYTES - length)
      part.set(taken, length)
      start += taken.length
      length += taken.length
      if (length < PART_BYTES) continue
      yield part
      isFirst = false
      length = 0
    }
  }
  if (isFirst || length > 0) yield part.subarray(0, length)
}

function notFound(place: string, key: string): StorageError {
  return new StorageError(
    'notFound',
    `${place} has no checkpoint ${key}. Give another one, or go on without it.`,
  )
}

function notKept(place: string, key: string, problem: string, cause?: unknown): StorageError {
  return new StorageError('checkpoint', `${place} could not keep the checkpoint ${key}: ${problem}`, {
    cause,
  })
}
