import { StorageError } from '../errors.ts'

interface Refusal {
  readonly code: string
  readonly remedy: string
}

const FULL: Refusal = {
  code: 'diskFull',
  remedy: 'There is no room left on its disk. Make some, and go on: what was kept before is whole.',
}
const READ_ONLY: Refusal = {
  code: 'readOnly',
  remedy: 'This process may not write there. Give it the right to, or choose another place.',
}
const CANNOT_OPEN: Refusal = {
  code: 'cannotOpen',
  remedy: 'Give the path of a file, in a folder that can be made.',
}

const REFUSALS: Readonly<Record<string, Refusal>> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  EFBIG: FULL,
  EACCES: READ_ONLY,
  EPERM: READ_ONLY,
  EROFS: READ_ONLY,
  ENOENT: CANNOT_OPEN,
  ENOTDIR: CANNOT_OPEN,
  EISDIR: CANNOT_OPEN,
  EEXIST: CANNOT_OPEN,
  ENAMETOOLONG: CANNOT_OPEN,
  ELOOP: CANNOT_OPEN,
  EMFILE: {
    code: 'tooManyFiles',
    remedy: 'This process has too many files open. Close some, or raise its limit.',
  },
}

const OTHER: Refusal = {
  code: 'disk',
  remedy:
    'The disk or the system refused. Look at its log, and try again with the file where it can be written.',
}

/**
 * What a failure of the file system means to a user: `'diskFull'`, `'readOnly'`, `'cannotOpen'`, `'tooManyFiles'`, else `'disk'`.
 * @param what - What could not be done, such as `'trials.jsonl cannot be written'`.
 * @returns A StorageError as it is.
 */
export function diskError(what: string, cause: unknown): StorageError {
  if (cause instanceof StorageError) return cause
  const code = errnoOf(cause)
  const refusal = (code === undefined ? undefined : REFUSALS[code]) ?? OTHER
  return new StorageError(refusal.code, `${what} (${code ?? String(cause)}). ${refusal.remedy}`, { cause })
}

/** The system's word for what went wrong, such as `'ENOENT'`. */
export function errnoOf(error: unknown): string | undefined {
  const code: unknown = (error as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : undefined
}
