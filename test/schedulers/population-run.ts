import { ok } from 'node:assert/strict'
import { type Mode, orient } from '../../src/core/objective.ts'
import type { EndState } from '../../src/core/trial.ts'
import { randomStream } from '../../src/random/random.ts'
import type { Candidate, Command, Decision, Scheduler, TrialReport } from '../../src/schedulers/scheduler.ts'

/** A scheduler that lets trials exploit each other, driven by hand. What it commands is carried out unless said otherwise. */
export class PopulationRun<State> {
  readonly state: State
  readonly #scheduler: Scheduler<State>
  readonly #mode: Mode
  readonly #waiting = new Map<number, Candidate['status']>()
  readonly #configs = new Map<number, unknown>()
  readonly #last = new Map<number, TrialReport>()
  readonly #checkpoints = new Set<number>()
  /** Every command so far. */
  readonly commands: Command[] = []
  /** Whether commands change anything. */
  obeys = true

  /** @param budget - How many trials there will be, where that is known. */
  constructor(scheduler: Scheduler<State>, mode: Mode = 'max', budget?: number) {
    this.#scheduler = scheduler
    this.#mode = mode
    const context = { name: 'test', resources: {}, objectives: [{ metric: 'acc', mode }] }
    this.state = scheduler.init(budget === undefined ? context : { ...context, budget })
  }

  add(...configs: unknown[]): this {
    for (const config of configs) {
      const trial = this.#configs.size
      const random = randomStream('test').fork(trial)
      this.#scheduler.onAdd?.(this.state, { trial, config, resources: {}, random })
      this.#configs.set(trial, config)
      this.#waiting.set(trial, 'pending')
      this.#checkpoints.add(trial)
    }
    return this
  }

  configOf(trial: number): unknown {
    return this.#configs.get(trial)
  }

  withoutCheckpoint(trial: number): this {
    this.#checkpoints.delete(trial)
    return this
  }

  withCheckpoint(trial: number): this {
    this.#checkpoints.add(trial)
    return this
  }

  /** Says which trial is to run next, which then runs. */
  choose(idle = false): number | undefined {
    const candidates = [...this.#waiting]
      .map(([trial, status]) => ({ trial, status }))
      .toSorted((a, b) => a.trial - b.trial)
    if (candidates.length === 0) return undefined
    const trial = this.#scheduler.choose?.(this.state, { candidates, idle })
    ok(trial === undefined || this.#waiting.delete(trial), `trial ${trial} was chosen but does not wait`)
    return trial
  }

  /** Starts trials for as long as any is to run, and gives their numbers. */
  chooseAll(): number[] {
    const trials: number[] = []
    for (let trial = this.choose(true); trial !== undefined; trial = this.choose()) trials.push(trial)
    return trials
  }

  report(trial: number, time: number, value: number): Decision {
    this.#waiting.delete(trial)
    const report = {
      trial,
      time,
      score: orient(value, this.#mode),
      values: [value],
      metrics: { acc: value, training_iteration: time },
      config: this.#configs.get(trial),
      hasCheckpoint: this.#checkpoints.has(trial),
    }
    this.#last.set(trial, report)
    const decision = this.#scheduler.onReport(this.state, report)
    if (decision.kind === 'pause') this.#waiting.set(trial, 'paused')
    if (decision.kind === 'exploit') this.#exploit(trial, decision)
    this.#obey(this.#scheduler.commands?.(this.state) ?? [])
    return decision
  }

  end(trial: number, state: EndState = 'completed'): void {
    this.#waiting.delete(trial)
    this.#obey(this.#scheduler.onEnd?.(this.state, { trial, state, last: this.#last.get(trial) }) ?? [])
  }

  /** The trial failed and waits for another attempt, which nobody tells the scheduler. */
  retry(trial: number): void {
    this.#waiting.set(trial, 'pending')
  }

  #obey(commands: readonly Command[]): void {
    for (const { trial, decision } of commands) {
      ok(this.#waiting.has(trial), `trial ${trial} was commanded but does not wait`)
      if (this.obeys && decision.kind === 'exploit') this.#exploit(trial, decision)
    }
    this.commands.push(...commands)
  }

  // From a trial without a checkpoint there is nothing to go on from.
  #exploit(trial: number, { donor, config }: Extract<Decision, { kind: 'exploit' }>): void {
    if (!this.#checkpoints.has(donor)) return
    this.#configs.set(trial, config)
    this.#waiting.set(trial, 'pending')
  }
}
