import { isPlainObject } from '../core/metrics.ts'
import { describe } from '../core/options.ts'
import type { Resources } from '../core/trial.ts'
import { asError, assertNever, TrialStopped } from '../errors.ts'
import type { Kernel, Watch } from '../runtime/kernel.ts'
import { driveAsyncGenerator } from './async-generator-form.ts'
import { ownConfig } from './copies.ts'
import type { Assignment, Attempt, AttemptListener, Settled } from './executor.ts'
import { driveGenerator } from './generator-form.ts'
import { isOfLeaving } from './leaving-errors.ts'
import { OutgoingReports } from './outgoing-reports.ts'
import { Sleeps } from './sleeps.ts'
import { type KeptStates, SteppedRun, type SteppedSide } from './stepped-form.ts'
import type { ReportOptions, Trainable, Trial } from './trainable.ts'
import { type TrialBackend, trialObject } from './trial-object.ts'
import { type Called, calledWith } from './user-side.ts'
import { Wait } from './wait.ts'

export interface UserRunOptions<Config> {
  readonly trainable: Trainable<Config>
  readonly kernel: Kernel
  readonly assignment: Assignment
  readonly listener: AttemptListener
  /** States that an earlier attempt of the same trial left for `reset`; shared by all runs of one executor. */
  readonly kept: KeptStates<Config>
  /** Milliseconds that pass before the report of an iteration is sent. */
  readonly reportDelayMs?: ((iteration: number) => number) | undefined
}

const LEFT: Settled = { kind: 'left' }
const RETURNED: Settled = { kind: 'returned' }

const ENDED =
  'This trial has ended, so it can report nothing more. What it starts should be awaited before it returns.'

// More than the steps that a loop usually has left.
const FREE_REFUSALS = 1000

/**
 * The user's side of one attempt: calls user code, turns what it does into messages, and answers into its going on.
 * It knows nothing of controllers, so it runs the same in this process as in a thread.
 *
 * User code is only ever entered from within an event of the kernel: the start, an answer, an expired sleep, having to
 * leave. Messages go out at once, from the user's own stack; whoever hears them may answer there and then.
 *
 * It ends in two steps: user code comes to its end (`#ended`), and the attempt settles when all that it sent is heard.
 */
export class UserRun<Config> implements Attempt, SteppedSide, TrialBackend {
  readonly assignment: Assignment
  readonly trial: Trial
  #resources: Resources
  // Reports that it makes again, before which sleeping takes no time.
  #replays: number
  readonly #kernel: Kernel
  readonly #reports: OutgoingReports
  readonly #sleeps: Sleeps
  #listener: AttemptListener | undefined
  #watch: Watch | undefined
  #controller: AbortController | undefined
  #stepped: SteppedRun<Config> | undefined
  #leavesFor: TrialStopped['reason'] | undefined
  // Made when somebody has to see it: most code that leaves never does.
  #leaving: TrialStopped | undefined
  #ended: Settled | undefined
  #besides: Error | undefined
  #hasToAbort = false
  /** Whether something that the code waited for was rejected, so that it knows. */
  #isTold = false
  #refusalCount = 0
  /** Reports whose answers are on their way into user code. */
  readonly #answered: number[] = []

