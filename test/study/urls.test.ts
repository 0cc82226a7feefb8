import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { uniform } from '../../src/space/numbers.ts'
import { createStudy, loadStudy } from '../../src/study/create-study.ts'
import { copyStudy, deleteStudy, studyNames } from '../../src/study/kept-studies.ts'

const paramSpace = { x: uniform(0, 1) }
let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'troupe-'))
})

afterEach(() => rm(folder, { recursive: true }))

// SQLite takes its write-ahead log away when the last connection is closed.
const openFiles = async (): Promise<string[]> =>
  (await readdir(folder)).filter((name) => name.endsWith('-wal') || name.endsWith('-shm'))

describe('a study on a database that is named by its URL', () => {
  it('is kept there, and lets go of it when it is closed', async () => {
    const storage = `sqlite:///${join(folder, 'study.db')}`
    const study = await createStudy({ storage, name: 'demo', paramSpace, durability: 'report' })
    const other = await loadStudy({ storage, name: 'demo' })
    await study.tell(await study.ask(), 1)
    expect((await other.ask()).number).toBe(1)
    await study.close()
    expect(await openFiles()).not.toEqual([])
    await other.close()
    expect(await openFiles()).toEqual([])
    expect(await studyNames(storage)).toEqual(['demo'])
    expect(await openFiles()).toEqual([])
    const again = await loadStudy({ storage, name: 'demo' })
    expect(again.trials).toMatchObject([{ values: [1] }, { state: 'running' }])
    await again.close()
  })

  it('lets go of it also where it could not be opened, and after it was copied or deleted', async () => {
    const storage = `sqlite:///${join(folder, 'study.db')}`
    const toStorage = `sqlite:///${join(folder, 'copy.db')}`
    await (await createStudy({ storage, name: 'demo', paramSpace })).close()
    await expect(createStudy({ storage, name: 'demo', paramSpace })).rejects.toMatchObject({ code: 'exists' })
    await expect(loadStudy({ storage, name: 'other' })).rejects.toMatchObject({ code: 'notFound' })
    await expect(
      createStudy({ storage, name: 'demo', direction: 'maximize', loadIfExists: true }),
    ).rejects.toThrow(/was made for value \(minimize\)/)
    await copyStudy({ fromStorage: storage, fromName: 'demo', toStorage })
    await deleteStudy({ storage, name: 'demo' })
    expect([await studyNames(storage), await studyNames(toStorage)]).toEqual([[], ['demo']])
    expect(await openFiles()).toEqual([])
  })

  it('does not keep a process running, whether it was closed or not', async () => {
    const source = new URL('../../src/index.ts', import.meta.url)
    const program = join(folder, 'program.mts')
    await writeFile(
      program,
      `import { createStudy, uniform } from ${JSON.stringify(source.href)}
      for (const name of ['closed', 'left']) {
        const storage = ${JSON.stringify(`sqlite:///${join(folder, 'study.db')}`)}
        const study = await createStudy({ storage, name, paramSpace: { x: uniform(0, 1) } })
        await study.ask()
        if (name === 'closed') await study.close()
      }
      console.log('done')`,
    )
    const args = ['--conditions=@troupe/source', '--import', 'tsx', program]
    const { stdout } = await promisify(execFile)(process.execPath, args)
    expect(stdout).toBe('done\n')
  }, 60_000)
})
