import type { LogRecord } from '../../core/log.ts'
import type { TrialRecord } from '../../core/trial.ts'
import { asError, TroupeError } from '../../errors.ts'
import type { Experiment } from '../../runtime/experiment.ts'
import type { Kernel } from '../../runtime/kernel.ts'
import { fingerprint } from '../fingerprint.ts'
import { Invariants } from './invariants.ts'
import { ManualKernel, type ManualTimer } from './manual-kernel.ts'
import { type Script, StagedExecutor } from './staged-executor.ts'

/** Something that can happen next, and how it reads. */
export interface Choice {
  readonly words: string
  /** Whether it is a failure or a stop, of which a run has only so many. */
  readonly isFault: boolean
  readonly happen: () => void
}

/** What every run of an exploration shares. */
export interface Stage {
  readonly script: Script
  readonly slots: number
  readonly totalResources: Readonly<Record<string, number>>
  readonly faults: number
  /** Milliseconds of the timer after which code that does not leave is given up: no other has so many. */
  readonly graceMs: number
  /** Builds the experiment; policies and executor report to `run`. */
  readonly build: (kernel: Kernel, log: (record: LogRecord) => void, run: StagedRun) => Experiment
}

/** One experiment with the real machines, in which each message arrives when it is told to. */
export class StagedRun {
  readonly executor: StagedExecutor
  readonly invariants: Invariants
  readonly log: LogRecord[] = []
  /** What the scheduler remembers, as soon as it has begun. */
  schedulerState: unknown
  /** The scheduler named nobody, and nothing has changed since. */
  hasDeclined = false
  readonly #stage: Stage
  readonly #kernel = new ManualKernel()
  readonly #experiment: Experiment
  #faults = 0
  /** Trials that were given room, and have not given it back. */
  readonly #holders = new Set<number>()

  constructor(stage: Stage) {
    this.#stage = stage
    this.executor = new StagedExecutor(stage.script)
    this.invariants = new Invariants()
    this.#experiment = stage.build(this.#kernel, (record) => this.#onLog(record), this)
    this.#do(() => this.#experiment.start())
  }

  get records(): readonly TrialRecord[] {
    return this.#experiment.records
  }

  get isOver(): boolean {
    return this.#experiment.ending !== undefined
  }

  /** What is wrong so far; undefined while nothing is. */
  get violation(): string | undefined {
    return this.invariants.violation
  }

