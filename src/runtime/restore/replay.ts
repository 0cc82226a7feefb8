import type { ExperimentMessage } from '../../../machines/protocol.ts'
import type { LogRecord, Retried } from '../../core/log.ts'
import { RecordedError } from '../../core/logged-error.ts'
import type { Past } from './past.ts'
import type { PastEnd, RestoredRun } from './restored-run.ts'

type Transition = LogRecord & { readonly type: 'trial.transition' }

/** What a replay acts upon. */
export interface ReplayPorts {
  readonly past: Past
  /** The run of a live trial. */
  readonly runOf: (trial: number) => RestoredRun | undefined
  readonly send: (message: ExperimentMessage) => void
  /** It had been told to stop. */
  readonly suspend: () => void
  /** It went on. */
  readonly resume: (
    trialCount: number,
    slotCount: number | undefined,
    retried: readonly Retried[] | undefined,
  ) => void
  /** Lets what was posted happen, and promises settle. */
  readonly turn: () => Promise<void>
  /** Whether a searcher or scheduler is thinking. */
  readonly isThinking: () => boolean
  /** Real milliseconds, to notice that nothing happens. */
  readonly realNow: () => number
}

// What a policy may need to be started again, which it may have been in the past too.
const PATIENCE_MS = 2_000

const ENDS: ReadonlySet<string> = new Set<PastEnd>([
  'run.finished',
  'run.failed',
  'run.timedOut',
  'run.left',
  'run.backedOff',
])

/**
 * Brings an experiment to where its log ends. What came from outside, from user code and from the user, comes again as
 * the log says and when it says; all else follows from it, through the same actors as the first time, and must come out
 * the same.
 */
export async function replay(ports: ReplayPorts): Promise<void> {
  const { past } = ports
  let movedAt = ports.realNow()
  past.onTaken = () => takeWord(ports)
  while (!past.isOver) {
    const { position } = past
    const record = past.next as LogRecord
    past.moveClock()
    if (!(past.isStopping ? afterStop(record, ports) : happen(record, ports))) await ports.turn()
    if (past.position !== position || ports.isThinking()) movedAt = ports.realNow()
    else if (ports.realNow() - movedAt > PATIENCE_MS)
      past.diverge(`nothing leads to the next one, ${record.type}`)
  }
  past.onTaken = undefined
  past.moveClock()
  past.end()
}

/**
 * The user may have had their word as something happened, from within a listener, and then it stands in the log before
 * what followed from that.
 */
function takeWord(ports: ReplayPorts): void {
  const { next } = ports.past
  if (next?.type === 'trial.steered' || next?.type === 'experiment.stopping') happen(next, ports)
}

/** Lets happen what a record says, when that came from outside. Whether it did. */
function happen(record: LogRecord, ports: ReplayPorts): boolean {
  const { past, send } = ports
  switch (record.type) {
    case 'trial.report': {
      const run = ports.runOf(record.trial)
      if (run?.mayReport(record) !== true) return false
      run.report(record)
      return true
    }
    case 'trial.transition':
      return enter(record, ports)
    case 'trial.attr':
      send(noted(record.trial, { kind: 'userAttr', key: record.key, value: record.value }))
      return true
    case 'trial.constraint':
      send(noted(record.trial, { kind: 'constraint', key: record.key, value: record.value }))
      return true
    case 'trial.steered':
      if (!past.isFirstTry()) return false
      send({ type: `experiment.${record.to}Trial`, trial: record.trial })
      return true
    case 'searcher.asked':
      if (!past.isOrphan) return past.giveAnswer() && false
      past.skip()
      return true
    case 'experiment.stopping':
      ports.suspend()
      past.beginStop()
      return true
    case 'experiment.resumed':
      ports.resume(record.trialCount, record.slotCount, record.retried)
      return true
    case 'trial.checkpoint':
    case 'policy.restarted':
    case 'experiment.ended':
      past.skip()
      return true
    default:
      return false
  }
}

/** After it was told to stop, code that was let to its end went on. How the others were made to leave counts no more. */
function afterStop(record: LogRecord, ports: ReplayPorts): boolean {
  const { past } = ports
  if (record.type === 'experiment.resumed') {
    past.endStop()
    return happen(record, ports)
  }
  if (
    record.type === 'trial.report' ||
    record.type === 'trial.transition' ||
    record.type === 'trial.attr' ||
    record.type === 'trial.constraint'
  )
    happen(record, ports)
  past.skip()
  return true
}

function enter({ trial, cause, error }: Transition, ports: ReplayPorts): boolean {
  if (cause === 'trials.crashed') {
    const fault = error === undefined ? undefined : new RecordedError(error)
    ports.send({ type: 'trials.crashed', trial, error: fault })
    return true
  }
  const run = ports.runOf(trial)
  if (!ENDS.has(cause) || run?.mayEnd(cause as PastEnd) !== true) return false
  run.end(cause as PastEnd, error)
  return true
}

function noted(
  trial: number,
  note: Extract<ExperimentMessage, { type: 'trial.noted' }>['note'],
): ExperimentMessage {
  return { type: 'trial.noted', trial, note }
}
