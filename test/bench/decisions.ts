import { partitionPoint } from '../../src/core/partition-point.ts'
import { randomStream } from '../../src/random/random.ts'
import type { Candidate, Command, Decision, Scheduler, TrialReport } from '../../src/schedulers/scheduler.ts'

const MAX_T = 27
// A tenth of the trials run at a time, so that both sizes have the same mix of reports, pauses and ends.
const SHARE_RUNNING = 0.1

/**
 * What a scheduler costs where many trials are under way: `trials` of them are there from the beginning, a tenth run at
 * a time and report in turn, up to step 27, on curves that rise to levels of their own.
 * @returns Microseconds inside the scheduler for each report, questions who runs next and ends included.
 */
export function decisionCost(scheduler: Scheduler, trials: number): number {
  const play = new Play(scheduler, trials)
  while (play.goOn());
  return (1000 * play.spentMs) / play.reports
}

/** `decisionCost` at 100 and at 10,000 trials: the least of several runs, after some that only warm up. */
export function decisionGrowth(
  make: () => Scheduler,
  many = 10_000,
): { readonly few: number; readonly many: number } {
  for (let i = 0; i < 20; i++) decisionCost(make(), 100)
  const few = Array.from({ length: 50 }, () => decisionCost(make(), 100))
  const most = Array.from({ length: 3 }, () => decisionCost(make(), many))
  return { few: Math.min(...few), many: Math.min(...most) }
}

interface Playing {
  readonly level: number
  readonly speed: number
  time: number
  config: unknown
  last: TrialReport | undefined
}

/** A controller of the least kind: its own work is not counted. */
class Play {
  spentMs = 0
  reports = 0
  readonly #scheduler: Scheduler
  readonly #state: unknown
  readonly #trials: Playing[] = []
  // By number, and changed in place: a copy for each question would be most of the work.
  readonly #waiting: Candidate[] = []
  #running: number[] = []

  constructor(scheduler: Scheduler, trials: number) {
    this.#scheduler = scheduler
    const objectives = [{ metric: 'loss', mode: 'min' }] as const
    this.#state = this.#timed(() => scheduler.init({ name: 'bench', resources: {}, objectives }))
    const random = randomStream('decisions')
    for (let trial = 0; trial < trials; trial++) {
      const config = { lr: 0.001 + random.next() }
      this.#trials.push({
        level: random.next(),
        speed: 1 + 9 * random.next(),
        time: 0,
        config,
        last: undefined,
      })
      const added = { trial, config, resources: {}, random: random.fork(trial) }
      this.#timed(() => scheduler.onAdd?.(this.#state, added))
      this.#waiting.push({ trial, status: 'pending' })
    }
  }

  /** Fills the slots and lets each trial that runs report once. False when nothing is left. */
  goOn(): boolean {
    this.#fill()
    if (this.#running.length === 0) return false
    for (const trial of [...this.#running]) if (this.#running.includes(trial)) this.#report(trial)
    return true
  }

  #fill(): void {
    const { choose } = this.#scheduler
    while (this.#running.length < SHARE_RUNNING * this.#trials.length && this.#waiting.length > 0) {
      const choice = { candidates: this.#waiting, idle: this.#running.length === 0 }
      const chosen =
        choose === undefined
          ? (this.#waiting.find(({ status }) => status === 'pending') ?? this.#waiting[0])?.trial
          : this.#timed(() => this.#scheduler.choose?.(this.#state, choice))
      if (chosen === undefined) return
      this.#takeOut(chosen)
      this.#running.push(chosen)
    }
  }

  #report(trial: number): void {
    const playing = this.#trials[trial] as Playing
    playing.time++
    const loss = playing.level + Math.exp(-playing.time / playing.speed)
    const { time, config } = playing
    const metrics = { loss, training_iteration: time, time_total_s: time }
    const report = { trial, time, score: -loss, values: [loss], metrics, config, hasCheckpoint: true }
    playing.last = report
    this.reports++
    if (time === MAX_T) return this.#end(trial, 'completed')
    const decision = this.#timed(() => this.#scheduler.onReport(this.#state, report))
    const commands = this.#timed(() => this.#scheduler.commands?.(this.#state) ?? [])
    this.#carryOut(trial, decision)
    this.#obey(commands)
  }

  #carryOut(trial: number, decision: Decision): void {
    const playing = this.#trials[trial] as Playing
    if (decision.kind === 'stop') return this.#end(trial, decision.outcome)
    if (decision.kind === 'exploit') playing.config = decision.config
    if (decision.kind !== 'pause') return
    this.#running = this.#running.filter((running) => running !== trial)
    this.#putIn(trial)
  }

  #end(trial: number, state: 'pruned' | 'completed'): void {
    const { last } = this.#trials[trial] as Playing
    this.#running = this.#running.filter((running) => running !== trial)
    this.#obey(this.#timed(() => this.#scheduler.onEnd?.(this.#state, { trial, state, last })) ?? [])
  }

  #obey(commands: readonly Command[]): void {
    for (const { trial, decision } of commands) {
      if (decision.kind === 'exploit') (this.#trials[trial] as Playing).config = decision.config
      else {
        this.#takeOut(trial)
        this.#end(trial, decision.outcome)
      }
    }
  }

  #putIn(trial: number): void {
    this.#waiting.splice(this.#indexOf(trial), 0, { trial, status: 'paused' })
  }

  #takeOut(trial: number): void {
    this.#waiting.splice(this.#indexOf(trial), 1)
  }

  #indexOf(trial: number): number {
    return partitionPoint(this.#waiting.length, (i) => (this.#waiting[i] as Candidate).trial < trial)
  }

  #timed<T>(call: () => T): T {
    const start = performance.now()
    const result = call()
    this.spentMs += performance.now() - start
    return result
  }
}
