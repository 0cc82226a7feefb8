import { type AnyActorRef, type AnyEventObject, enqueueActions, setup } from 'xstate'
import { asError, DivergenceError, OptionError, SpaceError, TroupeError } from '../src/errors.ts'
import { deliver } from './mail.ts'
import type { Culprit, PolicyActor, PolicyFault } from './protocol.ts'

/**
 * A policy with its history, as the actor around it sees it. A policy may throw at any time; the host can then be
 * told to start over from what it recorded.
 */
export interface PolicyHost<Message extends AnyEventObject> {
  /** The actor that it speaks as. */
  readonly actor: PolicyActor
  /** Who threw, after `handle` did. */
  readonly culprit: Culprit
  /**
   * Does one message and gives the answers for the experiment, in order; a promise while the policy thinks.
   * Throws, or rejects with, whatever the policy threw.
   */
  handle(message: Message): readonly AnyEventObject[] | Promise<readonly AnyEventObject[]>
  /**
   * Makes the policy anew and does the recorded calls again; a promise while the policy thinks. Throws, or rejects,
   * when it does not come to the same answers.
   */
  restart(): void | Promise<void>
}

/** What the actor around a policy is made with. */
export interface PolicyInput<Message extends AnyEventObject = AnyEventObject> {
  readonly host: PolicyHost<Message>
  readonly experiment: AnyActorRef
  /** Milliseconds on the experiment's clock. */
  readonly now: () => number
  /** Keeps virtual time still until the promise settles. */
  readonly holdTime: (thinking: Promise<unknown>) => void
}

/** Context of the actor around a policy. */
export interface PolicyContext extends PolicyInput {
  /** Messages that wait for the policy, the one that made it throw first. */
  readonly queue: AnyEventObject[]
  /** When it was restarted. */
  readonly restarts: number[]
  /** What was thrown last, and by whom. */
  readonly thrown: {
    error: Error | undefined
    culprit: Culprit | undefined
    broken: boolean
    thinking: boolean
  }
}

/** How often a policy may be restarted within `RESTART_WINDOW_MS` before its experiment is given up. */
export const RESTARTS_MAX = 3
export const RESTART_WINDOW_MS = 60_000

// The pause before a restart, doubled each time: 100, 200, 400 ms.
const BACKOFF_MS = 100

/** What the actor of a policy tells itself. */
type PolicyNote =
  /** policy → policy: it threw, and what it was doing waits in the queue. */
  | { readonly type: 'policy.threw' }
  /** policy → policy: it gave a promise. */
  | { readonly type: 'policy.thinks' }
  /** policy → policy: the promise has settled. */
  | { readonly type: 'policy.thought' }
  /** policy → policy: it is ready again, and messages wait. */
  | { readonly type: 'policy.drain' }

/**
 * What the actors around the searcher and the scheduler share: a policy is called, its answers go to the experiment;
 * when it throws it is restarted from its history, up to a limit in a window of time, and the message is tried again.
 */
export const policySetup = setup({
  types: {
    context: {} as PolicyContext,
    events: {} as PolicyNote | { readonly type: 'searcher.*' } | { readonly type: 'scheduler.*' },
    input: {} as PolicyInput,
  },
  actions: {
    serve: ({ context, event, self }) => serve(context, event, self),
    enqueue: ({ context, event }) => void context.queue.push(event),
    drain: ({ context, self }) => drain(context, self),
    // In a step of its own, since the answers may lead to anything, a new trial included.
    drainNext: enqueueActions(({ context, enqueue, self }) => {
      if (context.queue.length > 0) enqueue.sendTo(self, { type: 'policy.drain' })
    }),
    restart: ({ context, self }) => {
      context.restarts.push(context.now())
      try {
        const restarted = context.host.restart()
        if (restarted === undefined) goOn(context, self)
        else think(context, self, restarted, () => goOn(context, self), undefined)
      } catch (error) {
        broke(context, self, error, undefined)
      }
    },
    giveUp: ({ context, self }) => deliver(self, context.experiment, policyEvent('policy.failed', context)),
  },
  guards: {
    mayRestart: ({ context }) => {
      return !isForGood(context.thrown.error) && recentRestarts(context) < RESTARTS_MAX
    },
  },
  delays: {
    restartDelay: ({ context }) => BACKOFF_MS * 2 ** recentRestarts(context),
  },
})

