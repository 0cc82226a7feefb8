import { SpaceError } from '../errors.ts'

/** The path of `key` inside the container at `path`. */
export function joinPath(path: string, key: string | number): string {
  return path === '' ? String(key) : `${path}/${key}`
}

/** @throws {SpaceError} for a name that cannot be part of a path. */
export function checkKey(path: string, key: string): void {
  if (key.includes('/')) {
    throw new SpaceError(
      joinPath(path, key),
      `the key ${JSON.stringify(key)} contains "/", which separates the keys of paths. Nest an object instead.`,
    )
  }
  // Assigning __proto__ would change the configuration's prototype.
  if (key === '' || key === '__proto__') {
    throw new SpaceError(
      path,
      `${JSON.stringify(key)} cannot be the name of a parameter or constant. Rename it.`,
    )
  }
}

/** @throws {SpaceError} for a path with an unusable key, such as `a//b`. */
export function checkPath(path: string): void {
  if (typeof path !== 'string') {
    throw new SpaceError('', `A parameter's name must be a string, got ${String(path)}.`, { received: path })
  }
  for (const key of path.split('/')) checkKey(path, key)
}

/**
 * Whether a function of the user's, which must be synchronous, returned a promise. What such a promise comes to nobody
 * will look at, so that its rejection is silenced.
 */
export function isStrayPromise(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('then' in value) || typeof value.then !== 'function')
    return false
  Promise.resolve(value).catch(() => {})
  return true
}
