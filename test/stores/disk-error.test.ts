import { mkdtempSync, readFileSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { StorageError } from '../../src/errors.ts'
import { diskError } from '../../src/stores/disk-error.ts'

describe('a failure of the file system', () => {
  it.each([
    ['ENOSPC', 'diskFull'],
    ['EDQUOT', 'diskFull'],
    ['EACCES', 'readOnly'],
    ['EROFS', 'readOnly'],
    ['EISDIR', 'cannotOpen'],
    ['ENOTDIR', 'cannotOpen'],
    ['EMFILE', 'tooManyFiles'],
    ['EIO', 'disk'],
  ])('%s is %s, with a remedy', (errno, code) => {
    const cause = Object.assign(new Error(`${errno}: no`), { code: errno })
    const error = diskError('trials.jsonl cannot be written', cause)
    expect(error).toBeInstanceOf(StorageError)
    expect(error).toMatchObject({ code, cause })
    expect(error.message).toMatch(
      new RegExp(String.raw`^trials.jsonl cannot be written \(${errno}\)\. [A-Z].*\.$`),
    )
  })

  it('is what the system said', () => {
    const folder = mkdtempSync(join(tmpdir(), 'troupe-test-'))
    let thrown: unknown
    try {
      readFileSync(folder)
    } catch (error) {
      thrown = error
    }
    rmdirSync(folder)
    expect(diskError('x', thrown).code).toBe('cannotOpen')
  })

  it('that was explained before stays as it is', () => {
    const error = new StorageError('locked', 'x is held.')
    expect(diskError('y', error)).toBe(error)
    expect(diskError('y', 'thrown text').message).toContain('(thrown text)')
  })
})
