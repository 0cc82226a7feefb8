import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { choice, sampleFrom, Tuner, uniform } from 'troupe'
import type { Trace } from 'troupe/testing'
import { simulate } from 'troupe/testing'

const lines = (trace: Trace): Record<string, unknown>[] =>
  trace
    .toJSONL()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

async function traceOf(metrics: Record<string, unknown>): Promise<Record<string, unknown>> {
  const { trace } = await simulate({ trainable: () => metrics as Record<string, number>, numSamples: 1 })
  const report = lines(trace).find(({ type }) => type === 'trial.report')
  return report?.['metrics'] as Record<string, unknown>
}

describe('a trace', () => {
  it('is headed by its schema version, and has one JSON object a line', async () => {
    const { trace } = await simulate({ trainable: () => ({ loss: 1 }), numSamples: 1 })
    const [header, ...records] = lines(trace)
    expect(header).toEqual({ type: 'trace', schema: 1 })
    expect(records.map(({ type }) => type)).toEqual([
      'experiment.started',
      'searcher.asked',
      'trial.created',
      'trial.transition',
      'trial.report',
      'trial.decision',
      'trial.transition',
      'trial.ended',
      'experiment.ended',
    ])
    expect(trace.toJSONL().endsWith('}\n')).toBe(true)
  })

  it('iterates over its records, which are counted and numbered without the header', async () => {
    const { trace } = await simulate({ trainable: () => ({ loss: 1 }), numSamples: 1 })
    expect([...trace]).toHaveLength(trace.length)
    expect(trace.at(0)).toMatchObject({ type: 'experiment.started', at: 0 })
    expect(trace.at(-1)).toMatchObject({ type: 'experiment.ended', by: 'finished' })
  })

  it('has the SHA-256 of its text as hash', async () => {
    const { trace, hash } = await simulate({ trainable: () => ({ loss: 1 }), numSamples: 1 })
    expect(hash).toBe(createHash('sha256').update(trace.toJSONL()).digest('hex'))
    expect(await trace.hash()).toBe(hash)
  })

  it('spells out the numbers that JSON would write as null', async () => {
    expect(
      await traceOf({ loss: NaN, best: -Infinity, all: [1, Infinity], inner: { deep: NaN } }),
    ).toMatchObject({
      loss: { $number: 'NaN' },
      best: { $number: '-Infinity' },
      all: [1, { $number: 'Infinity' }],
      inner: { deep: { $number: 'NaN' } },
    })
  })

  it('tells runs apart that differ only in what JSON cannot say', async () => {
    const hashOf = async (loss: number): Promise<string> =>
      (await simulate({ trainable: () => ({ loss }), numSamples: 1 })).hash
    const hashes = await Promise.all([NaN, Infinity, -Infinity, 0].map(hashOf))
    expect(new Set(hashes).size).toBe(4)
  })

  it('writes configurations of whatever kind: functions, symbols, big integers, circles', async () => {
    const circle: { self?: unknown; size: number } = { size: Infinity }
    circle.self = circle
    const { trace } = await simulate({
      trainable: () => ({ loss: 1 }),
      paramSpace: {
        activation: choice([Math.tanh]),
        token: choice([Symbol('relu')]),
        big: choice([12n]),
        shape: sampleFrom(() => circle),
      },
      numSamples: 1,
    })
    const created = lines(trace).find(({ type }) => type === 'trial.created')
    expect(created?.['config']).toEqual({
      activation: { $function: 'tanh' },
      token: { $symbol: 'relu' },
      big: { $bigint: '12' },
      shape: { size: { $number: 'Infinity' }, self: { $circular: true } },
    })
  })

  it('writes a value that stands in two places twice, since that is no circle', async () => {
    const shared = { size: 1 }
    const { trace } = await simulate({
      trainable: () => ({ loss: 1 }),
      paramSpace: { pair: choice([{ left: shared, right: shared }]) },
      numSamples: 1,
    })
    const created = lines(trace).find(({ type }) => type === 'trial.created')
    expect(created?.['config']).toEqual({ pair: { left: { size: 1 }, right: { size: 1 } } })
  })
})

describe('a trace of a real run', () => {
  const settings = {
    paramSpace: { x: uniform(0, 1) },
    metric: 'loss',
    mode: 'min',
    numSamples: 4,
    maxConcurrentTrials: 1,
    totalResources: { cpu: 2 },
    seed: 3,
    name: 'compared',
  } as const
  const trainable = async (
    config: { x: number },
    trial: { report: (metrics: { loss: number }) => PromiseLike<void>; number: number },
  ): Promise<void> => {
    for (let step = 1; step <= 3; step++) await trial.report({ loss: config.x / step })
    if (trial.number === 2) throw new Error('the third one fails')
  }

  const withoutTimes = (trace: Trace | undefined): string =>
    (trace?.toJSONL() ?? '').replaceAll(/"(at|time_total_s)":[\d.e-]+/g, '"$1":0')

  it('is recorded with trace: true, in the form that simulate has, record by record', async () => {
    const tuner = new Tuner(trainable, { ...settings, trace: true })
    await tuner.fit()
    const { trace } = await simulate({ trainable, ...settings })
    expect(withoutTimes(tuner.trace)).toBe(withoutTimes(trace))
  })

  it('is not there unless asked for', async () => {
    const tuner = new Tuner(trainable, settings)
    await tuner.fit()
    expect(tuner.trace).toBeUndefined()
  })
})
