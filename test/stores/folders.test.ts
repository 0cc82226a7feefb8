import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { experimentFolder } from '../../src/callbacks/index.ts'
import { Tuner } from '../../src/index.ts'
import { makeFolder } from '../../src/stores/folders.ts'

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-folders-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

it('a folder is made with all above it, by however many at once', async () => {
  const path = join(temporary(), 'a', 'b', 'c')
  await Promise.all(Array.from({ length: 8 }, () => makeFolder(path)))
  await makeFolder(path)
  expect(statSync(path).isDirectory()).toBe(true)
})

// A folder that is there, and says of any that is made in it that something is missing.
const STUBBORN = '/proc'

it.runIf(existsSync(STUBBORN))('a folder that takes none is refused at once', { timeout: 5000 }, async () => {
  const path = join(STUBBORN, 'nothing', 'here')
  await expect(makeFolder(path)).rejects.toMatchObject({ code: 'ENOENT' })
  const results = await new Tuner(() => ({ loss: 1 }), {
    metric: 'loss',
    mode: 'min',
    numSamples: 1,
    callbacks: [experimentFolder({ directory: path })],
  }).fit()
  expect(results.warnings.map(({ message }) => message)).toEqual([
    expect.stringContaining(`Cannot write to ${join(path, '')}`),
  ])
})
