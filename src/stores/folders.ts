import { mkdir, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errnoOf } from './disk-error.ts'

/**
 * Makes a folder, and those above it, so that they are there after a power cut too. Nothing happens when it is there.
 * Not by `recursive`, which says of a disk that is read-only that something is missing.
 */
export async function makeFolder(path: string): Promise<void> {
  if (await isFolder(path)) return
  const parent = dirname(path)
  try {
    await makeIn(parent, path)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' || parent === path) throw error
    await makeFolder(parent)
    // Some folders are there and take none, and say that something is missing: not more than once.
    await makeIn(parent, path)
  }
}

async function makeIn(parent: string, path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    if (errnoOf(error) === 'EEXIST' && (await isFolder(path))) return
    throw error
  }
  await syncFolder(parent)
}

/** Without it a file that was made or renamed could be gone after a power cut, whatever is kept in it. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch((error: unknown) => {
    if (hasNoFolderSync(error)) return undefined
    throw error
  })
  try {
    await folder?.sync()
  } catch (error) {
    if (!hasNoFolderSync(error)) throw error
  } finally {
    await folder?.close()
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

// Windows has no such thing, and needs none.
function hasNoFolderSync(error: unknown): boolean {
  return ['EPERM', 'EISDIR', 'EINVAL', 'EBADF'].includes(errnoOf(error) ?? '')
}
