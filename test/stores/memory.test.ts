import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { openStore } from '../../src/stores/open-store.ts'
import { storeConformance } from './conformance.ts'
import { sharedLogConformance } from './shared-conformance.ts'

describe('memoryStore', () => {
  storeConformance(() => memoryStore())
  sharedLogConformance(() => memoryStore())

  it('hands a log over to whoever opens it last', async () => {
    const store = memoryStore()
    const first = await store.open('a')
    await store.open('a')
    await expect(first.append([])).rejects.toThrow(/opened again since/)
  })

  it('tells by its own clock which writers are dead', async () => {
    let now = 0
    const store = memoryStore({ now: () => now })
    const [one, two] = await Promise.all([1, 2].map(() => store.open('a', { shared: true })))
    now = 10
    await two?.beat?.()
    expect(await two?.deadWriters?.(10)).toEqual([])
    now = 11
    expect(await two?.deadWriters?.(10)).toEqual([one?.writer])
    expect(() => memoryStore({ now: 1 } as never)).toThrow(OptionError)
  })

  it('keeps values that are no plain data as they are', async () => {
    const store = memoryStore()
    const half = (x: number): number => x / 2
    await (await store.open('a')).append([{ at: 0, type: 'study.attr', key: 'f', value: half }])
    expect(await store.read('a')).toMatchObject([{ value: half }])
  })
})

describe('a storage URL', () => {
  it('opens a fresh store in memory', async () => {
    expect(openStore('memory:').name).toBe('memoryStore')
    await openStore('memory:').open('a')
    expect(await openStore('memory:').names()).toEqual([])
  })

  it('of another kind is refused, naming those that there are', () => {
    expect(() => openStore('mysql://host/db')).toThrow(OptionError)
    expect(() => openStore('mysql://host/db')).toThrow(
      /there is none for "mysql:\/\/host\/db"\. URLs begin with memory:/,
    )
    expect(() => openStore('study.db')).toThrow(OptionError)
  })

  it('may be a store, and nothing else', () => {
    const store = memoryStore()
    expect(openStore(store)).toBe(store)
    expect(() => openStore({} as never)).toThrow(OptionError)
    expect(() => openStore(undefined as never)).toThrow(OptionError)
  })
})
