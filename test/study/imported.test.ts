import { describe, expect, it } from 'vitest'
import type { LogRecord } from '../../src/core/log.ts'
import { asha } from '../../src/schedulers/asha.ts'
import type { Searcher, ToldTrial } from '../../src/searchers/searcher.ts'
import { randomStream } from '../../src/random/random.ts'
import { readSpace } from '../../src/space/read-space.ts'
import { uniform } from '../../src/space/numbers.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { maximumIteration } from '../../src/stoppers/maximum-iteration.ts'
import type { OpenLog } from '../../src/stores/store.ts'
import { createStudy, loadStudy } from '../../src/study/create-study.ts'

const paramSpace = { x: uniform(0, 1) }
const { domains } = readSpace(paramSpace).resolve({ x: 0.5 }, randomStream(1))

type Imported = LogRecord & { readonly type: 'trial.imported' }

function imported(trial: number, changes: Partial<Imported> = {}): Imported {
  return {
    at: 1_000,
    type: 'trial.imported',
    trial,
    id: `foreign-${trial}`,
    state: 'completed',
    values: [0.25],
    params: { x: 0.5 },
    domains,
    config: { x: 0.5 },
    intermediate: [],
    userAttrs: {},
    constraints: {},
    startedAt: 100,
    endedAt: 200,
    ...changes,
  }
}

/** A study, and the log through which another program writes to it. */
async function studied(code: object = {}) {
  const storage = memoryStore()
  const both = { storage, name: 'demo', paramSpace, ...code }
  const study = await createStudy({ ...both, seed: 1 })
  const log = await storage.open('demo', { shared: true })
  return { study, load: () => loadStudy(both), write: (...records: Imported[]) => write(log, records) }
}

async function write(log: OpenLog, records: readonly Imported[]): Promise<void> {
  while ((await log.append(records)) !== undefined);
}

describe('a trial that another program wrote', () => {
  it('is one of the study, with its own times, and numbers go on behind it', async () => {
    const { study, load, write: put } = await studied()
    await put(
      imported(0, {
        intermediate: [
          [1, 3],
          [2, NaN],
        ],
        userAttrs: { who: 'me' },
        constraints: { size: -1 },
      }),
    )
    expect((await study.ask()).number).toBe(1)
    expect(study.trials[0]).toEqual({
      number: 0,
      state: 'completed',
      values: [0.25],
      config: { x: 0.5 },
      intermediateValues: [
        [1, 3],
        [2, NaN],
      ],
      userAttrs: { who: 'me' },
      constraints: { size: -1 },
      startedAt: 100,
      endedAt: 200,
    })
    expect(study.bestTrial.number).toBe(0)
    expect((await load()).trials).toEqual(study.trials)
  })

  it('is told to the searcher once, when it has ended', async () => {
    const tells: ToldTrial[] = []
    const running: number[][] = []
    const searcher: Searcher = {
      name: 'listening',
      start: () => ({
        suggest: (ask) => {
          running.push(ask.running.map(({ number }) => number))
          return { kind: 'point', point: {} }
        },
        tell: (trial) => void tells.push(trial),
      }),
    }
    const { study, load, write: put } = await studied({ searcher })
    const begun = { state: 'running', values: undefined, endedAt: undefined } as const
    await put(imported(0, begun))
    await study.ask()
    await put(imported(0, { ...begun, intermediate: [[1, 3]] }))
    await put(imported(0, { intermediate: [[1, 3]] }))
    await put(imported(0, { intermediate: [[1, 3]] }))
    await study.ask()
    expect(running).toEqual([[0], [1]])
    const told = { number: 0, state: 'completed', values: [0.25], params: { x: 0.5 }, intermediate: [[1, 3]] }
    expect(tells).toMatchObject([told])
    expect(tells[0]?.domains).toHaveProperty('x')
    tells.length = 0
    await load()
    expect(tells).toMatchObject([told])
  })

  it('can be asked for while it waits, with the parameters that it has', async () => {
    const { study, load, write: put } = await studied()
    const waiting = { state: 'waiting', values: undefined, startedAt: undefined, endedAt: undefined } as const
    await put(imported(0, { ...waiting, params: {}, domains: {} }))
    const other = await load()
    expect(other.trials).toMatchObject([{ state: 'waiting', config: { x: 0.5 }, startedAt: undefined }])
    const [first, second] = await Promise.all([study.ask(), other.ask()])
    const claimed = first.number === 0 ? first : second
    expect(claimed).toMatchObject({ id: 'foreign-0', config: { x: 0.5 } })
    expect([first.number, second.number].toSorted()).toEqual([0, 1])
  })

  it('is no longer asked for when the other program took it', async () => {
    const { study, write: put } = await studied()
    const waiting = { state: 'waiting', values: undefined, startedAt: undefined, endedAt: undefined } as const
    await put(imported(0, waiting), imported(0, { state: 'running', values: undefined, endedAt: undefined }))
    expect((await study.ask()).number).toBe(1)
    await study.tell(0, 3)
    expect(study.trials[0]).toMatchObject({ state: 'completed', values: [3] })
    // What the other program says of it now comes too late.
    await put(imported(0))
    await study.ask()
    expect(study.trials[0]?.values).toEqual([3])
  })

  it('ends one that runs here, which then can be told no more', async () => {
    const { study, write: put } = await studied()
    const trial = await study.ask()
    trial.report(1, 9)
    await put(imported(0, { id: trial.id, state: 'failed', values: undefined }))
    await expect(study.tell(trial, 1)).rejects.toMatchObject({ code: 'told' })
    expect(study.trials[0]).toMatchObject({ state: 'failed', intermediateValues: [] })
  })

  it('leaves what runs here as it is, when only more was written of it', async () => {
    const { study, write: put } = await studied()
    const trial = await study.ask()
    trial.report(1, 9)
    const running = { id: trial.id, state: 'running', values: undefined, endedAt: undefined } as const
    await put(imported(0, { ...running, userAttrs: { note: 'looks good' } }))
    await study.tell(trial, 1)
    expect(study.trials[0]).toMatchObject({
      state: 'completed',
      config: trial.config,
      intermediateValues: [[1, 9]],
      userAttrs: { note: 'looks good' },
    })
  })

  it('is one that pruners compare with', async () => {
    const scheduler = asha({ maxT: 4, gracePeriod: 1, reductionFactor: 2 })
    const { study, write: put } = await studied({ scheduler })
    for (let i = 0; i < 4; i++)
      await put(imported(i, { state: 'pruned', values: [i / 10], intermediate: [[1, i / 10]] }))
    const trial = await study.ask()
    trial.report(1, 9)
    expect(trial.shouldPrune()).toBe(true)
  })

  it('counts for pruners and stoppers of several objectives by its end alone', async () => {
    const searcher = (): Searcher => ({
      name: 'plain',
      start: () => ({ suggest: () => ({ kind: 'point', point: {} }), tell: () => {} }),
    })
    const { study, write: put } = await studied({
      directions: ['minimize', 'maximize'],
      searcher: searcher(),
    })
    await put(imported(0, { values: [1, 2], intermediate: [[1, 5]] }))
    await study.optimize(() => [3, 4], { nTrials: 1, stop: maximumIteration(1) })
    expect(study.trials).toMatchObject([{ values: [1, 2], intermediateValues: [[1, 5]] }, { values: [3, 4] }])
    await put(
      imported(2, { state: 'running', values: undefined, endedAt: undefined, intermediate: [[1, 5]] }),
    )
    await study.tell(2, { state: 'pruned' })
    expect(study.trials[2]).toMatchObject({ state: 'pruned', values: undefined })
  })
})
