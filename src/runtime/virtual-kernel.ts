import TinyQueue from 'tinyqueue'
import { TroupeError } from '../errors.ts'
import type { Kernel, Watch } from './kernel.ts'
import { macrotask, realNow, Turns } from './macrotask.ts'
import { keepAlive } from './real-kernel.ts'

/** A kernel whose time passes only when nothing else can happen. */
export interface VirtualKernel extends Kernel {
  /**
   * Runs events in order of (time, posting) until `isDone()`. The same events give the same order in every process.
   * @throws {TroupeError} `deadlock` when no event is left and `waitsForOutside()` is false; `stalled` when user code
   * neither came back nor ended for `stallMs` real milliseconds.
   */
  run(isDone: () => boolean, waitsForOutside: () => boolean): Promise<void>
  /** Runs what was posted and is due, without waiting for user code: who is told to leave at the very end hears of it. */
  flush(): void
}

interface Due {
  readonly at: number
  // Ties in time are broken by the order of posting: without it the heap's own order would leak in.
  readonly seq: number
  fn: (() => void) | undefined
}

interface Watched extends Watch {
  readonly isParked: () => boolean
}

// How long events may follow each other without a turn of the event loop.
const SLICE_MS = 25

// Up to so many timers that were cleared stay in the heap, whatever their share of it.
const HUSKS_MIN = 4096

// The longest delay that setTimeout takes; a longer one would fire at once.
const TIMER_MS_MAX = 2 ** 31 - 1

/**
 * Determinism by one rule: one continuation at a time. After an event that resumed user code, the clock stands still
 * until that code has called back and waits, or has ended. One turn of the event loop drains all promise reactions,
 * so harmless awaits cannot be seen; code that waits for the real world is waited for, so that cannot either.
 */
export function virtualKernel({ stallMs }: { readonly stallMs: number }): VirtualKernel {
  const order = (a: Due, b: Due): number => a.at - b.at || a.seq - b.seq
  let heap = new TinyQueue<Due>([], order)
  // What was posted is due at once, in order: it needs no place among the timers, only its turn.
  let posted: Due[] = []
  let postedDone = 0
  let husks = 0
  let now = 0
  let seq = 0
  const awake: Watched[] = []
  let wakeDriver: (() => void) | undefined

  function later(ms: number, fn: () => void): Due {
    const due: Due = { at: now + ms, seq: seq++, fn }
    heap.push(due)
    wakeDriver?.()
    return due
  }

  function post(fn: () => void): void {
    posted.push({ at: now, seq: seq++, fn })
    wakeDriver?.()
  }

  /** The timer that is due first, of those that were not cleared. */
  function firstTimer(): Due | undefined {
    let due = heap.peek()
    for (; due !== undefined && due.fn === undefined; due = heap.peek()) {
      heap.pop()
      husks--
    }
    return due
  }

  /** The next event, at its time; of those that are due by then and were posted before. */
  function take(until = Infinity, before = Infinity): (() => void) | undefined {
    const timer = firstTimer()
    const next = posted[postedDone]
    const due = next === undefined || (timer !== undefined && order(timer, next) < 0) ? timer : next
    if (due === undefined || due.at > until || due.seq >= before) return undefined
    if (due === timer) heap.pop()
    else if (++postedDone === posted.length) {
      posted = []
      postedDone = 0
    }
    now = due.at
    const { fn } = due
    // It has fired: to clear it from now on is nothing.
    due.fn = undefined
    return fn
  }

  const turns = new Turns()
  let whenParked: () => void = () => {}
  let whenStalled: (error: TroupeError) => void = () => {}

  /** Goes on with `whenParked` when all user code that is awake has called back and waits. */
  function settle(): void {
    turns.next(look)
  }

  function look(): void {
    let count = 0
    for (const watched of awake) if (!watched.isParked()) awake[count++] = watched
    awake.length = count
    if (count === 0) whenParked()
    else waitForCall()
  }

  function waitForCall(): void {
    const watchdog = setTimeout(
      () => {
        wakeDriver = undefined
        whenStalled(
          new TroupeError(
            'stalled',
            `Virtual time stands at ${now} ms: user code neither reported, slept, nor ended for ${stallMs} ms of real time. Wait with trial.sleep(ms), or raise stallMs.`,
          ),
        )
      },
      Math.min(stallMs, TIMER_MS_MAX),
    )
    wakeDriver = () => {
      wakeDriver = undefined
      clearTimeout(watchdog)
      settle()
    }
  }

  function waitForOutside(then: () => void): void {
    wakeDriver = () => {
      wakeDriver = undefined
      macrotask(then)
    }
  }

  return {
    now: () => now,
    setTimeout: (fn, ms) => later(Math.max(0, ms), fn),
    // Left in the heap as a husk: taking it out would cost a search. A run sets and clears a timer with each report, so
    // husks are thrown out when they are the greater part.
    clearTimeout(timer) {
      const due = timer as Due | undefined
      if (due?.fn === undefined) return
      due.fn = undefined
      if (++husks < HUSKS_MIN || husks < heap.length / 2) return
      heap = new TinyQueue(
        heap.data.filter(({ fn }) => fn !== undefined),
        order,
      )
      husks = 0
    },
    post,
    keepAlive,
    watch(isParked) {
      const watched: Watched = {
        isParked,
        resumed: () => void (awake.includes(watched) || awake.push(watched)),
        called: () => wakeDriver?.(),
      }
      return watched
    },
    flush() {
      const next = seq
      for (let fn = take(now, next); fn !== undefined; fn = take(now, next)) fn()
    },
    run(isDone, waitsForOutside) {
      return new Promise((resolve, reject) => {
        let sliceStart = realNow()
        // Called anew after each turn of the event loop. Without a promise for each, of which there would be thousands.
        function goOn(): void {
          try {
            drive()
          } catch (error) {
            reject(error)
          }
        }
        function drive(): void {
          for (;;) {
            // Code may have been resumed from outside of any event, before the first one.
            if (awake.length > 0) return settle()
            if (isDone()) return resolve()
            const fn = take()
            if (fn === undefined) {
              if (!waitsForOutside()) throw nothingLeft(now)
              return waitForOutside(goOn)
            }
            fn()
            if (awake.length > 0 || realNow() - sliceStart <= SLICE_MS) continue
            sliceStart = realNow()
            return macrotask(goOn)
          }
        }
        whenParked = goOn
        whenStalled = reject
        goOn()
      })
    },
  }
}

function nothingLeft(now: number): TroupeError {
  return new TroupeError(
    'deadlock',
    `Nothing is left to happen at ${now} ms of virtual time, and the experiment has not ended.`,
  )
}
