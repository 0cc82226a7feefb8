import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { mlflow } from '../../src/callbacks/index.ts'
import { choice, OptionError, type Trial, Tuner, uniform } from '../../src/index.ts'
import { journalStore, type Store } from '../../src/stores/index.ts'
import { atWork, temporaryFolder, trialAfter, viewOf } from './folders.ts'
import { MlflowServer } from './mlflow-server.ts'

const paramSpace = { x: uniform(0, 1) }
const options = { paramSpace, metric: 'loss', mode: 'min', numSamples: 2, name: 'demo', seed: 5 } as const

async function train({ x }: { readonly x: number }, trial: { report(metrics: object): Promise<unknown> }) {
  for (let i = 0; i < 3; i++) await trial.report({ loss: x * i, val: { acc: i } })
}

describe('mlflow', () => {
  it('logs each trial as a run of the experiment, with its parameters and metrics', async () => {
    const server = await MlflowServer.start()
    const results = await new Tuner(train, {
      ...options,
      paramSpace: { ...paramSpace, act: choice([function relu() {}]), deep: { fixed: [1, 'a'] } },
      callbacks: [mlflow({ url: server.url })],
    }).fit()
    expect(results.warnings).toEqual([])
    expect([...server.experiments.keys()]).toEqual(['demo'])
    expect(server.runs).toHaveLength(2)
    for (const { name, trialId, number, config, history } of results) {
      const run = server.run(name)
      expect(run).toMatchObject({ experimentId: '1', status: 'FINISHED' })
      expect(run.params).toEqual({
        x: String(config.x),
        act: 'relu',
        'deep/fixed/0': '1',
        'deep/fixed/1': 'a',
      })
      expect(run.tags).toEqual({
        'mlflow.runName': name,
        'troupe.experiment': 'demo',
        'troupe.trial_id': trialId,
        'troupe.number': String(number),
        'troupe.state': 'completed',
      })
      expect(run.metrics.map(({ key, value, step }) => [key, value, step])).toEqual(
        history.flatMap((metrics, i) => [
          ['loss', metrics['loss'], i + 1],
          ['val/acc', i, i + 1],
          ['time_total_s', metrics['time_total_s'], i + 1],
        ]),
      )
      for (const at of [run.startedAt, run.endedAt, run.metrics[0]?.timestamp]) {
        expect(Math.abs((at ?? 0) - Date.now())).toBeLessThan(60_000)
      }
    }
  })

  it('says how each trial ended, with what it was tagged', async () => {
    const server = await MlflowServer.start()
    const tuner = new Tuner(
      async (_config: { x: number }, trial) => {
        await trial.report({ loss: 1 })
        trial.setUserAttr('host', { gpu: 2 })
        if (trial.number === 0) throw new Error('out of memory')
        if (trial.number === 1) tuner.stopTrial(trial.id)
        if (trial.number === 2) void tuner.stop()
        for (;;) await trial.report({ loss: 1 })
      },
      { ...options, numSamples: 3, maxConcurrentTrials: 1, callbacks: [mlflow({ url: server.url })] },
    )
    const results = await tuner.fit()
    expect([...results].map(({ state }) => state)).toEqual(['failed', 'pruned', 'interrupted'])
    const runs = [...results].map(({ name }) => server.run(name))
    expect(runs.map(({ status }) => status)).toEqual(['FAILED', 'FINISHED', 'KILLED'])
    expect(runs.map(({ tags }) => tags['troupe.state'])).toEqual(['failed', 'pruned', 'interrupted'])
    expect(runs.map(({ tags }) => tags['host'])).toEqual(Array(3).fill('{"gpu": 2}'))
    expect(runs[0]?.tags['troupe.error']).toBe('out of memory')
  })

  it('logs into the experiment that it is given, which may be there', async () => {
    const server = await MlflowServer.start()
    server.experiments.set('theirs', { id: '77', stage: 'active' })
    await new Tuner(train, {
      ...options,
      callbacks: [mlflow({ url: `${server.url}/`, experimentName: 'theirs' })],
    }).fit()
    expect(server.runs.map(({ experimentId }) => experimentId)).toEqual(['77', '77'])
    expect(server.requests.map(({ call }) => call)).not.toContain('POST experiments/create')
  })

  it('finds the experiment that another process was faster to make', async () => {
    const server = await MlflowServer.start()
    server.fault = (call) => {
      if (call === 'experiments/create') server.experiments.set('demo', { id: '9', stage: 'active' })
      return undefined
    }
    const { warnings } = await new Tuner(train, {
      ...options,
      callbacks: [mlflow({ url: server.url })],
    }).fit()
    expect(warnings).toEqual([])
    expect(server.runs.map(({ experimentId }) => experimentId)).toEqual(['9', '9'])
  })

  it('sends what MLflow has limits for in several requests, in order, and in few', async () => {
    const server = await MlflowServer.start()
    const many = Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`p${i}`, i]))
    const results = await new Tuner(
      async (_config: unknown, trial) => {
        for (let i = 0; i < 1200; i++) await trial.report({ loss: i })
      },
      {
        ...options,
        paramSpace: { ...paramSpace, many },
        numSamples: 1,
        callbacks: [mlflow({ url: server.url })],
      },
    ).fit()
    expect(results.warnings).toEqual([])
    const run = server.run(results.at(0)?.name ?? '')
    expect(Object.keys(run.params)).toHaveLength(251)
    expect(run.metrics.filter(({ key }) => key === 'loss').map(({ value }) => value)).toEqual(
      Array.from({ length: 1200 }, (_, i) => i),
    )
    const batches = server.requests.filter(({ call }) => call === 'POST runs/log-batch')
    expect(batches.length).toBeGreaterThan(2)
    expect(batches.length).toBeLessThan(12)
  })

  it('makes names and values of what MLflow refuses', async () => {
    const server = await MlflowServer.start()
    const results = await new Tuner(
      async (_config: unknown, trial) => {
        await trial.report({ loss: NaN, 'a:b/../ü': Infinity, '/low': -Infinity })
      },
      {
        ...options,
        paramSpace: { ...paramSpace, long: 'x'.repeat(2000) },
        numSamples: 1,
        callbacks: [mlflow({ url: server.url })],
      },
    ).fit()
    expect(results.warnings).toEqual([])
    const run = server.run(results.at(0)?.name ?? '')
    expect(run.metrics.slice(0, 3).map(({ key, value }) => [key, value])).toEqual([
      ['loss', 'NaN'],
      ['a_b/_/_', 'Infinity'],
      ['_/low', '-Infinity'],
    ])
    expect(run.params['long']).toHaveLength(500)
  })

  it('sends a token, or the password of the address', async () => {
    const server = await MlflowServer.start()
    const log = (url: string, token?: string) =>
      new Tuner(train, { ...options, numSamples: 1, callbacks: [mlflow({ url, token })] }).fit()
    await log(server.url, 'secret')
    expect(new Set(server.requests.map(({ headers }) => headers.authorization))).toEqual(
      new Set(['Bearer secret']),
    )
    server.requests.length = 0
    await log(`http://me:p%40ss@127.0.0.1:${server.port}/prefix`)
    const basic = `Basic ${Buffer.from('me:p@ss').toString('base64')}`
    expect(new Set(server.requests.map(({ headers }) => headers.authorization))).toEqual(new Set([basic]))
  })
})

