import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import {
  isGone,
  isThisProcess,
  markText,
  type ProcessMark,
  readMark,
  thisProcess,
} from '../../src/stores/process-mark.ts'

const isLinux = process.platform === 'linux'

/** What another process of this machine would leave. */
const markOf = (pid: number, start = ''): ProcessMark => ({ ...thisProcess(), pid, start })

describe('the mark of a process', () => {
  it('is read from its text, which is short', () => {
    expect(readMark(markText(thisProcess()))).toEqual(thisProcess())
    expect(markText({ ...thisProcess(), pid: 4_194_304 }).length).toBeLessThanOrEqual(59)
    expect(isThisProcess(thisProcess())).toBe(true)
    expect(isThisProcess(markOf(process.pid, 'earlier'))).toBe(false)
  })

  it.each(['', 'x', '1.2.3.4', 'x.2.3.4.5', '1.2.3.4.5.6'])('is not read from %j', (text) => {
    expect(readMark(text)).toBeUndefined()
  })

  it('is that of one who is there while it runs, and gone when it has ended', async () => {
    const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
    const pid = child.pid as number
    const ended = new Promise((resolve) => child.once('exit', resolve))
    expect(isGone(thisProcess())).toBe(false)
    expect(isGone(markOf(process.ppid))).toBe(false)
    await ended
    expect(isGone(markOf(pid))).toBe(true)
  })

  it('is gone when another process has its number now', ({ skip }) => {
    if (!isLinux) return skip('needs /proc')
    expect(isGone(markOf(process.ppid, '1'))).toBe(true)
  })

  it('is gone when the machine was started anew', ({ skip }) => {
    if (!isLinux) return skip('needs /proc')
    expect(isGone({ ...markOf(process.ppid), boot: 'earlier' })).toBe(true)
    expect(isGone({ ...markOf(process.ppid), boot: '' })).toBe(false)
  })

  it('may be there on another machine or in another container, whatever its number', () => {
    const nobody = 2 ** 22 + 1
    expect(isGone(markOf(nobody))).toBe(true)
    expect(isGone({ ...markOf(nobody), host: 'another' })).toBe(false)
    expect(isGone({ ...markOf(nobody), space: 'another' })).toBe(false)
  })

  it('is gone when it was killed, also before its parent has looked', async ({ skip }) => {
    if (!isLinux) return skip('needs /proc')
    // The shell becomes a program that never asks after its children, and then its child ends.
    const parent = spawn('sh', ['-c', '(read line <&3) & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
    })
    const parentPid = parent.pid as number
    while (!readFileSync(`/proc/${parentPid}/cmdline`, 'utf8').startsWith('sleep')) {
      await new Promise(setImmediate)
    }
    const [line] = await new Promise<[string]>((resolve) =>
      createInterface({ input: parent.stdout as Readable }).once('line', (text) => resolve([text])),
    )
    const mark = markOf(Number(line))
    expect(isGone(mark)).toBe(false)
    ;(parent.stdio[3] as Writable).end()
    while (!isGone(mark)) await new Promise(setImmediate)
    expect(process.kill(mark.pid, 0)).toBe(true)
    parent.kill('SIGKILL')
  })
})
