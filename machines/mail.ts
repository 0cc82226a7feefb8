import type { ActorSystem, AnyActorRef, AnyEventObject } from 'xstate'

// What XState's own `sendTo` goes through. It is not in its types, so it is asked for, not relied upon.
interface Relay {
  _relay?(source: AnyActorRef, target: AnyActorRef, event: AnyEventObject): void
}

/**
 * Sends a message at once and says who sent it. `target.send(message)` alone would leave inspectors, and so the
 * picture of who talks to whom, without the sender.
 *
 * The receiver runs before the sender's own snapshot is committed, so a message must hold all that it is about.
 */
export function deliver(source: AnyActorRef, target: AnyActorRef, message: AnyEventObject): void {
  const system = source.system as ActorSystem<never> & Relay
  if (system._relay === undefined) target.send(message)
  else system._relay(source, target, message)
}
