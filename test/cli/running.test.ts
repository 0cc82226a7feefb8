import { mkdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { projectRoot } from '../support/sources.ts'
import { type Exit, Folder, LIBRARY } from './child.ts'

// Real processes, on a machine that is busy with other tests.
const PATIENCE = { timeout: 120_000 }

const TRAIN = `
import { Tuner, uniform } from '${LIBRARY}'

async function train({ x }: { x: number }, trial) {
  for (let i = 1; i <= 4; i++) {
    await trial.report({ loss: x / i })
    if (x < 0) throw new Error('no luck')
  }
}

export default (options: object) =>
  new Tuner(train, { paramSpace: { x: uniform(0, 1) }, metric: 'loss', mode: 'min', numSamples: 3, seed: 1, ...options })
`

const ENDLESS = `
import { Tuner, uniform } from '${LIBRARY}'

export default (options) =>
  new Tuner(
    async function endless({ x }, trial) {
      for (let i = 1; ; i++) {
        await trial.report({ loss: x / i })
        if (i === 3) console.log('under way')
        await trial.sleep(20)
        if (process.env['SHORT'] === undefined && i === 40) return
      }
    },
    { paramSpace: { x: uniform(0, 1) }, metric: 'loss', mode: 'min', numSamples: 6, maxConcurrentTrials: 1, seed: 1, ...options },
  )
`

let folder: Folder

async function folderWith(files: Readonly<Record<string, string>>): Promise<Folder> {
  folder = await Folder.with({ 'package.json': '{ "type": "module" }', ...files })
  return folder
}

afterEach(() => folder.remove())

describe('troupe run', () => {
  it('runs what a file exports, keeps it, and tells the best', PATIENCE, async () => {
    const { run } = bound(await folderWith({ 'train.ts': TRAIN }))
    const { code, out, err } = await run('run train.ts --num-samples 5')
    expect(err).toBe('')
    expect(code).toBe(0)
    expect(out).toMatch(/Number of trials: 5\/5 \(5 TERMINATED\)/)
    expect(out).toMatch(
      /\nBest configuration: \{"x":0\.\d+\}\nKept as train in journal:\/\/\/runs\.jsonl\. See it with  troupe show train\n$/,
    )
    expect((await run('ls')).out).toMatch(
      /\ntrain +experiment +finished +5 +5 completed +loss=0\.\d+ +20\d\d-/,
    )
    const best = JSON.parse((await run('best train --json')).out)
    expect(out).toContain(`{"x":${best.config.x}}`)
    expect((await run('export train --csv')).out.split('\r\n')).toHaveLength(7)
    const again = await run('run train.ts')
    expect(again.code).toBe(1)
    expect(again.err).toBe(
      'troupe: there is an experiment train in journal:///runs.jsonl already. Carry it on with troupe resume train, or give this one another name: troupe run train.ts --name NAME\n',
    )
    expect((await run('run train.ts --name other --quiet')).out).toMatch(
      /^Best trial: train_.*\n\nBest configuration: /,
    )
  })

  it('runs the file that its page shows', PATIENCE, async () => {
    const page = await readFile(join(projectRoot, 'docs/command-line.md'), 'utf8')
    const [, code = ''] = /```typescript\n([^]*?)```/.exec(page) ?? []
    const { run } = bound(await folderWith({ 'train.ts': code.replace("'troupe'", `'${LIBRARY}'`) }))
    const { out } = await run('run train.ts --num-samples 1')
    expect(out).toMatch(/^train: Using ASHA: rungs at training_iteration 1, 4, 16; full length 27\.\n/)
    expect(out).toMatch(/\nKept as train in journal:\/\/\/runs\.jsonl\./)
  })

  it('says what is wrong with a file, and where', PATIENCE, async () => {
    const { run } = bound(
      await folderWith({
        'throws.ts': `\nconst x: number = 1\nthrow new RangeError('too soon')\n`,
        'nothing.mjs': `export const tuner = 1\n`,
        'number.mjs': `export default 3\n`,
        'maker.mjs': `export default async () => 'a tuner'\n`,
        'typo.mjs': `import { Tuner } from '${LIBRARY}'\nexport default (options) => new Tuner(() => {}, { numSample: 3, ...options })\n`,
      }),
    )
    const cases: readonly (readonly [file: string, message: RegExp])[] = [
      ['throws.ts', /^troupe: throws\.ts:3 failed: RangeError: too soon\n$/],
      [
        'nothing.mjs',
        /^troupe: nothing\.mjs has no default export, where a Tuner is needed\. Write export default /,
      ],
      ['number.mjs', /^troupe: number\.mjs exports 3 by default, where a Tuner is needed\./],
      ['maker.mjs', /^troupe: The function of maker\.mjs gave "a tuner", where a Tuner is needed\./],
      [
        'typo.mjs',
        /^troupe: typo\.mjs:2 failed: Tuner has no option numSample\. Did you mean numSamples\?\n$/,
      ],
    ]
    for (const [file, message] of cases) {
      const { code, out, err } = await run(`run ${file}`)
      expect([file, code, out]).toEqual([file, 1, ''])
      expect(err).toMatch(message)
    }
  })

  it('runs a Tuner that is made already, as the command line wants it', PATIENCE, async () => {
    const ready = TRAIN.replace('(options: object) =>', '').replace('...options', '')
    const { run } = bound(await folderWith({ 'train.ts': ready }))
    const { code, out } = await run('run train.ts --num-samples 2 --name ready --quiet')
    expect(code).toBe(0)
    expect(out).toMatch(/\nKept as ready in journal:\/\/\/runs\.jsonl\./)
    expect((await run('ls')).out).toMatch(/\nready +experiment +finished +2 +2 completed/)
  })

  it('says when a file left out the storage', PATIENCE, async () => {
    const { run } = bound(await folderWith({ 'train.ts': TRAIN.replace('...options', '') }))
    const { code, out, err } = await run('run train.ts')
    expect(code).toBe(0)
    expect(out).not.toContain('Kept')
    expect(err).toBe(
      'Not kept: train.ts made a Tuner without the storage that it was given. Put ...options into what the Tuner is made with.\n',
    )
  })

  it('says what a storage of Optuna does not keep, and that it cannot be carried on', PATIENCE, async () => {
    const { start, run } = bound(await folderWith({ 'endless.mjs': ENDLESS }))
    const where = '--storage optuna-journal:///optuna.log'
    const child = start(`run endless.mjs ${where}`)
    await child.printed(/under way/)
    child.process.kill('SIGINT')
    const { code, out } = await child.ended
    expect(code).toBe(130)
    expect(out).toMatch(
      /^endless: [^]*\n00:00:00\.\d\d {2}warning: Optuna's journal holds what Optuna has: [^]*\nunder way\n/,
    )
    expect(out).toMatch(
      /\nInterrupted \(1 completed\)\. It is kept as a study, which a program goes on with by loadStudy, and troupe resume cannot\.\n$/,
    )
    expect((await run(`run endless.mjs ${where}`)).err).toBe(
      'troupe: there is a study endless in optuna-journal:///optuna.log already. Give this one another name: troupe run endless.mjs --name NAME\n',
    )
  })

  it('knows the storage that a Tuner has by itself', PATIENCE, async () => {
    const own = ENDLESS.replace('...options', "storage: 'sqlite:///own.db', ...options")
    const { start, run } = bound(await folderWith({ 'endless.mjs': own }))
    folder.storage = ''
    const child = start('run endless.mjs --quiet')
    await child.printed(/under way/)
    child.process.kill('SIGINT')
    const { code, out } = await child.ended
    expect(code).toBe(130)
    const way = 'troupe resume endless endless.mjs --storage sqlite:///own.db'
    expect(out).toContain(
      'Kept as endless in sqlite:///own.db. See it with  troupe show endless --storage sqlite:///own.db\n',
    )
    expect(out).toMatch(new RegExp(`\\nInterrupted \\(1 completed\\)\\. Carry it on with  ${way}\\n$`))
    expect((await run('run endless.mjs --quiet')).err).toContain(
      `troupe: there is an experiment endless in sqlite:///own.db already. Carry it on with ${way}, or give this one another name: troupe run endless.mjs --name NAME\n`,
    )
    const resumed = await run(`${way.slice('troupe '.length)} --quiet --num-samples 2`)
    expect([resumed.err, resumed.code]).toEqual(['', 0])
  })

  it('says that what is kept nowhere cannot be carried on', PATIENCE, async () => {
    const { start } = bound(await folderWith({ 'endless.mjs': ENDLESS }))
    folder.storage = ''
    const child = start('run endless.mjs --quiet')
    await child.printed(/under way/)
    child.process.kill('SIGTERM')
    expect((await child.ended).out).toMatch(
      /\. It is kept nowhere that troupe resume could find: give --storage URL next time\.\n$/,
    )
  })

  it('fails when every trial failed', PATIENCE, async () => {
    const { run } = bound(await folderWith({ 'train.ts': TRAIN.replace('uniform(0, 1)', 'uniform(-2, -1)') }))
    const { code, err } = await run('run train.ts --quiet')
    expect(code).toBe(1)
    expect(err).toMatch(/^troupe: all 3 trials failed\. train_\w+ \(trial 0\) failed: no luck\n$/)
    expect((await run('show train 0')).out).toMatch(
      /\nError\n  Error: no luck\n      at train \(.*train\.ts:7/,
    )
  })
})

describe('Ctrl-C', () => {
  it('once lets the trials that run come to their ends', PATIENCE, async () => {
    const { start, run } = bound(await folderWith({ 'endless.mjs': ENDLESS }))
    const child = start('run endless.mjs --quiet')
    await child.printed(/under way/)
    child.process.kill('SIGINT')
    const { code, out, err } = await child.ended
    expect(code).toBe(130)
    expect(err).toMatch(
      /Stopping: trials that run are let to their ends, none starts\. Ctrl-C again to stop at once\./,
    )
    expect(out).toMatch(/\nInterrupted \(1 completed\)\. Carry it on with  troupe resume endless\n$/)
    expect((await run('status endless')).out).toMatch(/Status +interrupted, it was told to stop\n/)
  })

  it('twice stops them at once', PATIENCE, async () => {
    const { start } = bound(await folderWith({ 'endless.mjs': ENDLESS.replaceAll('i === 40', 'i === 1e9') }))
    const child = start('run endless.mjs --quiet --storage journal:///other.jsonl')
    await child.printed(/under way/)
    child.process.kill('SIGINT')
    await child.printed(/Ctrl-C again to stop at once/)
    child.process.kill('SIGINT')
    const { code, out, err } = await child.ended
    expect(code).toBe(130)
    expect(err).toMatch(/Stopping at once/)
    expect(out).toMatch(
      /\nInterrupted \(1 interrupted\)\. Carry it on with  troupe resume endless --storage journal:\/\/\/other\.jsonl\n$/,
    )
  })

  it('stops at once when it is told to end by SIGTERM', PATIENCE, async () => {
    const { start } = bound(await folderWith({ 'endless.mjs': ENDLESS.replaceAll('i === 40', 'i === 1e9') }))
    const child = start('run endless.mjs --quiet')
    await child.printed(/under way/)
    child.process.kill('SIGTERM')
    const { code, out } = await child.ended
    expect(code).toBe(130)
    expect(out).toMatch(/\nInterrupted \(1 interrupted\)\. Carry it on/)
  })

  it('a third time leaves behind what does not leave by itself', PATIENCE, async () => {
    const stubborn = `
import { Tuner } from '${LIBRARY}'
export default (options) => new Tuner(async function stubborn() {
  console.log('under way')
  await new Promise((resolve) => setTimeout(resolve, 1e8))
}, { numSamples: 1, stopGraceMs: 1e8, ...options })
`
    const { start } = bound(await folderWith({ 'stubborn.mjs': stubborn }))
    const child = start('run stubborn.mjs --quiet')
    await child.printed(/under way/)
    for (const answer of [/Ctrl-C again to stop at once/, /Ctrl-C again to leave them behind/, /Left\./]) {
      child.process.kill('SIGINT')
      await child.printed(answer)
    }
    expect((await child.ended).code).toBe(130)
  })
})

describe('troupe resume', () => {
  it('carries on what was killed, and runs nothing again that has ended', PATIENCE, async () => {
    const told = ENDLESS.replace("console.log('under way')", "console.log('under way', trial.number)")
    const { start, run } = bound(await folderWith({ 'endless.mjs': told }))
    const child = start('run endless.mjs --quiet --num-samples 3')
    await child.printed(/under way 1/)
    child.process.kill('SIGKILL')
    await child.ended
    const { out } = await run('status endless')
    expect(out).toMatch(/Status +cut off, its process ended without a word\n/)
    expect(out).toMatch(/Trials +2 of 3: 1 running, 1 completed\n/)
    expect(out).toMatch(/Carry it on with  troupe resume endless\n$/)
    const resumed = await run('resume endless --quiet')
    expect([resumed.err, resumed.code]).toEqual(['', 0])
    expect(resumed.out).not.toContain('under way 0')
    expect(resumed.out).toContain('under way 2')
    const [experiment] = JSON.parse((await run('ls --json')).out)
    expect(experiment).toMatchObject({
      status: 'finished',
      resumptions: 1,
      trials: { total: 3, completed: 3 },
      file: 'endless.mjs',
    })
  })

  it('extends what has finished, as run --resume does', PATIENCE, async () => {
    const { run } = bound(await folderWith({ 'train.ts': TRAIN }))
    expect((await run('run train.ts --quiet --resume')).code).toBe(0)
    expect((await run('resume train --quiet --num-samples 4')).code).toBe(0)
    expect((await run('run train.ts --quiet --resume --num-samples 5')).code).toBe(0)
    expect((await run('ls')).out).toMatch(/\ntrain +experiment +finished +5 +5 completed/)
  })

  it('says what it needs when it does not find the file any more', PATIENCE, async () => {
    const { run } = bound(await folderWith({ 'train.ts': TRAIN }))
    await run('run train.ts --quiet')
    await mkdir(join(folder.path, 'moved'))
    await rename(join(folder.path, 'train.ts'), join(folder.path, 'moved', 'train.ts'))
    const { code, err } = await run('resume train')
    expect(code).toBe(1)
    expect(err).toMatch(
      /^troupe: train was made from .*train\.ts, which is not there any more\. Name where it is now: troupe resume train FILE\n$/,
    )
    expect((await run('resume train moved/train.ts --quiet')).code).toBe(0)
  })

  it.each(['journal:///runs.jsonl', 'sqlite:///runs.db'])(
    'refuses what another process runs, in %s',
    PATIENCE,
    async (url) => {
      const { start, run } = bound(
        await folderWith({ 'endless.mjs': ENDLESS.replaceAll('i === 40', 'i === 1e9') }),
      )
      const child = start(`run endless.mjs --quiet --storage ${url}`)
      await child.printed(/under way/)
      const status = async () => (await run(`status endless --storage ${url}`)).out
      expect(await status()).toMatch(new RegExp(`Status +running, by process ${child.process.pid} since `))
      const { code, err } = await run(`resume endless --storage ${url}`)
      expect(code).toBe(1)
      expect(err).toMatch(/^troupe: endless is being run by process \d+ since .*\. Stop that first\.\n$/)
      child.process.kill('SIGKILL')
      await child.ended
      expect(await status()).toMatch(/Status +cut off, its process ended without a word\n/)
    },
  )
})

function bound(there: Folder): {
  readonly run: (words: string) => Promise<Exit>
  readonly start: Folder['start']
} {
  return { run: (words) => there.run(words), start: (words) => there.start(words) }
}
