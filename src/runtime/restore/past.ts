import type { LogRecord } from '../../core/log.ts'
import { describe } from '../../core/options.ts'
import type { Resources } from '../../core/trial.ts'
import { DivergenceError } from '../../errors.ts'
import type { RecordedAnswer } from '../../searchers/session.ts'
import { sameValue } from '../../space/same-value.ts'

type Decided = LogRecord & { readonly type: 'trial.decision' }

// What must come again of a record. Metrics and configurations are the log's own.
const MUST_AGREE = [
  'trial',
  'attempt',
  'seq',
  'decision',
  'from',
  'to',
  'cause',
  'state',
  'answer',
  'id',
  'donor',
  'iteration',
]

/**
 * What happened before, while it is being done again: a log, and how far in it we are. What comes again is compared with
 * what the log has next, and is not written a second time.
 *
 * Between a stop and the going on after it the log also tells how trials were made to leave, which never happened once it
 * has gone on: there nothing is compared.
 */
export class Past {
  /** When the last thing happened. */
  readonly endedAt: number
  /** What the experiment's clock said, in milliseconds. */
  #now = 0
  readonly #records: readonly LogRecord[]
  #position = 0
  #isStopping = false
  #isPresent = false
  /** Called each time that something came again. */
  onTaken: (() => void) | undefined
  #divergence: DivergenceError | undefined
  #waiting:
    | { readonly trial: number; readonly resolve: (answer: RecordedAnswer | undefined) => void }
    | undefined

  constructor(records: readonly LogRecord[]) {
    this.#records = records
    this.endedAt = records.reduce((latest, { at }) => Math.max(latest, at), 0)
  }

  get isOver(): boolean {
    return this.#position >= this.#records.length || this.#divergence !== undefined
  }

  /** Whether the log has been left behind: between its end and this nothing new is asked. */
  get isPresent(): boolean {
    return this.#isPresent
  }

  get now(): number {
    return this.#now
  }

  get divergence(): DivergenceError | undefined {
    return this.#divergence
  }

  get position(): number {
    return this.#position
  }

  get next(): LogRecord | undefined {
    return this.isOver ? undefined : this.#records[this.#position]
  }

  /** Whether the next record is of a suggestion that never became a trial: the process was cut off in between. */
  get isOrphan(): boolean {
    const asked = this.next
    if (asked?.type !== 'searcher.asked' || asked.answer !== 'point') return false
    return this.#proposed?.type !== 'trial.created'
  }

  /** What came of the answer that is next: the user may have had a word in between. */
  get #proposed(): LogRecord | undefined {
    let after = this.#position + 1
    while (this.#records[after]?.type === 'trial.steered') after++
    return this.#records[after]
  }

  /** Whether the experiment had been told to stop. */
  get isStopping(): boolean {
    return this.#isStopping
  }

  /** It is the time at which the next thing happened. */
  moveClock(): void {
    this.#now = Math.max(this.#now, this.next?.at ?? this.endedAt)
  }

  /** The next record is of no consequence. */
  skip(): void {
    this.#position++
  }

  /** From here on it had been told to stop. */
  beginStop(): void {
    this.#isStopping = true
    this.skip()
  }

  /** It went on again after the stop. */
  endStop(): void {
    this.#isStopping = false
  }

  /** This came again. */
  take(record: LogRecord): void {
    if (this.isOver || this.#isStopping || record.type === 'policy.restarted') return
    const expected = this.#records[this.#position] as LogRecord
    if (agree(expected, record)) {
      this.#now = Math.max(this.#now, expected.at)
      this.#position++
      this.onTaken?.()
    } else this.diverge(`next was ${inWords(expected)}, but it came to ${inWords(record)}`)
  }

  /** It cannot come to where the log ends. */
  diverge(how: string): void {
    this.#divergence ??= new DivergenceError(
      `What was kept does not come again: at record ${this.#position} of ${this.#records.length} ${how}. An experiment goes on with the space, searcher, scheduler, stoppers and options that it was made with, and in a version of this library that decides the same. Give it those, or begin another one with the best configurations of this one as pointsToEvaluate.`,
    )
  }

