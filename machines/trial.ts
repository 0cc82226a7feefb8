import { type AnyActorRef, assign, sendTo, setup, type SnapshotFrom } from 'xstate'
import type { TrialRecord, TrialStatus } from '../src/core/trial.ts'
import { withFastPath } from './fast-path.ts'
import { withFlatPath } from './flat-path.ts'
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

interface Situation {
  readonly context: TrialContext
  readonly event: TrialMessage
}

/** What the names in the chart stand for, apart from XState: see `withFlatPath`. */
const PARTS = {
  context({
    input: { record, run, experiment, maxFailures, hasFinalValue },
  }: {
    readonly input: TrialInput
  }): TrialContext {
    return { record, run, experiment, maxFailures, hasFinalValue, next: 'terminated', error: undefined }
  },
  deeds: {
    startRun: ({ context, event }: Situation) => {
      if (event.type !== 'trial.start') return
      if (context.run.alive) context.run.resume(event.assignment.resources)
      else context.run.start(event.assignment)
    },
    answerRun: ({ context, event }: Situation) => {
      if (event.type === 'trial.continue') context.run.answer(event.seq)
    },
    holdRun: ({ context }: Situation) => context.run.hold(),
    leaveRun: ({ context, event }: Situation) =>
      context.run.leave(event.type === 'trial.stop' ? event.as : 'stopped'),
    backOff: ({ context }: Situation) => context.run.backOff(context.record.failures),
    disposeRun: ({ context }: Situation) => context.run.dispose(),
    countFailure: ({ context }: Situation) => void context.record.failures++,
  },
  changes: {
    rememberError: ({ event, context }: Situation) => ({
      error: 'error' in event ? event.error : context.error,
    }),
    // Of an earlier attempt, which does not say how this one ends.
    forgetError: () => ({ error: undefined }),
    rememberTarget: ({ event, context }: Situation) => ({
      next: event.type === 'trial.stop' ? event.to : context.next,
    }),
    retryAfterLeaving: () => ({ next: 'retrying' as const }),
    failAfterLeaving: () => ({ next: 'error' as const }),
  },
  messages: {
    passReport: ({ context, event }: Situation) =>
      reported(context, event as Extract<TrialMessage, { type: 'run.report' }>),
    announce: ({ context, event }: Situation, { status }: { readonly status: TrialStatus }) => ({
      type: 'trial.entered',
      trial: context.record.number,
      status,
      cause: event.type,
      error: context.error,
    }),
  },
  addressee: ({ experiment }: TrialContext) => experiment,
  guards: {
    mayRetry: ({ context }: Situation) => context.record.failures < context.maxFailures,
    hasFinalValue: ({ context }: Situation) => context.hasFinalValue(context.record),
    hasLiveRun: ({ context }: Situation) => context.run.alive,
    stopsToStartAgain: ({ event }: Situation) => event.type === 'trial.stop' && event.to === 'pending',
    stopsForLater: ({ event }: Situation) => event.type === 'trial.stop' && event.to === 'paused',
    leavesToTerminate: ({ context }: Situation) => context.next === 'terminated',
    leavesToPause: ({ context }: Situation) => context.next === 'paused',
    leavesToStartAgain: ({ context }: Situation) => context.next === 'pending',
    leavesToRetry: ({ context }: Situation) => context.next === 'retrying',
    mayComeBack: ({ context }: Situation) => context.next !== 'terminated' && context.next !== 'error',
  },
}

const { changes, messages } = PARTS

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
    ...PARTS.deeds,
    // By sendTo, which delivers when this actor's own step is over: the experiment may answer with anything, a new
    // trial included.
    passReport: sendTo(({ context }) => context.experiment, messages.passReport),
    announce: sendTo(({ context }) => context.experiment, messages.announce),
    rememberError: assign(changes.rememberError),
    forgetError: assign(changes.forgetError),
    rememberTarget: assign(changes.rememberTarget),
    retryAfterLeaving: assign(changes.retryAfterLeaving),
    failAfterLeaving: assign(changes.failAfterLeaving),
  },
  guards: PARTS.guards,
}).createMachine({
  id: 'trial',
  description: 'One trial: from waiting for a slot to its end, over all attempts, pauses and failures.',
  context: PARTS.context,
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
 * handled without a pass through it, and it goes from state to state by a table read off the chart: half of a run's time
 * otherwise. A property test holds the two equal.
 */
export const trialMachine = withFastPath(withFlatPath(trialChart, PARTS), (snapshot, event, self) => {
  if (snapshot.value !== 'running') return false
  if (event.type === 'trial.continue') snapshot.context.run.answer(event.seq)
  else if (event.type === 'run.report')
    deliver(self, snapshot.context.experiment, reported(snapshot.context, event))
  else return false
  return true
})

/** Where a trial is, as XState says it. */
export type TrialSnapshot = SnapshotFrom<typeof trialChart>
