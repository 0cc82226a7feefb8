import { Buffer } from 'node:buffer'
import { Deserializer, Serializer } from 'node:v8'
import { isPlainObject } from '../core/metrics.ts'
import { OptionError, StorageError } from '../errors.ts'
import { diskError } from '../stores/disk-error.ts'
import { packedFolder, unpackFolder } from './folder-archive.ts'
import { restoredFolder } from './restored-folder.ts'

/**
 * A checkpoint as bytes. The first says the version of what follows, the second what it is. Values are written as V8 writes
 * what it clones, so that maps, sets, dates, errors, typed arrays on one buffer, circles and NaN come back as they were;
 * each version of Node reads what it and earlier ones have written.
 * @module
 */

const VERSION = 1
const VALUE = 0
const FOLDER = 1

/** The value of a checkpoint that is a folder, and perhaps has fields beside it. */
interface FolderValue {
  readonly directory: string
  readonly [field: string]: unknown
}

/** Whether a checkpoint was given as `{ directory }`: then what is in that folder belongs to it. */
export function isFolderValue(value: unknown): value is FolderValue {
  return isPlainObject(value) && typeof value['directory'] === 'string'
}

/**
 * The content of a checkpoint. That of a value is made now; that of a `{ directory }` is read as it is asked for, so the
 * folder has to stay as it is until then.
 * @throws {OptionError} when the value holds what cannot be written, such as a function or shared memory.
 */
export function checkpointContent(value: unknown): Uint8Array | AsyncIterable<Uint8Array> {
  if (!isFolderValue(value)) return valueContent(value)
  const { directory, ...fields } = value
  return folderContent(directory, serialized(fields))
}

/**
 * The content of a value, whatever it is.
 * @throws {OptionError} as `checkpointContent` does.
 */
export function valueContent(value: unknown): Uint8Array {
  return Buffer.concat([Buffer.from([VERSION, VALUE]), serialized(value)])
}

async function* folderContent(directory: string, fields: Uint8Array): AsyncGenerator<Uint8Array> {
  const head = Buffer.alloc(6)
  head[0] = VERSION
  head[1] = FOLDER
  head.writeUInt32LE(fields.length, 2)
  yield Buffer.concat([head, fields])
  yield* packedFolder(directory)
}

/** A checkpoint that came back. */
export interface RestoredCheckpoint {
  /** As it was given; `directory` is a fresh folder with the same content, there until the process ends. */
  readonly value: unknown
  /** Removes that folder before. Does nothing for other values. */
  readonly remove: () => Promise<void>
}

/**
 * The checkpoint whose content this is.
 * @throws {StorageError} (rejects) with code `'newerSchema'` when a newer version of Troupe or Node wrote it, `'unreadable'` when
 * it is no such content, others when there is no room for the folder.
 */
export async function restoredCheckpoint(content: Uint8Array): Promise<RestoredCheckpoint> {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  const [version = 0, kind] = bytes
  if (version > VERSION) throw newer(`Troupe: its version is ${version}, and this one reads ${VERSION}`)
  if (version === VERSION && kind === VALUE) {
    return { value: deserialized(bytes.subarray(2)), remove: () => Promise.resolve() }
  }
  if (version !== VERSION || kind !== FOLDER || bytes.length < 6) throw noContent()
  const start = 6 + bytes.readUInt32LE(2)
  const fields = deserialized(bytes.subarray(6, start))
  const { path: directory, remove } = await restoredFolder()
  try {
    await unpackFolder(bytes.subarray(start), directory)
  } catch (error) {
    await remove()
    throw diskError(`The folder of a checkpoint cannot be put into ${directory}`, error)
  }
  return { value: { ...(fields as object), directory }, remove }
}

// Not `v8.serialize`, whose typed arrays come back as views of one large buffer: `array.buffer` would be another.
function serialized(value: unknown): Uint8Array {
  const serializer = new Serializer()
  serializer.writeHeader()
  try {
    serializer.writeValue(value)
  } catch (cause) {
    const { message } = cause as Error
    throw new OptionError(
      'checkpoint',
      `checkpoint cannot be kept: ${message} Give plain data, typed arrays or maps, and rebuild the rest from it.`,
      { received: value, cause },
    )
  }
  return serializer.releaseBuffer()
}

// The first byte of what V8 writes, before the number of its version.
const V8_MARK = 0xff

function deserialized(bytes: Uint8Array): unknown {
  try {
    const deserializer = new Deserializer(bytes)
    deserializer.readHeader()
    return deserializer.readValue()
  } catch (cause) {
    if (bytes[0] === V8_MARK && (bytes[1] ?? 0) > ownFormat()) {
      throw newer('Node, whose values this one cannot read', cause)
    }
    throw noContent(cause)
  }
}

function ownFormat(): number {
  const serializer = new Serializer()
  serializer.writeHeader()
  return serializer.releaseBuffer()[1] ?? 0
}

function newer(ofWhat: string, cause?: unknown): StorageError {
  return new StorageError(
    'newerSchema',
    `This checkpoint was kept by a newer version of ${ofWhat}. Go on with that version.`,
    { cause },
  )
}

function noContent(cause?: unknown): StorageError {
  return new StorageError(
    'unreadable',
    'This is not the content of a checkpoint, or not all of it. Go on from another one.',
    { cause },
  )
}
