import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** Which process left something behind, so that another can tell whether it is still there. */
export interface ProcessMark {
  readonly pid: number
  /** When it began, in the kernel's count: numbers of processes are used again. */
  readonly start: string
  /** In which world of process numbers: containers have their own. */
  readonly space: string
  /** Since which start of the machine. */
  readonly boot: string
  /** Digits that stand for the machine's name. */
  readonly host: string
}

let mine: ProcessMark | undefined

/** The mark of this process. */
export function thisProcess(): ProcessMark {
  mine ??= {
    pid: process.pid,
    start: processState(process.pid)?.start ?? '',
    space: (tryTo(() => readlinkSync('/proc/self/ns/pid')) ?? '').replace(/\D/g, ''),
    boot: (tryTo(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')) ?? '').slice(0, 8),
    host: createHash('sha256').update(hostname()).digest('hex').slice(0, 8),
  }
  return mine
}

/** At most 59 bytes, which is what Linux keeps of a symbolic link without a block of its own. */
export function markText({ pid, start, space, boot, host }: ProcessMark): string {
  return [pid, start, space, boot, host].join('.')
}

/** @returns Undefined for a text that `markText` did not write. */
export function readMark(text: string): ProcessMark | undefined {
  const [pid, start, space, boot, host, more] = text.split('.')
  const isMark = host !== undefined && more === undefined && /^\d+$/.test(pid ?? '')
  return isMark
    ? { pid: Number(pid), start: start as string, space: space as string, boot: boot as string, host }
    : undefined
}

export function isThisProcess(mark: ProcessMark): boolean {
  return markText(mark) === markText(thisProcess())
}

/** Whether it is certain that the process has ended. Of one on another machine or in another container nothing is. */
export function isGone(mark: ProcessMark): boolean {
  const here = thisProcess()
  if (mark.host !== here.host) return false
  if (mark.boot !== here.boot) return mark.boot !== '' && here.boot !== ''
  if (mark.space !== here.space) return false
  if (!exists(mark.pid)) return true
  const now = processState(mark.pid)
  if (now === undefined) return false
  // One that nobody has waited for yet still has its number.
  return now.state === 'Z' || (mark.start !== '' && now.start !== mark.start)
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // Refused for a process of another user, which is there.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** What Linux says of a process; undefined elsewhere. */
function processState(pid: number): { readonly state: string; readonly start: string } | undefined {
  const stat = tryTo(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  if (stat === undefined) return undefined
  // The second field is the program's name, which may hold spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0] ?? '', start: fields[19] ?? '' }
}

function tryTo<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
