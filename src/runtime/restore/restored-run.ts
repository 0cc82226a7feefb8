import type { AnyActorRef } from 'xstate'
import type { TrialNote, TrialRun } from '../../../machines/protocol.ts'
import type { LoggedError, LogRecord } from '../../core/log.ts'
import { RecordedError } from '../../core/logged-error.ts'
import type { Resources } from '../../core/trial.ts'
import { TroupeError } from '../../errors.ts'
import type { Assignment } from '../../executors/executor.ts'
import type { Kernel } from '../kernel.ts'
import type { PastReport } from '../past-attempt.ts'
import type { SupervisedRun } from '../trial-run.ts'
import { RunClock } from '../run-clock.ts'
import type { CatchUp } from './catch-up.ts'
import { CheckpointMark } from './checkpoint-mark.ts'

type Report = LogRecord & { readonly type: 'trial.report' }
type Rewound = LogRecord & { readonly type: 'trial.rewound' }
type Saved = LogRecord & { readonly type: 'trial.saved' }

/** The messages by which an attempt ends, or goes into its next state, by itself. */
export type PastEnd = 'run.finished' | 'run.failed' | 'run.timedOut' | 'run.left' | 'run.backedOff'

/** A checkpoint of the past that could be read. */
export interface FoundCheckpoint {
  readonly mark: CheckpointMark
  readonly value: unknown
}

export interface RestoredRunOptions {
  /** How long the trial had run when it was made, in milliseconds: another may have led to where it begins. */
  readonly ranBeforeMs: number
  readonly kernel: Kernel
  /** Milliseconds on the experiment's clock. */
  readonly now: () => number
  readonly catchUp: CatchUp
  /** Milliseconds that the kernel has to wait until the experiment's clock says this; 0 when it is later. */
  readonly until: (at: number) => number
  /** Whether what is done again takes the time that it took. */
  readonly takesTime: boolean
  /** Counts what led user code on, so that it is led on in the same order again. */
  readonly ordinal: () => number
  /** Whether code that is called again may do otherwise than before; else it fails by that. */
  readonly mayDiffer: boolean
  /** Its checkpoint is lost, and nothing that it did leads there again: it begins from nothing. */
  readonly onBegunAnew: () => void
  /** Says what is no report. */
  readonly note: (trial: number, note: TrialNote) => void
  /** Makes the run that calls user code. */
  readonly makeLive: (ranBeforeMs: number) => SupervisedRun
}

/**
 * A trial's run that was taken up from a log. While the past is done again it says what the log says, and nothing runs;
 * then it gives way to one that calls user code. What that code reports again, up to where the log ends, is answered
 * from here, at the time at which it was answered before.
 */
export class RestoredRun implements TrialRun {
  readonly #options: RestoredRunOptions
  #trial: AnyActorRef | undefined
  #live: SupervisedRun | undefined
  #assignment: Assignment | undefined
  // Of what it was started from: when, after which report, and having run for how long.
  #from = { at: 0, ordinal: 0, seq: 0, ranMs: 0 }
  #ranBeforeMs: number
  #clock = new RunClock()
  /** In order, from the first of this start. */
  #reports: PastReport[] = []
  // Own reports that led to the checkpoint that it was started from.
  #earlier: PastReport[] = []
  #exploits = false
  #isOpen = false
  #isHeld = false
  #isLeaving = false
  #leftAt = { at: 0, ordinal: 0 }
  #isPresent = false
  #found: FoundCheckpoint | undefined
  // What is said when it is held no more.
  #whenResumed: (() => void) | undefined
  #backingOff: { readonly failures: number; readonly since: number } | undefined

  constructor(options: RestoredRunOptions) {
    this.#options = options
    this.#ranBeforeMs = options.ranBeforeMs
  }

  get alive(): boolean {
    return this.#live?.alive ?? this.#isOpen
  }

  connect(trial: AnyActorRef): void {
    this.#trial = trial
  }

