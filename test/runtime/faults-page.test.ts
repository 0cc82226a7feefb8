import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const root = new URL('../../', import.meta.url)
const page = readFileSync(new URL('docs/faults.md', root), 'utf8')
const rows = page
  .split('\n')
  .filter(
    (line) => line.startsWith('| ') && !line.startsWith('| ---') && !line.startsWith('| what goes wrong'),
  )
  .map((line) => line.split('|').map((cell) => cell.trim()))

const tests = ['test/runtime/', 'test/tuner/', 'test/testing/', 'test/callbacks/'].flatMap((folder) =>
  readdirSync(new URL(folder, root))
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => readFileSync(new URL(folder + file, root), 'utf8')),
)

describe('docs/faults.md', () => {
  it('names a test for each row but one', () => {
    expect(rows.length).toBeGreaterThan(40)
    expect(rows.filter(([, , , title]) => title === '').map(([, what]) => what)).toEqual([
      'it loops for ever without ever waiting',
    ])
  })

  it('names only tests that there are', () => {
    const titles = rows.map(([, , , title = '']) => title).filter((title) => title !== '')
    expect(titles.filter((title) => !tests.some((text) => text.includes(title)))).toEqual([])
  })
})
