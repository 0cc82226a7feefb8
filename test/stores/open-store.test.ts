import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { openStore } from '../../src/stores/open-store.ts'

function refusalOf(url: string): OptionError {
  try {
    openStore(url)
  } catch (error) {
    if (error instanceof OptionError) return error
  }
  throw new Error(`${url} was taken`)
}

describe('the URL of a storage that cannot be used', () => {
  it.each([
    'mysql+pymysql://me:secret@host/db',
    'mysql://me:se/cr@secret@host/db',
    'postgresql+psycopg2://me:secret@host/db',
    'postgresql//me:secret@host/db',
    'me:secret@host',
    'mysql://host/db?user=me&password=secret&a=b',
    'sqlite://me:secret@host/db',
    'journal://me:secret@host/db',
    'optuna-journal://me:secret@host/db',
  ])('is refused without showing a password: %s', (url) => {
    const { message, received } = refusalOf(url)
    expect(`${message} ${String(received)}`).not.toContain('secret')
    expect(message).toContain('host')
  })

  it('is shown without the driver that only Python has', () => {
    expect(refusalOf('postgresql+psycopg2://me:secret@host:5/db').message).toMatch(
      /Leave out the driver.*: postgresql:\/\/…@host:5\/db$/,
    )
    expect(refusalOf('mysql+pymysql://host/db').message).toMatch(/URLs begin with memory:/)
  })

  it.each([
    ['journal://a.jsonl', 'journal:///a.jsonl'],
    ['journal:a.jsonl', 'journal:///a.jsonl'],
    ['journal:/data/a.jsonl', 'journal:////data/a.jsonl'],
    ['journal:///', 'journal:///trials.jsonl'],
  ])('%s is answered with what was meant: %s', (url, meant) => {
    expect(refusalOf(url).message).toContain(`Write ${meant}.`)
  })
})

describe('the URL of a PostgreSQL database', () => {
  it('may begin with postgres:, as others write it', () => {
    expect(openStore('postgres://me:secret@host/db').url).toBe('postgres://me@host/db')
  })
})
