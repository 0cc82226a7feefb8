import { appendFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { tensorboard } from '../../src/callbacks/index.ts'
import { crc32c } from '../../src/callbacks/tensorboard/crc32c.ts'
import { branch, choice, loguniform, randint, Tuner, uniform } from '../../src/index.ts'
import { castagnoli, eventsIn, experimentIn, parametersIn, statusIn } from './event-file-reader.ts'
import { atWork, temporaryFolder, trialAfter, viewOf } from './folders.ts'
import { pythonWith } from './python.ts'

const python = pythonWith('tensorboard')
const options = { metric: 'loss', mode: 'min', name: 'demo', seed: 1 } as const

const SESSION = '_hparams_/session_start_info'
const END = '_hparams_/session_end_info'

describe('the checksum of records', () => {
  it('is CRC-32C', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3_06_92_83)
    expect(crc32c(new Uint8Array())).toBe(0)
    const bytes = Uint8Array.from({ length: 999 }, (_, i) => (i * 7) % 256)
    expect(crc32c(bytes)).toBe(castagnoli(bytes))
  })
})

describe('tensorboard', () => {
  it('writes each number that a trial reports as a scalar by its iteration', async () => {
    const directory = temporaryFolder()
    const results = await new Tuner(
      async (_config: unknown, trial) => {
        for (let i = 0; i < 3; i++) {
          await trial.report({ loss: i - 0.5, val: { acc: i * 2 ** 40 }, text: 'a', ok: true, bad: NaN })
        }
      },
      { ...options, numSamples: 2, callbacks: [tensorboard({ directory })] },
    ).fit()
    expect(results.warnings).toEqual([])
    for (const { name } of results) {
      const { version, scalars, wallTimes } = eventsIn(join(directory, 'demo', name))
      expect(version).toBe('brain.Event:2')
      expect(scalars).toEqual({
        loss: [
          [1, -0.5],
          [2, 0.5],
          [3, 1.5],
        ],
        'val/acc': [
          [1, 0],
          [2, 2 ** 40],
          [3, 2 ** 41],
        ],
        bad: [
          [1, NaN],
          [2, NaN],
          [3, NaN],
        ],
      })
      expect(wallTimes).toEqual([...wallTimes].sort((a, b) => a - b))
      expect(Math.abs((wallTimes[0] ?? 0) - Date.now() / 1000)).toBeLessThan(60)
    }
  })

  it('writes the parameters of each trial, and how it ended', async () => {
    const directory = temporaryFolder()
    const results = await new Tuner(
      async ({ n }, trial) => {
        await trial.report({ loss: 1 })
        if (n % 2 === 0) throw new Error('even')
      },
      {
        ...options,
        paramSpace: {
          lr: loguniform(1e-4, 1),
          n: randint(1, 100),
          flag: choice([true, false]),
          size: choice(['s', 'm']),
          shape: choice([[1, 2], [3]]),
          constant: 7,
        },
        numSamples: 6,
        callbacks: [tensorboard({ directory })],
      },
    ).fit()
    expect(new Set([...results].map(({ state }) => state))).toEqual(new Set(['completed', 'failed']))
    for (const { name, params, state } of results) {
      const { plugins } = eventsIn(join(directory, 'demo', name))
      expect(Object.values(plugins).map(({ plugin }) => plugin)).toEqual(['hparams', 'hparams'])
      const { shape, ...simple } = params
      expect(parametersIn(plugins[SESSION]?.content as Buffer)).toEqual({
        ...simple,
        shape: shape === undefined ? undefined : JSON.stringify(shape).replaceAll(',', ', '),
      })
      expect(statusIn(plugins[END]?.content as Buffer)).toBe(state === 'failed' ? 'failure' : 'success')
    }
  })

  it('writes once which parameters there are, with their ranges, and the objectives', async () => {
    const directory = temporaryFolder()
    await new Tuner(async () => ({ loss: 1, size: 2 }), {
      name: 'demo',
      seed: 1,
      metric: ['loss', 'size'],
      mode: ['min', 'max'],
      paramSpace: {
        lr: loguniform(1e-4, 1),
        kind: branch({ a: { p: uniform(0, 1) }, b: { p: choice(['x', 'y']) } }),
        flag: choice([true, false]),
        sizes: [randint(1, 9)],
      },
      numSamples: 3,
      callbacks: [tensorboard({ directory })],
    }).fit()
    const { plugins, scalars } = eventsIn(join(directory, 'demo'))
    expect(scalars).toEqual({})
    expect(experimentIn(plugins['_hparams_/experiment']?.content as Buffer)).toEqual({
      name: 'demo',
      metrics: ['loss', 'size'],
      parameters: [
        { name: 'lr', type: 'float64', interval: [1e-4, 1] },
        { name: 'kind', type: 'string', choices: ['a', 'b'] },
        { name: 'p', type: 'unset' },
        { name: 'flag', type: 'bool', choices: [true, false] },
        { name: 'sizes/0', type: 'float64', interval: [1, 8] },
      ],
    })
  })

  it('takes back what a failed attempt reported beyond the checkpoint of the next', async () => {
    const directory = temporaryFolder()
    let attempts = 0
    const results = await new Tuner(
      async (_config: unknown, trial) => {
        const attempt = ++attempts
        let step = typeof trial.checkpoint === 'number' ? trial.checkpoint : 0
        while (step++ < 4) {
          await trial.report({ loss: step, attempt }, step === 1 ? { checkpoint: step } : {})
          if (step === 3 && attempt === 1) throw new Error('out of memory')
        }
      },
      { ...options, failure: { maxFailures: 1 }, callbacks: [tensorboard({ directory })] },
    ).fit()
    const { scalars, restarts } = eventsIn(join(directory, 'demo', results.at(0)?.name ?? ''))
    expect(restarts).toEqual([2])
    expect(scalars['attempt']).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
      [2, 2],
      [3, 2],
      [4, 2],
    ])
  })

  it('keeps what was there before an exploit, wherever the other trial was', async () => {
    const directory = temporaryFolder()
    const run = await atWork(tensorboard({ directory }), viewOf())
    const [trial, donor] = [trialAfter([], { number: 0 }), trialAfter([], { number: 1 })]
    for (const each of [trial, donor]) run.start(each)
    for (const loss of [5, 4, 3]) run.report(trial, { loss })
    run.report(donor, { loss: 0 })
    run.exploit(trial, donor)
    for (const loss of [20, 30]) run.report(trial, { loss })
    await run.end()
    const { restarts, scalars } = eventsIn(join(directory, 'demo', trial.name))
    expect(restarts).toEqual([])
    expect(scalars['loss']?.map(([step]) => step)).toEqual([1, 2, 3, 2, 3])
  })

  it('writes nothing for a trial that never started', async () => {
    const directory = temporaryFolder()
    const results = await new Tuner(async () => ({ loss: 1 }), {
      ...options,
      resources: () => ({ gpu: 9 }),
      callbacks: [tensorboard({ directory })],
    }).fit()
    expect(results.at(0)?.state).toBe('failed')
    expect(readdirSync(join(directory, 'demo')).filter((name) => !name.includes('tfevents'))).toEqual([])
  })
})

