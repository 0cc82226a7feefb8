import { afterEach, describe, expect, it, vi } from 'vitest'
import { realKernel } from '../../src/runtime/real-kernel.ts'

const DAY_MS = 86_400_000

afterEach(() => void vi.useRealTimers())

describe('real time', () => {
  it('begins at 0 with the kernel', () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    vi.advanceTimersByTime(5000)
    const kernel = realKernel()
    expect(kernel.now()).toBe(0)
    vi.advanceTimersByTime(12)
    expect(kernel.now()).toBe(12)
  })

  it('runs what is posted in order, never inside the caller, and without a turn of the event loop', async () => {
    // However slow the machine is, these take no time.
    vi.useFakeTimers({ toFake: ['performance'] })
    const kernel = realKernel()
    const ran: string[] = []
    kernel.post(() => {
      ran.push('first')
      kernel.post(() => ran.push('third'))
    })
    kernel.post(() => ran.push('second'))
    expect(ran).toEqual([])
    for (let i = 0; i < 4; i++) await null
    expect(ran).toEqual(['first', 'second', 'third'])
  })

  it('keeps the order of posts across turns of the event loop', async () => {
    const kernel = realKernel()
    const ran: number[] = []
    await new Promise<void>((resolve) => {
      const post = (n: number): void => {
        kernel.post(() => {
          ran.push(n)
          // Some 5 µs each: many slices.
          for (const spin = performance.now() + 0.005; performance.now() < spin;);
          if (n === 20_000) resolve()
        })
      }
      for (let n = 0; n <= 20_000; n++) {
        if (n % 2 === 0) post(n)
        else kernel.post(() => ran.push(n))
      }
    })
    expect(ran).toEqual(Array.from({ length: 20_001 }, (_, n) => n))
  })

  it('lets timers fire while an endless chain of posts runs', async () => {
    const kernel = realKernel()
    let isOver = false
    let count = 0
    const again = (): void => {
      count++
      // A safety net: without turns of the event loop this test would never end.
      if (!isOver && count < 1e8) kernel.post(again)
    }
    kernel.post(again)
    await new Promise<void>((resolve) => {
      kernel.setTimeout(() => {
        isOver = true
        resolve()
      }, 30)
    })
    expect(count).toBeGreaterThan(100)
    expect(count).toBeLessThan(1e8)
  })

  it('waits as long as it is told, also beyond what a timer of the host can hold', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const kernel = realKernel()
    const fired = vi.fn()
    kernel.setTimeout(fired, 60 * DAY_MS)
    vi.advanceTimersByTime(60 * DAY_MS - 1)
    expect(fired).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(fired).toHaveBeenCalledOnce()
  })

  it('clears a long timer in whichever part of it', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const kernel = realKernel()
    const fired = vi.fn()
    const timers = [0, 30, 59].map((day) => ({ day, timer: kernel.setTimeout(fired, 60 * DAY_MS) }))
    for (let today = 0; today < 100; today++) {
      for (const { day, timer } of timers) if (day === today) kernel.clearTimeout(timer)
      vi.advanceTimersByTime(DAY_MS)
    }
    expect(fired).not.toHaveBeenCalled()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('lets a timer be cleared twice, after it fired, and when there is none', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const kernel = realKernel()
    const fired = vi.fn()
    const timer = kernel.setTimeout(fired, 1)
    vi.advanceTimersByTime(1)
    kernel.clearTimeout(timer)
    kernel.clearTimeout(timer)
    kernel.clearTimeout(undefined)
    expect(fired).toHaveBeenCalledOnce()
  })

  it('does not watch user code, for which real time never waits', () => {
    const watch = realKernel().watch(() => {
      throw new Error('nobody asks')
    })
    expect(() => {
      watch.resumed()
      watch.called()
    }).not.toThrow()
  })
})