function recentRestarts({ restarts, now }: PolicyContext): number {
  const since = now() - RESTART_WINDOW_MS
  return restarts.filter((at) => at >= since).length
}

/** A policy that is not repeatable, or what a user gave wrong, would be so again. */
function isForGood(error: Error | undefined): boolean {
  return error instanceof DivergenceError || isUsersFault(error)
}

/** Whether it was no policy that was at fault, but what the user gave it: a space, points, an option or `where`. */
export function isUsersFault(error: Error | undefined): boolean {
  if (error instanceof SpaceError || error instanceof OptionError) return true
  return error instanceof TroupeError && error.code === 'where'
}

/** The context that both actors start with. */
export function policyContext(input: PolicyInput): PolicyContext {
  const thrown = { error: undefined, culprit: undefined, broken: false, thinking: false }
  return { ...input, queue: [], restarts: [], thrown }
}

/** Does a message, or keeps it for later when the policy is not ready. */
export function serve(context: PolicyContext, message: AnyEventObject, self: AnyActorRef): void {
  const { queue, thrown } = context
  if (thrown.broken || thrown.thinking || queue.length > 0) queue.push(message)
  else handle(context, message, self)
}

function handle(context: PolicyContext, message: AnyEventObject, self: AnyActorRef): void {
  const { host, experiment } = context
  try {
    const answers = host.handle(message)
    if (!(answers instanceof Promise)) pass(answers, self, experiment)
    else think(context, self, answers, (list) => pass(list, self, experiment), message)
  } catch (error) {
    broke(context, self, error, message)
  }
}

function pass(answers: readonly AnyEventObject[], self: AnyActorRef, experiment: AnyActorRef): void {
  for (const answer of answers) deliver(self, experiment, answer)
}

/** @param message - What it thinks about, to be done again should it throw. */
function think<T>(
  context: PolicyContext,
  self: AnyActorRef,
  thought: Promise<T>,
  take: (result: T) => void,
  message: AnyEventObject | undefined,
): void {
  const { thrown, holdTime } = context
  thrown.thinking = true
  deliver(self, self, { type: 'policy.thinks' })
  const settle = (conclude: () => void): void => {
    thrown.thinking = false
    // The experiment may have ended without waiting for it.
    if (self.getSnapshot().status === 'active') conclude()
  }
  const settled = thought.then(
    (result) =>
      settle(() => {
        take(result)
        deliver(self, self, { type: 'policy.thought' })
      }),
    (error: unknown) => settle(() => broke(context, self, error, message)),
  )
  holdTime(settled)
}

function goOn(context: PolicyContext, self: AnyActorRef): void {
  context.thrown.broken = false
  deliver(self, context.experiment, policyEvent('policy.restarted', context))
}

function broke(
  { thrown, queue, host }: PolicyContext,
  self: AnyActorRef,
  error: unknown,
  message: AnyEventObject | undefined,
): void {
  thrown.error = asError(error)
  thrown.culprit = host.culprit
  thrown.broken = true
  if (message !== undefined) queue.unshift(message)
  deliver(self, self, { type: 'policy.threw' })
}

/** Does the messages that wait. */
export function drain(context: PolicyContext, self: AnyActorRef): void {
  const { queue, thrown } = context
  // A message may make the policy throw (and is then back at the head) or think: the rest waits in order.
  while (queue.length > 0 && !thrown.broken && !thrown.thinking)
    handle(context, queue.shift() as AnyEventObject, self)
}

function policyEvent(
  type: 'policy.restarted' | 'policy.failed',
  { host, thrown, restarts }: PolicyContext,
): { readonly type: string } & PolicyFault {
  const { error, culprit } = thrown
  // A policy that failed has thrown, and what it threw is kept.
  return {
    type,
    actor: host.actor,
    culprit: culprit as Culprit,
    error: error as Error,
    restarts: restarts.length,
  }
}
