import { existsSync } from 'node:fs'
import { isAbsolute, relative, resolve, sep } from 'node:path'
import { TroupeError } from '../errors.ts'
import type { Store } from '../stores/store.ts'
import type { Shell } from './shell.ts'

/** How a file is written down in a store: from the store's own folder, so that both can move together. */
export function keptPath(file: string, store: Store, shell: Pick<Shell, 'cwd'>): string {
  const folder = folderOf(store, shell)
  const path = folder === undefined ? file : relative(folder, file)
  // One on another drive has no way there.
  return isAbsolute(path) ? path : path.split(sep).join('/')
}

/**
 * The file that an experiment was made from.
 * @throws {TroupeError} with code `'fileMissing'` when it is not known, or not there any more.
 */
export function keptFile(
  name: string,
  file: string | undefined,
  store: Store,
  shell: Pick<Shell, 'cwd'>,
): string {
  const again = `troupe resume ${name} FILE`
  if (file === undefined) {
    throw new TroupeError(
      'fileMissing',
      `${name} does not say which file it was made from, since it was not started by troupe run. Name it: ${again}`,
    )
  }
  const path = resolve(folderOf(store, shell) ?? shell.cwd, file)
  if (existsSync(path)) return path
  throw new TroupeError(
    'fileMissing',
    `${name} was made from ${path}, which is not there any more. Name where it is now: ${again}`,
  )
}

function folderOf({ folder }: Store, { cwd }: Pick<Shell, 'cwd'>): string | undefined {
  return folder === undefined ? undefined : resolve(cwd, folder, '..')
}
