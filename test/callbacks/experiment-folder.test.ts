import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { csvFiles, errorFiles, experimentFolder, jsonFiles, tensorboard } from '../../src/callbacks/index.ts'
import { OptionError, Tuner, uniform } from '../../src/index.ts'
import { columnsIn, filesIn, resultsIn, temporaryFolder, textOf } from './folders.ts'

const paramSpace = { x: uniform(0, 1) }
const options = { paramSpace, metric: 'loss', mode: 'min', numSamples: 2, name: 'demo', seed: 5 } as const

async function train({ x }: { readonly x: number }, trial: { report(metrics: object): Promise<unknown> }) {
  for (let i = 0; i < 3; i++) await trial.report({ loss: x * i })
}
const all = (directory: string) => [
  jsonFiles({ directory }),
  csvFiles({ directory }),
  errorFiles({ directory }),
  tensorboard({ directory }),
]

describe('experimentFolder', () => {
  it('writes all files into one folder a trial', async () => {
    const directory = temporaryFolder()
    const results = await new Tuner(
      async (config: { x: number }, trial) => {
        await train(config, trial)
        throw new Error('at last')
      },
      { ...options, callbacks: [experimentFolder({ directory })] },
    ).fit()
    const names = ['error.txt', 'events.out.tfevents', 'params.json', 'progress.csv', 'result.json']
    expect(filesIn(directory)).toEqual(
      [
        'demo/events.out.tfevents',
        ...[...results].flatMap((trial) => names.map((name) => `demo/${trial.name}/${name}`)),
      ].sort(),
    )
    expect(results.warnings).toEqual([])
  })

  it('is the same as its parts, given one by one', async () => {
    const [whole, parts] = [temporaryFolder(), temporaryFolder()]
    await new Tuner(train, { ...options, callbacks: [experimentFolder({ directory: whole })] }).fit()
    await new Tuner(train, { ...options, callbacks: all(parts) }).fit()
    expect(filesIn(parts)).toEqual(filesIn(whole))
    expect(filesIn(parts)).toHaveLength(9)
  })

  it.each([
    ['json', /params|result/],
    ['csv', /progress/],
    ['errors', /error/],
    ['tensorboard', /tfevents/],
  ] as const)('leaves out what %s writes when that is turned off', async (part, pattern) => {
    const directory = temporaryFolder()
    const callbacks = [experimentFolder({ directory, [part]: false })]
    await new Tuner(
      async () => {
        throw new Error('so that there is an error')
      },
      { ...options, callbacks: [...callbacks] },
    ).fit()
    await new Tuner(train, { ...options, name: 'more', callbacks }).fit()
    expect(filesIn(directory).filter((path) => pattern.test(path))).toEqual([])
    expect(filesIn(directory).length).toBeGreaterThan(0)
  })

  it('keeps experiments of one process apart, also with one callback for both', async () => {
    const directory = temporaryFolder()
    const callbacks = [experimentFolder({ directory, tensorboard: false })]
    const [a, b] = await Promise.all([
      new Tuner(train, { ...options, callbacks, name: 'a', seed: 1 }).fit(),
      new Tuner(train, { ...options, callbacks, name: 'b', seed: 2 }).fit(),
    ])
    for (const [name, results] of [['a', a] as const, ['b', b] as const]) {
      expect(readdirSync(join(directory, name)).sort()).toEqual(
        [...results].map((trial) => trial.name).sort(),
      )
      for (const trial of results) {
        const losses = trial.history.map(({ loss }) => loss)
        expect(resultsIn(directory, name, trial.name).map(({ loss }) => loss)).toEqual(losses)
        expect(columnsIn(directory, name, trial.name)['loss']).toEqual(losses.map(String))
      }
    }
  })

  it('leaves the files of an earlier experiment with the same name and seed alone', async () => {
    const directory = temporaryFolder()
    const run = () => new Tuner(train, { ...options, callbacks: [experimentFolder({ directory })] }).fit()
    const first = await run()
    const [name = ''] = [...first].map((trial) => trial.name)
    const before = textOf(directory, 'demo', name, 'result.json')
    await Promise.all([run(), run()])
    expect(textOf(directory, 'demo', name, 'result.json')).toBe(before)
    for (const number of ['_2', '_3']) {
      expect(readdirSync(join(directory, 'demo', name + number)).length).toBe(4)
      expect(resultsIn(directory, 'demo', name + number)).toHaveLength(3)
    }
  })

  it('makes safe names of those that no file system has', async () => {
    const directory = temporaryFolder()
    const name = `../../odd: <name>? ${'x'.repeat(300)}`
    await new Tuner(train, { ...options, name, callbacks: [experimentFolder({ directory })] }).fit()
    const [folder = '', ...others] = readdirSync(directory)
    expect(others).toEqual([])
    expect(folder).toMatch(/^__[^/:<>?]*x+_[0-9a-f]{8}$/)
    expect(Buffer.byteLength(folder)).toBeLessThanOrEqual(130)
  })

  it('writes all of many fast reports', async () => {
    const directory = temporaryFolder()
    const results = await new Tuner(
      async (_config: unknown, trial) => {
        for (let i = 0; i < 500; i++) await trial.report({ loss: i })
      },
      { ...options, numSamples: 8, callbacks: [experimentFolder({ directory })] },
    ).fit()
    for (const { name } of results) {
      const losses = Array.from({ length: 500 }, (_, i) => i)
      expect(resultsIn(directory, 'demo', name).map(({ loss }) => loss)).toEqual(losses)
      expect(columnsIn(directory, 'demo', name)['loss']).toEqual(losses.map(String))
    }
  })
})

