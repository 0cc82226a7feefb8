import type { AnyActorRef, AnyEventObject, AnyStateMachine, EventFromLogic, SnapshotFrom } from 'xstate'
import { TroupeError } from '../src/errors.ts'
import { deliver } from './mail.ts'

interface Situation<Context, Message> {
  readonly context: Context
  readonly event: Message
}

/** What the names in a flat chart stand for; the chart itself is made with the same functions. */
export interface FlatParts<Context, Message, Input> {
  readonly context: (args: { readonly input: Input }) => Context
  readonly guards: Readonly<Record<string, (situation: Situation<Context, Message>) => boolean>>
  /** Actions that do something at once. */
  readonly deeds: Readonly<Record<string, (situation: Situation<Context, Message>) => void>>
  /** Actions that change the context. */
  readonly changes: Readonly<Record<string, (situation: Situation<Context, Message>) => Partial<Context>>>
  /** Actions that send a message, once the step is over. The second argument is the action's `params`. */
  readonly messages: Readonly<
    Record<string, (situation: Situation<Context, Message>, params: never) => AnyEventObject>
  >
  readonly addressee: (context: Context) => AnyActorRef
}

type StateNode = AnyStateMachine['root']
type Transition = NonNullable<StateNode['always']>[number]

/** What a step needs of the actor that does it. */
interface Scope {
  readonly self: AnyActorRef
  readonly defer: (fn: () => void) => void
}

/** One action, ready to be done. Gives the context that it leaves. */
type Step<Context, Message> = (context: Context, event: Message, scope: Scope, isInitial: boolean) => Context

interface Way<Context, Message> {
  readonly guard: ((situation: Situation<Context, Message>) => boolean) | undefined
  readonly steps: readonly Step<Context, Message>[]
  /** The state that is entered; undefined when it is not left. */
  readonly target: Place<Context, Message> | undefined
}

interface Place<Context, Message> {
  readonly key: string
  readonly entry: readonly Step<Context, Message>[]
  /** What can be taken at each message, in the order in which guards are asked. */
  readonly ways: Map<string, Way<Context, Message>[]>
}

/**
 * The same flat machine, which goes from state to state by a table that is read off the chart. A flat chart has states
 * side by side, with entry actions, guards and actions by name, and nothing else: no nesting, no exit actions, timers,
 * invoked actors or `always`. What XState does at such a step is little, but it finds out anew each time what to do,
 * for charts of every kind. What the table has no word for, such as being stopped, is left to XState.
 *
 * Inspectors see the events and snapshots, as from the chart; of steps and single actions they hear nothing.
 * @throws {TroupeError} with code `'internal'` when the chart is not flat, or a name stands for nothing.
 */
export function withFlatPath<Machine extends AnyStateMachine, Context, Message, Input>(
  machine: Machine,
  parts: FlatParts<Context, Message, Input>,
): Machine {
  const fast: Machine = Object.create(machine) as Machine
  const places = placesOf(machine, parts)
  const first = places.get(machine.root.initial.target[0]?.key ?? '') as Place<Context, Message>
  // Snapshots of each state, complete but for the context.
  const snapshots = new Map<Place<Context, Message>, object>()
  for (const place of places.values()) {
    const snapshot = fast.resolveState({ value: place.key, context: {} })
    snapshots.set(place, snapshot)
  }

  function enter(place: Place<Context, Message>, context: Context): SnapshotFrom<Machine> {
    return { ...snapshots.get(place), context } as SnapshotFrom<Machine>
  }

  fast.getInitialSnapshot = (scope, input) => {
    const event = { type: 'xstate.init', input } as Message
    const context = parts.context({ input: input as Input })
    return enter(first, run(first.entry, context, event, scope, true))
  }

  fast.transition = (snapshot, event, scope) => {
    const { value, status } = snapshot as { value: string; status: string }
    const ways = status === 'active' ? places.get(value)?.ways.get(event.type) : undefined
    const before = snapshot.context as Context
    const message = event as Message
    const way = ways?.find(({ guard }) => guard === undefined || guard({ context: before, event: message }))
    if (way === undefined) return machine.transition(snapshot, event as EventFromLogic<Machine>, scope)
    const { steps, target } = way
    const context = run(steps, before, message, scope, false)
    if (target !== undefined) return enter(target, run(target.entry, context, message, scope, false))
    return context === before ? snapshot : ({ ...(snapshot as object), context } as typeof snapshot)
  }
  return fast
}

