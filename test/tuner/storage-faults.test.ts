import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type OpenLog, randint, type Store, Tuner, type TunerOptions } from 'troupe'
import { memoryStore } from 'troupe/stores'
import { StorePatience } from '../../src/tuner/store-patience.ts'
import { endOf, spyingSearcher } from '../runtime/stage.ts'

const paramSpace = { x: randint(0, 1_000_000) }

function broken(): never {
  throw new TypeError('the disk is full')
}

/** A store that keeps nothing, made worse. */
const store = (members: Partial<OpenLog>, open?: Store['open']): Store => ({
  ...memoryStore(),
  name: 'full',
  open:
    open ??
    (() =>
      Promise.resolve({
        records: [],
        append: () => Promise.resolve(),
        close: () => Promise.resolve(),
        ...members,
      })),
})

async function run(storage: Store) {
  const spy = spyingSearcher()
  const cleaned: number[] = []
  let began = 0
  const ended = await endOf(
    new Tuner(
      async (_config: { x: number }, trial) => {
        began++
        try {
          for (let step = 0; step < 20; step++) {
            await trial.report({ loss: trial.number })
            await trial.sleep(0)
          }
        } finally {
          cleaned.push(trial.number)
        }
      },
      {
        paramSpace,
        searcher: spy.searcher,
        storage,
        numSamples: 20,
        maxConcurrentTrials: 2,
        metric: 'loss',
        mode: 'min',
      },
    ).fit(),
  )
  expect(cleaned).toHaveLength(began)
  expect(spy.told.map(({ number }) => number).sort((a, b) => a - b)).toEqual(
    [...ended.results].map(({ number }) => number),
  )
  return ended
}

describe('a store that', () => {
  it.each([
    ['rejects when it is opened', store({}, () => Promise.reject(new TypeError('the disk is full')))],
    ['throws when it is opened', store({}, broken)],
  ])('%s ends the experiment before it begins', async (_, storage) => {
    const { error, results } = await run(storage)
    expect(error).toMatchObject({ code: 'storage', message: 'The store full failed: the disk is full' })
    expect(error?.cause).toBeInstanceOf(TypeError)
    expect(results).toHaveLength(0)
  })

  it.each([
    ['rejects what is written', () => Promise.reject(new TypeError('the disk is full'))],
    ['throws at what is written', broken],
  ])('%s ends the experiment, which keeps what was reached', async (_, append) => {
    let batches = 0
    const { error, results } = await run(
      store({ append: () => (++batches === 10 ? append() : Promise.resolve()) }),
    )
    expect(error).toMatchObject({ code: 'storage', message: 'The store full failed: the disk is full' })
    expect(batches).toBe(10)
    expect(results.length).toBeGreaterThan(0)
    expect(results.length).toBeLessThan(20)
    expect(new Set([...results].map(({ state }) => state))).toContain('interrupted')
  })

  it.each([
    ['rejects when it is closed', () => Promise.reject(new TypeError('the disk is full'))],
    ['throws when it is closed', broken],
  ])('%s is reported with all results', async (_, close) => {
    const { error, results } = await run(store({ close }))
    expect(error).toMatchObject({ code: 'storage' })
    expect([...results].every(({ state }) => state === 'completed')).toBe(true)
    expect(results).toHaveLength(20)
  })
})

