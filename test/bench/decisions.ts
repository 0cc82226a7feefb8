import { partitionPoint } from '../../src/core/partition-point.ts'
import { randomStream } from '../../src/random/random.ts'
import type { Candidate, Command, Decision, Scheduler, TrialReport } from '../../src/schedulers/scheduler.ts'

const MAX_T = 27
// A tenth of the trials run at a time, so that both sizes have the same mix of reports, pauses and ends.
const SHARE_RUNNING = 0.1

// Calls whose time is taken together.
const STRETCH = 200

/** What a scheduler's decisions cost, in microseconds for each report, ends and questions who runs next included. */
export interface DecisionCosts {
  readonly at100: number
  readonly atMany: number
  readonly growth: number
  /** `atMany` with all that came between, such as the pauses of the garbage collector. */
  readonly atManyWithPauses: number
}

/**
 * What a scheduler costs where many trials are under way: all of them are there from the beginning, a tenth run at a
 * time and report in turn, up to step 27, on curves that rise to levels of their own.
 *
 * A play makes the same calls whenever it is repeated, so each stretch of it counts as the least of its repetitions.
 * That leaves out what the machine does besides, and the pauses of the garbage collector, which a play of 100 trials is
 * too short to meet: they cost the same for each trial however many there are, and are in `atManyWithPauses`.
 */
export function decisionCosts(make: () => Scheduler, many = 10_000): DecisionCosts {
  const few = new Repetitions()
  const most = new Repetitions()
  for (let i = 0; i < 20; i++) play(make(), 100)
  for (let i = 0; i < 8; i++) {
    for (let j = 0; j < 10; j++) few.add(play(make(), 100))
    most.add(play(make(), many))
  }
  return {
    at100: few.least,
    atMany: most.least,
    growth: most.least / few.least,
    atManyWithPauses: most.leastTotal,
  }
}

class Repetitions {
  leastTotal = Infinity
  #leasts: readonly number[] = []
  #reports = 0

  add({ stretches, spentMs, reports }: Play): void {
    this.#leasts = stretches.map((ms, i) => Math.min(ms, this.#leasts[i] ?? Infinity))
    this.#reports = reports
    this.leastTotal = Math.min(this.leastTotal, (1000 * spentMs) / reports)
  }

  get least(): number {
    return (1000 * this.#leasts.reduce((sum, ms) => sum + ms, 0)) / this.#reports
  }
}

function play(scheduler: Scheduler, trials: number): Play {
  const whole = new Play(scheduler, trials)
  while (whole.goOn());
  return whole
}

interface Playing {
  readonly trial: number
  readonly level: number
  readonly speed: number
  time: number
  config: unknown
  isRunning: boolean
  readonly pending: Candidate
  readonly paused: Candidate
}

/**
 * A controller of the least kind: its own work is not counted, and is the same for each report however many trials there
 * are. Reports are made anew where they are needed: what the garbage collector had to carry along would be put down to the
 * scheduler.
 */
class Play {
  spentMs = 0
  reports = 0
  /** Milliseconds of each so many calls. */
  readonly stretches: number[] = []
  #calls = 0
  readonly #scheduler: Scheduler
  readonly #state: unknown
  readonly #trials: readonly Playing[]
  // By number, and changed in place: a copy for each question would be most of the work.
  readonly #waiting: Candidate[]
  // Those that ran when the round began, and those that do.
  #turns: Playing[] = []
  #runningCount = 0

