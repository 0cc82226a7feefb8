import { type Mode, type Objective, orient } from '../../core/objective.ts'
import type { EndState } from '../../core/trial.ts'
import { describe } from '../../core/options.ts'
import { asError, assertNever } from '../../errors.ts'
import { randomStream } from '../../random/random.ts'
import { defaultChoice } from '../../schedulers/default-choice.ts'
import { schedulerObjectives } from '../../schedulers/objectives.ts'
import type { Candidate, Command, Decision, Scheduler, TrialReport } from '../../schedulers/scheduler.ts'
import { traitsOf } from '../../schedulers/traits.ts'
import { Breach } from './breach.ts'
import type { SchedulerStep } from './scheduler-step.ts'

/** What a scheduler answered to one step; undefined when the step could not happen. */
export type SchedulerAnswer =
  | {
      readonly trial: number | undefined
      readonly decision?: Decision
      readonly commands: readonly Command[]
    }
  | undefined

/** What a walk is made from. */
export interface SchedulerWalkPlan<State> {
  readonly scheduler: Scheduler<State>
  readonly objectiveCount: number
  readonly mode: Mode
  /** What a trial is configured with, by its number. */
  readonly configOf: (trial: number) => unknown
  /** Whether all that the scheduler is given is frozen, so that it throws when it writes to it. */
  readonly frozen?: boolean | undefined
}

// So many reports a trial still makes when a walk is brought to its end.
const LAST_REPORTS = 12

const COPIES = 'a scheduler keeps plain data in its state, of which copies can be made'

const FINISH = 'all are let to their ends: each by itself, after some more reports'

/** Plays the experiment to a scheduler: keeps what the contract promises, and does what it decides. */
export class SchedulerWalk<State> {
  state: State
  /** What happened so far, in words. */
  readonly story: string[] = []
  readonly #plan: SchedulerWalkPlan<State>
  readonly #objectives: readonly Objective[]
  readonly #timeAttr: string
  readonly #waiting = new Map<number, Candidate['status']>()
  readonly #running: number[] = []
  readonly #configs: unknown[] = []
  readonly #times = new Map<number, number>()
  readonly #attempts = new Map<number, number>()
  readonly #checkpoints = new Map<number, number>()
  readonly #last = new Map<number, TrialReport>()

  constructor(plan: SchedulerWalkPlan<State>) {
    const { scheduler, objectiveCount, mode } = plan
    this.#plan = plan
    const given = Array.from({ length: objectiveCount }, (_, i) => ({
      metric: `m${i}`,
      mode: i % 2 === 0 ? mode : mode === 'min' ? ('max' as const) : ('min' as const),
    }))
    this.#objectives = this.#give(schedulerObjectives(scheduler, given))
    this.#timeAttr = traitsOf(scheduler).timeAttr
    this.state = scheduler.init(
      this.#give({ name: 'laws', resources: { cpu: 4 }, objectives: this.#objectives }),
    )
  }

  /** How many trials have not ended. */
  get liveCount(): number {
    return this.#waiting.size + this.#running.length
  }

  take(step: SchedulerStep): SchedulerAnswer {
    return this.#telling(() => this.#take(step))
  }

