import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { projectRoot } from '../support/sources.ts'

// What a stranger gets from the registry: built, packed, and installed in an empty project, once for all tests here.

const run = promisify(execFile)
const tool = (name: string) => join(projectRoot, 'node_modules/.bin', name)
const manifest = JSON.parse(await readFile(join(projectRoot, 'package.json'), 'utf8')) as {
  readonly exports: Readonly<Record<string, unknown>>
}
const entries = Object.keys(manifest.exports)
  .filter((key) => key !== './package.json')
  .map((key) => key.replace(/^\./, 'troupe'))

const EXPERIMENT = `
import { Tuner, randomSearch, uniform } from 'troupe'
const tuner = new Tuner(({ x }) => ({ loss: (x - 3) ** 2 }), {
  paramSpace: { x: uniform(0, 10) },
  metric: 'loss',
  mode: 'min',
  searcher: randomSearch(),
  numSamples: 50,
  seed: 7,
})
const results = await tuner.fit()
console.log(JSON.stringify({ trials: results.length, best: results.getBestResult().config.x }))
`

const TYPED = `
import { Tuner, choice, uniform } from 'troupe'
${entries.map((entry, i) => `import * as entry${i} from '${entry}'`).join('\n')}

const tuner = new Tuner(
  async (config, trial) => {
    const both: { width: number; activation: 'relu' | 'tanh' } = config
    // @ts-expect-error there is no such parameter
    config.height
    await trial.report({ loss: both.width })
  },
  { paramSpace: { width: uniform(0, 20), activation: choice(['relu', 'tanh']) }, metric: 'loss', mode: 'min' },
)
export const best: Promise<'relu' | 'tanh'> = tuner.fit().then((results) => results.getBestResult().config.activation)
export default [${entries.map((_, i) => `entry${i}`).join(', ')}]
`

let folder: string
let tarball: string
let contents: string[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'troupe-package-'))
  // Packing builds first: it is what publishing does.
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: projectRoot,
  }).catch(
    // What the compiler had to say is in here.
    (failed: { stdout: string; stderr: string }) => expect.fail(failed.stdout + failed.stderr),
  )
  const [packed] = JSON.parse(stdout.slice(stdout.indexOf('[\n'))) as [
    { filename: string; files: { path: string }[] },
  ]
  tarball = join(folder, packed.filename)
  contents = packed.files.map((file) => file.path)
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'stranger', private: true, type: 'module' }),
  )
  // Without what is optional, as where nothing can be compiled: all of it is to be imported all the same.
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--omit=optional']
  await run('npm', ['install', ...quiet, tarball], { cwd: folder })
}, 240_000)

afterAll(() => rm(folder, { recursive: true, force: true }))

describe('the package, installed in an empty project', () => {
  it('holds what was built, its sources and the papers, and nothing else', () => {
    const others = contents.filter((path) => !/^(dist|src|machines)\//.test(path))
    expect(others.sort()).toEqual(['LICENSE', 'README.md', 'package.json'])
    expect(contents).toContain('dist/src/index.js')
    expect(contents).toContain('dist/machines/index.d.ts')
  })

  it('runs an experiment from plain JavaScript', async () => {
    await writeFile(join(folder, 'experiment.js'), EXPERIMENT)
    const { stdout, stderr } = await run(process.execPath, ['experiment.js'], { cwd: folder })
    const answer = JSON.parse(stdout) as { trials: number; best: number }
    expect(stderr).toBe('')
    expect(answer.trials).toBe(50)
    expect(Math.abs(answer.best - 3)).toBeLessThan(1)
  })

  it('prints nothing unasked where its dependencies are built for development', async () => {
    const silent = EXPERIMENT.replaceAll('console.log', 'void ')
    await writeFile(join(folder, 'silent.js'), silent)
    const args = ['--conditions=development', 'silent.js']
    expect(await run(process.execPath, args, { cwd: folder })).toEqual({ stdout: '', stderr: '' })
  })

  it.each(entries)('lets %s be imported', async (entry) => {
    const script = `console.log(Object.keys(await import('${entry}')).length)`
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], { cwd: folder })
    expect(Number(stdout)).toBeGreaterThan(0)
  })

  it.each([
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ])('has types that hold with module %s and moduleResolution %s', async (module, moduleResolution) => {
    await writeFile(join(folder, 'typed.ts'), TYPED)
    // Libraries are checked too: a type that our declarations import and do not ship would else be `any` unnoticed.
    // Not with exactOptionalPropertyTypes, under which XState's own declarations fail.
    const compilerOptions = {
      module,
      moduleResolution,
      target: 'es2023',
      lib: ['es2023', 'dom', 'dom.asynciterable'],
      types: [],
      strict: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      noEmit: true,
    }
    const config = `tsconfig.${moduleResolution}.json`
    await writeFile(join(folder, config), JSON.stringify({ compilerOptions, files: ['typed.ts'] }))
    const { stdout } = await run(tool('tsc'), ['-p', config], { cwd: folder }).catch(
      (failed: { stdout: string }) => failed,
    )
    expect(stdout).toBe('')
  })

  it('gives publint nothing to say', async () => {
    const pkgDir = join(folder, 'node_modules/troupe')
    const { messages, pkg } = await publint({ pkgDir, pack: false, level: 'suggestion', strict: true })
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([])
  })

  it('has types where every way of resolving modules looks for them', async () => {
    const args = [tarball, '--profile', 'esm-only', '--no-definitely-typed', '--format', 'ascii']
    const verdict = await run(tool('attw'), args, { cwd: folder }).then(
      () => 'no problems',
      (failed: { stdout: string }) => failed.stdout,
    )
    expect(verdict).toBe('no problems')
  })
})