  constructor(scheduler: Scheduler, trials: number) {
    this.#scheduler = scheduler
    const objectives = [{ metric: 'loss', mode: 'min' }] as const
    const random = randomStream('decisions')
    this.#trials = Array.from({ length: trials }, (_, trial) => ({
      trial,
      config: { lr: 0.001 + random.next() },
      level: random.next(),
      speed: 1 + 9 * random.next(),
      time: 0,
      isRunning: false,
      pending: { trial, status: 'pending' },
      paused: { trial, status: 'paused' },
    }))
    this.#waiting = this.#trials.map(({ pending }) => pending)
    this.#state = this.#timed(() => scheduler.init({ name: 'bench', resources: {}, objectives }))
    for (const { trial, config } of this.#trials) {
      const added = { trial, config, resources: {}, random: random.fork(trial) }
      this.#timed(() => scheduler.onAdd?.(this.#state, added))
    }
  }

  /** Fills the slots and lets each trial that runs report once. False when nothing is left. */
  goOn(): boolean {
    this.#fill()
    if (this.#runningCount === 0) return false
    const turns = this.#turns
    this.#turns = []
    for (const playing of turns) {
      if (!playing.isRunning) continue
      this.#report(playing)
      if (playing.isRunning) this.#turns.push(playing)
    }
    return true
  }

  #fill(): void {
    const { choose } = this.#scheduler
    while (this.#runningCount < SHARE_RUNNING * this.#trials.length && this.#waiting.length > 0) {
      const choice = { candidates: this.#waiting, idle: this.#runningCount === 0 }
      const chosen =
        choose === undefined
          ? (this.#waiting.find(({ status }) => status === 'pending') ?? this.#waiting[0])?.trial
          : this.#timed(() => this.#scheduler.choose?.(this.#state, choice))
      if (chosen === undefined) return
      this.#takeOut(chosen)
      const playing = this.#trials[chosen] as Playing
      playing.isRunning = true
      this.#runningCount++
      this.#turns.push(playing)
    }
  }

  #report(playing: Playing): void {
    playing.time++
    this.reports++
    if (playing.time === MAX_T) return this.#end(playing, 'completed')
    const report = latestReport(playing)
    const decision = this.#timed(() => this.#scheduler.onReport(this.#state, report))
    const commands = this.#timed(() => this.#scheduler.commands?.(this.#state) ?? [])
    this.#carryOut(playing, decision)
    this.#obey(commands)
  }

  #carryOut(playing: Playing, decision: Decision): void {
    if (decision.kind === 'stop') return this.#end(playing, decision.outcome)
    if (decision.kind === 'exploit') playing.config = decision.config
    if (decision.kind !== 'pause') return
    this.#leave(playing)
    this.#waiting.splice(this.#indexOf(playing.trial), 0, playing.paused)
  }

  #end(playing: Playing, state: 'pruned' | 'completed'): void {
    this.#leave(playing)
    const end = { trial: playing.trial, state, last: latestReport(playing) }
    this.#obey(this.#timed(() => this.#scheduler.onEnd?.(this.#state, end)) ?? [])
  }

  #leave(playing: Playing): void {
    if (playing.isRunning) this.#runningCount--
    playing.isRunning = false
  }

  #obey(commands: readonly Command[]): void {
    for (const { trial, decision } of commands) {
      const playing = this.#trials[trial] as Playing
      if (decision.kind === 'exploit') playing.config = decision.config
      else {
        this.#takeOut(trial)
        this.#end(playing, decision.outcome)
      }
    }
  }

  #takeOut(trial: number): void {
    const at = this.#indexOf(trial)
    // Most leave at the front, where `shift` moves no memory.
    if (at === 0) this.#waiting.shift()
    else this.#waiting.splice(at, 1)
  }

  #indexOf(trial: number): number {
    return partitionPoint(this.#waiting.length, (i) => (this.#waiting[i] as Candidate).trial < trial)
  }

  #timed<T>(call: () => T): T {
    const start = performance.now()
    const result = call()
    const ms = performance.now() - start
    this.spentMs += ms
    const stretch = Math.floor(this.#calls++ / STRETCH)
    this.stretches[stretch] = (this.stretches[stretch] ?? 0) + ms
    return result
  }
}

function latestReport({ trial, time, config, level, speed }: Playing): TrialReport {
  const loss = level + Math.exp(-time / speed)
  const metrics = { loss, training_iteration: time, time_total_s: time }
  return { trial, time, score: -loss, values: [loss], metrics, config, hasCheckpoint: true }
}
