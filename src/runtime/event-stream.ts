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
export function eventStream(hub: EventHub, ended: Promise<unknown>): AsyncIterableIterator<ExperimentEvent | EventsDropped> {
  let waiting: ExperimentEvent[] = []
  // Read from here; the front is cut off now and then, since shifting a long array costs its length.
  let head = 0
  let dropped = 0
  let isOver = false
  let wake: (() => void) | undefined

  const untap = hub.tap((event) => {
    if (waiting.length - head >= EVENTS_WAITING_MAX) {
      head++
      dropped++
    }
    if (head > EVENTS_WAITING_MAX) {
      waiting = waiting.slice(head)
      head = 0
    }
    waiting.push(event)
    wake?.()
  })
  const close = (): void => {
    untap()
    isOver = true
    wake?.()
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
          return { done: false, value: event }
        }
        if (isOver) return { done: true, value: undefined }
        await new Promise<void>((resolve) => (wake = resolve))
        wake = undefined
      }
    },
    return() {
      close()
      waiting = []
      head = 0
      return Promise.resolve({ done: true, value: undefined })
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