describe('a server of MLflow that', () => {
  it.each<[string, number | 'hangUp']>([
    ['is in trouble', 503],
    ['has too much to do', 429],
    ['hangs up', 'hangUp'],
  ])('%s for some requests gets each again, and nothing is lost', async (_, fault) => {
    const server = await MlflowServer.start()
    server.fault = (_call, count) => (count % 2 === 1 ? fault : undefined)
    const results = await new Tuner(train, { ...options, callbacks: [mlflow({ url: server.url })] }).fit()
    expect(results.warnings).toEqual([])
    for (const { name } of results) {
      expect(server.run(name)).toMatchObject({ status: 'FINISHED' })
      expect(server.run(name).metrics.filter(({ key }) => key === 'loss')).toHaveLength(3)
    }
  })

  it('is not there is given up with one warning, which hides the password', async () => {
    // A port that was free a moment ago.
    const probe = createServer()
    await new Promise<void>((resolve) => void probe.listen(0, '127.0.0.1', resolve))
    const { port } = probe.address() as { readonly port: number }
    await new Promise<void>((resolve) => void probe.close(() => resolve()))
    const url = `http://me:secret@127.0.0.1:${port}`
    const results = await new Tuner(train, {
      ...options,
      numSamples: 5,
      callbacks: [mlflow({ url, retryForMs: 100 })],
    }).fit()
    expect([...results].map(({ state }) => state)).toEqual(Array(5).fill('completed'))
    expect(results.warnings).toHaveLength(1)
    expect(results.warnings[0]?.kind).toBe('callback')
    const { message } = results.warnings[0] ?? { message: '' }
    expect(message).toMatch(
      /^mlflow: MLflow at 127\.0\.0\.1:\d+ could not be reached for .*ECONNREFUSED.* goes on\.$/,
    )
    expect(message).not.toContain('secret')
  })

  it('refuses something is given up with one warning, which says why', async () => {
    const server = await MlflowServer.start()
    server.fault = (call) => (call === 'runs/create' ? 403 : undefined)
    const results = await new Tuner(train, { ...options, callbacks: [mlflow({ url: server.url })] }).fit()
    expect(results.warnings.map(({ message }) => message)).toEqual([
      'mlflow: MLflow refused runs/create with 403: Something broke. Nothing more is logged there; the experiment goes on.',
    ])
    expect(server.requests.filter(({ call }) => call === 'POST runs/create').length).toBeLessThanOrEqual(2)
  })

  it('has deleted the experiment is told what to do', async () => {
    const server = await MlflowServer.start()
    server.experiments.set('demo', { id: '1', stage: 'deleted' })
    const { warnings } = await new Tuner(train, {
      ...options,
      callbacks: [mlflow({ url: server.url })],
    }).fit()
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /experiment demo is deleted\. Restore it there, or give mlflow\(\{ experimentName \}\)/,
      ) as string,
    ])
  })

  it('never answers keeps no trial waiting, and fit for 5 seconds more', async () => {
    const server = await MlflowServer.start()
    server.fault = () => 'silence'
    let allReportedAt = Infinity
    const startedAt = performance.now()
    const results = await new Tuner(
      async (config: { x: number }, trial) => {
        await train(config, trial)
        allReportedAt = performance.now()
      },
      { ...options, callbacks: [mlflow({ url: server.url })] },
    ).fit()
    expect(allReportedAt - startedAt).toBeLessThan(3000)
    expect([...results].map(({ state }) => state)).toEqual(['completed', 'completed'])
    expect(results.warnings).toHaveLength(1)
    const waitedMs = performance.now() - allReportedAt
    expect(waitedMs).toBeGreaterThan(4000)
    expect(waitedMs).toBeLessThan(9000)
  })
})

