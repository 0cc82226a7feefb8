import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/stores/memory.ts'
import { troupe } from './told-shell.ts'

describe('troupe, called the wrong way', () => {
  it.each([
    ['shw train', 'troupe: there is no command shw. Did you mean show?\nSee troupe --help.\n'],
    [
      'frobnicate',
      /there is no command frobnicate. Commands are run, resume, ls, status, show, best, export\./,
    ],
    ['ls --jsn', 'troupe: troupe ls has no option --jsn. Did you mean --json?\nSee troupe ls --help.\n'],
    ['run train.ts --num-sample 3', /troupe run has no option --num-sample. Did you mean --num-samples\?/],
    ['run train.ts --csv', /troupe run has no option --csv\. .*--storage/],
    ['run', 'troupe: FILE is missing: troupe run FILE.\nSee troupe run --help.\n'],
    ['show', /STUDY is missing: troupe show STUDY \[TRIAL\]\./],
    ['show train 3 4', /4 is one too many: troupe show STUDY \[TRIAL\]\./],
    ['ls --json=yes', /--json takes no value, got yes\. Write --json alone\./],
    ['ls --storage', /--storage needs a value: --storage URL\./],
    ['ls -x', /troupe ls has no option -x\./],
    ['run train.ts --num-samples many', /--num-samples must be an integer from 1, or Infinity, got many\./],
    ['run no-such-file.ts', /there is no file .*no-such-file\.ts\./],
    ['export train', /troupe export needs one of --csv and --json\./],
    ['export train --csv --json', /needs one of --csv and --json\./],
  ])('says what is wrong with "%s" in one line, and exits with 2', async (words, message) => {
    const { code, out, err } = await troupe(words, { store: memoryStore() })
    expect(code).toBe(2)
    expect(out).toBe('')
    expect(err).toEqual(typeof message === 'string' ? message : expect.stringMatching(message))
    expect(err.trimEnd().split('\n').length).toBeLessThanOrEqual(2)
  })

  it('asks where things are kept when nobody says', async () => {
    const { code, err } = await troupe('ls')
    expect(code).toBe(2)
    expect(err).toMatch(/Give --storage URL, such as --storage sqlite:\/\/\/runs\.db, or set TROUPE_STORAGE/)
  })

  it('names the kinds of storage that there are', async () => {
    const { code, err } = await troupe('ls --storage mysql://host/db')
    expect(code).toBe(2)
    expect(err).toMatch(/there is none for "mysql:\/\/host\/db"\. URLs begin with memory:/)
  })

  it('prints no stack unless it is asked for one', async () => {
    const store = { ...memoryStore(), names: () => Promise.reject(new RangeError('the disk is gone')) }
    expect((await troupe('ls', { store })).err).toBe('troupe: the disk is gone\n')
    const { code, err } = await troupe('ls --verbose', { store })
    expect(code).toBe(1)
    expect(err).toMatch(/^troupe: the disk is gone\nRangeError: the disk is gone\n +at /)
  })
})

describe('help', () => {
  it('lists the commands, also when nothing was asked for', async () => {
    const asked = await troupe('--help')
    expect(asked.code).toBe(0)
    for (const name of [
      'run FILE',
      'resume STUDY',
      'ls',
      'status STUDY',
      'show STUDY',
      'best STUDY',
      'export STUDY',
    ])
      expect(asked.out).toContain(`  troupe ${name}`)
    expect(await troupe('')).toEqual({ ...asked, code: 2 })
    expect(await troupe('help')).toEqual(asked)
  })

  it.each(['run', 'resume', 'ls', 'status', 'show', 'best', 'export'])(
    'of troupe %s has its options and examples',
    async (name) => {
      const { code, out } = await troupe(`${name} --help`)
      expect(code).toBe(0)
      expect(out).toMatch(new RegExp(`^troupe ${name} `))
      expect(out).toMatch(/Options:\n(.*\n)*.*--storage URL/)
      expect(out).toMatch(new RegExp(String.raw`Examples:\n(.*\n)*  .*troupe ${name}`))
      expect(await troupe(`help ${name}`)).toEqual(await troupe(`${name} -h`))
    },
  )

  it('tells the version', async () => {
    expect((await troupe('--version')).out).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})
