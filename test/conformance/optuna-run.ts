/**
 * Feeds the events recorded from one of Optuna's pruners to the scheduler that stands for it, as a controller would: a
 * trial is added when it starts, and hears further reports after a decision to stop it, as of a careless objective.
 */
import { type Mode, orient } from '../../src/core/objective.ts'
import type { EndState } from '../../src/core/trial.ts'
import { randomStream } from '../../src/random/random.ts'
import type { Decision, Evidence, Scheduler, TrialReport } from '../../src/schedulers/scheduler.ts'
import type { FixtureCase } from './fixture.ts'
import { type Tolerance, difference, numberOf } from './matching.ts'

/** One case of an Optuna pruner. */
export interface OptunaCase<Config> extends FixtureCase {
  readonly config: Config
  readonly direction: 'minimize' | 'maximize'
  readonly study_name?: string
  readonly events: readonly OptunaEvent[]
}

interface OptunaEvent {
  readonly type: string
  readonly trial: number
  readonly step?: number
  readonly value?: number | string
  readonly decision?: string
  /** Decided in the last bits: the answer may differ. */
  readonly ulp?: boolean
  readonly [fact: string]: unknown
}

/** What a report is compared by besides its decision, in the fixture's words. */
export type FactsOf = (evidence: Evidence, trial: number) => Readonly<Record<string, unknown>>

const INPUTS = new Set(['type', 'trial', 'step', 'value', 'ulp'])
const METRIC = 'value'

/** One scheduler that follows the events of a case. */
export class OptunaRun<State> {
  readonly state: State
  readonly #scheduler: Scheduler<State>
  readonly #case: OptunaCase<unknown>
  readonly #mode: Mode
  readonly #finalStep: number | undefined
  readonly #last = new Map<number, TrialReport>()

  /** @param finalStep - The step of the value that a trial completes with. Default: that of its last report. */
  constructor(scheduler: Scheduler<State>, testCase: OptunaCase<unknown>, finalStep?: number) {
    this.#scheduler = scheduler
    this.#case = testCase
    this.#finalStep = finalStep
    this.#mode = testCase.direction === 'maximize' ? 'max' : 'min'
    const { study_name: name = testCase.name } = testCase
    this.state = scheduler.init({ name, resources: {}, objectives: [{ metric: METRIC, mode: this.#mode }] })
  }

  /** Says what differs first, or nothing. */
  follow(factsOf: FactsOf, tolerance: Tolerance): string | undefined {
    for (const [index, event] of this.#case.events.entries()) {
      const wrong = this.#feed(event, factsOf, tolerance)
      if (wrong !== undefined) return `event ${index}, ${inWords(event)}: ${wrong}`
    }
    return undefined
  }

  #feed(event: OptunaEvent, factsOf: FactsOf, tolerance: Tolerance): string | undefined {
    const { type, trial } = event
    switch (type) {
      case 'start': {
        const random = randomStream('test').fork(trial)
        this.#scheduler.onAdd?.(this.state, { trial, config: {}, resources: {}, random })
        return undefined
      }
      case 'report': {
        const decision = this.#report(event)
        const evidence = decision.kind === 'exploit' ? {} : (decision.evidence ?? {})
        const word = event.ulp === true ? event.decision : WORDS[decision.kind]
        return difference({ decision: word, ...factsOf(evidence, trial) }, answerOf(event), tolerance)
      }
      case 'pruned':
        return this.#end(trial, 'pruned', this.#last.get(trial))
      case 'error':
        return this.#end(trial, 'failed', this.#last.get(trial))
      case 'complete':
        return this.#complete(event)
      default:
        return `an event of type ${type} is not known`
    }
  }

  #report(event: OptunaEvent): Decision {
    const report = this.#reportOf(event.trial, event.step as number, numberOf(event.value) as number)
    this.#last.set(event.trial, report)
    return this.#scheduler.onReport(this.state, report)
  }

  #complete({ trial, value }: OptunaEvent): undefined {
    const told = numberOf(value) as number
    const last = this.#last.get(trial)
    if (Number.isNaN(told)) return this.#end(trial, 'failed', last)
    return this.#end(trial, 'completed', last && this.#reportOf(trial, this.#finalStep ?? last.time, told))
  }

  #end(trial: number, state: EndState, last: TrialReport | undefined): undefined {
    this.#scheduler.onEnd?.(this.state, { trial, state, last })
  }

  #reportOf(trial: number, time: number, value: number): TrialReport {
    return {
      trial,
      time,
      score: orient(value, this.#mode),
      values: [value],
      metrics: { [METRIC]: value, training_iteration: time },
      config: {},
      hasCheckpoint: false,
    }
  }
}

const WORDS: Record<Decision['kind'], string> = {
  continue: 'CONTINUE',
  pause: 'PAUSE',
  stop: 'STOP',
  exploit: 'NOOP',
}

function answerOf(event: OptunaEvent): Record<string, unknown> {
  return Object.fromEntries(Object.entries(event).filter(([key]) => !INPUTS.has(key)))
}

function inWords({ type, trial, step }: OptunaEvent): string {
  return `${type} of trial ${trial}${step === undefined ? '' : ` at ${step}`}`
}
