import type { ExperimentEvent } from '../core/events.ts'
import type { EventHub } from './event-hub.ts'

/** So many events wait for a slow reader. */
export const EVENTS_WAITING_MAX = 65_536

/** Says that a reader was too slow: so many events were dropped here. */
export interface EventsDropped {
  readonly type: 'events.dropped'
  readonly count: number
}

/**
 * The events from now on, until the experiment ends. The experiment never waits for a reader: when more than
 * `EVENTS_WAITING_MAX` events wait, the oldest are dropped, and `events.dropped` stands in their place.
 */
export function eventStream(
  hub: EventHub,
  ended: Promise<unknown>,
): AsyncIterableIterator<ExperimentEvent | EventsDropped> {
  let waiting: ExperimentEvent[] = []
  // Read from here; the front is cut off now and then, since shifting a long array costs its length.
  let head = 0
  let dropped = 0
  let isOver = false
  // Each call of `next` that waits: there may be several at once.
  let readers: (() => void)[] = []

  const wakeAll = (): void => {
    if (readers.length === 0) return
    const woken = readers
    readers = []
    for (const wake of woken) wake()
  }
  const untap = hub.tap((event) => {
    if (waiting.length - head >= EVENTS_WAITING_MAX) {
      head++
      dropped++
    }
    if (head > EVENTS_WAITING_MAX) forgetRead()
    waiting.push(event)
    wakeAll()
  })
  const forgetRead = (): void => {
    waiting = waiting.slice(head)
    head = 0
  }
  const close = (): void => {
    untap()
    isOver = true
    wakeAll()
  }
  void ended.then(close)

  return {
    async next() {
      for (;;) {
        if (dropped > 0) {
          const count = dropped
          dropped = 0
          return { done: false, value: { type: 'events.dropped', count } }
        }
        const event = waiting[head]
        if (event !== undefined) {
          head++
          if (head === waiting.length) forgetRead()
          return { done: false, value: event }
        }
        if (isOver) return { done: true, value: undefined }
        await new Promise<void>((resolve) => void readers.push(resolve))
      }
    },
    return() {
      waiting = []
      head = 0
      dropped = 0
      close()
      return Promise.resolve({ done: true, value: undefined })
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
