import type { Callback, CallbackSession } from '../tuner/callback.ts'
import { EVENT_NAMES, type ExperimentEventName } from '../core/events.ts'

/** Several callbacks as one: each event goes to all of them, in order. Listeners beside `start` are not called. */
export function together(name: string, parts: readonly Callback[]): Callback {
  return {
    name,
    async start(view, signal) {
      const sessions: CallbackSession[] = []
      for (const part of parts) sessions.push((await part.start?.(view, signal)) ?? {})
      return joined(sessions)
    },
  }
}

function joined(sessions: readonly CallbackSession[]): CallbackSession {
  const listeners: Partial<Record<ExperimentEventName, (event: never) => void>> = {}
  for (const name of EVENT_NAMES) {
    const heard = sessions.flatMap((session) => {
      const listener = session[name] as ((event: never) => unknown) | undefined
      return listener === undefined ? [] : [listener]
    })
    if (heard.length === 0) continue
    listeners[name] = (event) => {
      for (const listener of heard) listener(event)
    }
  }
  return {
    ...(listeners as CallbackSession),
    async end(told) {
      for (const session of sessions) await session.end?.(told)
    },
  }
}