  /**
   * What the searcher answered for this trial; a promise when other things happened before it did. Undefined when the log
   * ends before.
   */
  answer(trial: number): RecordedAnswer | Promise<RecordedAnswer | undefined> {
    const found = this.#isStopping ? undefined : this.#answerAt(trial)
    if (found !== undefined) return found
    return new Promise((resolve) => {
      this.#waiting = { trial, resolve }
    })
  }

  /**
   * What came of a report that has just come again; undefined when the log ends before, or the trial left. `'late'` when
   * other things came first, since the scheduler or a stopper had thrown and was not there.
   */
  decisionOn(trial: number, seq: number): Decided | 'late' | undefined {
    if (this.isOver) return undefined
    let hasReports = false
    for (let i = this.#position; i < this.#records.length; i++) {
      const record = this.#records[i] as LogRecord
      if (record.type === 'policy.restarted' && record.policy !== 'searcher') return 'late'
      if (record.type === 'experiment.stopping' || record.type === 'experiment.resumed') return undefined
      if (!('trial' in record)) continue
      const isOwn = record.trial === trial && 'seq' in record && record.seq === seq
      hasReports ||= record.type === 'trial.report' && !isOwn
      if (record.trial !== trial) continue
      if (record.type === 'trial.decision' && record.seq === seq) return record
      // Of one that leaves nothing more is decided.
      if (record.type === 'trial.transition' && record.to !== 'paused' && record.to !== 'running')
        return undefined
    }
    return hasReports ? 'late' : undefined
  }

  /** Whether the searcher waits for what it answered before. */
  get isAskedFor(): boolean {
    return this.#waiting !== undefined
  }

  /** Gives the answer that is waited for, when it is its turn. Whether it was. */
  giveAnswer(): boolean {
    const waiting = this.#waiting
    const found = waiting && this.#answerAt(waiting.trial)
    if (found === undefined) return false
    this.#waiting = undefined
    waiting?.resolve(found)
    return true
  }

  /** All is new from here on: whoever still waits for an answer asks anew. */
  end(): void {
    this.#isPresent = true
    this.#waiting?.resolve(undefined)
    this.#waiting = undefined
  }

  #answerAt(trial: number): RecordedAnswer | undefined {
    if (this.isOver) return undefined
    const asked = this.next
    if (asked?.type !== 'searcher.asked' || asked.trial !== trial) return undefined
    const after = this.#proposed
    const created = after?.type === 'trial.created' && after.trial === trial ? after : undefined
    return asked.answer === 'point' && created === undefined ? undefined : { kind: asked.answer, created }
  }
}

function agree(expected: LogRecord, record: LogRecord): boolean {
  if (expected.type !== record.type) return false
  const [a, b] = [expected, record] as readonly Readonly<Record<string, unknown>>[]
  return MUST_AGREE.every((key) => sameValue(a?.[key], b?.[key]))
}

function inWords(record: LogRecord): string {
  const facts = Object.entries(record).filter(([key]) => MUST_AGREE.includes(key))
  return `${record.type}${facts.map(([key, value]) => ` ${key} ${describe(value)}`).join(',')}`
}

/** A log to go on from. @throws {DivergenceError} when it is not that of an experiment. */
export function pastOf(records: readonly LogRecord[]): {
  readonly past: Past
  readonly trialCount: number
  readonly slotCount: number | undefined
  readonly totalResources: Resources | undefined
} {
  const [first] = records
  if (first?.type !== 'experiment.started')
    throw new DivergenceError(
      'What is to be gone on from does not begin with the start of an experiment. Give its whole log, or the first part of it.',
    )
  const { trialCount, slotCount, totalResources } = first
  return { past: new Past(records), trialCount, slotCount, totalResources }
}
