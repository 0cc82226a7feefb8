import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { choice, createStudy, randomSearch, type Results, Tuner, uniform } from 'troupe'
import { beforeAll, describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/stores/memory.ts'
import { projectRoot } from '../support/sources.ts'
import { troupe } from './told-shell.ts'

const store = memoryStore()
let results: Results<{ x: number; kind: string; constant: number }>

beforeAll(async () => {
  results = await new Tuner(
    async function train({ x, kind }: { x: number; kind: string; constant: number }, trial) {
      trial.setUserAttr('host', 'gpu-1')
      for (let i = 1; i <= 3; i++) {
        await trial.report({ loss: x / i, size: i })
        if (kind === 'broken' && i === 2) throw new RangeError('it does not fit\nnor would more')
      }
      if (x > 0.5) trial.setConstraint('memory', x - 0.5)
    },
    {
      paramSpace: { x: uniform(0, 1), kind: choice(['whole', 'broken']), constant: 7 },
      metric: 'loss',
      mode: 'min',
      searcher: randomSearch({
        pointsToEvaluate: [
          { x: 0.25, kind: 'whole' },
          { x: 0.75, kind: 'whole' },
          { x: 0.1, kind: 'broken' },
        ],
      }),
      numSamples: 3,
      maxConcurrentTrials: 1,
      storage: store,
      seed: 5,
    },
  ).fit()
  await new Tuner(({ x }: { x: number }) => ({ a: x, b: 1 - x }), {
    paramSpace: { x: uniform(0, 1) },
    metric: ['a', 'b'],
    mode: ['min', 'max'],
    numSamples: 4,
    name: 'two-sided',
    storage: store,
    seed: 1,
  }).fit()
  const study = await createStudy({
    name: 'asked',
    storage: store,
    paramSpace: { x: uniform(0, 1) },
    direction: 'maximize',
  })
  const first = await study.ask()
  first.report(1, 0.5)
  await study.tell(first, 0.9)
  await study.ask()
  await study.enqueueTrial({ x: 0.5 })
})

describe('troupe ls', () => {
  it('lists what is kept, in order of creation', async () => {
    const { code, out } = await troupe('ls', { store })
    expect(code).toBe(0)
    const [head, , ...rows] = out.trimEnd().split('\n')
    expect(head).toMatch(/^name +kind +status +trials +of these +best/)
    expect(rows[0]).toMatch(/^train +experiment +finished +3 +2 completed, 1 failed +loss=0\.0833333/)
    expect(rows[1]).toMatch(/^two-sided +experiment +finished +4 +4 completed +a=0\.\d+, b=0\.\d+/)
    expect(rows[2]).toMatch(/^asked +study +running +3 +1 running, 1 waiting, 1 completed +value=0\.9/)
  })

  it('gives the same to programs', async () => {
    const listed = JSON.parse((await troupe('ls --json', { store })).out)
    expect(listed).toHaveLength(3)
    expect(listed[0]).toMatchObject({
      name: 'train',
      kind: 'experiment',
      status: 'finished',
      endedBy: 'finished',
      trials: { total: 3, completed: 2, failed: 1 },
      best: [{ metric: 'loss', mode: 'min', trial: 0, config: { x: 0.25, kind: 'whole', constant: 7 } }],
    })
  })

  it('says that a store is empty', async () => {
    expect((await troupe('ls', { store: memoryStore() })).out).toBe('Nothing is kept in this storage yet.\n')
  })

  it('takes the storage from the environment, and rather from --storage', async () => {
    const opened: string[] = []
    const spy = { ...memoryStore(), names: async () => (opened.push('names'), []) }
    await troupe('ls', { store: spy, env: { TROUPE_STORAGE: 'memory:' } })
    expect(opened).toEqual(['names'])
    expect((await troupe('ls --storage memory:', { env: { TROUPE_STORAGE: 'nonsense:' } })).code).toBe(0)
    expect((await troupe('ls', { env: { TROUPE_STORAGE: 'nonsense:' } })).code).toBe(2)
  })
})

describe('troupe status', () => {
  it('says how things stand', async () => {
    const { out } = await troupe('status train', { store })
    expect(out).toMatch(/^train\nStatus +finished\n/)
    expect(out).toMatch(
      /\nObjective +min loss\nSearcher +randomSearch\nScheduler +fifo\nTrials +3 of 3: 2 completed, 1 failed\n/,
    )
    expect(out).toMatch(
      /\nBest trial: train_\w+ with loss=0\.0833333 at iteration 3 \(kind=whole, x=0\.25\)\n/,
    )
    expect(out).not.toContain('Carry it on')
  })

  it('says who leads in each of several objectives', async () => {
    const { out } = await troupe('status two-sided', { store })
    expect(out).toMatch(/\nBest a \(min\): .*\nBest b \(max\): /)
    expect(out).toMatch(/\n[1-4] trials? in the Pareto front\.\n$/)
  })

  it('knows an experiment that was stopped, and how to carry it on', async () => {
    const storage = memoryStore()
    const tuner = new Tuner(async (_, trial) => trial.sleep(60_000), {
      storage,
      name: 'long one',
      numSamples: 9,
      maxConcurrentTrials: 2,
    })
    tuner.on('trial.start', () => void tuner.stop())
    await tuner.fit()
    const { out } = await troupe('status long_one --storage given', {
      store: { ...storage, read: () => storage.read('long one') },
    })
    expect(out).toMatch(/Status +interrupted, it was told to stop/)
    expect(out).toMatch(/Carry it on with  troupe resume 'long one' --storage given\n$/)
  })

  it('tells an experiment that runs from one whose process is gone', async () => {
    const storage = memoryStore()
    const records = ((await store.read('train')) ?? []).filter(({ type }) => type !== 'experiment.ended')
    await (await storage.open('train')).append(records)
    const running = { ...storage, holder: async () => 'process 4121 since 14:02' }
    expect((await troupe('status train', { store: running })).out).toMatch(
      /Status +running, by process 4121 since 14:02\n/,
    )
    const gone = { ...storage, holder: async () => undefined }
    expect((await troupe('status train', { store: gone })).out).toMatch(
      /Status +cut off, its process ended without a word\n/,
    )
    const { code, err } = await troupe('resume train', { store: running })
    expect([code, err]).toEqual([
      1,
      'troupe: train is being run by process 4121 since 14:02. Stop that first.\n',
    ])
  })

  it('names what there is when the name is another', async () => {
    const { code, err } = await troupe('status trian', { store })
    expect(code).toBe(1)
    expect(err).toBe('troupe: There is no experiment or study trian in this store. Did you mean train?\n')
    expect((await troupe('status zebra', { store })).err).toMatch(/It has train, two-sided, asked\./)
    expect((await troupe('status zebra', { store: memoryStore() })).err).toMatch(/It is empty\./)
  })
})

describe('troupe show', () => {
  it('shows the trials, the best first, infeasible ones after and failed ones last', async () => {
    const { out } = await troupe('show train', { store })
    const [head, , labels, , ...rows] = out.trimEnd().split('\n')
    expect(head).toBe('train: 3 trials (2 completed, 1 failed)')
    expect(labels).toMatch(/^# +trial +state +kind +x +iter +.* +loss +size +why/)
    expect(rows.map((row) => row[0])).toEqual(['0', '1', '2'])
    expect(rows[2]).toMatch(/failed .* it does not fit$/)
  })

  it('shows as many as are asked for, within a terminal', async () => {
    const { out } = await troupe('show two-sided --limit 1', { store, columns: 60, env: { NO_COLOR: '1' } })
    expect(out).toMatch(/… 3 more; --limit all shows them\n$/)
    expect(Math.max(...out.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(60)
    expect((await troupe('show two-sided --limit all', { store })).out.trimEnd().split('\n')).toHaveLength(8)
  })

  it('has colours in a terminal, unless NO_COLOR is set', async () => {
    expect((await troupe('show train', { store, columns: 100 })).out).toContain('\u001B[31mfailed')
    expect((await troupe('show train', { store, columns: 100, env: { NO_COLOR: '1' } })).out).not.toContain(
      '\u001B',
    )
    expect((await troupe('show train', { store })).out).not.toContain('\u001B')
  })

  it.each([
    ['its number', () => '2'],
    ['its id', () => results.get(2)?.trialId ?? ''],
    ['its name', () => results.get(2)?.name ?? ''],
  ])('shows one trial with its life and its error, by %s', async (_, word) => {
    const { out } = await troupe(`show train ${word()}`, { store })
    expect(out).toMatch(/^train_\w+, trial 2 of train\nState +failed\n/)
    expect(out).toMatch(/\nConfiguration\n  x +0\.1\n  kind +broken\n  constant +7\n/)
    expect(out).toMatch(/\nAttributes\n  host +gpu-1\n/)
    expect(out).toMatch(
      /\nLife\n(.*\n){2}.* pending .*trial\.created\n.* running .*trial\.start\n.* error .*run\.failed\n/,
    )
    expect(out).toMatch(/\nReports\n(.*\n){2} +1 +0\.1 /)
    expect(out).toMatch(/\nError\n  (RangeError|Error): it does not fit\n/)
  })

  it('gives a trial to programs, with all its reports', async () => {
    const trial = JSON.parse((await troupe('show train 0 --json', { store })).out)
    expect(trial).toMatchObject({ number: 0, state: 'completed', config: { x: 0.25 }, values: [0.25 / 3] })
    expect(trial.history.map(({ size }: { size: number }) => size)).toEqual([1, 2, 3])
    expect(JSON.parse((await troupe('show train --json', { store })).out)).toHaveLength(3)
  })

  it('says which trials there are', async () => {
    const { code, err } = await troupe('show train 99', { store })
    expect([code, err]).toEqual([1, 'troupe: train has no trial 99. Numbers go from 0 to 2.\n'])
  })

  it('shows what a study was told', async () => {
    const { out } = await troupe('show asked 0', { store })
    expect(out).toMatch(/\nValue +value=0\.9\n/)
    expect(out).toMatch(/\nReports\n(.*\n){2} +1 +0\.5/)
  })
})

describe('troupe best', () => {
  it('prints the best configuration, whole', async () => {
    const { out } = await troupe('best train', { store })
    expect(out).toMatch(
      /^Best trial: train_\w+ with loss=0\.0833333 at iteration 3\n\nx +0\.25\nkind +whole\nconstant +7\n$/,
    )
    expect(JSON.parse((await troupe('best train --json', { store })).out)).toMatchObject({
      number: 0,
      config: { x: 0.25, kind: 'whole', constant: 7 },
    })
  })

  it('prints the Pareto front of several objectives', async () => {
    const { out } = await troupe('best two-sided', { store })
    expect(out).toMatch(/^Pareto front: [1-4] of 4 trials\n/)
    const front = JSON.parse((await troupe('best two-sided --json', { store })).out) as { number: number }[]
    expect(front.length).toBeGreaterThan(0)
  })

  it('says why there is none', async () => {
    const storage = memoryStore()
    await createStudy({ name: 'new', storage, paramSpace: { x: uniform(0, 1) } })
    const { code, err } = await troupe('best new', { store: storage })
    expect([code, err]).toEqual([1, 'troupe: There is no best result: the experiment had no trials.\n'])
  })
})

describe('troupe export', () => {
  it('writes the table that results have', async () => {
    const { out } = await troupe('export train --csv', { store })
    const lines = out.trimEnd().split('\r\n')
    const expected = results.toCSV().trimEnd().split('\r\n')
    expect(lines).toHaveLength(4)
    expect(lines[0]).toBe(expected[0])
    expect(out).toContain('config/constant')
  })

  it('writes a line of JSON for each trial, with all its reports', async () => {
    const lines = (await troupe('export train --json', { store })).out.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line).history.length)).toEqual([3, 3, 2])
  })

  it('writes to a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'troupe-'))
    const path = join(folder, 'train.csv')
    expect(await troupe(`export train --csv --output ${path}`, { store })).toMatchObject({
      code: 0,
      out: '',
      err: `Wrote 3 trials to ${path}.\n`,
    })
    expect(await readFile(path, 'utf8')).toMatch(/^number,trialId,/)
    const { code, err } = await troupe(`export train --csv -o ${join(folder, 'no', 'where.csv')}`, { store })
    expect(code).toBe(1)
    expect(err).toMatch(/where\.csv cannot be written: ENOENT.* Give another --output/)
    await rm(folder, { recursive: true })
  })
})

