import { readdir, readFile, writeFile } from 'node:fs/promises'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fileCheckpoints } from '../../src/checkpoints/file-checkpoints.ts'
import { SearchStateKeeper } from '../../src/checkpoints/search-state-keeper.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'troupe-states-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const keeper = ({ name = 'digits', mark = 'seed 3' } = {}): SearchStateKeeper =>
  new SearchStateKeeper({ store: fileCheckpoints({ folder }), name, mark })

const state = (calls: number) => ({
  calls,
  digest: calls.toString(16),
  saved: { mean: new Float64Array([calls, Number.NaN]), told: new Map([[1, -Infinity]]) },
})

/** The files there are, of whatever experiment. */
async function files(): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
}

describe('states of a searcher that are kept', () => {
  it('come back in another process as they were', async () => {
    await keeper().put(state(64))
    expect(await keeper().read()).toEqual([state(64)])
  })

  it('are two at most: the last one, and the one before', async () => {
    for (const calls of [64, 128, 192, 1000]) await keeper().put(state(calls))
    expect(await keeper().read()).toEqual([state(192), state(1000)])
    expect(await files()).toHaveLength(2)
  })

  it('take the place of what an experiment of the same name had left', async () => {
    await keeper().put(state(500))
    await keeper().put(state(64))
    expect(await keeper().read()).toEqual([state(64)])
  })

  it('are nobody else’s', async () => {
    await keeper().put(state(64))
    await keeper({ name: 'digits/searcher' }).put(state(128))
    expect(await keeper().read()).toEqual([state(64)])
    expect(await keeper({ name: 'letters' }).read()).toEqual([])
  })

  it('are passed over when they belong to another seed, space or searcher', async () => {
    await keeper().put(state(64))
    expect(await keeper({ mark: 'seed 4' }).read()).toEqual([])
  })

  it('are passed over when they are damaged, and the one before is there', async () => {
    await keeper().put(state(64))
    await keeper().put(state(128))
    const [, last = ''] = await files()
    const content = await readFile(last)
    for (const at of [0, 40, content.length - 9]) {
      const damaged = Uint8Array.from(content)
      damaged[at] = (damaged[at] ?? 0) ^ 1
      await writeFile(last, damaged)
      expect(await keeper().read()).toEqual([state(64)])
    }
    await writeFile(last, '')
    expect(await keeper().read()).toEqual([state(64)])
  })
})