describe('tensorboard after a restore', () => {
  const three = [{ loss: 3 }, { loss: 2 }, { loss: 1 }]
  const folderOf = (directory: string) => join(directory, 'demo', 'train_id0')

  async function cutRun(directory: string, reports: readonly { readonly loss: number }[]) {
    const run = await atWork(tensorboard({ directory }), viewOf())
    const trial = trialAfter([])
    run.start(trial)
    for (const report of reports) run.report(trial, report)
    await run.end()
  }

  it('goes on in another file, and writes parameters once', async () => {
    const directory = temporaryFolder()
    await cutRun(directory, three)
    const trial = trialAfter(three, { attempt: 2 })
    const run = await atWork(tensorboard({ directory }), viewOf({ restored: true, trials: [trial] }))
    run.start(trial)
    run.report(trial, { loss: 0 })
    run.complete(trial)
    await run.end()
    const { scalars, restarts, plugins } = eventsIn(folderOf(directory))
    expect(restarts).toEqual([])
    expect(scalars['loss']).toEqual([
      [1, 3],
      [2, 2],
      [3, 1],
      [4, 0],
    ])
    expect(Object.keys(plugins)).toEqual([SESSION, END])
    expect(readdirSync(folderOf(directory))).toHaveLength(2)
  })

  it('adds what a crash has lost of a trial that had ended, and nothing to one that is whole', async () => {
    const directory = temporaryFolder()
    await cutRun(directory, three.slice(0, 2))
    // A torn record.
    const [file = ''] = readdirSync(folderOf(directory))
    appendFileSync(join(folderOf(directory), file), Buffer.from([24, 0, 0, 0, 0, 0, 0, 0, 1]))
    const trials = [trialAfter(three, { state: 'completed', status: 'terminated', endedAt: 2 })]
    const restore = async () =>
      (await atWork(tensorboard({ directory }), viewOf({ restored: true, trials }))).end()
    await restore()
    const [, added = ''] = readdirSync(folderOf(directory)).sort()
    await restore()
    expect(readdirSync(folderOf(directory)).sort()).toEqual([file, added].sort())
    expect(added).not.toBe('')
    const { scalars, plugins } = eventsIn(folderOf(directory))
    expect(scalars['loss']?.map(([step]) => step)).toEqual([1, 2, 3])
    expect(statusIn(plugins[END]?.content as Buffer)).toBe('success')
  })

  it('takes back what the history has not', async () => {
    const directory = temporaryFolder()
    await cutRun(directory, three)
    const trial = trialAfter(three.slice(0, 1), { attempt: 2 })
    const run = await atWork(tensorboard({ directory }), viewOf({ restored: true, trials: [trial] }))
    run.start(trial)
    run.report(trial, { loss: 20 })
    await run.end()
    const { scalars, restarts } = eventsIn(folderOf(directory))
    expect(restarts).toEqual([2])
    expect(scalars['loss']?.slice(3)).toEqual([[2, 20]])
  })
})

