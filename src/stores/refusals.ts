import { nearest } from '../core/options.ts'
import { StorageError } from '../errors.ts'
import type { Store } from './store.ts'

const NAMES_MAX = 8

/** What one hears who may no longer write to a log. */
export function notHeld(name: string): StorageError {
  return new StorageError(
    'notHeld',
    `${name} was closed, deleted, or opened again since, so this one may no longer write to it. Open it again and go on with what that gives.`,
  )
}

/**
 * What one hears who asks a store for what it does not have: which name there is like it, else which there are.
 * @param kind - What it was taken for.
 * @param names - Those that there are.
 */
export function notFound(
  { url = 'this store' }: Pick<Store, 'url'>,
  name: string,
  kind: 'experiment' | 'study' | 'experiment or study',
  names: readonly string[],
): StorageError {
  return new StorageError('notFound', `There is no ${kind} ${name} in ${url}. ${hint(name, names)}`)
}

function hint(name: string, names: readonly string[]): string {
  const near = nearest(name, names)
  if (near !== undefined) return `Did you mean ${near}?`
  if (names.length === 0) return 'It is empty. Is it the right one?'
  // The last ones, which are more likely to be meant.
  const some = names.length > NAMES_MAX ? ['…', ...names.slice(-NAMES_MAX)] : names
  return `It has ${some.join(', ')}.`
}
