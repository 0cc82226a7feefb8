import type { Kernel, Watch } from './kernel.ts'
import { macrotask } from './macrotask.ts'

// Long enough to be rare, short enough that timers, signals and the host's own work are not kept waiting.
const SLICE_MS = 10

// The longest delay that setTimeout takes; a longer one would fire at once.
const TIMER_MS_MAX = 2 ** 31 - 1

/**
 * The kernel of a real run: the machine's clock, and promises' own order.
 *
 * What is posted runs in a microtask, so that a report costs no turn of the event loop. But user code that only ever
 * reports would then never let a timer fire: after `SLICE_MS` without a turn, the next batch waits for one.
 */
export function realKernel(): Kernel {
  const origin = performance.now()
  let queue: (() => void)[] = []
  let scheduled = false
  let sliceStart = origin

  function drain(): void {
    const batch = queue
    queue = []
    scheduled = false
    for (const fn of batch) fn()
  }

  function drainInNewSlice(): void {
    sliceStart = performance.now()
    drain()
  }

  return {
    now: () => performance.now() - origin,
    setTimeout(fn, ms) {
      const timer: LongTimer = { handle: undefined }
      arm(timer, fn, ms)
      return timer
    },
    clearTimeout: (timer) => globalThis.clearTimeout((timer as LongTimer | undefined)?.handle),
    post(fn) {
      queue.push(fn)
      if (scheduled) return
      scheduled = true
      if (performance.now() - sliceStart > SLICE_MS) macrotask(drainInNewSlice)
      else queueMicrotask(drain)
    },
    keepAlive,
    watch: () => UNWATCHED,
  }
}

/** Keeps the process from ending by itself, in Node. Gives how to let it go. */
export function keepAlive(): () => void {
  const timer = setInterval(() => {}, TIMER_MS_MAX)
  return () => clearInterval(timer)
}

const UNWATCHED: Watch = { resumed: () => {}, called: () => {} }

interface LongTimer {
  handle: ReturnType<typeof setTimeout> | undefined
}

function arm(timer: LongTimer, fn: () => void, ms: number): void {
  timer.handle =
    ms <= TIMER_MS_MAX
      ? setTimeout(fn, ms)
      : setTimeout(() => arm(timer, fn, ms - TIMER_MS_MAX), TIMER_MS_MAX)
}
