import TinyQueue from 'tinyqueue'
import { ResourcePool } from '../../src/core/resources.ts'
import type { Resources, TrialRecord, TrialStatus } from '../../src/core/trial.ts'
import type { Candidate } from '../../src/schedulers/scheduler.ts'
import type { LiveTrial } from './live-trial.ts'
import { WaitingList } from './waiting-list.ts'

/**
 * All trials of an experiment, and the room that they share. Plain bookkeeping for the experiment's actor, which
 * alone writes it: nothing here sends or decides.
 */
export class Ledger {
  /** Every trial that has a number, at that index. */
  readonly records: TrialRecord[] = []
  readonly live = new Map<number, LiveTrial>()
  /** Trials that were run once more, each as a new one, which stands for it from then on. */
  readonly retried = new Set<number>()
  readonly pool: ResourcePool
  /** Trials at once. With fewer than there were, those that run come to their ends. */
  slotCount: number
  /** How many trials are in each state of their machines. */
  readonly counts: Record<TrialStatus, number> = {
    pending: 0,
    running: 0,
    stopping: 0,
    paused: 0,
    retrying: 0,
    terminated: 0,
    error: 0,
  }
  /** Trials whose actor was asked for and has not yet said that it is there. */
  spawning = 0
  // The lowest free slot first, so that which worker a trial gets depends on nothing but the order of events.
  readonly #freeSlots = new TinyQueue<number>([], (a, b) => a - b)
  #slotsMade = 0
  readonly #waiting = new WaitingList()

  constructor(slotCount: number, total: Resources) {
    this.slotCount = slotCount
    this.pool = new ResourcePool(total)
  }

  get hasFreeSlot(): boolean {
    return this.slotsUsed < this.slotCount
  }

  get slotsUsed(): number {
    return this.#slotsMade - this.#freeSlots.length
  }

  /** Whether user code of some trial is at work, or will be without anybody's doing. */
  get isActive(): boolean {
    // By its slot and not by its status: a trial that was just told to start has not said yet that it runs.
    return this.slotsUsed + this.counts.stopping + this.counts.retrying + this.spawning > 0
  }

  /** Whether a trial waits for room or for the scheduler. One that the user holds waits for neither. */
  get hasWaiting(): boolean {
    return this.#waiting.freeCount > 0
  }

  /** Whether the user holds a trial that waits. */
  get hasHeld(): boolean {
    return this.#waiting.heldCount > 0
  }

  setStatus(record: TrialRecord, status: TrialStatus): void {
    this.counts[record.status]--
    this.counts[status]++
    record.status = status
  }

  /** A trial is in another state without having gone through its machine. */
  enter(record: TrialRecord, status: TrialStatus, at: number, cause: string): void {
    this.setStatus(record, status)
    record.life.enter(status, at, cause, record.attempt)
  }

  /** Makes a live trial one of those that could be started, or no longer. */
  setWaiting(trial: LiveTrial, waits: boolean): void {
    if (waits) this.#waiting.add(trial)
    else this.#waiting.delete(trial)
  }

  /** The user holds a trial, or lets it go on. */
  hold(trial: LiveTrial, held: boolean): void {
    const waits = this.isWaiting(trial)
    this.setWaiting(trial, false)
    trial.held = held
    this.setWaiting(trial, waits)
  }

  isWaiting(trial: LiveTrial): boolean {
    return this.#waiting.has(trial)
  }

  /** Trials that could be started now, by number. */
  candidates(): Candidate[] {
    return this.#waiting.candidates(this.pool)
  }

  waitingTrials(): Iterable<LiveTrial> {
    return this.#waiting
  }

  takeSlot(trial: LiveTrial): void {
    trial.worker = this.#freeSlots.pop() ?? this.#slotsMade++
    this.pool.take(trial.record.resources)
  }

  /** Frees the slot of a trial; nothing happens when it has none. */
  freeSlot(trial: LiveTrial): void {
    if (trial.worker < 0) return
    this.#freeSlots.push(trial.worker)
    trial.worker = -1
    this.pool.giveBack(trial.record.resources)
    if (trial.nextResources !== undefined) this.reallocate(trial, trial.nextResources)
  }

  /** Changes what a trial needs that holds nothing. */
  reallocate(trial: LiveTrial, resources: Resources): void {
    // It may wait already, for what it needed before.
    const waits = this.isWaiting(trial)
    this.setWaiting(trial, false)
    trial.record.resources = resources
    trial.nextResources = undefined
    this.setWaiting(trial, waits)
  }

  /** A trial has ended: only its record stays, without the room that grows in reserve. */
  retire(trial: LiveTrial): void {
    this.freeSlot(trial)
    this.setWaiting(trial, false)
    this.live.delete(trial.record.number)
    trial.record.history.compact()
    trial.record.life.compact()
  }
}
