import { type ActorLogic, type AnyActorRef, createActor, type Snapshot } from 'xstate'
import type { TrialRecord } from '../src/core/trial.ts'
import { deliver } from './mail.ts'
import type { TrialsMessage } from './protocol.ts'
import { trialMachine } from './trial.ts'

/** What the trials’ supervisor is made with. */
export interface TrialsInput {
  /** Whom the trials report to. */
  readonly experiment: AnyActorRef
  readonly maxFailures: number
  readonly hasFinalValue: (record: TrialRecord) => boolean
}

/** The supervisor's snapshot: the seats in use. The same object for its whole life, since it may hold 10,000 trials. */
export type TrialsSnapshot = Snapshot<undefined> & {
  readonly input: TrialsInput
  /** The trials that have an actor, by the id of that actor. */
  readonly seats: Map<string, { readonly number: number; readonly ref: AnyActorRef }>
  readonly freeSeats: string[]
  /** Whether the experiment waits to hear that all seats are empty. */
  readonly closing: { isAsked: boolean }
}

/** What XState itself sends to the parent of an actor that ended. */
export interface ChildEnded {
  readonly type: `xstate.${'done' | 'error'}.actor.${string}`
  readonly actorId: string
  readonly error?: unknown
}

/** What XState sends to an actor that is stopped by its parent. */
export interface StopSignal {
  readonly type: 'xstate.stop'
}

/** The supervisor as XState takes it. */
export interface TrialsLogic extends ActorLogic<
  TrialsSnapshot,
  TrialsMessage | ChildEnded | StopSignal,
  TrialsInput
> {}

/**
 * Parent of all trial actors: makes them, hears of their ends, and stops those left over when it is stopped itself.
 *
 * Not a machine, and its children are not in a machine's `children`: those are copied whole at each spawn and stop,
 * which at 1,000 trials takes three quarters of the time. And not a machine so that a trial's crash is an ordinary
 * message, which can never reach its neighbours. Ids of actors are seats, used again, since machines keep a cache
 * entry for each id that ever ended.
 */
export function trialsSupervisorOf(machine: typeof trialMachine): TrialsLogic {
  return {
    getInitialSnapshot: (_, input) => ({
      status: 'active',
      output: undefined,
      error: undefined,
      input,
      seats: new Map(),
      freeSeats: [],
      closing: { isAsked: false },
    }),

    transition(snapshot, event, { self, stopChild }) {
      const { seats, freeSeats, input, closing } = snapshot
      if (event.type === 'trials.spawn') {
        const { record, run } = event
        const seat = freeSeats.pop() ?? `trial-${seats.size}`
        const { experiment, maxFailures, hasFinalValue } = input
        const ref = createActor(machine, {
          id: seat,
          parent: self,
          input: { record, run, experiment, maxFailures, hasFinalValue },
        })
        seats.set(seat, { number: record.number, ref })
        run.connect(ref)
        deliver(self, input.experiment, { type: 'trials.spawned', trial: record.number, ref })
        ref.start()
      } else if (isChildEnded(event)) {
        const seat = seats.get(event.actorId)
        if (seat === undefined) return snapshot
        seats.delete(event.actorId)
        freeSeats.push(event.actorId)
        if (event.type.startsWith('xstate.error')) {
          deliver(self, input.experiment, { type: 'trials.crashed', trial: seat.number, error: event.error })
        }
        if (closing.isAsked && seats.size === 0) deliver(self, input.experiment, { type: 'trials.closed' })
      } else if (event.type === 'trials.close') {
        // A trial that has ended is about to say so to its parent, which must be there to hear it.
        for (const [id, { ref }] of seats) {
          if (ref.getSnapshot().status !== 'active') continue
          seats.delete(id)
          stopChild(ref)
        }
        closing.isAsked = true
        if (seats.size === 0) deliver(self, input.experiment, { type: 'trials.closed' })
      } else if (event.type === 'xstate.stop') {
        // Nobody else would: these children are in no machine's `children`.
        for (const { ref } of seats.values()) stopChild(ref)
        seats.clear()
      }
      return snapshot
    },

    getPersistedSnapshot: (snapshot) => snapshot,
  }
}

/** The supervisor of a run. */
export const trialsSupervisor: TrialsLogic = trialsSupervisorOf(trialMachine)

function isChildEnded(event: TrialsMessage | ChildEnded | StopSignal): event is ChildEnded {
  return event.type.startsWith('xstate.done.actor.') || event.type.startsWith('xstate.error.actor.')
}
