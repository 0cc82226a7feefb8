import type { TrialRecord } from '../../src/core/trial.ts'
import type { Assignment } from '../../src/executors/executor.ts'
import type { Choice } from '../../src/schedulers/scheduler.ts'
import type { Answer } from '../../src/searchers/session.ts'
import type { Desk } from './desk.ts'
import type { LiveTrial } from './live-trial.ts'
import { STARTS_MAX } from './standstill.ts'
import { TrialMaker } from './trial-maker.ts'

// So many trials that do not run may follow each other before timers and the host get their turn.
const UNRUN_SLICE = 64

// So many of those that wait are named when nothing goes on.
const NAMED_MAX = 5

/** Who gets the room that there is: trials that wait, as the scheduler chooses, and then those yet to be asked for. */
export class Room {
  readonly #desk: Desk
  readonly #maker: TrialMaker
  // Questions that are out: none is asked twice.
  #asking = false
  #choosing = false
  /** The scheduler wanted none of those that wait, and nothing has changed since. */
  #declined = false
  #declinedIdle = false
  /** Something has changed since the scheduler was asked, which may not have known of it. */
  #isOutdated = false
  #letProcessEnd: (() => void) | undefined
  #isShut = false
  /** Trials to be run once more, when the answer has come that is waited for: that one has the next number. */
  #toRetry: { readonly number: number; readonly goesOn: boolean }[] = []

  constructor(desk: Desk) {
    this.#desk = desk
    this.#maker = new TrialMaker(desk)
  }

