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

/**
 * A process in words, such as `process 4121 on lab since 2026-11-24 14:02:11 UTC`. The machine is named where it is
 * another one.
 * @param host - The machine's name.
 * @param since - When it began what it does, in milliseconds since 1970.
 */
export function processWords({ pid, host: digits }: ProcessMark, host: string, since: number): string {
  const where = digits === thisProcess().host ? '' : ` on ${host}`
  return `process ${pid}${where} since ${new Date(since).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

export function isThisProcess(mark: ProcessMark): boolean {
  return markText(mark) === markText(thisProcess())
}

/** Whether it is certain that the process has ended. Of one on another machine or in another container nothing is. */
export function isGone(mark: ProcessMark): boolean {
  return isRunning(mark) === false
}

/** Whether the process runs; undefined where that is not certain. */
export function isRunning({ pid, start, space, boot, host }: ProcessMark): boolean | undefined {
  const here = thisProcess()
  if (host !== here.host) return undefined
  if (boot !== here.boot) return boot !== '' && here.boot !== '' ? false : undefined
  if (space !== here.space) return undefined
  if (!exists(pid)) return false
  const now = processState(pid)
  if (now === undefined) return undefined
  // One that nobody has waited for yet still has its number.
  if (now.state === 'Z') return false
  // Without its time of start, what has the number now may be another.
  return start === '' ? undefined : now.start === start
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