  start(assignment: Assignment): void {
    this.#assignment = assignment
    const at = this.#options.now()
    this.#ranBeforeMs += this.#clock.ranMs
    this.#from = { at, ordinal: this.#options.ordinal(), seq: 0, ranMs: this.#ranBeforeMs }
    this.#clock = new RunClock()
    this.#clock.start(at)
    this.#earlier = this.#exploits ? [] : this.#leadingTo(assignment.checkpoint)
    this.#exploits = false
    this.#reports = []
    this.#isOpen = true
    this.#isHeld = false
    this.#isLeaving = false
    if (this.#isPresent && this.#beginsEarlier(0)) this.#callAgain()
    else if (this.#live !== undefined) this.#live.start(assignment)
    else if (this.#isPresent) this.#callAgain()
  }

  answer(seq: number): void {
    this.#answered(seq)
    this.#live?.answer(seq)
  }

  hold(): void {
    this.#isHeld = true
    this.#clock.stop(this.#options.now())
    this.#live?.hold()
  }

  resume(resources: Resources): void {
    this.#isHeld = false
    if (this.#assignment !== undefined) this.#assignment = { ...this.#assignment, resources }
    this.#clock.start(this.#options.now())
    for (const report of this.#reports) this.#markAnswered(report)
    if (this.#live !== undefined) {
      this.#live.resume(resources)
      // It runs before it says anything.
      if (this.#whenResumed !== undefined) this.#options.kernel.post(this.#whenResumed)
      this.#whenResumed = undefined
    } else if (this.#isPresent) this.#callAgainFrom(this.#found)
  }

  leave(as: 'stopped' | 'exploited' | 'paused'): void {
    this.#isLeaving = true
    this.#exploits = as === 'exploited'
    this.#leftAt = { at: this.#options.now(), ordinal: this.#options.ordinal() }
    this.#clock.stop(this.#options.now())
    if (this.#live !== undefined) this.#live.leave(as)
    else if (this.#isPresent) this.#leaveAtOnce()
  }

  backOff(failures: number): void {
    this.#isOpen = false
    this.#backingOff = { failures, since: this.#options.now() }
    if (this.#isPresent) this.#goLive().backOff(failures)
  }

  renew(attempt: number): void {
    if (this.#assignment !== undefined) this.#assignment = { ...this.#assignment, attempt }
  }

  dispose(): void {
    this.#isOpen = false
    this.#reports = []
    this.#live?.dispose()
  }

  // ---- The past ----

  /** Whether a report, or what is said of reports, can come again now. */
  mayReport({ attempt }: Report | Rewound): boolean {
    return this.#isOpen && !this.#isLeaving && attempt === this.#assignment?.attempt
  }

  /** Reports again what the log says. */
  report({ trial, attempt, seq, metrics, last, checkpoint, ranMs = msOf(metrics) }: Report): void {
    const { training_iteration: iteration, time_total_s: _, ...own } = metrics
    const mark = checkpoint === true ? new CheckpointMark(trial, attempt, iteration as number) : undefined
    const made: PastReport = {
      seq,
      metrics: own,
      iteration: iteration as number,
      ranMs,
      mark,
      answeredAt: undefined,
      ordinal: undefined,
    }
    // Those before the first lead to the checkpoint that it was started from, which is lost.
    if (seq > 0) this.#reports.push(made)
    else this.#earlier.push(made)
    const report = {
      seq,
      metrics: own,
      last: last === true,
      ...(mark === undefined ? undefined : { checkpoint: { value: mark } }),
    }
    this.#trial?.send({ type: 'run.report', report, attempt, ranMs })
    if (made.answeredAt === undefined) this.#clock.stop(this.#options.now())
  }

  /** Code that was called again did otherwise than before. The checkpoint is the one that it had then. */
  rewind({ trial, iteration, checkpoint: at }: Rewound): void {
    const { checkpoint: given } = this.#assignment as Assignment
    this.#goBack(iteration)
    const mark = [...this.#earlier, ...this.#reports].findLast(
      (report) => report.mark?.iteration === at,
    )?.mark
    const value = mark ?? (given?.iteration === at ? given?.value : undefined)
    const checkpoint = at === undefined ? undefined : { value, iteration: at }
    this.#options.note(trial, { kind: 'rewound', iteration, checkpoint, how: '' })
  }

  /** Whether the attempt can save its checkpoint again now. */
  maySave({ attempt }: Saved): boolean {
    return this.#isOpen && this.#isLeaving && attempt === this.#assignment?.attempt
  }

  /** Told to leave, it gave a checkpoint. */
  save({ trial, attempt, iteration }: Saved): void {
    const value = new CheckpointMark(trial, attempt, iteration)
    this.#options.note(trial, { kind: 'saved', checkpoint: { value, iteration } })
  }

  #goBack(iteration: number): void {
    const counts = (report: PastReport): boolean => report.iteration <= iteration
    this.#reports = this.#reports.filter(counts)
    if (this.#earlier.every(counts)) return
    this.#earlier = this.#earlier.filter(counts)
    const { checkpoint, ...assignment } = this.#assignment as Assignment
    // Nor does what they led to.
    this.#assignment = { ...assignment, checkpoint: checkpoint && lost(checkpoint) }
  }

  /** Whether the attempt can come to this end now. */
  mayEnd(cause: PastEnd): boolean {
    if (cause === 'run.backedOff') return this.#backingOff !== undefined
    return this.#isOpen && this.#isLeaving === (cause === 'run.left')
  }

  /** Comes to its end again. */
  end(cause: PastEnd, error: LoggedError | undefined): void {
    this.#clock.stop(this.#options.now())
    const thrown = error === undefined ? new TroupeError('recorded', 'it failed') : new RecordedError(error)
    if (cause === 'run.backedOff') this.#backingOff = undefined
    // Code that has run out of time is told to leave, and has not left.
    else if (cause !== 'run.timedOut') this.#isOpen = false
    const isByError = cause === 'run.failed' || cause === 'run.timedOut'
    this.#trial?.send(isByError ? { type: cause, error: thrown } : { type: cause })
  }

  // ---- From the past to the present ----

  /** In which turns it is led on again, when it goes on from this mark. */
  turnsFrom(mark: CheckpointMark | undefined): number[] {
    if (!this.#isOpen) return []
    if (this.#isLeaving) return [this.#leftAt.ordinal]
    if (!this.#isCalledAtOnce(mark)) return []
    const at = mark === undefined ? -1 : this.#reports.findIndex((report) => report.mark === mark)
    const first = at < 0 ? this.#from.ordinal : this.#reports[at]?.ordinal
    const later = this.#reports.slice(at + 1).map(({ ordinal }) => ordinal)
    return [first, ...later].filter((ordinal) => ordinal !== undefined)
  }

  /** Checkpoints that it could go on from, the newest first; the one that it was started from is last. */
  get marks(): CheckpointMark[] {
    if (!this.#isOpen || this.#isLeaving) return []
    // One whose report is not decided upon is no place to go on from, unless it waits there.
    const own = this.#reports.flatMap(({ mark, answeredAt }) =>
      mark !== undefined && (answeredAt !== undefined || this.#isHeld) ? [mark] : [],
    )
    const first = this.#assignment?.checkpoint?.value
    return first instanceof CheckpointMark ? [...own.toReversed(), first] : own.toReversed()
  }

  /**
   * The past is over. Code that ran is called again, from this checkpoint.
   * @param found - The newest of `marks` that could be read, with its value; undefined to begin from nothing.
   */
  comeToPresent(found: FoundCheckpoint | undefined): void {
    this.#isPresent = true
    this.#found = found
    if (this.#isOpen) {
      if (this.#isLeaving) this.#leaveAtOnce()
      else if (this.#isCalledAtOnce(found?.mark)) this.#callAgainFrom(found)
    } else if (this.#backingOff !== undefined) {
      const { failures, since } = this.#backingOff
      this.#goLive().backOff(failures, (pauseMs) => this.#options.until(since + pauseMs))
    }
  }

  /** One that waits for its turn is called when that comes; where time is taken, it must get there before. */
  #isCalledAtOnce(mark: CheckpointMark | undefined): boolean {
    if (!this.#isHeld) return true
    return this.#options.takesTime && (mark === undefined || this.#reports.at(-1)?.mark !== mark)
  }

  #callAgainFrom(found: FoundCheckpoint | undefined): void {
    const assignment = this.#assignment as Assignment
    const { checkpoint: given } = assignment
    // One that was started just now has its checkpoint, and not a mark of it.
    const kept = given?.value instanceof CheckpointMark ? lost(given) : given
    const checkpoint = found === undefined ? kept : { value: found.value, iteration: found.mark.iteration }
    this.#assignment = { ...assignment, checkpoint }
    const report = this.#reports.find(({ mark }) => mark !== undefined && mark === found?.mark)
    if (report !== undefined) {
      const { seq, ranMs, answeredAt = this.#options.now(), ordinal = this.#options.ordinal() } = report
      this.#from = { at: answeredAt, ordinal, seq, ranMs }
    }
    this.#callAgain()
  }

  /** Nothing is there that would have to clean up. */
  #leaveAtOnce(): void {
    const { catchUp, kernel, takesTime } = this.#options
    const leave = (): void => {
      this.#isOpen = false
      this.#trial?.send({ type: 'run.left' })
    }
    if (!takesTime) kernel.post(leave)
    else catchUp.lead(this, this.#leftAt.ordinal, this.#leftAt.at, () => kernel.post(leave))
  }

  #callAgain(): void {
    const { at, ordinal, seq, ranMs } = this.#from
    const { catchUp, takesTime, mayDiffer } = this.#options
    if (this.#beginsAnew(seq)) return this.#callAnew()
    const earlier = this.#beginsEarlier(seq) ? this.#earlier : []
    const reports = [...earlier, ...this.#reports.slice(seq)]
    const assignment = this.#assignment as Assignment
    this.#goLive().startAgain(takesTime ? assignment : { ...assignment, replays: reports.length }, {
      at,
      ordinal,
      seq: seq - earlier.length,
      ranMs: earlier.length > 0 ? 0 : ranMs,
      reports,
      // In real time one trial need not wait for the other.
      lead: (turn, when, fn) => (takesTime ? catchUp.lead(this, turn, when, fn) : fn()),
      drop: () => this.#drop(),
      takesTime,
      mayDiffer,
      checkpoint: earlier.length > 0 ? undefined : assignment.checkpoint,
      rewind: (iteration) => this.#goBack(iteration),
      whenPresent: (fn) => this.#whenPresent(fn),
    })
  }

  /** Whether the checkpoint that it was started from is lost, and its own reports from the first one lead there again. */
  #beginsEarlier(seq: number): boolean {
    return this.#hasLostStart(seq) && this.#earlier.length > 0
  }

  /** Whether it was started from another trial's checkpoint, which is lost: then nothing leads there again. */
  #beginsAnew(seq: number): boolean {
    return this.#hasLostStart(seq) && this.#earlier.length === 0
  }

  #hasLostStart(seq: number): boolean {
    const checkpoint = this.#assignment?.checkpoint
    const isLost = checkpoint !== undefined && checkpoint.value === undefined
    return seq === 0 && isLost && !this.#options.takesTime
  }

  /** From nothing, after all that it has reported: it cannot be compared with that. */
  #callAnew(): void {
    this.#options.onBegunAnew()
    const { at, ordinal } = this.#from
    const { length } = this.#reports
    const ranMs = this.#reports.at(-1)?.ranMs ?? this.#from.ranMs
    this.#goLive().startAgain(this.#assignment as Assignment, {
      at,
      ordinal,
      seq: length,
      ranMs,
      reports: [],
      lead: (_, __, fn) => fn(),
      drop: () => {},
      takesTime: false,
      mayDiffer: false,
      checkpoint: undefined,
      rewind: () => {},
      whenPresent: (fn) => fn(),
    })
  }

  #drop(): void {
    this.#whenResumed = undefined
    this.#options.catchUp.drop(this)
  }

  /** What is new comes after all that had happened, and from nobody who waits for a turn. */
  #whenPresent(fn: () => void): void {
    const { catchUp, now, ordinal, takesTime, until } = this.#options
    this.#drop()
    if (this.#isHeld) this.#whenResumed = fn
    else if (takesTime && until(now()) > 0) catchUp.lead(this, ordinal(), now(), () => this.#whenPresent(fn))
    else fn()
  }

  #leadingTo(checkpoint: Assignment['checkpoint']): PastReport[] {
    if (checkpoint === undefined) return []
    const { value, iteration } = checkpoint
    const own = [...this.#earlier, ...this.#reports]
    const isIt = ({ mark }: PastReport): boolean =>
      mark !== undefined && (value instanceof CheckpointMark ? mark === value : mark.iteration === iteration)
    const leading = own.slice(0, own.findLastIndex(isIt) + 1)
    // They were all decided upon, or nothing would have come after them.
    for (const report of leading) this.#markAnswered(report)
    return leading
  }

  #goLive(): SupervisedRun {
    if (this.#live === undefined) {
      this.#live = this.#options.makeLive(this.#ranBeforeMs + this.#clock.ranMs)
      if (this.#trial !== undefined) this.#live.connect(this.#trial)
    }
    return this.#live
  }

  #answered(seq: number): void {
    const report = seq > 0 ? this.#reports[seq - 1] : this.#earlier.findLast((earlier) => earlier.seq === seq)
    if (report !== undefined) this.#markAnswered(report)
  }

  #markAnswered(report: PastReport): void {
    if (!this.#clock.isRunning) this.#clock.start(this.#options.now())
    report.answeredAt ??= this.#options.now()
    report.ordinal ??= this.#options.ordinal()
  }
}

/** A checkpoint of which no more is known than that it was there. */
function lost({ iteration }: NonNullable<Assignment['checkpoint']>): NonNullable<Assignment['checkpoint']> {
  return { value: undefined, iteration }
}

/** Milliseconds that give the seconds of a report again when divided by 1,000. */
function msOf({ time_total_s: seconds }: Report['metrics']): number {
  const ms = (seconds as number) * 1000
  const near = [ms, ms * (1 + Number.EPSILON / 2), ms * (1 - Number.EPSILON / 2), ms * (1 + Number.EPSILON)]
  return near.find((candidate) => candidate / 1000 === seconds) ?? ms
}