function run<Context, Message>(
  steps: readonly Step<Context, Message>[],
  before: Context,
  event: Message,
  scope: Scope,
  isInitial: boolean,
): Context {
  let context = before
  for (const step of steps) context = step(context, event, scope, isInitial)
  return context
}

function placesOf<Context, Message, Input>(
  { root }: AnyStateMachine,
  parts: FlatParts<Context, Message, Input>,
): Map<string, Place<Context, Message>> {
  const nodes = Object.values(root.states)
  if ([root, ...nodes].some((node) => !isFlat(node, root))) throw notFlat(root)
  const places = new Map<string, Place<Context, Message>>()
  for (const { key, entry } of nodes) places.set(key, { key, entry: stepsOf(entry, parts), ways: new Map() })
  for (const { key, transitions } of nodes) {
    for (const [type, candidates] of transitions) {
      places.get(key)?.ways.set(
        type,
        candidates.map((candidate) => wayOf(candidate, places, parts)),
      )
    }
  }
  return places
}

function isFlat(node: StateNode, root: StateNode): boolean {
  const { always, exit, after, invoke, states, transitions, entry } = node
  if (always !== undefined || exit.length > 0 || after.length > 0 || invoke.length > 0) return false
  if (node === root) return root.type === 'compound' && transitions.size === 0 && entry.length === 0
  return Object.keys(states).length === 0 && (node.type === 'atomic' || node.type === 'final')
}

function wayOf<Context, Message, Input>(
  { guard, actions, target, source, reenter }: Transition,
  places: ReadonlyMap<string, Place<Context, Message>>,
  parts: FlatParts<Context, Message, Input>,
): Way<Context, Message> {
  // One to the state itself that does not enter it anew is taken within it, which only tells in nested charts.
  if (target !== undefined && (target.length !== 1 || (target[0] === source && !reenter)))
    throw notFlat(source.machine.root)
  return {
    guard: guard === undefined ? undefined : named(parts.guards, guard),
    steps: stepsOf(actions, parts),
    target: target?.[0] && places.get(target[0].key),
  }
}

function stepsOf<Context, Message, Input>(
  actions: readonly unknown[],
  { deeds, changes, messages, addressee }: FlatParts<Context, Message, Input>,
): Step<Context, Message>[] {
  return actions.map((action): Step<Context, Message> => {
    const name = nameOf(action)
    const deed = deeds[name]
    if (deed !== undefined) {
      return (context, event, scope, isInitial) => {
        // An actor that has not started yet does nothing before it has.
        if (isInitial) scope.defer(() => deed({ context, event }))
        else deed({ context, event })
        return context
      }
    }
    const change = changes[name]
    if (change !== undefined) return (context, event) => ({ ...context, ...change({ context, event }) })
    const message = named(messages, action)
    const params = paramsOf(action) as never
    return (context, event, scope) => {
      const said = message({ context, event }, params)
      scope.defer(() => deliver(scope.self, addressee(context), said))
      return context
    }
  })
}

function named<T>(parts: Readonly<Record<string, T>>, reference: unknown): T {
  const part = parts[nameOf(reference)]
  if (part !== undefined) return part
  throw new TroupeError('internal', `A flat chart names ${nameOf(reference)}, which is none of its parts.`)
}

function nameOf(reference: unknown): string {
  if (typeof reference === 'string') return reference
  const { type } = (reference ?? {}) as { readonly type?: unknown }
  return typeof type === 'string' ? type : 'inline'
}

function paramsOf(reference: unknown): unknown {
  return typeof reference === 'object' ? (reference as { readonly params?: unknown }).params : undefined
}

function notFlat({ id }: StateNode): TroupeError {
  return new TroupeError('internal', `The chart ${id} is not flat, and cannot be run by a table.`)
}