  /** Begins: the trials with known results first, then as many others as there is room for. */
  begin(): void {
    for (const trial of this.#desk.plan.given) this.#maker.addGiven(trial)
    this.pump()
  }

  /** No trial starts or is made until it is opened again: the experiment was told to stop, and will go on. */
  shut(): void {
    this.#isShut = true
  }

  open(): void {
    if (!this.#isShut) return
    this.#isShut = false
    this.reconsider()
    this.pump()
  }

  /** A trial that has ended is run once more, as a new one. */
  retry(number: number, goesOn: boolean): void {
    this.#toRetry.push({ number, goesOn })
    if (!this.#asking) this.#retryAll()
  }

  #retryAll(): void {
    const { ledger } = this.#desk
    const retried = this.#toRetry
    this.#toRetry = []
    for (const { number, goesOn } of retried) {
      const original = ledger.records[number]
      if (original !== undefined) this.#maker.retry(original, goesOn)
    }
  }

  /** Something has changed, and the scheduler may want now what it did not want before. */
  reconsider(): void {
    this.#declined = false
    this.#isOutdated = this.#choosing
  }

  /** Does the next thing that can be done: start a trial, ask for one, or see that nothing more can come. */
  pump(): void {
    const { ledger, ending } = this.#desk
    this.goOn()
    if (ending.isStopping) return ending.finishWhenEmpty()
    if (ending.isOver || this.#isShut || this.#choosing || ledger.spawning > 0) return
    if (ledger.hasFreeSlot) {
      if (this.#choose()) return
      if (this.#mayAsk()) return this.#ask()
    }
    if (!this.#asking && !ledger.isActive) this.#onIdle()
  }

  /** Something other than the user moves: a process with nothing else to do may end again. */
  goOn(): void {
    this.#letProcessEnd?.()
    this.#letProcessEnd = undefined
  }

  /** Nobody answers any more. */
  forgetQuestions(): void {
    this.#asking = false
  }

  /** Which answers are waited for, in words. */
  waitingFor(): string[] {
    const { searcherName, schedulerName } = this.#desk.plan
    const waits: string[] = []
    if (this.#asking) waits.push(`the searcher ${searcherName} to propose a configuration`)
    if (this.#choosing) waits.push(`the scheduler ${schedulerName} to choose a trial`)
    return waits
  }

  // ---- Trials yet to be made ----

  #mayAsk(): boolean {
    return !this.#asking && this.#mayCreate() && (!this.#desk.ledger.hasWaiting || this.#declined)
  }

  #mayCreate(): boolean {
    return this.#desk.quota.allows(this.#desk.ledger.live.size)
  }

  #ask(): void {
    const { ending, ports, quota } = this.#desk
    this.#asking = true
    // Trials that do not run lead from one question to the next within one event, for as long as there are any.
    if (quota.unrunCount % UNRUN_SLICE !== UNRUN_SLICE - 1) return this.#suggest()
    ports.post(() => {
      if (!this.#asking) return
      if (!ending.isOver) return this.#suggest()
      this.#asking = false
      this.pump()
    })
  }

  #suggest(): void {
    const { announcer, ledger } = this.#desk
    announcer.send('searcher', { type: 'searcher.suggest', trial: ledger.records.length })
  }

  onAnswered(number: number, answer: Answer): void {
    const { announcer, ending, quota } = this.#desk
    this.#asking = false
    announcer.log({
      type: 'searcher.asked',
      trial: number,
      answer: answer.kind === 'trial' ? 'point' : answer.kind,
    })
    if (answer.kind === 'wait') quota.searcherWaits = true
    else if (answer.kind === 'finished') quota.searcherFinished = true
    else if (ending.isOver) this.#maker.interruptAtOnce(answer)
    else this.#maker.create(answer)
    if (!ending.isOver) this.#retryAll()
    this.pump()
  }

  // ---- Trials that wait ----

  #choose(): boolean {
    const { announcer, ledger } = this.#desk
    if (this.#declined || !ledger.hasWaiting) return false
    const candidates = ledger.candidates()
    if (candidates.length === 0) return false
    // One that the user holds may come back, and then others have less of a chance, or more.
    const idle = !ledger.isActive && !ledger.hasHeld && !this.#mayCreate()
    this.#choosing = true
    this.#isOutdated = false
    this.#declinedIdle = idle
    const choice: Choice = { candidates, idle }
    announcer.send('scheduler', { type: 'scheduler.choose', choice })
    return true
  }

  onChose(number: number | undefined): void {
    const { ending, ledger } = this.#desk
    this.#choosing = false
    if (ending.isStopping) return ending.finishWhenEmpty()
    if (number === undefined) this.#declined = !this.#isOutdated
    else {
      const trial = ledger.live.get(number)
      // A scheduler that took its time may choose one that has ended, or that the user has paused, meanwhile.
      if (trial !== undefined && !trial.held && ledger.isWaiting(trial)) this.#start(trial)
    }
    this.pump()
  }

  #start(trial: LiveTrial): void {
    const { announcer, ending, ledger, plan, ports } = this.#desk
    const { record } = trial
    if (trial.standstill.start(ports.now())) {
      return ending.stalled(
        `trial ${record.number} was started ${STARTS_MAX} times. A scheduler must not pause a trial or let it exploit for ever, nor may one fail for ever. Let time pass in it, with trial.sleep(ms) or stepMs, or between its attempts, with failure.backoffMs.`,
      )
    }
    ledger.takeSlot(trial)
    ledger.setWaiting(trial, false)
    const assignment: Assignment = {
      trial: record.number,
      id: record.id,
      attempt: record.attempt,
      config: record.config,
      resources: record.resources,
      checkpoint: record.checkpoint,
      randomPath: `${plan.seed}/trial/${record.number}`,
      worker: trial.worker,
      saveEvery: plan.saveEvery,
      saveAtEnd: plan.saveAtEnd,
    }
    announcer.sendTrial(trial, { type: 'trial.start', assignment })
  }

  // ---- Nothing goes on ----

  /** Nothing runs and nothing is asked: it is over, or it would stand still for ever. */
  #onIdle(): void {
    const { ending, ledger, ports } = this.#desk
    if (ledger.live.size === 0) return this.#onEmpty()
    const waiting = [...ledger.waitingTrials()]
    // All that are left have been ended by the scheduler, and are on their way out.
    if ([...ledger.live.values()].every((trial) => trial.ending !== undefined)) return
    if (waiting.some((trial) => trial.held)) {
      this.#letProcessEnd = ports.keepAlive()
      return
    }
    if (this.#declined && !this.#declinedIdle) {
      // The scheduler declined while something could still come. Nothing can: it is asked once more, and told so.
      this.#declined = false
      if (this.#choose()) return
    }
    ending.deadlock(this.#standing(waiting.map((trial) => trial.record)))
  }

  #onEmpty(): void {
    const { ending, plan, quota } = this.#desk
    if (quota.searcherWaits && quota.wantsMore) {
      return ending.deadlock(
        `the searcher ${plan.searcherName} waits for a result, but no trial is under way. A searcher that has nothing more to propose must answer 'finished'.`,
      )
    }
    if (quota.isBarren && !quota.searcherFinished) return this.#failBarren()
    return ending.finish()
  }

  #standing(waiting: readonly TrialRecord[]): string {
    const { searcherName, schedulerName } = this.#desk.plan
    const names = waiting.slice(0, NAMED_MAX).map(({ number, status }) => `${number} (${status})`)
    const more = waiting.length > names.length ? `, and ${waiting.length - names.length} more` : ''
    const alsoWaits = this.#desk.quota.searcherWaits
      ? ` The searcher ${searcherName} waits for one of them to end.`
      : ''
    return `nothing runs, and ${waiting.length === 1 ? 'trial' : 'trials'} ${names.join(', ')}${more} wait for the scheduler ${schedulerName}, which chooses none of them.${alsoWaits} A scheduler that is told 'idle' must choose a trial, or have ended those that wait.`
  }

  #failBarren(): void {
    const { ending, ledger, plan, quota } = this.#desk
    const { error } = ledger.records.at(-1) as TrialRecord
    const how = error === undefined ? 'took over the result of another' : `was refused: ${error.message}`
    ending.fail(
      'searcher',
      `The last ${quota.unrunCount} trials that the searcher ${plan.searcherName} proposed ended without having run; the last one ${how}. It may have no other to propose. Give numSamples, a larger space, or a searcher that answers 'finished'.`,
      error,
    )
  }
}