describe('mlflow after a restore', () => {
  const three = [{ loss: 3 }, { loss: 2 }, { loss: 1 }]
  const losses = (server: MlflowServer, name: string) =>
    server.run(name).metrics.flatMap(({ key, value, step }) => (key === 'loss' ? [[step, value]] : []))

  async function cutRun(server: MlflowServer) {
    const run = await atWork(mlflow({ url: server.url }), viewOf())
    for (const number of [0, 1, 2]) {
      const trial = trialAfter([], { number })
      run.start(trial)
      for (const report of three.slice(0, 2)) run.report(trial, report)
    }
    await run.end()
  }

  it('goes on with the runs that are there, adds what a crash has lost, and doubles nothing', async () => {
    const server = await MlflowServer.start()
    await cutRun(server)
    const trials = [
      // Ended before the crash, which has lost its last report and its end.
      trialAfter(three, { number: 0, state: 'completed', status: 'terminated', endedAt: 2 }),
      trialAfter(three.slice(0, 2), { number: 1, attempt: 2 }),
      trialAfter(three, { number: 2, attempt: 2 }),
    ] as const
    const run = await atWork(mlflow({ url: server.url }), viewOf({ restored: true, trials }))
    // Starts from a checkpoint at its first report.
    const [, again, last] = trials
    again.iteration = 1
    for (const trial of [again, last]) run.start(trial)
    for (const loss of [2, 1]) run.report(again, { loss })
    run.report(last, { loss: 0 })
    for (const trial of [again, last]) run.complete(trial)
    await run.end()
    expect(server.runs).toHaveLength(3)
    expect(losses(server, 'train_id0')).toEqual([
      [1, 3],
      [2, 2],
      [3, 1],
    ])
    expect(losses(server, 'train_id1')).toEqual(losses(server, 'train_id0'))
    expect(losses(server, 'train_id2')).toEqual([...losses(server, 'train_id0'), [4, 0]])
    expect(server.runs.map(({ status }) => status)).toEqual(['FINISHED', 'FINISHED', 'FINISHED'])
  })

  it('leaves alone the runs of another experiment of the same seed, and of the same name', async () => {
    const server = await MlflowServer.start()
    const callbacks = [mlflow({ url: server.url, experimentName: 'shared' })]
    const shared = { metric: 'loss', mode: 'min', callbacks } as const
    const goingOn = async (_config: unknown, trial: Trial) => {
      for (let step = Number(trial.checkpoint ?? 0) + 1; step <= 4; step++)
        await trial.report({ loss: step }, { checkpoint: step })
    }
    const freshStore = () => journalStore({ path: join(temporaryFolder(), 'log.jsonl') })
    const tunerOf = (name: string, storage: Store) =>
      new Tuner(goingOn, {
        ...shared,
        storage,
        name,
        seed: 1,
        paramSpace: { x: uniform(0, 1) },
        numSamples: 1,
      })
    const storage = freshStore()
    const cut = tunerOf('a', storage)
    let reports = 0
    cut.on('trial.report', () => {
      if (++reports === 2) void cut.stop()
    })
    await cut.fit()
    await tunerOf('b', storage).fit()
    await tunerOf('a', freshStore()).fit()
    const statuses = () => server.runs.map(({ status }) => status)
    expect(statuses()).toEqual(['KILLED', 'FINISHED', 'FINISHED'])
    const others = structuredClone(server.runs.slice(1))

    await Tuner.restore(storage, { ...shared, name: 'a', trainable: goingOn }).fit()
    expect(statuses()).toEqual(['FINISHED', 'FINISHED', 'FINISHED'])
    expect(server.runs.slice(1)).toEqual(others)
    const [first] = server.runs
    expect(first?.metrics.flatMap(({ key, step }) => (key === 'loss' ? [step] : []))).toEqual([1, 2, 3, 4])
  })

  it('wakes a run that was killed, and leaves alone what had ended', async () => {
    const server = await MlflowServer.start()
    await cutRun(server)
    for (const run of server.runs) run.status = 'KILLED'
    Object.assign(server.run('train_id0'), { status: 'FINISHED' })
    const trials = [
      trialAfter(three.slice(0, 2), { number: 0, state: 'completed', status: 'terminated', endedAt: 2 }),
      trialAfter(three.slice(0, 2), { number: 1, state: 'interrupted', status: 'paused', endedAt: 2 }),
    ] as const
    const count = server.requests.length
    const run = await atWork(mlflow({ url: server.url }), viewOf({ restored: true, trials }))
    run.start(trials[1])
    await run.end()
    expect(server.runs.map(({ status }) => status)).toEqual(['FINISHED', 'RUNNING', 'KILLED'])
    expect(server.requests.slice(count).map(({ call }) => call)).toEqual([
      'GET experiments/get-by-name',
      'POST runs/search',
      'POST runs/search',
      'POST runs/update',
    ])
  })
})

describe('mlflow refuses', () => {
  it.each([[{}], [{ url: 'localhost:5000' }], [{ url: 'ftp://x' }], [{ url: 5 }]])(
    'an address such as %j',
    (given) => {
      expect(() => mlflow(given as never)).toThrow(OptionError)
      expect(() => mlflow(given as never)).toThrow(
        "mlflow.url: must be the address of a tracking server, such as 'http",
      )
    },
  )

  it.each([{ token: '' }, { experimentName: 5 }, { retryForMs: -1 }, { uri: 'http://x' }])('%j', (given) => {
    expect(() => mlflow({ url: 'http://127.0.0.1:5000', ...given } as never)).toThrow(OptionError)
  })
})
