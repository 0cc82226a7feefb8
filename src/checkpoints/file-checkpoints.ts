import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { type FileHandle, open, readdir, rename, rmdir, unlink } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { readNeeded } from '../core/needed-options.ts'
import { StorageError } from '../errors.ts'
import { diskError, errnoOf } from '../stores/disk-error.ts'
import { makeFolder, syncFolder } from '../stores/folders.ts'
import { isGone, markText, readMark, thisProcess } from '../stores/process-mark.ts'
import type { CheckpointStore, KeptContent } from './checkpoint-store.ts'
import { folderOfPrefix, keyOfNames, pathOfKey } from './key-path.ts'

/** What `fileCheckpoints` is told. */
export interface FileCheckpointsOptions {
  /** Made when it is not there. Absolute, or from the folder that the process is in now. */
  readonly folder: string
}

const NEEDED = `fileCheckpoints needs a folder. Write fileCheckpoints({ folder: 'checkpoints' }).`

/** Where content is written before it has its name: no key makes a name with a dot in front. */
const UNFINISHED = '.unfinished'

const RENAMES_MAX = 10

const PIECE_BYTES = 2 ** 26

/**
 * Keeps the content of checkpoints as files of one folder. What `put` has acknowledged survives `kill -9` and a power cut, and
 * before that the key has what it had: a file is written under another name, put on the disk, and renamed. What a process
 * left unfinished when it was killed is removed when the next one writes to the folder.
 *
 * Several processes may use one folder. On a disk that takes `A` and `a` for the same name, keys may not differ in that alone.
 * @throws {OptionError} when the folder is no text.
 * @example const checkpoints = fileCheckpoints({ folder: 'runs/checkpoints' })
 */
export function fileCheckpoints(options: FileCheckpointsOptions): CheckpointStore {
  const { folder: given } = readNeeded(
    'fileCheckpoints',
    options,
    ['folder'],
    NEEDED,
    { folder: undefined },
    {
      folder: (path) =>
        typeof path === 'string' && path !== '' ? undefined : 'must be a text that is not empty.',
    },
  )
  const folder = resolve(given)
  const unfinished = join(folder, UNFINISHED)
  let cleaned: Promise<void> | undefined
  let count = 0

  return {
    async put(key, content) {
      const path = pathOfKey(folder, key)
      try {
        cleaned ??= removeLeft(unfinished)
        await cleaned
        const temporary = join(unfinished, `${markText(thisProcess())}.${++count}`)
        await makeFolder(unfinished)
        const kept = await written(temporary, content)
        await renamed(temporary, path)
        return kept
      } catch (error) {
        throw diskError(`${path} cannot be written`, error)
      }
    },

    async get(key) {
      const path = pathOfKey(folder, key)
      try {
        return await wholeFile(path)
      } catch (error) {
        throw unreadable(path, error)
      }
    },

    async delete(key) {
      const path = pathOfKey(folder, key)
      try {
        await unlink(path)
      } catch (error) {
        const code = errnoOf(error)
        if (code === 'ENOENT' || code === 'ENOTDIR') return
        throw diskError(`${path} cannot be removed`, error)
      }
      await removeEmpty(dirname(path), folder)
    },

    async list(prefix) {
      const keys: string[] = []
      for (const names of await filesBelow(folderOfPrefix(folder, prefix), folder)) {
        const key = keyOfNames(names)
        if (key?.startsWith(prefix) === true) keys.push(key)
      }
      return keys.toSorted()
    },
  }
}

async function written(path: string, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<KeptContent> {
  const file = await open(path, 'wx')
  try {
    const kept = await writtenTo(file, content)
    await file.sync()
    return kept
  } catch (error) {
    await unlink(path).catch(() => {})
    throw error
  } finally {
    await file.close()
  }
}

async function writtenTo(
  file: FileHandle,
  content: Uint8Array | AsyncIterable<Uint8Array>,
): Promise<KeptContent> {
  const hash = createHash('sha256')
  let size = 0
  for await (const piece of content instanceof Uint8Array ? [content] : content) {
    hash.update(piece)
    size += piece.length
    await file.writeFile(piece)
  }
  return { size, sha256: hash.digest('hex') }
}

/** Also of more than 2 GiB, which `readFile` refuses. */
async function wholeFile(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const content = Buffer.allocUnsafeSlow(size)
    let count = 0
    while (count < size) {
      const { bytesRead } = await file.read(content, count, Math.min(size - count, PIECE_BYTES), count)
      if (bytesRead === 0) break
      count += bytesRead
    }
    return content.subarray(0, count)
  } finally {
    await file.close()
  }
}

async function renamed(temporary: string, path: string): Promise<void> {
  const folder = dirname(path)
  for (let tries = 1; ; tries++) {
    await makeFolder(folder)
    try {
      await rename(temporary, path)
      break
    } catch (error) {
      // The folder was empty for a moment, and whoever deleted the last file in it has removed it.
      if (errnoOf(error) === 'ENOENT' && tries < RENAMES_MAX) continue
      await unlink(temporary).catch(() => {})
      throw error
    }
  }
  await syncFolder(folder)
}

function unreadable(path: string, cause: unknown): StorageError {
  const code = errnoOf(cause)
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new StorageError('notFound', `${path} is not there. Put it back, or go on without it.`, { cause })
  }
  if (code === 'EIO') {
    return new StorageError('unreadable', `${path} cannot be read (EIO): its disk is damaged.`, { cause })
  }
  return diskError(`${path} cannot be read`, cause)
}

/** Removes what processes that are gone have not finished. */
async function removeLeft(unfinished: string): Promise<void> {
  const names = await readdir(unfinished).catch(() => [])
  for (const name of names) {
    const mark = readMark(name.slice(0, name.lastIndexOf('.')))
    if (mark !== undefined && isGone(mark)) await unlink(join(unfinished, name)).catch(() => {})
  }
}

/** Removes a folder and those around it, as far as nothing is in them. */
async function removeEmpty(path: string, root: string): Promise<void> {
  for (let folder = path; folder.startsWith(`${root}${sep}`); folder = dirname(folder)) {
    try {
      await rmdir(folder)
    } catch {
      return
    }
  }
}

/** The names that lead to each file, from the root. */
async function filesBelow(path: string, root: string): Promise<readonly (readonly string[])[]> {
  const found = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
    const code = errnoOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return []
    throw diskError(`${path} cannot be read`, error)
  })
  const files: (readonly string[])[] = []
  for (const entry of found) {
    const full = join(path, entry.name)
    if (entry.isDirectory()) files.push(...(await filesBelow(full, root)))
    else files.push(full.slice(root.length + 1).split(sep))
  }
  return files
}
