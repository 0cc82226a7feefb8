import { Buffer, constants } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { chmod, lstat, mkdir, readdir, readlink, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isPlainObject } from '../core/metrics.ts'
import { OptionError, StorageError } from '../errors.ts'

/**
 * A folder as one piece of content: for each thing in it the length of a line of JSON (4 bytes, least significant first),
 * that line, and the bytes of a file; in the end a length of 0.
 * @module
 */

type Entry = { readonly path: string } & (
  | { readonly kind: 'folder' }
  | { readonly kind: 'link'; readonly to: string }
  | { readonly kind: 'file'; readonly size: number; readonly mode: number }
)

/**
 * The content of a folder, read as it is asked for. Symbolic links are kept as they are.
 * @throws {OptionError} (rejects) when it is no folder, changes meanwhile, or holds what cannot be kept, such as a socket.
 */
export async function* packedFolder(folder: string): AsyncGenerator<Uint8Array> {
  let size = 0
  yield* packed(folder, '', (bytes) => (size += bytes) < SIZE_MAX)
  yield head(undefined)
}

// It has to come back in one piece, beside a few fields.
const SIZE_MAX = constants.MAX_LENGTH - 2 ** 20

/** @param hasRoom - Takes in so many bytes more. */
async function* packed(
  folder: string,
  below: string,
  hasRoom: (bytes: number) => boolean,
): AsyncGenerator<Uint8Array> {
  for (const name of (await namesIn(join(folder, below))).toSorted()) {
    const path = below === '' ? name : `${below}/${name}`
    const full = join(folder, path)
    const found = await lstat(full).catch((cause: unknown) => {
      throw changed(full, cause)
    })
    if (found.isDirectory()) {
      yield head({ path, kind: 'folder' })
      yield* packed(folder, path, hasRoom)
    } else if (found.isSymbolicLink()) {
      yield head({ path, kind: 'link', to: await readlink(full) })
    } else if (found.isFile()) {
      if (!hasRoom(found.size)) throw tooLarge(folder)
      yield head({ path, kind: 'file', size: found.size, mode: found.mode & 0o777 })
      yield* fileContent(full, found.size)
    } else {
      throw unkeepable(
        folder,
        `${full} is neither a file, a folder nor a link, so it cannot be part of a checkpoint. Leave it out of the folder.`,
      )
    }
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (cause) {
    throw unkeepable(
      folder,
      `The checkpoint { directory: ${JSON.stringify(folder)} } cannot be read. Give a folder that is there until report has resolved.`,
      cause,
    )
  }
}

async function* fileContent(path: string, size: number): AsyncGenerator<Uint8Array> {
  let count = 0
  try {
    for await (const piece of createReadStream(path)) {
      count += (piece as Uint8Array).length
      if (count > size) break
      yield piece as Uint8Array
    }
  } catch (cause) {
    throw changed(path, cause)
  }
  if (count !== size) throw changed(path)
}

function tooLarge(folder: string): OptionError {
  return unkeepable(
    folder,
    `${folder} holds more than the ${Math.floor(SIZE_MAX / 2 ** 30)} GiB that a checkpoint can. Keep the large files elsewhere, and in the checkpoint where they are.`,
  )
}

function changed(path: string, cause?: unknown): OptionError {
  return unkeepable(
    path,
    `${path} was changed or removed while the checkpoint was kept. Leave the folder as it is until report has resolved.`,
    cause,
  )
}

function unkeepable(received: string, message: string, cause?: unknown): OptionError {
  return new OptionError('checkpoint', message, { received, cause })
}

function head(entry: Entry | undefined): Uint8Array {
  const text = Buffer.from(entry === undefined ? '' : JSON.stringify(entry))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(text.length)
  return Buffer.concat([length, text])
}

/**
 * Puts the content of a folder into another, which is there and empty.
 * @throws {StorageError} (rejects) with code `'unreadable'` when it was not made by `packedFolder`, or would write elsewhere.
 */
export async function unpackFolder(content: Uint8Array, folder: string): Promise<void> {
  const links: Extract<Entry, { kind: 'link' }>[] = []
  for (const { entry, bytes } of entriesOf(content)) {
    const path = join(folder, entry.path)
    if (entry.kind === 'folder') await mkdir(path)
    else if (entry.kind === 'file') {
      await writeFile(path, bytes, { flag: 'wx' })
      await chmod(path, entry.mode)
    } else links.push(entry)
  }
  // Last, so that nothing is written through one.
  for (const { path, to } of links) await symlink(to, join(folder, path))
}

function* entriesOf(content: Uint8Array): Generator<{ readonly entry: Entry; readonly bytes: Uint8Array }> {
  const buffer = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  const folders = new Set(['.'])
  for (let at = 0; ;) {
    if (at + 4 > buffer.length) throw broken()
    const length = buffer.readUInt32LE(at)
    if (length === 0) return
    const start = at + 4 + length
    const entry = readEntry(buffer.toString('utf8', at + 4, start))
    // Only below what was made before, and so never through a link or a part that is `..`.
    if (!folders.has(dirname(entry.path))) throw broken()
    if (entry.kind === 'folder') folders.add(entry.path)
    const end = entry.kind === 'file' ? start + entry.size : start
    if (end > buffer.length) throw broken()
    yield { entry, bytes: buffer.subarray(start, end) }
    at = end
  }
}

function readEntry(text: string): Entry {
  let entry: unknown
  try {
    entry = JSON.parse(text)
  } catch {
    throw broken()
  }
  if (!isPlainObject(entry)) throw broken()
  const { path, kind, to, size, mode } = entry
  const isNamed = typeof path === 'string' && !/(^|[\\/])(\.{0,2})($|[\\/])/.test(path)
  const isWhole =
    kind === 'folder' ||
    (kind === 'link' && typeof to === 'string') ||
    (kind === 'file' && Number.isInteger(size) && Number(size) >= 0 && Number.isInteger(mode))
  if (!isNamed || !isWhole) throw broken()
  return entry as Entry
}

function broken(): StorageError {
  return new StorageError(
    'unreadable',
    'The content of a checkpoint is not that of a folder, so it cannot be put back. Go on from another one.',
  )
}
