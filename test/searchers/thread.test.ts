import { describe, expect, it } from 'vitest'
import type { SearchContext } from '../../src/searchers/searcher.ts'
import { inThread } from '../../src/searchers/thread.ts'

const plain = {
  name: 'mine',
  start: () => ({ suggest: () => ({ kind: 'finished' as const }), tell: () => {} }),
}

describe('thread', () => {
  it('changes nothing unless it is asked for', () => {
    expect(inThread(plain, {})).toBe(plain)
    expect(inThread(plain, { thread: false })).toBe(plain)
  })

  it('orders the searcher by its factory and its own options alone', () => {
    const orders: unknown[] = []
    const context = {
      startThread: (order: unknown) => {
        orders.push(order)
        return plain.start()
      },
    } as unknown as SearchContext
    const options = { thread: true, seed: 7, metric: 'loss', mode: 'min', width: 3 } as const
    inThread(plain, options).start(context)
    expect(orders).toEqual([{ factory: 'mine', options: { width: 3 } }])
  })

  it('refuses an option that is a function', () => {
    const options = { thread: true, gamma: () => 3 }
    expect(() => inThread(plain, options)).toThrow(
      /mine\.gamma is a function, which cannot be sent to a thread/,
    )
  })

  it('says so where no thread is to be had', () => {
    const { start } = inThread(plain, { thread: true })
    expect(() => start({} as SearchContext)).toThrow(/offers none/)
  })
})
