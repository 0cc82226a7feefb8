import { ok } from 'node:assert/strict'
import { type Mode, orient } from '../../src/core/objective.ts'
import type { EndState, Resources } from '../../src/core/trial.ts'
import { randomStream } from '../../src/random/random.ts'
import { defaultChoice } from '../../src/schedulers/default-choice.ts'
import type { Candidate, Command, Decision, Scheduler, TrialReport } from '../../src/schedulers/scheduler.ts'

/** What a run is given besides the scheduler. */
export interface RunOptions {
  /** One for each objective, which are called `acc`, `b`, `c`. Default one, `'max'`. */
  readonly modes?: readonly Mode[]
  readonly totalResources?: Resources
  /** How many trials there will be. Default: nobody knows. */
  readonly budget?: number
  /** Of each trial. */
  readonly resources?: Resources
}

const METRICS = ['acc', 'b', 'c']

/** A scheduler driven by hand, which obeys it: trials that report are added and started when they first do. */
export class SchedulerRun<State> {
  readonly state: State
  readonly #scheduler: Scheduler<State>
  readonly #modes: readonly Mode[]
  readonly #resources: Resources
  readonly #added = new Set<number>()
  readonly #waiting = new Map<number, Candidate['status']>()
  readonly #last = new Map<number, TrialReport>()
  /** Those that the scheduler ended, of itself or by a command. */
  readonly ended = new Map<number, 'pruned' | 'completed'>()

  constructor(
    scheduler: Scheduler<State>,
    { modes = ['max'], totalResources = {}, resources = {}, budget }: RunOptions = {},
  ) {
    this.#scheduler = scheduler
    this.#modes = modes
    this.#resources = resources
    const objectives = modes.map((mode, i) => ({ metric: METRICS[i] as string, mode }))
    this.state = scheduler.init({
      name: 'test',
      resources: totalResources,
      objectives,
      ...(budget !== undefined && { budget }),
    })
  }

  add(trial: number): void {
    const random = randomStream('test').fork(trial)
    this.#scheduler.onAdd?.(this.state, { trial, config: {}, resources: this.#resources, random })
    this.#added.add(trial)
    this.#waiting.set(trial, 'pending')
  }

  /** Lets the scheduler name the next trial, which then runs. */
  choose(idle = false): number | undefined {
    const candidates = [...this.#waiting]
      .map(([trial, status]) => ({ trial, status }))
      .toSorted((a, b) => a.trial - b.trial)
    if (candidates.length === 0) return undefined
    const trial = this.#scheduler.choose
      ? this.#scheduler.choose(this.state, { candidates, idle })
      : defaultChoice(candidates)
    ok(trial === undefined || this.#waiting.delete(trial), `trial ${trial} was chosen but does not wait`)
    return trial
  }

  /** @param also - What else the report says. */
  report(
    trial: number,
    time: number,
    value: number | readonly number[],
    also: Pick<TrialReport, 'feasible' | 'attempt'> = {},
  ): Decision {
    if (!this.#added.has(trial)) this.add(trial)
    this.#waiting.delete(trial)
    const values = typeof value === 'number' ? [value] : value
    const metrics = Object.fromEntries(values.map((number, i) => [METRICS[i], number]))
    const report = {
      trial,
      time,
      score: also.feasible === false ? -Infinity : orient(values[0] as number, this.#modes[0] as Mode),
      values,
      metrics: { ...metrics, training_iteration: time },
      config: {},
      hasCheckpoint: false,
      ...also,
    }
    this.#last.set(trial, report)
    const decision = this.#scheduler.onReport(this.state, report)
    this.#obey(this.#scheduler.commands?.(this.state) ?? [])
    if (decision.kind === 'pause') this.#waiting.set(trial, 'paused')
    if (decision.kind === 'stop') {
      this.ended.set(trial, decision.outcome)
      this.end(trial, decision.outcome)
    }
    return decision
  }

  end(trial: number, state: EndState = 'completed'): void {
    this.#waiting.delete(trial)
    const commands = this.#scheduler.onEnd?.(this.state, { trial, state, last: this.#last.get(trial) })
    this.#obey(commands ?? [])
  }

  /** The trial failed and waits for another attempt, which nobody tells the scheduler. */
  retry(trial: number): void {
    this.#waiting.set(trial, 'pending')
  }

  #obey(commands: readonly Command[]): void {
    for (const { trial, decision } of commands) {
      ok(this.#waiting.has(trial), `trial ${trial} was commanded but does not wait`)
      ok(decision.kind === 'stop', 'a run by hand cannot carry out an exploit')
      this.ended.set(trial, decision.outcome)
      this.end(trial, decision.outcome)
    }
  }
}
