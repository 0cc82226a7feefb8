import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { jsonFiles } from '../../src/callbacks/index.ts'
import { choice, pbt, Tuner, uniform } from '../../src/index.ts'
import { atWork, filesIn, resultsIn, temporaryFolder, textOf, trialAfter, viewOf } from './folders.ts'

const options = { metric: 'loss', mode: 'min', name: 'demo', seed: 1 } as const

describe('jsonFiles', () => {
  it('writes each trial’s configuration and its reports, as they were', async () => {
    const directory = temporaryFolder()
    const results = await new Tuner(
      async ({ x }, trial) => {
        for (let i = 0; i < 3; i++) await trial.report({ loss: x * i, val: { acc: i, best: i === 2 } })
      },
      {
        ...options,
        paramSpace: { x: uniform(0, 1), fixed: [1, 'a'] },
        numSamples: 2,
        callbacks: [jsonFiles({ directory })],
      },
    ).fit()
    expect(results.warnings).toEqual([])
    expect(filesIn(directory)).toEqual(
      [...results].flatMap(({ name }) => [`demo/${name}/params.json`, `demo/${name}/result.json`]).sort(),
    )
    for (const { name, trialId, config, history } of results) {
      expect(JSON.parse(textOf(directory, 'demo', name, 'params.json'))).toEqual(config)
      const lines = resultsIn(directory, 'demo', name)
      expect(lines).toHaveLength(3)
      expect(lines).toEqual(
        history.map((metrics) => ({
          ...metrics,
          trial_id: trialId,
          config,
          date: expect.stringMatching(/^\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d$/) as string,
          timestamp: expect.any(Number) as number,
        })),
      )
      expect(Math.abs((lines[0]?.['timestamp'] as number) - Date.now() / 1000)).toBeLessThan(60)
    }
  })

  it('writes functions by name, and numbers that JSON lacks as Python does', async () => {
    const directory = temporaryFolder()
    const space = { act: choice([function relu() {}]), x: uniform(0, 1) }
    const results = await new Tuner(
      async (_, trial) => {
        await trial.report({ loss: 1, bad: NaN, far: [Infinity, -Infinity] })
      },
      { ...options, paramSpace: space, callbacks: [jsonFiles({ directory })] },
    ).fit()
    const name = results.at(0)?.name ?? ''
    expect(JSON.parse(textOf(directory, 'demo', name, 'params.json'))).toMatchObject({ act: 'relu' })
    const line = textOf(directory, 'demo', name, 'result.json')
    expect(line).toContain('"bad": NaN, "far": [Infinity, -Infinity]')
    expect(line).toContain('"config": {"act": "relu", ')
  })

  it('cuts off what a failed attempt reported beyond the checkpoint of the next', async () => {
    const directory = temporaryFolder()
    let attempts = 0
    const results = await new Tuner(
      async (_config: unknown, trial) => {
        const attempt = ++attempts
        let step = typeof trial.checkpoint === 'number' ? trial.checkpoint : 0
        while (step++ < 6) {
          await trial.report({ loss: step, attempt }, step === 2 ? { checkpoint: step } : {})
          if (step === 5 && attempt === 1) throw new Error('out of memory')
        }
      },
      { ...options, failure: { maxFailures: 1 }, callbacks: [jsonFiles({ directory })] },
    ).fit()
    const trial = results.at(0)
    const lines = resultsIn(directory, 'demo', trial?.name ?? '')
    expect(lines.map(({ loss, attempt }) => [loss, attempt])).toEqual([
      [1, 1],
      [2, 1],
      [3, 2],
      [4, 2],
      [5, 2],
      [6, 2],
    ])
    expect(lines.map((line) => line['training_iteration'])).toEqual(
      trial?.history.map((metrics) => metrics['training_iteration']),
    )
  })

  it('follows trials that exploit others, and says who took over whose state', async () => {
    const directory = temporaryFolder()
    const results = await new Tuner(
      async ({ lr }: { lr: number }, trial) => {
        let score = typeof trial.checkpoint === 'number' ? trial.checkpoint : 0
        for (let i = 0; i < 12; i++) {
          score += lr
          await trial.report({ score }, { checkpoint: score })
        }
      },
      {
        paramSpace: { lr: uniform(0, 1) },
        metric: 'score',
        mode: 'max',
        name: 'demo',
        seed: 3,
        numSamples: 4,
        maxConcurrentTrials: 4,
        scheduler: pbt({
          timeAttr: 'training_iteration',
          perturbationInterval: 3,
          synch: true,
          hyperparamMutations: { lr: uniform(0, 1) },
        }),
        stop: { training_iteration: 12 },
        callbacks: [jsonFiles({ directory })],
      },
    ).fit()
    expect(results.warnings).toEqual([])
    const demo = join(directory, 'demo')
    const policies = textOf(demo, 'pbt_global.txt')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as [string, string, number, number, object, object])
    expect(policies.length).toBeGreaterThan(0)
    for (const [target, donor, , , before, after] of policies) {
      const names = [...results].map(({ name }) => name)
      expect(names).toContain(target)
      expect(names).toContain(donor)
      expect([Object.keys(before), Object.keys(after)]).toEqual([['lr'], ['lr']])
    }
    for (const { name, trialId, config, history } of results) {
      expect(JSON.parse(textOf(demo, name, 'params.json'))).toEqual(config)
      expect(resultsIn(demo, name).map((line) => line['score'])).toEqual(
        history.map((metrics) => metrics['score']),
      )
      const own = policies.filter(([target]) => target === name)
      const file = `pbt_policy_${trialId}.txt`
      expect(readdirSync(demo).includes(file)).toBe(own.length > 0)
      if (own.length > 0)
        expect(JSON.parse(textOf(demo, file).trimEnd().split('\n').at(-1) ?? '')).toEqual(own.at(-1))
    }
  })

  it('keeps the lines before an exploit, wherever the other trial was, and through a retry after it', async () => {
    const directory = temporaryFolder()
    const run = await atWork(jsonFiles({ directory }), viewOf())
    const [trial, donor] = [trialAfter([], { number: 0 }), trialAfter([], { number: 1 })]
    for (const each of [trial, donor]) run.start(each)
    for (const loss of [5, 4, 3]) run.report(trial, { loss })
    run.report(donor, { loss: 0 })
    run.exploit(trial, donor)
    for (const loss of [20, 30]) run.report(trial, { loss })
    run.retry(trial, 2)
    run.report(trial, { loss: 31 })
    await run.end()
    const lines = resultsIn(directory, 'demo', trial.name)
    expect(lines.map(({ training_iteration: i, loss }) => [i, loss])).toEqual([
      [1, 5],
      [2, 4],
      [3, 3],
      [2, 20],
      [3, 31],
    ])
    expect(lines.map(({ config }) => (config as { x: number }).x)).toEqual([1, 1, 1, 99, 99])
    expect(JSON.parse(textOf(directory, 'demo', trial.name, 'params.json'))).toEqual({ x: 99 })
    expect(JSON.parse(textOf(directory, 'demo', 'pbt_global.txt'))).toEqual([
      trial.name,
      donor.name,
      3,
      1,
      { x: 1 },
      { x: 99 },
    ])
  })

  it('keeps what the user reports under a name that it adds itself', async () => {
    const directory = temporaryFolder()
    const results = await new Tuner(
      async (_config: unknown, trial) => {
        await trial.report({ loss: 1, date: 'monday', config: 'mine' })
      },
      { ...options, callbacks: [jsonFiles({ directory })] },
    ).fit()
    expect(resultsIn(directory, 'demo', results.at(0)?.name ?? '')).toMatchObject([
      { date: 'monday', config: 'mine' },
    ])
  })
})

