import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const pages = [
  'README.md',
  ...(await markdownIn('docs')),
  ...(await markdownIn('docs/searchers')),
  ...(await markdownIn('docs/schedulers')),
]
const snippets = (await Promise.all(pages.map(snippetsOf))).flat()

interface Snippet {
  readonly page: string
  readonly code: string
}

async function markdownIn(folder: string): Promise<string[]> {
  const names = await readdir(join(root, folder))
  return names.filter((name) => name.endsWith('.md')).map((name) => `${folder}/${name}`)
}

async function snippetsOf(page: string): Promise<Snippet[]> {
  const text = await readFile(join(root, page), 'utf8')
  return [...text.matchAll(/```ts\n([^]*?)```/g)].map(([, code]) => ({ page, code: code as string }))
}

// Within the package, where its own name leads to the sources.
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(root, 'test/e2e/.readme-'))
  await Promise.all(snippets.map(({ code }, i) => writeFile(join(folder, `snippet-${i}.ts`), code)))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('the README and the pages of docs/', () => {
  it('have snippets', () => {
    expect(snippets.length).toBeGreaterThan(20)
  })

  it.each(snippets.map(({ page }, i) => [i, page]))('snippet %i runs: %s', async (i) => {
    const args = ['--conditions=@troupe/source', '--import', 'tsx', join(folder, `snippet-${i}.ts`)]
    const { stdout, stderr } = await run(process.execPath, args, { cwd: root })
    expect(stdout).not.toBe('')
    expect(stderr).toBe('')
  })

  it('have snippets of the right types', async () => {
    const config = { extends: join(root, 'tsconfig.json'), include: ['*.ts'], exclude: [] }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
    const { stdout } = await run(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { cwd: root }).catch(
      (failed: { stdout: string }) => failed,
    )
    expect(stdout).toBe('')
  })
})