describe.skipIf(python === undefined)('TensorBoard itself (where TROUPE_PYTHON has tensorboard)', () => {
  const script = `import json, os, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2
from google.protobuf.json_format import MessageToDict
found = {}
for root, _, files in os.walk(sys.argv[1]):
    if any('tfevents' in f for f in files):
        events = EventAccumulator(root); events.Reload()
        found[os.path.basename(root)] = {
            'scalars': {t: [[s.step, s.value] for s in events.Scalars(t)] for t in events.Tags()['scalars']},
            'hparams': {t: MessageToDict(plugin_data_pb2.HParamsPluginData.FromString(c)) for t, c in events.PluginTagToContent('hparams').items()} if events.Tags()['tensors'] else {},
        }
print(json.dumps(found))`

  it('reads scalars and parameters, without what was taken back', async () => {
    const directory = temporaryFolder()
    let attempts = 0
    const results = await new Tuner(
      async (_config: { lr: number; kind: string }, trial) => {
        const attempt = ++attempts
        let step = typeof trial.checkpoint === 'number' ? trial.checkpoint : 0
        while (step++ < 4) {
          await trial.report({ loss: step + 10 * attempt }, step === 1 ? { checkpoint: step } : {})
          if (step === 3 && attempt === 1) throw new Error('out of memory')
        }
      },
      {
        ...options,
        paramSpace: { lr: loguniform(1e-4, 1), kind: choice(['a', 'b']) },
        failure: { maxFailures: 1 },
        callbacks: [tensorboard({ directory })],
      },
    ).fit()
    const { name, params } = results.at(0) ?? { name: '', params: {} }
    const found = (await python?.(script, join(directory, 'demo'))) as Record<string, Record<string, object>>
    expect(found[name]?.['scalars']).toEqual({
      loss: [
        [1, 11],
        [2, 22],
        [3, 23],
        [4, 24],
      ],
    })
    expect(found[name]?.['hparams']).toMatchObject({
      [SESSION]: { sessionStartInfo: { hparams: params, groupName: name } },
      [END]: { sessionEndInfo: { status: 'STATUS_SUCCESS' } },
    })
    expect(found['demo']?.['hparams']).toMatchObject({
      '_hparams_/experiment': {
        experiment: {
          name: 'demo',
          hparamInfos: [
            { name: 'lr', type: 'DATA_TYPE_FLOAT64', domainInterval: { minValue: 1e-4, maxValue: 1 } },
            { name: 'kind', type: 'DATA_TYPE_STRING', domainDiscrete: ['a', 'b'] },
          ],
          metricInfos: [{ name: { tag: 'loss' } }],
        },
      },
    })
  })
})
