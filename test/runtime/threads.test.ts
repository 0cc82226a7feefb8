import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'

const program = join(import.meta.dirname, 'threads-program.ts')

describe('a searcher with thread: true', () => {
  let said: Record<string, unknown> = {}
  // It also has to end: a thread that nobody waits for must not keep the process alive.
  beforeAll(async () => {
    const args = ['--conditions=@troupe/source', '--import', 'tsx', program]
    const { stdout } = await promisify(execFile)(process.execPath, args)
    said = JSON.parse(stdout) as Record<string, unknown>
  }, 60_000)

  it('suggests the same as without, and in virtual time leaves the same trace', () => {
    expect(said).toMatchObject({ same: true, sameHash: true })
  })

  it('works through wrappers, and runs all trials', () => {
    expect(said).toMatchObject({ fixed: true, completed: 30 })
  })

  it('lets the event loop turn meanwhile', () => {
    expect(said['ticked']).toBe(true)
  })

  it('works in a study', () => {
    expect(said['study']).toBe(15)
  })

  it('refuses choices that cannot be copied, where the experiment is made', () => {
    expect(said['refusal']).toMatch(/^OptionError: tpe cannot think in a thread: .* could not be cloned/)
  })
})
