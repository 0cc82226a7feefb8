import { type Mode, orient } from '../../src/core/objective.ts'
import type { EndState } from '../../src/core/trial.ts'
import { type RandomStream, randomStream } from '../../src/random/random.ts'
import { type AshaOptions, type AshaState, asha } from '../../src/schedulers/asha.ts'
import type { Decision, Scheduler, TrialReport } from '../../src/schedulers/scheduler.ts'

/** A run of `asha` on one metric, `acc`. Trials are added when they first report. */
export class AshaRun {
  readonly state: AshaState
  readonly #scheduler: Scheduler<AshaState>
  readonly #mode: Mode
  readonly #random: RandomStream = randomStream('test')
  readonly #added = new Set<number>()
  readonly #last = new Map<number, TrialReport>()

  constructor(options: AshaOptions<'stopping'>, mode: Mode = 'max') {
    this.#scheduler = asha(options)
    this.#mode = mode
    this.state = this.#scheduler.init({ name: 'test', resources: {}, objectives: [{ metric: 'acc', mode }] })
  }

  add(trial: number): void {
    this.#scheduler.onAdd?.(this.state, {
      trial,
      config: {},
      resources: {},
      random: this.#random.fork(trial),
    })
    this.#added.add(trial)
  }

  report(trial: number, time: number, value: number, feasible = true): Decision {
    if (!this.#added.has(trial)) this.add(trial)
    const metrics = { acc: value, training_iteration: time }
    const score = feasible ? orient(value, this.#mode) : -Infinity
    const told = { trial, time, score, values: [value], metrics, config: {}, hasCheckpoint: false }
    const report = feasible ? told : { ...told, feasible }
    this.#last.set(trial, report)
    return this.#scheduler.onReport(this.state, report)
  }

  end(trial: number, state: EndState = 'completed'): void {
    this.#scheduler.onEnd?.(this.state, { trial, state, last: this.#last.get(trial) })
  }
}