  #take(step: SchedulerStep): SchedulerAnswer {
    switch (step.kind) {
      case 'add':
        return this.#add()
      case 'run':
        return this.#run(step.idle)
      case 'report':
        return this.#report(step)
      case 'retry':
        return this.#retry(this.#running[step.pick % Math.max(1, this.#running.length)])
      case 'end':
        return this.#endOne(step)
      default:
        return assertNever(step, 'A step')
    }
  }

  takeAll(steps: readonly SchedulerStep[]): SchedulerAnswer[] {
    return steps.map((step) => this.take(step))
  }

  /** Lets all that run fail, and tries them again. */
  retryAll(): void {
    this.#telling(() => {
      for (const trial of [...this.#running]) this.#retry(trial)
    })
  }

  /**
   * Lets all trials come to their ends, each by itself after some more reports.
   * @throws {Error} when one cannot.
   */
  finish(): void {
    this.#telling(() => this.#finish())
  }

  #finish(): void {
    this.story.push(FINISH)
    const due = new Map<number, number>()
    for (let turns = this.liveCount * (2 * LAST_REPORTS + 2); this.liveCount > 0; turns--) {
      if (turns < 0) throw new Error(this.#endless())
      if (this.#waiting.size > 0) this.#run(this.#running.length === 0)
      const trial = this.#running[0]
      if (trial === undefined) continue
      const reports = (due.get(trial) ?? 0) + 1
      due.set(trial, reports)
      if (reports > LAST_REPORTS) this.#end(trial, 'completed')
      else this.#report({ pick: 0, ahead: 1, values: [trial, -trial], checkpoint: true })
      // The others have their turns too.
      if (this.#running[0] === trial) this.#running.push(this.#running.shift() as number)
    }
  }

  #endless(): string {
    const live = [...this.#waiting.keys(), ...this.#running].join(', ')
    return `${this.liveCount === 1 ? `trial ${live} never comes` : `trials ${live} never come`} to an end, though ${LAST_REPORTS} more reports would do`
  }

  /** @throws {Breach} in place of what a step throws, with how it came to that. */
  #telling<T>(step: () => T): T {
    try {
      return step()
    } catch (cause) {
      throw new Breach(undefined, sentence(asError(cause).message), { story: this.story, cause })
    }
  }

  /** The same walk over a copy of the scheduler's state. */
  copy(scheduler: Scheduler<State>): SchedulerWalk<State> {
    const copy = new SchedulerWalk({ ...this.#plan, scheduler })
    try {
      copy.state = structuredClone(this.state)
    } catch (cause) {
      const text = `${sentence(asError(cause).message)} Keep numbers, strings, arrays, plain objects, Maps and Sets.`
      throw new Breach(COPIES, text, { story: this.story, cause })
    }
    copy.story.push(...this.story)
    copy.#configs.push(...this.#configs)
    copy.#running.push(...this.#running)
    for (const [trial, status] of this.#waiting) copy.#waiting.set(trial, status)
    for (const [trial, time] of this.#times) copy.#times.set(trial, time)
    for (const [trial, attempt] of this.#attempts) copy.#attempts.set(trial, attempt)
    for (const [trial, time] of this.#checkpoints) copy.#checkpoints.set(trial, time)
    for (const [trial, report] of this.#last) copy.#last.set(trial, report)
    return copy
  }

  #add(): SchedulerAnswer {
    const trial = this.#configs.length
    const config = this.#give(this.#plan.configOf(trial))
    this.#configs.push(config)
    const random = randomStream('laws').fork(trial)
    // The stream is not frozen: to draw from it is to change it.
    const added = { trial, config, resources: this.#give({ cpu: 1 }), random }
    this.story.push(`trial ${trial} is added`)
    this.#plan.scheduler.onAdd?.(this.state, this.#plan.frozen === true ? Object.freeze(added) : added)
    this.#waiting.set(trial, 'pending')
    return { trial, commands: [] }
  }

  #run(idle: boolean): SchedulerAnswer {
    const { scheduler } = this.#plan
    const candidates = [...this.#waiting]
      .toSorted(([a], [b]) => a - b)
      .map(([trial, status]) => ({ trial, status }))
    if (candidates.length === 0) return undefined
    // Only with nothing running is "nothing runs" true.
    const choice = this.#give({ candidates, idle: idle && this.#running.length === 0 })
    const asked = `${choice.idle ? 'nothing else can happen: ' : ''}of ${candidatesInWords(candidates)}`
    this.story.push(`${asked}, one is to be chosen`)
    const trial =
      scheduler.choose === undefined ? defaultChoice(candidates) : scheduler.choose(this.state, choice)
    this.#retell(`${asked}, ${trial === undefined ? 'none' : `trial ${describe(trial)}`} is chosen`)
    if (trial === undefined) {
      if (!choice.idle) return { trial, commands: [] }
      throw new Error(`it names none of ${candidatesInWords(candidates)}, though nothing else can happen`)
    }
    if (!this.#waiting.delete(trial))
      throw new Error(`it chooses trial ${describe(trial)}, which does not wait`)
    this.#running.push(trial)
    return { trial, commands: [] }
  }

  #report({
    pick,
    ahead,
    values,
    checkpoint,
  }: Omit<Extract<SchedulerStep, { kind: 'report' }>, 'kind'>): SchedulerAnswer {
    const { scheduler } = this.#plan
    const trial = this.#running[pick % Math.max(1, this.#running.length)]
    if (trial === undefined) return undefined
    const time = (this.#times.get(trial) ?? 0) + ahead
    this.#times.set(trial, time)
    if (checkpoint) this.#checkpoints.set(trial, time)
    const reported = this.#objectives.map((_, i) => values[i % values.length] as number)
    const [first] = this.#objectives
    const report: TrialReport = this.#give({
      trial,
      time,
      score: first === undefined ? NaN : orient(reported[0] as number, first.mode),
      values: reported,
      metrics: {
        ...Object.fromEntries(this.#objectives.map(({ metric }, i) => [metric, reported[i]])),
        training_iteration: time,
        time_total_s: time,
        [this.#timeAttr]: time,
      },
      config: this.#configs[trial],
      hasCheckpoint: this.#checkpoints.has(trial),
      attempt: this.#attempts.get(trial) ?? 1,
    })
    this.#last.set(trial, report)
    const made = `trial ${trial} reports ${reported.join(' and ')} at ${this.#timeAttr} ${time}${checkpoint ? ', with a checkpoint' : ''}`
    this.story.push(made)
    const decision = scheduler.onReport(this.state, report)
    this.#retell(`${made}: ${decisionInWords(decision)}`)
    const commands = scheduler.commands?.(this.state) ?? []
    this.#do(trial, decision)
    const further = decision.kind === 'stop' ? this.#end(trial, decision.outcome) : []
    return { trial, decision, commands: [...this.#obey(commands), ...further] }
  }

  /** What follows from a decision, but for an end. */
  #do(trial: number, decision: Decision): void {
    checkDecision(decision)
    if (decision.kind === 'pause') {
      this.#running.splice(this.#running.indexOf(trial), 1)
      this.#waiting.set(trial, 'paused')
    } else if (decision.kind === 'exploit' && this.#exploit(trial, decision)) {
      this.#running.splice(this.#running.indexOf(trial), 1)
      this.#waiting.set(trial, 'pending')
    }
  }

  /** Whether it can be: from a trial without a checkpoint there is nothing to go on from. */
  #exploit(trial: number, { donor, config }: Extract<Decision, { kind: 'exploit' }>): boolean {
    if (!Number.isInteger(donor) || donor < 0 || donor >= this.#configs.length)
      throw new Error(`it lets trial ${trial} exploit trial ${donor}, which there is not`)
    const from = this.#checkpoints.get(donor)
    if (from === undefined) return false
    this.#configs[trial] = this.#give(structuredClone(config))
    this.#times.set(trial, from)
    this.#checkpoints.set(trial, from)
    return true
  }

  #retry(trial: number | undefined): SchedulerAnswer {
    if (trial === undefined) return undefined
    this.#running.splice(this.#running.indexOf(trial), 1)
    this.#waiting.set(trial, 'pending')
    const time = this.#checkpoints.get(trial) ?? 0
    this.#times.set(trial, time)
    this.#attempts.set(trial, (this.#attempts.get(trial) ?? 1) + 1)
    this.story.push(`trial ${trial} fails, and is to be tried again from ${this.#timeAttr} ${time}`)
    return { trial, commands: [] }
  }

  #endOne({ pick, state }: Extract<SchedulerStep, { kind: 'end' }>): SchedulerAnswer {
    const trial = this.#running[pick % Math.max(1, this.#running.length)]
    return trial === undefined ? undefined : { trial, commands: this.#end(trial, state) }
  }

  #end(trial: number, state: EndState): readonly Command[] {
    const place = this.#running.indexOf(trial)
    if (place >= 0) this.#running.splice(place, 1)
    const last = this.#last.get(trial)
    // As the experiment has it: without a value that can be ranked no trial is complete.
    const isRanked = last !== undefined && !last.values.some(Number.isNaN)
    const became = state === 'completed' && !isRanked ? 'failed' : state
    const end = this.#give({ trial, state: became, last })
    this.story.push(`trial ${trial} ends: ${became}`)
    return this.#obey(this.#plan.scheduler.onEnd?.(this.state, end) ?? [])
  }

  #obey(commands: readonly Command[]): readonly Command[] {
    if (!Array.isArray(commands))
      throw new Error(`its commands are ${describe(commands)}. Return an array, or nothing`)
    const further = commands.flatMap(({ trial, decision }) => {
      this.story.push(`it commands trial ${trial}: ${decisionInWords(decision)}`)
      checkDecision(decision)
      if (!this.#waiting.has(trial)) throw new Error(`it commands trial ${trial}, which does not wait`)
      if (decision.kind === 'exploit') {
        if (this.#exploit(trial, decision)) this.#waiting.set(trial, 'pending')
        return []
      }
      this.#waiting.delete(trial)
      return this.#end(trial, decision.outcome)
    })
    return [...commands, ...further]
  }

  #retell(last: string): void {
    this.story[this.story.length - 1] = last
  }

  #give<T>(value: T): T {
    return this.#plan.frozen === true ? deepFreeze(value) : value
  }
}

function checkDecision(decision: Decision): void {
  const { kind, outcome }: { kind?: unknown; outcome?: unknown } = decision ?? {}
  if (kind === 'continue') return
  if (kind !== 'pause' && kind !== 'stop' && kind !== 'exploit')
    throw new Error(
      `it answers with ${describe(kind ?? decision)}, which is no decision. Return { kind: 'continue' }, or one of 'pause', 'stop' and 'exploit' with a reason`,
    )
  if (kind === 'stop' && outcome !== 'pruned' && outcome !== 'completed')
    throw new Error(`it stops with the outcome ${describe(outcome)}. Give 'pruned' or 'completed'`)
  const { reason } = decision as Extract<Decision, { reason: string }>
  if (typeof reason !== 'string' || !/\S/.test(reason))
    throw new Error(`it gives no reason for its decision '${kind}'`)
}

function decisionInWords(decision: Decision | undefined): string {
  const { kind, reason, outcome, donor }: Partial<Record<'kind' | 'reason' | 'outcome' | 'donor', unknown>> =
    decision ?? {}
  if (typeof kind !== 'string') return describe(decision)
  const what =
    kind === 'stop' ? ` as ${String(outcome)}` : kind === 'exploit' ? ` of trial ${String(donor)}` : ''
  return `${kind}${what}${typeof reason === 'string' ? ` (${reason})` : ''}`
}

function candidatesInWords(candidates: readonly Candidate[]): string {
  const shown = candidates.map(({ trial, status }) => `${trial} (${status})`).join(', ')
  return candidates.length === 1 ? `trial ${shown} alone` : `trials ${shown}`
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}

function deepFreeze<T>(plain: T): T {
  if (typeof plain === 'object' && plain !== null && !Object.isFrozen(plain)) {
    Object.freeze(plain)
    Object.values(plain).forEach(deepFreeze)
  }
  return plain
}
