import { describe, expect, it } from 'vitest'
import { asha, tpe, type Trial } from '../../../src/index.ts'
import type { LogRecord } from '../../../src/core/log.ts'
import { randomStream } from '../../../src/random/random.ts'
import { base, CASES, type Config, isSame, noisy, playing, story } from './cut-experiments.ts'

// Hundreds of runs each.
const PATIENCE_MS = 120_000

describe('an experiment that is cut anywhere and goes on', { timeout: PATIENCE_MS }, () => {
  it.each(Object.entries(CASES))('comes to the same end: %s', async (_, options) => {
    const run = playing(options)
    const whole = await run()
    const records = [...whole.trace]
    const different: number[] = []
    for (let cut = 1; cut < records.length; cut++)
      if (!isSame(whole, await run(records.slice(0, cut)))) different.push(cut)
    expect(different).toEqual([])
  })

  it('comes to the same end when it is cut again and again', async () => {
    const run = playing(CASES['asha and tpe'] as object)
    const whole = await run()
    const draws = randomStream('cuts')
    for (let round = 0; round < 10; round++) {
      let trace: readonly LogRecord[] = [...whole.trace].slice(0, 5)
      let resumed = whole
      for (let cuts = 0; cuts < 6; cuts++) {
        resumed = await run(trace)
        const all = [...resumed.trace]
        trace = all.slice(0, trace.length + Math.ceil(draws.next() * 40))
        if (trace.length >= all.length) break
      }
      expect(story(await run(trace))).toEqual(story(whole))
    }
  })

  it('comes to the same end when it is large', async () => {
    const run = playing({
      ...base,
      numSamples: 200,
      maxConcurrentTrials: 20,
      trainable: noisy,
      scheduler: asha({ maxT: 9, reductionFactor: 3 }),
      searcher: tpe(),
    })
    const whole = await run()
    const records = [...whole.trace]
    const draws = randomStream('large')
    for (let i = 0; i < 8; i++)
      expect(story(await run(records.slice(0, 1 + Math.floor(draws.next() * (records.length - 1)))))).toEqual(
        story(whole),
      )
  })

  it('says so when what was recorded does not come again', async () => {
    const run = playing(CASES['asha and tpe'] as object)
    const records = [...(await run()).trace]
    const other = playing({ ...CASES['asha and tpe'], scheduler: asha({ maxT: 9, reductionFactor: 2 }) })
    await expect(other(records.slice(0, 100))).rejects.toMatchObject({
      name: 'ExperimentError',
      code: 'divergence',
    })
  })

  it('fails a trial whose code does not do the same again', async () => {
    let calls = 0
    const trainable = async ({ x }: Config, trial: Trial): Promise<void> => {
      const call = ++calls
      for (let epoch = 0; epoch < 9; epoch++) {
        await trial.sleep(10)
        await trial.report({ loss: x + (call > 3 ? 1 : 0) })
      }
    }
    const run = playing({ ...base, numSamples: 3, trainable })
    const whole = await run()
    const resumed = await run([...whole.trace].slice(0, 20))
    expect([...resumed.results].map(({ error }) => error?.name)).toEqual(
      Array.from({ length: 3 }, () => 'DivergenceError'),
    )
  })
})
