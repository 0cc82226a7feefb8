import { type AnyEventObject, createActor, fromTransition } from 'xstate'
import { trialMachine, type TrialMessage, type TrialRun } from 'troupe/machines'
import { newTrialRecord, type TrialRecord } from '../../src/core/trial.ts'

/** A record as the controller makes it. */
export function newRecord(number = 0): TrialRecord {
  const id = `id-${number}`
  return newTrialRecord({
    number,
    id,
    name: `trial_${id}`,
    config: {},
    params: {},
    source: 'suggested',
    resources: { cpu: 1 },
    createdAt: 0,
  })
}

/** A run that only writes down what it is told; `alive` follows from that. */
export function recordingRun(calls: string[]): TrialRun {
  let alive = false
  return {
    get alive() {
      return alive
    },
    connect: () => {},
    start: () => {
      alive = true
      calls.push('start')
    },
    answer: (seq) => void calls.push(`answer ${seq}`),
    hold: () => void calls.push('hold'),
    resume: () => void calls.push('resume'),
    leave: (as) => void calls.push(`leave ${as}`),
    renew: () => {},
    backOff: (failures) => void calls.push(`backOff ${failures}`),
    dispose: () => {
      alive = false
      calls.push('dispose')
    },
  }
}

export interface TrialHarness {
  /** What the run was told, in order. */
  readonly calls: string[]
  /** What the experiment was told, in order. */
  readonly messages: AnyEventObject[]
  send(message: TrialMessage): void
  state(): string
  /** All that its snapshot says, the context's own objects left out. */
  snapshot(): unknown
}

/** One trial actor with a run and an experiment that write down what they are told. */
export function startTrial(
  options: { machine?: typeof trialMachine; maxFailures?: number; hasFinalValue?: boolean } = {},
): TrialHarness {
  const { machine = trialMachine, maxFailures = 1, hasFinalValue = true } = options
  const calls: string[] = []
  const messages: AnyEventObject[] = []
  const inner = recordingRun(calls)
  const run = aliveUntilLeft(inner)
  const experiment = createActor(
    fromTransition((state, event: AnyEventObject) => {
      messages.push(event)
      return state
    }, null),
  ).start()
  const trial = createActor(machine, {
    input: { record: newRecord(), run: run.run, experiment, maxFailures, hasFinalValue: () => hasFinalValue },
  })
  trial.subscribe({ error: () => {} })
  trial.start()
  return {
    calls,
    messages,
    send: (message) => {
      const { status, value } = trial.getSnapshot()
      if (status !== 'active' || !canHappen(message, value, run.run.alive)) return
      // User code is gone once it has said so.
      if (message.type === 'run.left' || message.type === 'run.finished' || message.type === 'run.failed')
        run.end()
      trial.send(message)
    },
    state: () => trial.getSnapshot().value,
    snapshot() {
      const snapshot = trial.getSnapshot()
      const { next, error, record } = snapshot.context
      const { status, value, output, children, historyValue } = snapshot
      const nodes = snapshot._nodes.map(({ id }) => id).sort()
      const kept = { status, value, output, children, historyValue, nodes, tags: [...snapshot.tags] }
      return { ...kept, next, error, failures: record.failures, failed: snapshot.error }
    },
  }
}

/** Whether a run could say this now: it leaves only when told to, and says nothing else from then on. */
function canHappen({ type }: TrialMessage, state: string, alive: boolean): boolean {
  if (type === 'run.left') return state === 'stopping'
  if (type === 'run.backedOff') return state === 'retrying'
  return !type.startsWith('run.') || (alive && state !== 'stopping')
}

function aliveUntilLeft(inner: TrialRun): { readonly run: TrialRun; end(): void } {
  let gone = false
  const run: TrialRun = Object.create(inner, {
    alive: { get: () => inner.alive && !gone },
    start: {
      value: (assignment: Parameters<TrialRun['start']>[0]) => {
        gone = false
        inner.start(assignment)
      },
    },
  }) as TrialRun
  return { run, end: () => void (gone = true) }
}

const ASSIGNMENT = {
  trial: 0,
  id: 'id-0',
  attempt: 1,
  config: {},
  resources: { cpu: 1 },
  checkpoint: undefined,
  randomPath: '0/trial/0',
  worker: 0,
  saveEvery: 0,
  saveAtEnd: false,
}

/** Every message that a trial understands, in each of its variants. */
export const TRIAL_MESSAGES: readonly TrialMessage[] = [
  { type: 'trial.start', assignment: ASSIGNMENT },
  { type: 'trial.continue', seq: 1 },
  { type: 'trial.pause' },
  { type: 'trial.stop', to: 'terminated', as: 'stopped' },
  { type: 'trial.stop', to: 'paused', as: 'paused' },
  { type: 'trial.stop', to: 'pending', as: 'exploited' },
  { type: 'trial.stop', to: 'error', as: 'stopped' },
  { type: 'run.report', report: { seq: 1, metrics: { loss: 1 }, last: false }, attempt: 1, ranMs: 0 },
  { type: 'run.finished' },
  { type: 'run.failed', error: new Error('user code threw') },
  { type: 'run.left' },
  { type: 'run.timedOut', error: new Error('too slow') },
  { type: 'run.backedOff' },
]