describe('a store that never answers', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
  afterEach(() => void vi.useRealTimers())

  const calls = ['open', 'append', 'close'] as const
  type Call = (typeof calls)[number]
  const reached = { open: [], append: ['interrupted'], close: ['completed'] }

  // The clock of these tests stands until the call that is never answered has been made.
  let onAsked = (): void => {}
  let asked = Promise.resolve()
  beforeEach(() => void (asked = new Promise((resolve) => (onAsked = resolve))))
  const never = () => {
    onAsked()
    return new Promise<never>(() => {})
  }

  const stuckIn = (call: Call, close: () => Promise<void> = () => Promise.resolve()): Store =>
    call === 'open' ? store({}, never) : store({ close, [call]: never })

  function tunerOn(storage: Store, options: TunerOptions<{ x: number }> = {}) {
    return new Tuner(
      async ({ x }: { x: number }, trial) => {
        await trial.report({ loss: x })
        // Long enough to be under way when an `append` has taken too long.
        if (isLong) await trial.sleep(60_000)
      },
      { paramSpace, storage, metric: 'loss', mode: 'min', ...options },
    )
  }
  let isLong = false

  /** What `fit` comes to so many milliseconds after the call, and not before. */
  async function endsAfter(ms: number, tuner: ReturnType<typeof tunerOn>) {
    let isOver = false
    const ending = endOf(tuner.fit()).finally(() => (isOver = true))
    await asked
    await vi.advanceTimersByTimeAsync(ms - 1)
    expect(isOver).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    return ending
  }

  it.each(calls)('to %s ends the experiment after 30 seconds, naming the call', async (call) => {
    isLong = call === 'append'
    const { error, results } = await endsAfter(30_000, tunerOn(stuckIn(call)))
    expect(error).toMatchObject({ code: 'storage', cause: { code: 'unresponsive' } })
    expect(error?.message).toContain(`The store full failed: ${call}() has not answered for 30 s.`)
    expect([...results].map(({ state }) => state)).toEqual(reached[call])
    expect(vi.getTimerCount()).toBe(0)
  })

  describe.each(['stop()', 'signal', 'stop() before fit'] as const)('is ended by %s', (how) => {
    it.each(calls)('after 5 seconds, while it should %s', async (call) => {
      isLong = call === 'append'
      const controller = new AbortController()
      const tuner = tunerOn(stuckIn(call), { signal: controller.signal })
      let stopped = Promise.resolve()
      const stop = () => {
        if (how === 'signal') controller.abort()
        else stopped = tuner.stop()
      }
      if (how === 'stop() before fit') stop()
      else setTimeout(stop, 2500)
      const { error } = await endsAfter(5000, tuner)
      await stopped
      expect(error).toMatchObject({ code: 'storage' })
      expect(error?.message).toContain(`${call}() has not answered for 5 s.`)
      expect(vi.getTimerCount()).toBe(0)
    })
  })

  it('at once lets its log go when that comes at last', async () => {
    const closed = vi.fn(() => Promise.reject(new Error('too late as well')))
    let answer = (_log: OpenLog): void => {}
    const open = () => {
      onAsked()
      return new Promise<OpenLog>((resolve) => (answer = resolve))
    }
    await endsAfter(30_000, tunerOn(store({}, open)))
    answer({ records: [], append: never, close: closed })
    await vi.advanceTimersByTimeAsync(0)
    expect(closed).toHaveBeenCalledOnce()
  })

  it('to append is told to close, and not waited for again', async () => {
    isLong = true
    const close = vi.fn(never)
    await endsAfter(30_000, tunerOn(stuckIn('append', close)))
    expect(close).toHaveBeenCalledOnce()
  })
})

it('stop() resolves only when the store is closed', async () => {
  let isClosed = false
  const close = async () => {
    await new Promise((resolve) => void setImmediate(resolve))
    isClosed = true
  }
  const tuner = new Tuner(
    async (_config: { x: number }, trial) => {
      for (;;) await trial.report({ loss: 1 })
    },
    { paramSpace, storage: store({ close }), metric: 'loss', mode: 'min' },
  )
  const fitting = tuner.fit()
  await tuner.stop()
  expect(isClosed).toBe(true)
  expect((await fitting).endedBy).toBe('stop')
})

describe('a store that is slow', () => {
  afterEach(() => void vi.useRealTimers())

  it('but answers within 30 seconds each time fails nothing', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const slowly = () => new Promise<void>((resolve) => void setTimeout(resolve, 29_500))
    const storage = store({}, async () => {
      await slowly()
      return { records: [], append: slowly, close: slowly }
    })
    const fitting = new Tuner(async ({ x }: { x: number }) => ({ loss: x }), {
      paramSpace,
      storage,
      metric: 'loss',
      mode: 'min',
    }).fit()
    await vi.advanceTimersByTimeAsync(200_000)
    expect((await fitting).at(0)?.state).toBe('completed')
  })

  it('since this process had no time to hear it fails nothing', async () => {
    // One timer that is late by an hour: what a trainable that computes, or a machine that slept, leaves behind.
    let fire = (): void => {}
    const kernel = { setTimeout: (fn: () => void) => (fire = fn), clearTimeout: () => {} }
    let answer = (_: string): void => {}
    const asked = new StorePatience(kernel).answer('open', () => new Promise((resolve) => (answer = resolve)))
    fire()
    answer('here it is')
    expect(await asked).toBe('here it is')
  })
})

it('a store that has an experiment of that name already is let go', async () => {
  const close = vi.fn(() => Promise.resolve())
  const records = [{ at: 0, type: 'experiment.ended', by: 'finished' }] as const
  const { error } = await run(store({ records, close }))
  expect(error).toMatchObject({ code: 'storage', cause: { code: 'nameTaken' } })
  expect(close).toHaveBeenCalledOnce()
})
