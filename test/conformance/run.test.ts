import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { conform } from './conform.ts'

const project = resolve(import.meta.dirname, '../..')
const FIXTURES = ['test/fixtures/schedulers', 'test/fixtures/numerics']
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'conformance-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Outcome {
  readonly code: number | null
  /** What was printed, line by line. */
  readonly lines: readonly string[]
  readonly errors: string
}

/** What `npm run conformance -- PATH…` prints, without a process of its own. */
function conformHere(...paths: readonly string[]): Outcome {
  const [lines, errors]: [string[], string[]] = [[], []]
  const code = conform(paths, { log: (line) => lines.push(line), error: (line) => errors.push(line) })
  return { code, lines, errors: errors.join('\n') }
}

/** What `npm run conformance -- PATH…` starts, in this project or in a copy of it. */
function conformance(paths: readonly string[], cwd = project): Outcome {
  const command = ['--conditions=@troupe/source', '--import', 'tsx', 'test/conformance/run.ts', ...paths]
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd, encoding: 'utf8' })
  return { code: status, lines: stdout.trimEnd().split('\n'), errors: stderr }
}

function write(name: string, content: unknown): string {
  const path = join(folder, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

/** A copy of the project in which one piece of source is replaced. */
function copyWith(name: string, file: string, from: string, to: string): string {
  const copy = join(folder, name)
  for (const part of ['src', 'test/conformance', 'test/fixtures', 'package.json', 'tsconfig.json']) {
    cpSync(join(project, part), join(copy, part), { recursive: true })
  }
  symlinkSync(join(project, 'node_modules'), join(copy, 'node_modules'))
  const source = readFileSync(join(copy, file), 'utf8')
  if (!source.includes(from)) throw new Error(`${file} has no ${from} any more: plant another error`)
  writeFileSync(join(copy, file), source.replace(from, to))
  return copy
}

describe('npm run conformance', () => {
  it('is the command that is tested here', () => {
    const { scripts } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>
    }
    expect(scripts['conformance']).toBe('npm run --silent example -- test/conformance/run.ts')
    expect(scripts['example']).toBe('node --conditions=@troupe/source --import tsx')
  })

  it('passes every recorded case of the fixtures here', () => {
    const { code, lines, errors } = conformance(FIXTURES)
    expect({ code, errors }).toEqual({ code: 0, errors: '' })
    expect(lines.at(-1)).toMatch(/^\d{3,} passed, 0 failed$/)
    expect(lines.slice(0, -1).filter((line) => !line.endsWith('reported, not counted'))).toEqual([])
  })

  it('counts what it cannot run as failed, a line each, and knows formats by their source, not their name', () => {
    const asha = JSON.parse(
      readFileSync(join(project, 'test/fixtures/schedulers/ray_asha.json'), 'utf8'),
    ) as {
      cases: unknown[]
    }
    write('mixed/a-renamed.json', { ...asha, cases: asha.cases.slice(0, 3) })
    write('mixed/b-unknown.json', { source: 'some package 1.0', cases: [{ name: 'one' }, { name: 'two' }] })
    write('mixed/c-no-fixture.json', [{ study_name: 'demo' }])
    write('mixed/d-no-json.json', 'study,\nnumber')
    write('mixed/deeper/e-nameless.json', { source: 'some package 1.0', cases: [5] })
    write('mixed/deeper/f-observed.json', {
      source: 'some package 1.0',
      cases: [{ name: 'nan', kind: 'rank-nan-observed' }],
    })
    write('mixed/deeper/notes.txt', 'no fixture, and not looked at')
    const { code, lines } = conformHere(join(folder, 'mixed'))
    expect(code).toBe(1)
    expect(lines).toEqual([
      expect.stringMatching(
        /b-unknown\.json: one: cannot be run yet: there is no handler for some package 1\.0$/,
      ),
      expect.stringMatching(/b-unknown\.json: two: cannot be run yet/),
      expect.stringMatching(/c-no-fixture\.json: no fixture: expected an object with source and cases$/),
      expect.stringMatching(/d-no-json\.json: no fixture: not JSON/),
      expect.stringMatching(/e-nameless\.json: case 0: no fixture case: it has no name$/),
      expect.stringMatching(/f-observed\.json: nan: reported, not counted$/),
      '3 passed, 5 failed',
    ])
  })

  it('says which path it cannot read, counts it as failed, and ends with 2', () => {
    const { code, lines, errors } = conformHere('test/fixtures/schedulers', join(folder, 'nowhere'))
    expect(code).toBe(2)
    expect(lines.at(-1)).toMatch(/^[1-9]\d* passed, [1-9]\d* failed$/)
    expect(conformHere(join(folder, 'nowhere')).lines).toEqual(['0 passed, 1 failed'])
    expect(errors).toMatch(/nowhere cannot be read .*ENOENT.*Name a fixture file or a folder that exists/)
  })

  it('does not take an empty folder for a success', () => {
    mkdirSync(join(folder, 'empty'))
    expect(conformHere(join(folder, 'empty'))).toMatchObject({
      code: 2,
      lines: ['0 passed, 0 failed'],
      errors: expect.stringMatching(/No \.json file is below/),
    })
  })

  it('asks for a path', () => {
    expect(conformHere()).toMatchObject({
      code: 2,
      lines: ['0 passed, 0 failed'],
      errors: expect.stringMatching(/No path is given\. Name a fixture file/),
    })
  })
})

describe('an error planted in the source', () => {
  it('of asha makes the conformance run fail', () => {
    const copy = copyWith('asha', 'src/schedulers/asha-stopping.ts', 'score >= oriented', 'score <= oriented')
    const { code, lines } = conformance(['test/fixtures/schedulers/ray_asha.json'], copy)
    expect(code).toBe(1)
    expect(lines[0]).toMatch(
      /ray_asha\.json: asha-00.*: event \d+, result of trial \d+ at \d+: decision: expected "/,
    )
    expect(lines.at(-1)).toMatch(/^\d+ passed, [1-9]\d* failed$/)
  })

  it('of a domain makes the conformance run fail', () => {
    const copy = copyWith('domain', 'src/space/draw.ts', 'step === 1 ? high + 1 : high', 'high')
    const { code, lines } = conformance(['test/fixtures/numerics/ray_domains.json'], copy)
    expect(code).toBe(1)
    expect(lines[0]).toMatch(
      /ray_domains\.json: sample\/\d+\/randint\(1, 10\): samples\/\d+: expected \d+, got \d+$/,
    )
    expect(lines.at(-1)).toMatch(/^\d+ passed, [1-9]\d* failed$/)
  })

  it('of the encoding makes the conformance run fail', () => {
    const copy = copyWith('encoding', 'src/space/encoding.ts', '0.5 : (x - low)', '0.5 : (x + low)')
    const { code, lines } = conformance(['test/fixtures/numerics/space_transform.json'], copy)
    expect(code).toBe(1)
    expect(lines[0]).toMatch(/space_transform\.json: .*unit=True: encoded\/0\/0: expected [^ ]+, got [^ ]+$/)
    expect(lines.at(-1)).toMatch(/^\d+ passed, [1-9]\d* failed$/)
  })
})
