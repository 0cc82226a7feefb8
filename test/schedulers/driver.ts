import { ok } from 'node:assert/strict'
import * as fc from 'fast-check'
import { orient } from '../../src/core/objective.ts'
import type { EndState } from '../../src/core/trial.ts'
import { assertNever } from '../../src/errors.ts'
import { randomStream } from '../../src/random/random.ts'
import { defaultChoice } from '../../src/schedulers/default-choice.ts'
import type { Candidate, Command, Decision, Scheduler, TrialReport } from '../../src/schedulers/scheduler.ts'

/** One thing that happens, to the `pick`-th of the trials that it can happen to. */
export type Step =
  | { readonly kind: 'add' }
  | { readonly kind: 'run'; readonly idle: boolean }
  | { readonly kind: 'report'; readonly pick: number; readonly ahead: number; readonly value: number }
  | { readonly kind: 'end'; readonly pick: number; readonly state: EndState }

/** What a scheduler answered to one step; undefined when the step could not happen. */
export type Answer =
  | {
      readonly trial: number | undefined
      readonly decision?: Decision
      readonly commands: readonly Command[]
    }
  | undefined

const value = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -3, max: 3 }) },
  { weight: 4, arbitrary: fc.double({ min: -1e3, max: 1e3, noNaN: true }) },
  { weight: 2, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity) },
)
const pick = fc.nat({ max: 7 })

/** Runs of a few trials as a controller could drive them: reports jump, values tie, are NaN and infinite. */
export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('add' as const) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('run' as const), idle: fc.boolean() }) },
    {
      weight: 16,
      arbitrary: fc.record({
        kind: fc.constant('report' as const),
        pick,
        ahead: fc.integer({ min: 1, max: 5 }),
        value,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('end' as const),
        pick,
        state: fc.constantFrom<EndState>('completed', 'pruned', 'failed', 'interrupted'),
      }),
    },
  ),
  { maxLength: 120 },
)

/** A controller in one file: it keeps what the contract promises, and asks the scheduler for the rest. */
export class Driver<State> {
  readonly #scheduler: Scheduler<State>
  state: State
  #added = 0
  readonly #waiting = new Map<number, Candidate['status']>()
  readonly #running: number[] = []
  readonly #last = new Map<number, TrialReport>()

  constructor(scheduler: Scheduler<State>) {
    this.#scheduler = scheduler
    this.state = scheduler.init({
      name: 'test',
      resources: {},
      objectives: [{ metric: 'loss', mode: 'min' }],
    })
  }

  take(step: Step): Answer {
    switch (step.kind) {
      case 'add':
        return this.#add()
      case 'run':
        return this.#run(step.idle)
      case 'report':
        return this.#report(step)
      case 'end':
        return this.#endAny(step)
      default:
        return assertNever(step, 'a step')
    }
  }

  #endAny({ pick: index, state }: Extract<Step, { kind: 'end' }>): Answer {
    const trial = this.#running[index % Math.max(1, this.#running.length)]
    return trial === undefined ? undefined : { trial, commands: this.#end(trial, state) }
  }

  #add(): Answer {
    const trial = this.#added++
    this.#scheduler.onAdd?.(this.state, {
      trial,
      config: { trial },
      resources: {},
      random: randomStream('laws').fork(trial),
    })
    this.#waiting.set(trial, 'pending')
    return { trial, commands: [] }
  }

  #run(idle: boolean): Answer {
    const candidates = [...this.#waiting]
      .toSorted(([a], [b]) => a - b)
      .map(([trial, status]) => ({ trial, status }))
    if (candidates.length === 0) return undefined
    // Only with nothing running is "nothing runs" true.
    const choice = { candidates, idle: idle && this.#running.length === 0 }
    const trial =
      this.#scheduler.choose === undefined
        ? defaultChoice(candidates)
        : this.#scheduler.choose(this.state, choice)
    if (trial === undefined) {
      ok(!choice.idle, 'a scheduler that names nobody when idle hangs the experiment')
      return { trial, commands: [] }
    }
    ok(this.#waiting.has(trial), `trial ${trial} was chosen but does not wait`)
    this.#waiting.delete(trial)
    this.#running.push(trial)
    return { trial, commands: [] }
  }

  #report({ pick: index, ahead, value: loss }: Extract<Step, { kind: 'report' }>): Answer {
    const trial = this.#running[index % Math.max(1, this.#running.length)]
    if (trial === undefined) return undefined
    const time = (this.#last.get(trial)?.time ?? 0) + ahead
    const report = deepFreeze({
      trial,
      time,
      score: orient(loss, 'min'),
      values: [loss],
      metrics: { loss, training_iteration: time },
      config: { trial },
      hasCheckpoint: true,
    })
    this.#last.set(trial, report)
    const decision = this.#scheduler.onReport(this.state, report)
    const commands = this.#obey(this.#scheduler.commands?.(this.state) ?? [])
    if (decision.kind === 'stop')
      return { trial, decision, commands: [...commands, ...this.#end(trial, decision.outcome)] }
    if (decision.kind === 'pause') {
      this.#running.splice(this.#running.indexOf(trial), 1)
      this.#waiting.set(trial, 'paused')
    }
    return { trial, decision, commands }
  }

  #end(trial: number, state: EndState): readonly Command[] {
    this.#running.splice(this.#running.indexOf(trial), 1)
    const commands = this.#scheduler.onEnd?.(this.state, { trial, state, last: this.#last.get(trial) }) ?? []
    return this.#obey(commands)
  }

  #obey(commands: readonly Command[]): readonly Command[] {
    const further = commands.flatMap(({ trial, decision }) => {
      ok(this.#waiting.has(trial), `trial ${trial} was commanded but does not wait`)
      this.#waiting.delete(trial)
      ok(decision.kind === 'stop', 'this driver cannot carry out an exploit')
      const end = { trial, state: decision.outcome, last: this.#last.get(trial) }
      return this.#obey(this.#scheduler.onEnd?.(this.state, end) ?? [])
    })
    return [...commands, ...further]
  }

  /** The same controller, over a copy of the scheduler's state. */
  copy(scheduler: Scheduler<State>): Driver<State> {
    const copy = new Driver(scheduler)
    copy.state = structuredClone(this.state)
    copy.#added = this.#added
    for (const [trial, status] of this.#waiting) copy.#waiting.set(trial, status)
    copy.#running.push(...this.#running)
    for (const [trial, report] of this.#last) copy.#last.set(trial, report)
    return copy
  }
}

function deepFreeze<T>(plain: T): T {
  if (typeof plain === 'object' && plain !== null) {
    Object.values(plain).forEach(deepFreeze)
    Object.freeze(plain)
  }
  return plain
}
