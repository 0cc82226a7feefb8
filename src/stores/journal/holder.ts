import { hostname } from 'node:os'
import { StorageError } from '../../errors.ts'
import { isGone, isThisProcess, markText, processWords, readMark, thisProcess } from '../process-mark.ts'
import type { Holder } from './journal-line.ts'

/** This process, as it opens a log now. */
export function holderNow(id: string, file: number): Holder {
  return { id, process: markText(thisProcess()), host: hostname(), since: new Date().toISOString(), file }
}

/** Who holds a log now, in words. Undefined when nobody does. */
export function holderInWords(holder: Holder, ino: number): string | undefined {
  const mark = readMark(holder.process)
  if (mark === undefined || holder.file !== ino || isGone(mark)) return undefined
  return processWords(mark, holder.host, Date.parse(holder.since))
}

/** Whether another process has it open, as far as one can know. */
export function isHeld({ process, file }: Holder, ino: number): boolean {
  const mark = readMark(process)
  return file === ino && mark !== undefined && !isThisProcess(mark) && !isGone(mark)
}

/** What one hears who wants it too. */
export function inUse(name: string, holder: Holder, ino: number): StorageError {
  const remedy =
    readMark(holder.process)?.host === thisProcess().host
      ? ''
      : ' If that machine is gone for good, copy the journal and use the copy: it is held by nobody.'
  return new StorageError(
    'inUse',
    `${name} is held by ${holderInWords(holder, ino)}. Stop that process, or give this one another name.${remedy}`,
  )
}
