import { describe, expect, it } from 'vitest'
import type { LogRecord } from '../../src/core/log.ts'
import { createStudy } from '../../src/study/create-study.ts'
import { loadStudy } from '../../src/study/create-study.ts'
import { choice } from '../../src/space/choices.ts'
import { uniform } from '../../src/space/numbers.ts'
import { randomSearch } from '../../src/searchers/random-search.ts'
import type { Store } from '../../src/stores/store.ts'

const attr = (value: unknown): LogRecord => ({ at: 1, type: 'study.attr', key: 'k', value })

/**
 * What every store promises, as tests.
 * @param makeStore - A store with nothing in it.
 */
export function storeConformance(makeStore: () => Store | Promise<Store>): void {
  it('has nothing at first', async () => {
    const store = await makeStore()
    expect(await store.names()).toEqual([])
    expect(await store.read('a')).toBeUndefined()
  })

  it('gives back what was appended, in order, to whoever opens or reads it', async () => {
    const store = await makeStore()
    const log = await store.open('a')
    expect(log.records).toEqual([])
    await log.append([attr(1), attr({ nested: [1, null, 'x'] })])
    await log.append([attr(3)])
    expect(await store.read('a')).toEqual([attr(1), attr({ nested: [1, null, 'x'] }), attr(3)])
    await log.close()
    const again = await store.open('a')
    expect(again.records).toEqual([attr(1), attr({ nested: [1, null, 'x'] }), attr(3)])
    await again.append([attr(4)])
    expect(await store.read('a')).toHaveLength(4)
  })

  it('keeps numbers that JSON has no words for', async () => {
    const store = await makeStore()
    const log = await store.open('a')
    const record: LogRecord = {
      at: 0,
      type: 'trial.intermediate',
      trial: 0,
      step: 1,
      values: [Infinity, -Infinity, NaN, 1e-300],
    }
    await log.append([record])
    expect(await store.read('a')).toEqual([record])
  })

  it('answers appends that were not waited for, in order', async () => {
    const store = await makeStore()
    const log = await store.open('a')
    await Promise.all(Array.from({ length: 20 }, (_, i) => log.append([attr(i)])))
    expect(await store.read('a')).toEqual(Array.from({ length: 20 }, (_, i) => attr(i)))
  })

  it('keeps what it was given, whatever becomes of the object afterwards', async () => {
    const store = await makeStore()
    const log = await store.open('a')
    const value = { list: [1] }
    await log.append([attr(value)])
    value.list.push(2)
    expect(await store.read('a')).toEqual([attr({ list: [1] })])
  })

  it('keeps logs apart, and names them in order of creation', async () => {
    const store = await makeStore()
    for (const name of ['b', 'a', 'with / and ümläut']) {
      const log = await store.open(name)
      await log.append([attr(name)])
      await log.close()
    }
    expect(await store.names()).toEqual(['b', 'a', 'with / and ümläut'])
    expect(await store.read('a')).toEqual([attr('a')])
  })

  it.each([true, false])(
    'a log without records belongs to nobody: a study begins there, loadIfExists %s',
    async (loadIfExists) => {
      const store = await makeStore()
      const opened = await store.open('a', { shared: true })
      expect(await store.names()).toEqual([])
      const study = await createStudy({ name: 'a', storage: store, loadIfExists })
      expect(await store.names()).toEqual(['a'])
      // Who was about to begin one sees that it is there.
      expect(await opened.append([attr(1)])).toMatchObject([{ type: 'study.created' }])
      await opened.close()
      await study.close()
    },
  )

  it('forgets one log, and leaves the others', async () => {
    const store = await makeStore()
    for (const name of ['a', 'b']) await (await store.open(name)).append([attr(name)])
    await store.delete('a')
    await store.delete('never there')
    expect(await store.names()).toEqual(['b'])
    expect(await store.read('a')).toBeUndefined()
    expect((await store.open('a')).records).toEqual([])
  })

  it('never lets two write to one log', async () => {
    const store = await makeStore()
    const first = await store.open('a')
    await first.append([attr(1)])
    const second = await store.open('a').catch(() => undefined)
    const [ends, other] =
      second === undefined
        ? [first.append([attr(2)]), undefined]
        : [second.append([attr(2)]), first.append([attr(3)])]
    await ends
    if (other !== undefined)
      await expect(other).rejects.toMatchObject({ name: 'StorageError', code: 'notHeld' })
    expect(await store.read('a')).toEqual([attr(1), attr(2)])
  })

  it('says who has a log for itself, and that nobody has it once it is closed or shared', async ({
    skip,
  }) => {
    const store = await makeStore()
    if (store.holder === undefined) return skip('it cannot know')
    expect(await store.holder('a')).toBeUndefined()
    const log = await store.open('a')
    await log.append([attr(1)])
    const since = `process ${process.pid} since ${new Date().toISOString().slice(0, 11).replace('T', ' ')}`
    expect(await store.holder('a')).toContain(since)
    expect(await store.holder('b')).toBeUndefined()
    await log.close()
    expect(await store.holder('a')).toBeUndefined()
    const shared = await store.open('a', { shared: true })
    await shared.append([attr(2)])
    expect(await store.holder('a')).toBeUndefined()
    await shared.close()
    expect(await store.names()).toEqual(['a'])
  })

  it('refuses to append to a log that was closed', async () => {
    const store = await makeStore()
    const log = await store.open('a')
    await log.close()
    await expect(log.append([attr(1)])).rejects.toMatchObject({ name: 'StorageError' })
    expect((await store.read('a')) ?? []).toEqual([])
  })

  describe('under a study', () => {
    it('lets it go on as if it had never been left', async () => {
      const runs = await Promise.all([false, true].map((leaves) => twelveTrials(makeStore, leaves)))
      expect(runs[1]).toEqual(runs[0])
    })
  })
}

/** A study of twelve trials, left and loaded again after each when asked to. */
async function twelveTrials(makeStore: () => Store | Promise<Store>, leaves: boolean): Promise<unknown[]> {
  const storage = await makeStore()
  const searcher = randomSearch({ pointsToEvaluate: [{ x: 0.5 }, { x: 0.25 }] })
  const paramSpace = { x: uniform(0, 1), kind: choice(['a', 'b']) }
  let study = await createStudy({
    name: 'demo',
    storage,
    seed: 1,
    searcher,
    paramSpace,
    duplicates: 'resample',
  })
  for (let i = 0; i < 12; i++) {
    const trial = await study.ask()
    trial.report(1, trial.config.x)
    trial.setUserAttr('i', i)
    trial.setConstraint('bound', i % 2)
    await study.tell(trial, i % 5 === 4 ? { state: 'pruned' } : i % 5 === 3 ? Number.NaN : trial.config.x)
    if (!leaves) continue
    await study.close()
    study = await loadStudy({ name: 'demo', storage, searcher, paramSpace, duplicates: 'resample' })
  }
  return study.trials.map(({ startedAt: _, endedAt: __, ...trial }) => trial)
}
