import { type ActorRefFrom, type AnyActorRef, assign, setup } from 'xstate'
import { asError } from '../src/errors.ts'
import type { Controller } from './controller.ts'
import { withFastPath } from './fast-path.ts'
import type { PolicyInput } from './policy.ts'
import type { ExperimentMessage, Failure } from './protocol.ts'
import { schedulerMachine } from './scheduler.ts'
import { searcherMachine } from './searcher.ts'
import { hasFinalValue } from './trial-values.ts'
import { trialsSupervisor } from './trials.ts'

/** What the experiment’s actor is made with. */
export interface ExperimentInput {
  readonly controller: Controller
  readonly searcher: Omit<PolicyInput, 'experiment'>
  readonly scheduler: Omit<PolicyInput, 'experiment'>
}

/** Context of the experiment’s chart. */
export interface ExperimentContext extends ExperimentInput {
  /** Why it could not go on, if it could not. */
  readonly failure: Failure | undefined
}

/** What XState sends when one of the experiment's own actors broke: a fault of the runtime. */
export interface ActorBroke {
  readonly type: `xstate.error.actor.${string}`
  readonly actorId: string
  readonly error: unknown
}

/**
 * The experiment: root of all its actors. Its chart says in which part of its life it is; what it does with the
 * messages of trials, searcher and scheduler is the controller's.
 */
export const experimentChart = setup({
  types: {
    context: {} as ExperimentContext,
    events: {} as ExperimentMessage | ActorBroke,
    input: {} as ExperimentInput,
  },
  actors: { searcher: searcherMachine, scheduler: schedulerMachine, trials: trialsSupervisor },
  actions: {
    begin: ({ context }) => context.controller.begin(),
    meetActors: ({ context, self }) => {
      const { searcher, scheduler, trials } = self.getSnapshot().children as Record<string, AnyActorRef>
      context.controller.meet({
        self,
        searcher: searcher as AnyActorRef,
        scheduler: scheduler as AnyActorRef,
        trials: trials as AnyActorRef,
      })
    },
    conduct: ({ context, event }) => context.controller.handle(event as ExperimentMessage),
    interruptTrials: ({ context, event }) => {
      if (event.type === 'experiment.stop') context.controller.stop(event.by, event.graceful)
    },
    abandonTrials: ({ context, event }) => {
      if (event.type === 'experiment.abort') context.controller.abort(event.failure)
    },
    giveUp: ({ context, event }) => {
      if (event.type === 'experiment.fail') context.controller.fail(event.failure)
    },
    failOnBrokenActor: ({ context, event }) => {
      const { actorId, error } = event as ActorBroke
      context.controller.onActorBroke(actorId, asError(error))
    },
    rememberFailure: assign({
      failure: ({ context, event }) => context.failure ?? ('failure' in event ? event.failure : undefined),
    }),
  },
  guards: {
    hasFailed: ({ context }) => context.failure !== undefined,
    isUrgent: ({ event }) => event.type === 'experiment.stop' && !event.graceful,
  },
}).createMachine({
  id: 'experiment',
  description:
    'The controller: asks the searcher for trials, starts them, and passes reports to the scheduler.',
  context: ({ input }) => ({ ...input, failure: undefined }),
  invoke: [
    {
      id: 'searcher',
      src: 'searcher',
      input: ({ context, self }) => ({ ...context.searcher, experiment: self }),
    },
    {
      id: 'scheduler',
      src: 'scheduler',
      input: ({ context, self }) => ({ ...context.scheduler, experiment: self }),
    },
    {
      id: 'trials',
      src: 'trials',
      input: ({ context: { controller }, self }) => ({
        experiment: self,
        maxFailures: controller.plan.maxFailures,
        hasFinalValue: (record) => hasFinalValue(record, controller.plan),
      }),
    },
  ],
  entry: 'meetActors',
  initial: 'idle',
  states: {
    idle: {
      description: 'Made, and not yet begun.',
      on: {
        'experiment.start': 'running',
        'experiment.stop': { target: 'stopping', actions: 'interruptTrials' },
      },
    },
    running: {
      description: 'Trials are asked for, run, and end.',
      entry: 'begin',
      on: {
        'experiment.stop': { target: 'stopping', actions: 'interruptTrials' },
        'experiment.fail': { target: 'stopping', actions: ['rememberFailure', 'giveUp'] },
        'experiment.abort': { target: 'stopping', actions: ['rememberFailure', 'abandonTrials'] },
        'experiment.finish': 'done',
      },
    },
    stopping: {
      description: 'No trial starts any more; those that run are told to leave, or let to their ends.',
      on: {
        // A second, urgent stop cuts short a graceful one.
        'experiment.stop': { guard: 'isUrgent', actions: 'interruptTrials' },
        'experiment.fail': { actions: ['rememberFailure', 'giveUp'] },
        'experiment.abort': { actions: ['rememberFailure', 'abandonTrials'] },
        'experiment.finish': [{ guard: 'hasFailed', target: 'failed' }, { target: 'done' }],
      },
    },
    done: { description: 'Over, as it should be.', type: 'final' },
    failed: { description: 'Over, since it could not go on.', type: 'final' },
  },
  on: {
    'trial.*': { actions: 'conduct' },
    'trials.*': { actions: 'conduct' },
    'searcher.*': { actions: 'conduct' },
    'scheduler.*': { actions: 'conduct' },
    'policy.*': { actions: 'conduct' },
    'experiment.pauseTrial': { actions: 'conduct' },
    'experiment.resumeTrial': { actions: 'conduct' },
    'experiment.stopTrial': { actions: 'conduct' },
    'xstate.error.actor.*': { actions: 'failOnBrokenActor' },
  },
})

// The messages that only go to the controller. What nobody knows is left to the chart, which lets it pass.
const CONDUCTED = /^((trial|trials|searcher|scheduler|policy)\.|experiment\.(pause|resume|stop)Trial$)/

/** The machine that runs: `experimentChart`, with what changes no state handled without a pass through it. */
export const experimentMachine = withFastPath(experimentChart, (snapshot, event) => {
  if (snapshot.status !== 'active' || !CONDUCTED.test(event.type)) return false
  snapshot.context.controller.handle(event as ExperimentMessage)
  return true
})

/** The running experiment, as XState sees it. */
export type ExperimentActor = ActorRefFrom<typeof experimentChart>
