import type { ExperimentMessage } from '../../../machines/protocol.ts'
import type { Resumption } from '../../../machines/controller.ts'
import type { LogRecord } from '../../core/log.ts'
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
  readonly resume: (resumption: Resumption) => void
  /** Lets what was posted happen, and promises settle. */
  readonly turn: () => Promise<void>
  /** Whether a searcher or scheduler is thinking. */
  readonly isThinking: () => boolean
  /** Whoever threw, and waits before it starts again, does so now. */
  readonly restart: () => void
  /** Real milliseconds, to notice that nothing happens. */
  readonly realNow: () => number
}

// What a policy may need to be started again, which it may have been in the past too.
const PATIENCE_MS = 2_000

// After so many turns in which nothing happened, nothing is on its way.
const IDLE_TURNS = 20

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
  let idleTurns = 0
  past.onTaken = wordTaker(ports)
  ports.send({ type: 'experiment.start' })
  while (!past.isOver) {
    const { position } = past
    const record = past.next as LogRecord
    past.moveClock()
    if (!(past.isStopping ? afterStop(record, ports) : happen(record, ports))) await ports.turn()
    if (past.position !== position || ports.isThinking()) movedAt = ports.realNow()
    else if (ports.realNow() - movedAt > PATIENCE_MS)
      past.diverge(`nothing leads to the next one, ${record.type}`)
    // It threw now, and did not then.
    else if (++idleTurns % IDLE_TURNS === 0) ports.restart()
  }
  past.onTaken = undefined
  past.moveClock()
}

/**
 * The user may have had their words as something happened, from within a listener, and then they stand in the log before
 * what followed from that. They are said again as soon as it has happened, one after the other.
 */
function wordTaker(ports: ReplayPorts): () => void {
  const { past } = ports
  let isTaking = false
  return () => {
    if (isTaking) return
    isTaking = true
    for (let { next } = past; next !== undefined && isSaidDuring(next); { next } = past) {
      happen(next, ports)
      if (past.isStopping) break
    }
    isTaking = false
  }
}

function isSaidDuring(record: LogRecord): boolean {
  return record.type === 'trial.steered' ? record.during === true : record.type === 'experiment.stopping'
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
    case 'trial.rewound': {
      const run = ports.runOf(record.trial)
      if (run?.mayReport(record) !== true) return false
      run.rewind(record)
      return true
    }
    case 'trial.saved': {
      const run = ports.runOf(record.trial)
      if (run?.maySave(record) !== true) return false
      run.save(record)
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
      ports.resume(record)
      return true
    case 'policy.restarted':
      past.skip()
      ports.restart()
      return true
    case 'trial.checkpoint':
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
    record.type === 'trial.rewound' ||
    record.type === 'trial.saved' ||
    record.type === 'trial.steered' ||
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
