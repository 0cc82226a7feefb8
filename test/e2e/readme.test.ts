import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const snippets = [...(await readFile(join(root, 'README.md'), 'utf8')).matchAll(/```ts\n([^]*?)```/g)].map(
  ([, code]) => code as string,
)
// Within the package, where its own name leads to the sources.
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(root, 'test/e2e/.readme-'))
  await Promise.all(snippets.map((code, i) => writeFile(join(folder, `snippet-${i}.ts`), code)))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('the README', () => {
  it('has snippets', () => {
    expect(snippets.length).toBeGreaterThan(4)
  })

  it.each(snippets.map((code, i) => [i, code.split('\n')[0]]))('snippet %i runs: %s', async (i) => {
    const args = ['--conditions=@troupe/source', '--import', 'tsx', join(folder, `snippet-${i}.ts`)]
    const { stdout, stderr } = await run(process.execPath, args, { cwd: root })
    expect(stdout).not.toBe('')
    expect(stderr).toBe('')
  })

  it('has snippets of the right types', async () => {
    const config = { extends: join(root, 'tsconfig.json'), include: ['*.ts'], exclude: [] }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
    const { stdout } = await run(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { cwd: root })
    expect(stdout).toBe('')
  })
})