  constructor({ trainable, kernel, assignment, listener, kept, reportDelayMs }: UserRunOptions<Config>) {
    this.assignment = assignment
    this.#resources = assignment.resources
    this.#replays = assignment.replays ?? 0
    this.#kernel = kernel
    this.#listener = listener
    this.#sleeps = new Sleeps(kernel, () => this.#watch?.resumed())
    this.#reports = new OutgoingReports({
      kernel,
      assignment,
      delayMs: reportDelayMs,
      send: (report) => {
        // A delayed one may come when it is too late.
        if (!this.isLeaving) this.#listener?.report(report)
        this.#settleIfHeard()
      },
    })
    this.trial = trialObject(this)
    kernel.post(() => this.#begin(trainable, kept))
  }

  get isLeaving(): boolean {
    return this.#leavesFor !== undefined
  }

  get leaving(): TrialStopped | undefined {
    if (this.#leavesFor === undefined) return undefined
    return (this.#leaving ??= new TrialStopped(this.#leavesFor))
  }

  get iteration(): number {
    return this.#reports.iteration
  }

  get checkpointAt(): number | undefined {
    return this.#reports.checkpointAt
  }

  get resources(): Resources {
    return this.#resources
  }

  get hearer(): AttemptListener | undefined {
    return this.#ended === undefined ? this.#listener : undefined
  }

  // What the controller says.

  answer(seq: number): void {
    this.#answered.push(seq)
    this.#kernel.post(this.#goOn)
  }

  // One function for all answers, since a trial gets thousands; each was posted once, and they come in order.
  readonly #goOn = (): void => {
    const report = this.#reports.take(this.#answered.shift() as number)
    if (report === undefined) return
    this.#watch?.resumed()
    report.resolve()
    this.#settleIfHeard()
  }

  reallocate(resources: Resources): void {
    this.#resources = resources
  }

  endReplay(): void {
    this.#replays = 0
  }

  save(): void {
    this.#kernel.post(() => {
      if (this.#stepped === undefined || this.isLeaving) {
        this.saved(undefined)
        return
      }
      this.#watch?.resumed()
      this.#stepped.save()
    })
  }

  leave(reason: TrialStopped['reason']): void {
    if (this.isLeaving || this.#listener === undefined) return
    this.#leavesFor = reason
    // What begins between now and the event already knows: reports are refused, sleeps are those of cleaning up.
    const waits = [...this.#reports.pending, ...this.#sleeps.pending]
    const sleeps = waits.filter((wait) => wait.kind === 'sleep')
    this.#kernel.post(() => {
      this.#reports.clear()
      this.#sleeps.forget(sleeps)
      this.#watch?.resumed()
      this.#hasToAbort = true
      this.#isTold = waits.some((wait) => !wait.isSettled)
      this.#controller?.abort(this.leaving)
      this.#settleIfHeard()
      for (const wait of waits) wait.rejectWith(() => this.leaving as Error)
    })
  }

  // Code that is still there hears of it, so that it can clean up; but nobody hears the code any more.
  abandon(): void {
    this.leave('stopped')
    this.#listener = undefined
    this.#end(LEFT)
  }

  // What user code does.

  report(metrics: unknown, options?: ReportOptions, last = false): Wait<'report'> {
    if (this.isLeaving || this.#ended !== undefined) return this.#refusal('report')
    const report = this.#reports.add(metrics, options, last)
    this.#watch?.called()
    return report
  }

  returned(value: unknown): void {
    const error = this.#reports.unheardError ?? this.#lastReportError(value)
    this.#end(error === undefined ? returnedWith(value) : { kind: 'threw', error })
  }

  threw(error: unknown): void {
    this.#end({ kind: 'threw', error: asError(error) })
  }

  alsoThrew(error: unknown): void {
    if (!isOfLeaving(error)) this.#besides ??= asError(error)
  }

  saved(checkpoint: { readonly value: unknown } | undefined): void {
    this.#listener?.saved(checkpoint)
    this.#watch?.called()
  }

  refuse(report: Wait<'report'>, error: Error): void {
    this.#reports.refuse(report, error)
  }

  sleep(ms: number): Wait<'sleep'> {
    if (this.#ended !== undefined) return this.#refusal('sleep')
    const isOver = this.#reports.count < this.#replays
    const sleep = this.#sleeps.begin(ms, isOver ? 0 : ms)
    this.#watch?.called()
    return sleep
  }

  #refusal<Kind extends 'sleep' | 'report'>(kind: Kind): Wait<Kind> {
    const error = this.leaving ?? new TrialStopped('stopped', ENDED)
    return this.#slowed(new Wait(kind), (wait) => wait.reject(error))
  }

  unheard(): Wait<'report'> {
    return this.#slowed(new Wait('report'), (wait) => wait.resolve())
  }

  // Code that takes no notice of having to leave and goes on for ever would spin, and hold up every other trial: from
  // some point on each call takes time while the code may still leave, and never returns when it has ended or was
  // given up.
  #slowed<Kind extends 'sleep' | 'report'>(wait: Wait<Kind>, settle: (wait: Wait<Kind>) => void): Wait<Kind> {
    if (++this.#refusalCount <= FREE_REFUSALS) settle(wait)
    else if (this.#ended === undefined) this.sleep(1).whenSettled({ onSettled: () => settle(wait) })
    return wait
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      // Not as soon as it is to leave, and not before code that cannot know yet has had the time to listen: a signal
      // that is aborted already never tells anybody, and who waits for it alone would wait for ever.
      if (this.#hasToAbort && this.#isTold) this.#controller.abort(this.leaving)
      else if (this.#hasToAbort) void Promise.resolve().then(() => this.#controller?.abort(this.leaving))
    }
    return this.#controller.signal
  }

  // From the start to the end.

  #begin(trainable: Trainable<Config>, kept: KeptStates<Config>): void {
    if (this.isLeaving) {
      this.#end(LEFT)
      return
    }
    let called: Called
    try {
      called = calledWith(this.#call(trainable, kept))
    } catch (error) {
      this.threw(error)
      return
    }
    this.#follow(called)
  }

  #call(trainable: Trainable<Config>, kept: KeptStates<Config>): unknown {
    // The configuration is the trainable's own from here on.
    const config = ownConfig(this.assignment.config) as Config
    if (typeof trainable === 'function') return trainable(config, this.trial)
    this.#stepped = new SteppedRun(this, kept)
    return this.#stepped.run(trainable, config)
  }

  #follow(called: Called): void {
    switch (called.kind) {
      case 'asyncGenerator':
        this.#await(driveAsyncGenerator(called.generator, this))
        break
      case 'generator':
        driveGenerator(called.generator, this)
        break
      case 'promise':
        this.#await(called.promise)
        break
      case 'value':
        this.returned(called.value)
        break
      default:
        assertNever(called, 'what a trainable returned')
    }
  }

  #await(result: PromiseLike<unknown>): void {
    // Not registered before the form is known: generators and plain functions never outlast an event.
    this.#watch = this.#kernel.watch(() => this.#isParked())
    this.#watch.resumed()
    if (this.#isParked()) this.#watch.called()
    void Promise.resolve(result).then(
      (value) => this.returned(value),
      (error: unknown) => this.threw(error),
    )
  }

  #isParked(): boolean {
    if (this.#ended !== undefined || !this.#sleeps.isEmpty) return true
    return !this.#reports.areAnswered && this.#stepped?.isSaving !== true
  }

  #lastReportError(value: unknown): Error | undefined {
    return isPlainObject(value) ? this.report(value, undefined, true).error : undefined
  }

  #end(outcome: Settled): void {
    if (this.#ended !== undefined) return
    this.#ended = outcome
    this.#sleeps.forget(this.#sleeps.pending)
    this.#settleIfHeard()
    this.#watch?.called()
  }

  // What it sent comes before its end; what it returned counts only when everything it sent was answered.
  #settleIfHeard(): void {
    if (this.#ended === undefined) return
    const isHeard = this.#reports.areSent && (this.#ended.kind === 'threw' || this.#reports.areAnswered)
    if (!isHeard && !this.isLeaving) return
    const listener = this.#listener
    this.#listener = undefined
    this.#reports.clear()
    listener?.settled(this.#outcome(this.#ended))
  }

  #outcome(ended: Settled): Settled {
    if (this.isLeaving && ended.kind === 'threw') this.alsoThrew(ended.error)
    const outcome = this.isLeaving ? LEFT : ended
    return this.#besides === undefined ? outcome : { ...outcome, besides: this.#besides }
  }
}

/** A plain object was the last report; anything else but nothing was meant to be something. */
function returnedWith(value: unknown): Settled {
  if (value === undefined || value === null || isPlainObject(value)) return RETURNED
  return { kind: 'returned', ignored: describe(value) }
}
