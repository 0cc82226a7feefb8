import { type AnyActorRef, assign, sendTo, setup, type SnapshotFrom } from 'xstate'
import type { TrialRecord, TrialStatus } from '../src/core/trial.ts'
import { withFastPath } from './fast-path.ts'
import { deliver } from './mail.ts'
import type { AfterLeaving, ExperimentMessage, TrialMessage, TrialRun } from './protocol.ts'

/** What a trial’s actor is made with. */
export interface TrialInput {
  readonly record: TrialRecord
  readonly run: TrialRun
  /** Whom the trial reports to. */
  readonly experiment: AnyActorRef
  /** How many failures are followed by another attempt; Infinity for all. */
  readonly maxFailures: number
  /** Whether the last report that carried the objectives can be ranked, asked when user code has finished. */
  readonly hasFinalValue: (record: TrialRecord) => boolean
}

/** Context of a trial’s chart. */
export interface TrialContext extends TrialInput {
  /** Where `stopping` leads to. */
  readonly next: AfterLeaving | 'retrying' | 'error'
  /** What user code threw last. */
  readonly error: Error | undefined
}

/**
 * One trial, attempt after attempt. It starts and stops user code and says where it is; it decides nothing.
 * A report changes no state, so the busiest message is the cheapest.
 */
export const trialChart = setup({
  types: {
    context: {} as TrialContext,
    events: {} as TrialMessage,
    input: {} as TrialInput,
  },
  actions: {
    startRun: ({ context, event }) => {
      if (event.type !== 'trial.start') return
      if (context.run.alive) context.run.resume(event.assignment.resources)
      else context.run.start(event.assignment)
    },
    answerRun: ({ context, event }) => {
      if (event.type === 'trial.continue') context.run.answer(event.seq)
    },
    holdRun: ({ context }) => context.run.hold(),
    leaveRun: ({ context, event }) => context.run.leave(event.type === 'trial.stop' ? event.as : 'stopped'),
    backOff: ({ context }) => context.run.backOff(context.record.failures),
    disposeRun: ({ context }) => context.run.dispose(),
    // By sendTo, which delivers when this actor's own step is over: the experiment may answer with anything, a new
    // trial included.
    passReport: sendTo(
      ({ context }) => context.experiment,
      ({ context, event }) => reported(context, event as Extract<TrialMessage, { type: 'run.report' }>),
    ),
    announce: sendTo(
      ({ context }) => context.experiment,
      ({ context, event }, { status }: { status: TrialStatus }) => ({
        type: 'trial.entered',
        trial: context.record.number,
        status,
        cause: event.type,
        error: context.error,
      }),
    ),
    countFailure: ({ context }) => void context.record.failures++,
    rememberError: assign({
      error: ({ event, context }) => ('error' in event ? event.error : context.error),
    }),
    // Of an earlier attempt, which does not say how this one ends.
    forgetError: assign({ error: undefined }),
    rememberTarget: assign({
      next: ({ event, context }) => (event.type === 'trial.stop' ? event.to : context.next),
    }),
    retryAfterLeaving: assign({ next: 'retrying' }),
    failAfterLeaving: assign({ next: 'error' }),
  },
  guards: {
    mayRetry: ({ context }) => context.record.failures < context.maxFailures,
    hasFinalValue: ({ context }) => context.hasFinalValue(context.record),
    hasLiveRun: ({ context }) => context.run.alive,
    stopsToStartAgain: ({ event }) => event.type === 'trial.stop' && event.to === 'pending',
    stopsForLater: ({ event }) => event.type === 'trial.stop' && event.to === 'paused',
    leavesToTerminate: ({ context }) => context.next === 'terminated',
    leavesToPause: ({ context }) => context.next === 'paused',
    leavesToStartAgain: ({ context }) => context.next === 'pending',
    leavesToRetry: ({ context }) => context.next === 'retrying',
    mayComeBack: ({ context }) => context.next !== 'terminated' && context.next !== 'error',
  },
}).createMachine({
  id: 'trial',
  description: 'One trial: from waiting for a slot to its end, over all attempts, pauses and failures.',
  context: ({ input }) => ({ ...input, next: 'terminated', error: undefined }),
  initial: 'pending',
  states: {
    pending: {
      description: 'Waits for a slot, with no user code running.',
      entry: { type: 'announce', params: { status: 'pending' } },
      on: {
        'trial.start': 'running',
        'trial.pause': 'paused',
        'trial.stop': [
          { guard: 'stopsForLater', target: 'paused' },
          { guard: 'stopsToStartAgain', target: 'pending', reenter: true },
          { target: 'terminated' },
        ],
      },
    },
    running: {
      description: 'User code runs in a slot.',
      entry: ['forgetError', 'startRun', { type: 'announce', params: { status: 'running' } }],
      on: {
        'run.report': { actions: 'passReport' },
        'trial.continue': { actions: 'answerRun' },
        'trial.pause': { target: 'paused', actions: 'holdRun' },
        'trial.stop': { target: 'stopping', actions: ['rememberTarget', 'leaveRun'] },
        'run.finished': [{ guard: 'hasFinalValue', target: 'terminated' }, { target: 'error' }],
        'run.failed': [
          { guard: 'mayRetry', target: 'retrying', actions: ['countFailure', 'rememberError'] },
          { target: 'error', actions: ['countFailure', 'rememberError'] },
        ],
        'run.timedOut': [
          {
            guard: 'mayRetry',
            target: 'stopping',
            actions: ['countFailure', 'rememberError', 'retryAfterLeaving', 'leaveRun'],
          },
          { target: 'stopping', actions: ['countFailure', 'rememberError', 'failAfterLeaving', 'leaveRun'] },
        ],
      },
    },
    stopping: {
      description:
        'User code was told to leave and cleans up; the slot is free when it has, or when its time is up.',
      entry: { type: 'announce', params: { status: 'stopping' } },
      on: {
        // Whoever stops it last is right, but nothing brings back a trial that has failed or is stopped for good.
        'trial.stop': { guard: 'mayComeBack', actions: 'rememberTarget' },
        'run.left': [
          { guard: 'leavesToTerminate', target: 'terminated' },
          { guard: 'leavesToPause', target: 'paused' },
          { guard: 'leavesToStartAgain', target: 'pending' },
          { guard: 'leavesToRetry', target: 'retrying' },
          { target: 'error' },
        ],
      },
    },
    paused: {
      description: 'Waits without a slot: its report is held back, or its code has left.',
      entry: { type: 'announce', params: { status: 'paused' } },
      on: {
        'trial.start': 'running',
        // What a pause caught on its way is still passed on: the answer is then held back.
        'run.report': { actions: 'passReport' },
        'run.failed': [
          { guard: 'mayRetry', target: 'retrying', actions: ['countFailure', 'rememberError'] },
          { target: 'error', actions: ['countFailure', 'rememberError'] },
        ],
        'run.finished': [{ guard: 'hasFinalValue', target: 'terminated' }, { target: 'error' }],
        'trial.stop': [
          { guard: 'hasLiveRun', target: 'stopping', actions: ['rememberTarget', 'leaveRun'] },
          { guard: 'stopsForLater' },
          { guard: 'stopsToStartAgain', target: 'pending' },
          { target: 'terminated' },
        ],
      },
    },
    retrying: {
      description: 'Failed, and waits before its next attempt.',
      entry: [{ type: 'announce', params: { status: 'retrying' } }, 'backOff'],
      on: {
        'run.backedOff': 'pending',
        'trial.stop': [{ guard: 'stopsForLater', target: 'paused' }, { target: 'terminated' }],
      },
    },
    terminated: {
      description: 'Ended by itself, at its bound, or because it lost.',
      type: 'final',
      entry: ['disposeRun', { type: 'announce', params: { status: 'terminated' } }],
    },
    error: {
      description: 'Ended because user code failed once too often, or left no value that can be ranked.',
      type: 'final',
      entry: ['disposeRun', { type: 'announce', params: { status: 'error' } }],
    },
  },
})

function reported(
  context: TrialContext,
  { report, attempt, ranMs }: Extract<TrialMessage, { type: 'run.report' }>,
): ExperimentMessage {
  return { type: 'trial.reported', trial: context.record.number, report, attempt, ranMs }
}

/**
 * The machine that runs. It is `trialChart`, but a report and its answer, which change nothing in the chart, are
 * handled without a pass through it: a third of a run's time otherwise. A property test holds the two equal.
 */
export const trialMachine = withFastPath(trialChart, (snapshot, event, self) => {
  if (snapshot.value !== 'running') return false
  if (event.type === 'trial.continue') snapshot.context.run.answer(event.seq)
  else if (event.type === 'run.report')
    deliver(self, snapshot.context.experiment, reported(snapshot.context, event))
  else return false
  return true
})

/** Where a trial is, as XState says it. */
export type TrialSnapshot = SnapshotFrom<typeof trialChart>