describe('a directory that cannot be written', () => {
  it('is one warning, and the experiment goes on', async () => {
    const file = join(temporaryFolder(), 'file')
    writeFileSync(file, '')
    const results = await new Tuner(train, {
      ...options,
      callbacks: [experimentFolder({ directory: join(file, 'results') })],
    }).fit()
    expect([...results].map(({ state }) => state)).toEqual(['completed', 'completed'])
    expect(results.warnings).toHaveLength(1)
    expect(results.warnings[0]).toMatchObject({ kind: 'callback', cause: { code: 'unwritable' } })
    expect(results.warnings[0]?.message).toMatch(
      /^The callback experimentFolder did not start, and is switched off: Cannot write to .*ENOTDIR.*give another directory\.$/,
    )
  })

  it.each([true, false])('since it was taken away is one warning (in one callback: %s)', async (together) => {
    const directory = temporaryFolder()
    const results = await new Tuner(
      async (config: { x: number }, trial) => {
        await train(config, trial)
        await trial.sleep(20)
        rmSync(directory, { recursive: true })
        writeFileSync(directory, 'a file in its place')
        await train(config, trial)
      },
      {
        ...options,
        numSamples: 1,
        callbacks: together ? [experimentFolder({ directory })] : all(directory),
      },
    ).fit()
    expect(results.at(0)?.history).toHaveLength(6)
    expect(results.warnings.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /^Cannot write to .* Nothing more is written there; the experiment goes on\.$/,
      ) as string,
    ])
  })

  it.skipIf(process.getuid?.() === 0)(
    'since it is read-only is one warning (skipped for root, who may)',
    async () => {
      const directory = temporaryFolder()
      mkdirSync(join(directory, 'demo'), { mode: 0o500 })
      const results = await new Tuner(train, {
        ...options,
        callbacks: [experimentFolder({ directory })],
      }).fit()
      expect(results.warnings).toHaveLength(1)
      expect(statSync(join(directory, 'demo')).mode & 0o777).toBe(0o500)
    },
  )
})

describe('nothing is written', () => {
  it('unless it is asked for', async () => {
    const [directory, before] = [temporaryFolder(), process.cwd()]
    process.chdir(directory)
    try {
      await new Tuner(train, options).fit()
    } finally {
      process.chdir(before)
    }
    expect(filesIn(directory)).toEqual([])
  })

  it('before fit', () => {
    const directory = temporaryFolder()
    void new Tuner(train, { ...options, callbacks: [experimentFolder({ directory })] })
    expect(readdirSync(directory)).toEqual([])
  })
})

describe.each([
  ['experimentFolder', experimentFolder],
  ['jsonFiles', jsonFiles],
  ['csvFiles', csvFiles],
  ['errorFiles', errorFiles],
  ['tensorboard', tensorboard],
] as const)('%s', (name, make) => {
  it('needs a directory', () => {
    for (const given of [{}, { directory: '' }, { directory: 5 }]) {
      expect(() => make(given as never)).toThrow(OptionError)
      expect(() => make(given as never)).toThrow(`${name}.directory: must be the path of a folder`)
    }
  })

  it('refuses an option that there is not', () => {
    expect(() => make({ directroy: 'results' } as never)).toThrow(
      `${name} has no option directroy. Did you mean directory?`,
    )
  })
})
