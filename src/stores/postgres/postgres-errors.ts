import { asError, StorageError } from '../../errors.ts'

/** A transaction that lost against another one, so that it is worth another try: nothing of it was kept. */
const TRANSIENT: readonly unknown[] = ['40001', '40P01', '42P07', '42710']

const UNREACHABLE: readonly unknown[] = [
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
  'EHOSTUNREACH',
  'ETIMEDOUT',
  '57P01',
  '57P02',
  '57P03',
  '53300',
  '08006',
]

/** Whether the same may go well when it is done again. */
export function isTransient(error: unknown): boolean {
  const { code, constraint } = error as { readonly code?: unknown; readonly constraint?: unknown }
  return TRANSIENT.includes(code) || (code === '23505' && constraint === 'ix_studies_study_name')
}

/** Whether there is no connection to the server, or none any more. */
export function isUnreachable(error: unknown): boolean {
  return UNREACHABLE.includes((error as { readonly code?: unknown }).code) || isCutOff(error)
}

/** Whether the server is there, and not ready yet. */
export function isStarting(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === '57P03'
}

/** What the user hears when a server fails. What is no error of a database is given back as it is. */
export function postgresError(error: unknown, place: string): unknown {
  if (error instanceof StorageError) return error
  const { code } = error as { readonly code?: unknown }
  const told = (word: string, text: string): StorageError =>
    new StorageError(word, `${place} ${text}`, { cause: error })
  if (isUnreachable(error)) {
    return told(
      'unreachable',
      `cannot be reached, or the connection broke: ${asError(error).message || String(code)}. See whether the server runs, takes connections, and whether host and port are right.`,
    )
  }
  switch (code) {
    case '28P01':
    case '28000':
      return told('access', 'lets this user not in. See whether user and password in the URL are right.')
    case '3D000':
      return told('cannotOpen', 'has no such database. Make it first, as with createdb.')
    case '42501':
      return told('readOnly', `forbids this user to do that: ${asError(error).message}. Grant it the right.`)
    case '25006':
      return told('readOnly', 'may only be read: it is a standby. Give the URL of the primary server.')
    case '55P03':
    case '40001':
    case '40P01':
      return told(
        'locked',
        'is locked by another client, which has been writing to it for too long. Look in pg_stat_activity for a transaction that was left open, and end it.',
      )
    case '53100':
      return told('diskFull', 'could not grow: the disk of the server is full. Make room and go on.')
    default:
      return typeof code === 'string' ? told('database', `failed: ${asError(error).message}`) : error
  }
}

// What the driver itself says has no code.
function isCutOff(error: unknown): boolean {
  return (
    error instanceof Error &&
    /^(Connection terminated|Client has encountered a connection error|timeout expired)/.test(error.message)
  )
}
