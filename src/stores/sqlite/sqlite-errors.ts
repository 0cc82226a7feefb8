import { accessSync, constants } from 'node:fs'
import { dirname } from 'node:path'
import { asError, StorageError } from '../../errors.ts'

// By SQLite's own numbers; those of an extended code are its low eight bits.
const BY_NUMBER: ReadonlyMap<number, string> = new Map([
  [5, 'BUSY'],
  [6, 'LOCKED'],
  [8, 'READONLY'],
  [10, 'IOERR'],
  [11, 'CORRUPT'],
  [13, 'FULL'],
  [14, 'CANTOPEN'],
  [26, 'NOTADB'],
])

/** SQLite's word for what happened, such as `'BUSY'`; undefined for what is no error of a database. */
function sqliteWord(error: unknown): string | undefined {
  const { code, errcode } = error as { readonly code?: unknown; readonly errcode?: unknown }
  if (typeof errcode === 'number') return BY_NUMBER.get(errcode & 0xff) ?? 'ERROR'
  if (typeof code !== 'string' || !code.startsWith('SQLITE_')) return undefined
  return code.split('_')[1]
}

/** Whether another connection holds a lock, so that it is worth another try. */
export function isLocked(error: unknown): boolean {
  const word = sqliteWord(error)
  return word === 'BUSY' || word === 'LOCKED'
}

/** What the user hears when a database fails. What is no error of a database is given back as it is. */
export function sqliteError(error: unknown, place: string): unknown {
  const told = (code: string, text: string): StorageError =>
    new StorageError(code, `${place} ${text}`, { cause: error })
  switch (sqliteWord(error)) {
    case 'BUSY':
    case 'LOCKED':
      return told(
        'locked',
        'is locked by another process, which has been writing to it for too long. Look for a program that has it open, such as a database browser or an Optuna that hangs, and close it.',
      )
    case 'CORRUPT':
      return told(
        'corrupt',
        'is damaged. Make a copy of it and of the files beside it that end in -wal and -shm; what can be read of it, sqlite3 FILE .recover writes out.',
      )
    case 'NOTADB':
      return told('corrupt', 'is no SQLite database, or its beginning is damaged. Give another file.')
    case 'READONLY':
      return told('readOnly', READ_ONLY)
    case 'CANTOPEN':
      // Of a folder that may only be read it says no more than that.
      return isReadOnly(dirname(place))
        ? told('readOnly', READ_ONLY)
        : told(
            'cannotOpen',
            'cannot be opened. See whether its folder is there, and whether it may be read and written.',
          )
    case 'FULL':
      return told('diskFull', 'could not grow: the disk is full. Make room and go on; nothing of it is lost.')
    case 'IOERR':
      return told(
        'inputOutput',
        `could not be read or written: ${asError(error).message}. See whether the disk is full or failing, and keep the file on a disk of this machine: SQLite does not work on network folders.`,
      )
    case undefined:
      return isMissingFolder(error)
        ? told('cannotOpen', 'cannot be made: there is no such folder. Make it first, as with mkdir -p.')
        : error
    default:
      return told('database', `failed: ${asError(error).message}`)
  }
}

const READ_ONLY =
  'cannot be written to. Give its owner the right to write to the file and to its folder, since SQLite keeps files beside it; or copy it to another place.'

function isReadOnly(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return false
  } catch (error) {
    return (error as { code?: unknown }).code !== 'ENOENT'
  }
}

function isMissingFolder(error: unknown): boolean {
  return error instanceof TypeError && error.message.includes('directory does not exist')
}