  /** All that can happen next, in an order that is the same each time. */
  choices(): Choice[] {
    if (this.isOver) return []
    const choices = [...this.#messages(), ...this.#timers()]
    if (this.#faults < this.#stage.faults) choices.push(...this.#disturbances())
    return choices
  }

  take(choice: Choice): void {
    if (choice.isFault) this.#faults++
    this.#do(choice.happen)
  }

  /** Checks what must hold whenever nothing is under way. Not needed where the same was seen before. */
  look(): void {
    const { slots, totalResources } = this.#stage
    const holders = this.records.filter(
      ({ number }) => this.#holders.has(number) && this.executor.attempts.get(number)?.isOver === false,
    )
    this.invariants.room(holders, slots, totalResources)
    const ending = this.#experiment.ending
    if (ending?.failure !== undefined) {
      this.invariants.broken(`the experiment ends with '${ending.failure.code}': ${ending.failure.message}`)
    }
    if (ending !== undefined) {
      const { slots: left, resources } = this.#experiment.snapshot()
      this.invariants.released(left.used, resources.used)
      return this.invariants.end(this.records, this.#codeLeft())
    }
    if (this.choices().every(({ isFault }) => isFault)) {
      const { waitingFor } = this.#experiment.snapshot()
      this.invariants.broken(
        `nothing can happen any more, and the experiment has not ended; it waits for ${waitingFor.join(', and for ') || 'nothing'}`,
      )
    }
  }

  /** All that decides what can follow, as text: runs that are equal in it go on the same. */
  fingerprint(): string {
    const trials = this.records.map((record) => [
      record.status,
      record.state,
      record.attempt,
      record.iteration,
      record.failures,
      record.values,
      record.config,
      record.resources,
      record.checkpoint?.iteration,
      record.reason?.by,
      this.executor.attempts.get(record.number)?.state,
    ])
    const timers = Array.from(this.#kernel.timers, ({ ms }) => ms).sort((a, b) => a - b)
    const status = this.#experiment.snapshot().status
    const kept = fingerprint([status, trials, timers, this.#faults, this.hasDeclined])
    return `${kept} ${this.#schedulerFingerprint()}`
  }

  #schedulerFingerprint(): string {
    try {
      return fingerprint(this.schedulerState)
    } catch (cause) {
      throw new TroupeError(
        'interleaving',
        `The scheduler's state cannot be compared: ${asError(cause).message}. Keep numbers, strings, arrays, plain objects, Maps and Sets in it.`,
        { cause },
      )
    }
  }

  #messages(): Choice[] {
    return [...this.executor.attempts].flatMap(([trial, attempt]) =>
      attempt.next.map((what) => ({
        words: `trial ${trial} ${what}`,
        isFault: false,
        happen: () => attempt.say(what),
      })),
    )
  }

  #timers(): Choice[] {
    const { graceMs } = this.#stage
    return Array.from(this.#kernel.timers)
      .filter(({ ms }) => ms !== graceMs)
      .map((timer, i) => this.#fired(timer, `timer ${i + 1} of ${timer.ms} ms fires`, false))
  }

  #disturbances(): Choice[] {
    const choices: Choice[] = []
    for (const [trial, attempt] of this.executor.attempts) {
      if (!attempt.mayCrash) continue
      choices.push({ words: `trial ${trial} crashes`, isFault: true, happen: () => attempt.say('crashes') })
    }
    for (const { number, id, endedAt } of this.records) {
      if (endedAt !== undefined) continue
      const words = `the user stops trial ${number}`
      const happen = (): void => this.#experiment.send({ type: 'experiment.stopTrial', trial: number })
      if (id !== '') choices.push({ words, isFault: true, happen })
    }
    choices.push({
      words: 'the user stops the experiment',
      isFault: true,
      happen: () => this.#experiment.stop('stop', false),
    })
    for (const timer of this.#kernel.timers) {
      if (timer.ms === this.#stage.graceMs)
        choices.push(this.#fired(timer, 'a trial that has to leave is given up', true))
    }
    return choices
  }

  #fired(timer: ManualTimer, words: string, isFault: boolean): Choice {
    return { words, isFault, happen: () => this.#kernel.fire(timer) }
  }

  #do(happen: () => void): void {
    try {
      happen()
      this.#kernel.drain()
    } catch (error) {
      this.invariants.broken(`it threw: ${asError(error).message}`)
    }
  }

  #onLog(record: LogRecord): void {
    this.log.push(record)
    if (record.type !== 'trial.decision') this.hasDeclined = false
    if (record.type === 'trial.transition') {
      if (record.to === 'running') this.#holders.add(record.trial)
      // One that is stopped while it is paused has no room, and cleans up without.
      else if (record.to !== 'stopping') this.#holders.delete(record.trial)
    }
    this.invariants.onLog(record)
  }

  #codeLeft(): number[] {
    return [...this.executor.attempts].filter(([, { isOver }]) => !isOver).map(([trial]) => trial)
  }
}

/** The choice with these words, which there was before. */
export function choiceOf(run: StagedRun, words: string): Choice {
  const choice = run.choices().find((other) => other.words === words)
  if (choice !== undefined) return choice
  throw new TroupeError(
    'divergence',
    `exploreInterleavings: the same messages did not lead to the same state again: '${words}' cannot happen any more. The scheduler is not repeatable; checkScheduler says where.`,
  )
}
