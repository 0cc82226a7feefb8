import { describe, expect, it } from 'vitest'
import type { LogRecord } from '../../src/core/log.ts'
import type { OpenLog, Store } from '../../src/stores/store.ts'

const attr = (value: unknown): LogRecord => ({ at: 1, type: 'study.attr', key: 'k', value })

// Long enough that a writer which was just heard of does not die on a busy machine.
const LEASE_MS = 400

/**
 * What every store promises whose logs several writers may have open at once, as tests. They hold between two stores on
 * one place as within one store.
 * @param makeStore - A store with nothing in it.
 * @param again - Another store on the same place, as another process has it. Default: the same one.
 */
export function sharedLogConformance(
  makeStore: () => Store | Promise<Store>,
  again: (store: Store) => Store | Promise<Store> = (store) => store,
): void {
  const openTwo = async (): Promise<{ store: Store; one: Shared; two: Shared }> => {
    const store = await makeStore()
    const one = sharedLog(await store.open('a', { shared: true }))
    return { store, one, two: sharedLog(await (await again(store)).open('a', { shared: true })) }
  }

  describe('a log that several writers share', () => {
    it('shows each what the others append, once and in order', async () => {
      const { one, two } = await openTwo()
      expect(await one.append([attr(1), attr(2)])).toBeUndefined()
      expect(await two.poll()).toEqual([attr(1), attr(2)])
      expect(await two.poll()).toEqual([])
      expect(await two.append([attr(3)])).toBeUndefined()
      expect(await two.append([attr(4)])).toBeUndefined()
      expect(await one.poll()).toEqual([attr(3), attr(4)])
      expect(await one.poll()).toEqual([])
      expect(await two.poll()).toEqual([])
    })

    it('keeps nothing of what does not follow from what others have appended, and says what that is', async () => {
      const { store, one, two } = await openTwo()
      await one.append([attr(1)])
      expect(await two.append([attr('lost'), attr('lost')])).toEqual([attr(1)])
      expect(await store.read('a')).toEqual([attr(1)])
      // Now it follows.
      expect(await two.append([attr(2)])).toBeUndefined()
      expect(await store.read('a')).toEqual([attr(1), attr(2)])
      expect(await one.poll()).toEqual([attr(2)])
    })

    it('is read on from where it was when it was opened', async () => {
      const { store, one } = await openTwo()
      await one.append([attr(1)])
      const late = sharedLog(await store.open('a', { shared: true }))
      expect(late.records).toEqual([attr(1)])
      expect(await late.poll()).toEqual([])
      expect(await late.append([attr(2)])).toBeUndefined()
      expect(await one.poll()).toEqual([attr(2)])
    })

    it('takes one of several changes that follow from the same, whoever comes first', async () => {
      const { store, one, two } = await openTwo()
      const writers = [one, two]
      const counts = [0, 0]
      // Each adds to the number that it finds, so that a change which was lost, or made twice, shows.
      const count = async (i: number): Promise<void> => {
        const log = writers[i] as Shared
        let last = 0
        for (let left = 20; left > 0;) {
          const others = await log.append([attr(last + 1)])
          if (others === undefined) {
            last++
            left--
            counts[i] = (counts[i] as number) + 1
          } else last = valueOf(others.at(-1))
        }
      }
      await Promise.all([count(0), count(1)])
      expect(counts).toEqual([20, 20])
      expect((await store.read('a'))?.map(valueOf)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1))
    })

    it('answers what one writer asks for without waiting, in order', async () => {
      const { store, one, two } = await openTwo()
      await Promise.all(Array.from({ length: 20 }, (_, i) => one.append([attr(i)])))
      expect(await two.poll()).toEqual(await store.read('a'))
      expect(await two.poll()).toEqual([])
    })

    it('knows its writers apart', async () => {
      const { one, two } = await openTwo()
      expect(one.writer).not.toBe('')
      expect(one.writer).not.toBe(two.writer)
    })

    it('keeps numbers that JSON has no words for, also on their way to another writer', async () => {
      const { one, two } = await openTwo()
      await one.append([attr([NaN, -Infinity, 1e-300])])
      expect(await two.poll()).toEqual([attr([NaN, -Infinity, 1e-300])])
    })

    it('tells which writers have not been heard of, but not those that have closed it', async () => {
      const { store, one: observer, two: silent } = await openTwo()
      const alive = sharedLog(await store.open('a', { shared: true }))
      const closed = sharedLog(await store.open('a', { shared: true }))
      await closed.append([attr(1)])
      await closed.close()
      expect(await observer.deadWriters(60_000)).toEqual([])
      let dead: readonly string[] = []
      for (const until = Date.now() + 20_000; !dead.includes(silent.writer) && Date.now() < until;) {
        await alive.beat()
        dead = await observer.deadWriters(LEASE_MS)
      }
      expect(dead).toContain(silent.writer)
      expect(dead).not.toContain(alive.writer)
      expect(dead).not.toContain(closed.writer)
      // It was only slow.
      await silent.beat()
      expect(await observer.deadWriters(LEASE_MS)).not.toContain(silent.writer)
    })

    it('goes on for the others when one closes it', async () => {
      const { store, one, two } = await openTwo()
      await one.append([attr(1)])
      await one.close()
      await expect(one.append([attr(2)])).rejects.toMatchObject({ name: 'StorageError' })
      expect(await two.poll()).toEqual([attr(1)])
      expect(await two.append([attr(3)])).toBeUndefined()
      expect(await store.read('a')).toEqual([attr(1), attr(3)])
    })

    it('takes it from nobody who has it alone by opening and reading it', async () => {
      const store = await makeStore()
      const only = await store.open('a')
      await only.append([attr(1)])
      const looking = sharedLog(await store.open('a', { shared: true }))
      expect(looking.records).toEqual([attr(1)])
      expect(await looking.poll()).toEqual([])
      await only.append([attr(2)])
      expect(await looking.poll()).toEqual([attr(2)])
      await looking.close()
      await only.append([attr(3)])
      expect(await store.read('a')).toEqual([attr(1), attr(2), attr(3)])
    })

    it('takes it from who has it alone with the first change that follows from what that one did', async () => {
      const store = await makeStore()
      const only = await store.open('a')
      await only.append([attr(1)])
      const taking = sharedLog(await store.open('a', { shared: true }))
      await only.append([attr(2)])
      expect(await taking.append([attr('lost')])).toEqual([attr(2)])
      await only.append([attr(3)])
      expect(await taking.append([attr('lost')])).toEqual([attr(3)])
      expect(await taking.append([attr(4)])).toBeUndefined()
      await expect(only.append([attr('late')])).rejects.toMatchObject({ code: 'notHeld' })
      expect(await taking.append([attr(5)])).toBeUndefined()
      expect(await store.read('a')).toEqual([1, 2, 3, 4, 5].map(attr))
    })

    it('never has a writer of its own besides them', async () => {
      const { store, one, two } = await openTwo()
      await one.append([attr(1)])
      await two.poll()
      const only = await store.open('a').catch(() => undefined)
      if (only === undefined) {
        expect(await two.append([attr(2)])).toBeUndefined()
      } else {
        expect(only.records).toEqual([attr(1)])
        await only.append([attr(2)])
        for (const log of [one, two]) {
          await expect(log.append([attr('late')])).rejects.toMatchObject({
            name: 'StorageError',
            code: 'notHeld',
          })
        }
      }
      expect(await store.read('a')).toEqual([attr(1), attr(2)])
    })
  })
}

type Shared = Required<OpenLog>

function sharedLog(log: OpenLog): Shared {
  const { poll, writer, beat, deadWriters } = log
  if (poll === undefined || writer === undefined || beat === undefined || deadWriters === undefined)
    throw new Error('A log that is opened as shared has poll, writer, beat and deadWriters.')
  return log as Shared
}

function valueOf(record: LogRecord | undefined): number {
  return record?.type === 'study.attr' ? (record.value as number) : 0
}