describe('jsonFiles after a restore', () => {
  const three = [{ loss: 3 }, { loss: 2 }, { loss: 1 }]
  const path = ['demo', 'train_id0'] as const

  /** A first run that has written three reports; `after` is what a crash does to the file. */
  async function cutRun(directory: string) {
    const run = await atWork(jsonFiles({ directory }), viewOf())
    const trial = trialAfter([])
    run.start(trial)
    for (const report of three) run.report(trial, report)
    await run.end()
    return trial
  }

  it('goes on where the history does, and doubles nothing', async () => {
    const directory = temporaryFolder()
    await cutRun(directory)
    const before = textOf(directory, ...path, 'result.json')
    const trial = trialAfter(three)
    const run = await atWork(jsonFiles({ directory }), viewOf({ restored: true, trials: [trial] }))
    trial.attempt = 2
    run.start(trial)
    run.report(trial, { loss: 0 })
    await run.end()
    expect(textOf(directory, ...path, 'result.json').startsWith(before)).toBe(true)
    expect(resultsIn(directory, ...path).map((line) => line['loss'])).toEqual([3, 2, 1, 0])
    expect(filesIn(directory)).toHaveLength(2)
  })

  it('adds what a crash has lost, without a torn line', async () => {
    const directory = temporaryFolder()
    await cutRun(directory)
    const file = join(directory, ...path, 'result.json')
    const { truncateSync } = await import('node:fs')
    truncateSync(file, textOf(file).indexOf('\n') + 20)
    // It ended before the crash, so nothing more comes of it.
    const trial = trialAfter(three, { state: 'completed', status: 'terminated', endedAt: 2 })
    const view = viewOf({ restored: true, trials: [trial] })
    await (await atWork(jsonFiles({ directory }), view)).end()
    const lines = resultsIn(directory, ...path)
    expect(lines.map((line) => line['loss'])).toEqual([3, 2, 1])
    expect(lines.map((line) => 'date' in line)).toEqual([true, false, false])
  })

  it('keeps the lines before an exploit of the earlier run', async () => {
    const directory = temporaryFolder()
    const history = [1, 2, 3, 2, 3].map((iteration, i) => ({ loss: i, training_iteration: iteration }))
    const trial = trialAfter(history)
    const run = await atWork(jsonFiles({ directory }), viewOf({ restored: true, trials: [trial] }))
    run.retry(trial, 1)
    run.report(trial, { loss: 7 })
    await run.end()
    expect(resultsIn(directory, ...path).map(({ loss }) => loss)).toEqual([0, 1, 2, 7])
  })

  it('cuts off what the history has not, and what is reported once more comes once', async () => {
    const directory = temporaryFolder()
    await cutRun(directory)
    const trial = trialAfter(three.slice(0, 2), { attempt: 2 })
    const run = await atWork(jsonFiles({ directory }), viewOf({ restored: true, trials: [trial] }))
    // From a checkpoint at its first report.
    trial.iteration = 1
    run.start(trial)
    for (const loss of [20, 10]) run.report(trial, { loss })
    await run.end()
    expect(resultsIn(directory, ...path).map((line) => line['loss'])).toEqual([3, 20, 10])
  })

  it('has a trial that the log does not know start from nothing, in the folder of its name', async () => {
    const directory = temporaryFolder()
    await cutRun(directory)
    const run = await atWork(jsonFiles({ directory }), viewOf({ restored: true, trials: [] }))
    const trial = trialAfter([])
    run.start(trial)
    run.report(trial, { loss: 7 })
    await run.end()
    expect(resultsIn(directory, ...path).map((line) => line['loss'])).toEqual([7])
    expect(readdirSync(join(directory, 'demo'))).toEqual(['train_id0'])
  })
})
