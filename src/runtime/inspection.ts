import type { AnyActorRef, InspectionEvent, Observer } from 'xstate'
import { harmless } from './harmless.ts'

/** Whoever speaks XState's inspection protocol: a function, or an observer. */
export type Inspector = ((event: InspectionEvent) => void) | Observer<InspectionEvent>

/**
 * An inspector that cannot harm: XState calls it in the middle of whoever sends a message, so that what it throws
 * would be thrown there.
 */
export function guardedInspector(
  inspector: Inspector,
  onThrown: (error: Error) => void,
): Observer<InspectionEvent> {
  const next = typeof inspector === 'function' ? inspector : inspector.next?.bind(inspector)
  return {
    next(event) {
      harmless(() => next?.(event), onThrown)
    },
    error: () => {},
    complete: () => {},
  }
}

/** Tells a late inspector of the actors that live, and where each is, as if it had been there from the start. */
export function replayTo(
  observer: Observer<InspectionEvent>,
  root: AnyActorRef,
  actors: Iterable<AnyActorRef>,
): void {
  const rootId = root.sessionId
  for (const actorRef of actors) observer.next?.({ type: '@xstate.actor', actorRef, rootId })
  for (const actorRef of actors) {
    const snapshot: unknown = actorRef.getSnapshot()
    observer.next?.({
      type: '@xstate.snapshot',
      actorRef,
      rootId,
      event: { type: 'xstate.init' },
      snapshot: snapshot as never,
    })
  }
}