describe('trials that others put beside an experiment', () => {
  const withForeign = async () => {
    const storage = memoryStore()
    const log = await storage.open('train')
    await log.append((await store.read('train')) ?? [])
    const own = { params: { x: 0.0625 }, domains: {}, config: { x: 0.0625 }, constraints: {} }
    await log.append([
      {
        ...{ at: Date.now(), type: 'trial.imported', trial: 1_000_000_003, id: 'optuna-3', ...own },
        ...{ state: 'completed', values: [0.0625], intermediate: [[1, 0.0625]], userAttrs: {} },
        ...{ startedAt: Date.now(), endedAt: Date.now() + 5 },
      },
    ])
    return storage
  }

  it('are shown, found by the id that Optuna knows them by, and exported', async () => {
    const all = { store: await withForeign() }
    const { out } = await troupe('show train optuna-3', all)
    expect(out).toMatch(/^train_optuna-3/)
    expect(out).toMatch(/\nSource +imported\n/)
    expect((await troupe('show train', all)).out).toMatch(/^train: 4 trials \(3 completed, 1 failed\)\n/)
    const lines = (await troupe('export train --json', all)).out.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line).number)).toEqual([0, 1, 2, 1_000_000_003])
  })

  it('are none of those that it is to have', async () => {
    const { out } = await troupe('status train', { store: await withForeign() })
    expect(out).toMatch(/\nTrials +3 of 3: 2 completed, 1 failed\nOf others +1: 1 completed\n/)
    expect(out).toMatch(/\nBest trial: train_optuna-3 with loss=0\.0625 /)
  })
})

describe('a database that Optuna wrote', () => {
  it('is read like any other', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'troupe-'))
    const path = join(folder, 'studies.db')
    await copyFile(join(projectRoot, 'test/fixtures/optuna/studies.db'), path)
    const listed = JSON.parse((await troupe(`ls --json --storage sqlite:///${path}`)).out)
    expect(listed[0]).toMatchObject({
      name: 'kinds',
      kind: 'study',
      trials: { total: 32, completed: 19, pruned: 10 },
    })
    expect(listed[0].best).toMatchObject([{ metric: 'accuracy', mode: 'max', trial: 24 }])
    const { out } = await troupe(`show kinds 1 --storage sqlite:///${path}`)
    expect(out).toMatch(/\nValue +accuracy=-17\.1612\n/)
    expect(out).toMatch(/\nSource +imported\n/)
    await rm(folder, { recursive: true })
  })
})
