import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { exportsOf, importCycle, projectRoot, reachable, sourceFiles } from './support/sources.ts'

// The laws of the house that no linter knows. Each lists what breaks it, so a failure names the file.

const files = new Map(['src', 'machines'].flatMap(sourceFiles).map((file) => [file.path, file]))
const all = [...files.values()]
const tracked = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: projectRoot,
  encoding: 'utf8',
})
  .split('\0')
  .filter((path) => path !== '' && existsSync(join(projectRoot, path)))

// Earlier rings know nothing of later ones. The longest prefix counts.
const RINGS: readonly (readonly string[])[] = [
  ['src/core/', 'src/errors.ts', 'src/math/', 'src/random/', 'src/host/'],
  ['src/space/'],
  ['src/searchers/', 'src/schedulers/', 'src/stoppers/'],
  // What a machine says to an executor is part of the protocol; how an executor works is not.
  ['machines/', 'src/executors/executor.ts'],
  ['src/runtime/', 'src/executors/', 'src/stores/', 'src/checkpoints/'],
  ['src/study/', 'src/tuner/', 'src/results/', 'src/testing/', 'src/callbacks/'],
  ['src/report/', 'src/dashboard/', 'src/cli/', 'src/terminal/'],
  ['src/index.ts'],
]

function ringOf(path: string): number {
  const lengths = RINGS.map((prefixes) =>
    Math.max(0, ...prefixes.filter((prefix) => path.startsWith(prefix)).map((prefix) => prefix.length)),
  )
  const longest = Math.max(...lengths)
  return longest === 0 ? -1 : lengths.indexOf(longest)
}

const POLICIES = /^src\/(searchers|schedulers|stoppers)\//

// Where the library reads the time of the world or waits for it; everything else asks the kernel.
const CLOCKS =
  /^src\/(runtime\/(kernel|real-kernel|virtual-kernel|macrotask|broadcast)\.ts|testing\/laws\/watched-searcher\.ts|tuner\/kept-record\.ts|(terminal|stores|study|checkpoints|callbacks|cli)\/)/
const READS_CLOCK =
  /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b|(?<![.\w])(setTimeout|setInterval|setImmediate|queueMicrotask)\(/
const READS_CHANCE = /\bMath\.random\b|\brandomUUID\b|\bgetRandomValues\b/

const ENTRIES = [
  'src/index.ts',
  'src/testing/index.ts',
  'src/terminal/index.ts',
  'src/stores/index.ts',
  'src/callbacks/index.ts',
  'machines/index.ts',
]

describe('the house', () => {
  it('has every file in a ring', () => {
    expect(all.map((file) => file.path).filter((path) => ringOf(path) === -1)).toEqual([])
  })

  it('imports from the same ring or an earlier one', () => {
    const outward = all.flatMap((file) =>
      file.imports.filter((to) => ringOf(to) > ringOf(file.path)).map((to) => `${file.path} → ${to}`),
    )
    expect(outward).toEqual([])
  })

  it('imports only files that are there', () => {
    const missing = all.flatMap((file) =>
      file.imports.filter((to) => to.endsWith('.ts') && !files.has(to)).map((to) => `${file.path} → ${to}`),
    )
    expect(missing).toEqual([])
  })

  it('has no circle of imports, not even of types', () => {
    expect(importCycle(files)).toBeUndefined()
  })

  it('keeps policies free of actors and of the machine they run on', () => {
    const impure = all
      .filter(
        ({ path, imports }) => POLICIES.test(path) && imports.some((to) => /^(xstate|node:|#host)/.test(to)),
      )
      .map(({ path }) => path)
    expect(impure).toEqual([])
  })

  it.each(['src/index.ts', 'machines/index.ts'])('reaches nothing of Node from %s', (entry) => {
    expect(files.has(entry)).toBe(true)
    expect([...reachable(entry, files)].filter((to) => to.startsWith('node:'))).toEqual([])
  })

  it('asks Node for what a machine has in one place only, resolved by package imports', () => {
    const direct = all.filter(({ imports }) => imports.some((to) => to.startsWith('src/host/')))
    expect(direct.map(({ path }) => path)).toEqual([])
  })

  it('prints nothing', () => {
    expect(all.filter(({ code }) => /\bconsole\./.test(code)).map(({ path }) => path)).toEqual([])
  })

  it('reads the clock of the world where it says so, and chance in one file', () => {
    const clocks = all.filter(({ path, code }) => READS_CLOCK.test(code) && !CLOCKS.test(path))
    const chance = all.filter(({ path, code }) => READS_CHANCE.test(code) && path !== 'src/random/random.ts')
    expect([...clocks, ...chance].map(({ path }) => path)).toEqual([])
  })

  it('names folders after ideas, not after kinds of code', () => {
    expect(
      tracked.filter(
        (path) =>
          /(^|\/)(utils?|helpers?|types|interfaces|common|misc|lib)\//.test(path) &&
          !path.startsWith('test/types/'),
      ),
    ).toEqual([])
  })

  it.each(ENTRIES)('explains everything that %s exports', (entry) => {
    const exported = [...exportsOf(entry, files)]
    expect(exported.length).toBeGreaterThan(0)
    expect(exported.filter(([, comment]) => comment === undefined).map(([name]) => name)).toEqual([])
  })
})

describe('tracked files', () => {
  const texts = tracked.filter((path) => !/\.(png|ico|woff2?|gz)$/.test(path))
  const containing = (pattern: RegExp) =>
    texts.filter((path) => pattern.test(readFileSync(join(projectRoot, path), 'utf8')))

  it('name no folder of the machine they were written on', () => {
    expect(containing(/(?<![\w.-])\/(?:work|tmp|root|home)\/\w/)).toEqual([])
  })

  it('name no host of a package registry', () => {
    expect(containing(/\bregistry\.[a-z]+\.[a-z]{2,}/)).toEqual([])
  })

  it('are small, but for data', () => {
    const large = tracked.filter((path) => statSync(join(projectRoot, path)).size > 300_000)
    expect(large.filter((path) => !/^(test\/fixtures|examples\/data)\//.test(path))).toEqual([])
  })
})
