/**
 * Feeds the events recorded from Ray Tune's AsyncHyperBandScheduler to `asha`, as the controller would, and compares
 * what it answers: decisions, the rung and cutoff of each report, the next trial to run, levels and probabilities.
 */
import type { Objective } from '../../src/core/objective.ts'
import { orient } from '../../src/core/objective.ts'
import type { RandomStream } from '../../src/random/random.ts'
import { type AshaState, asha } from '../../src/schedulers/asha.ts'
import { defaultChoice } from '../../src/schedulers/default-choice.ts'
import { bracketProbabilities, cutoffOf } from '../../src/schedulers/rungs.ts'
import type { Scheduler, TrialReport } from '../../src/schedulers/scheduler.ts'
import type { FixtureCase } from './fixture.ts'
import { type Tolerance, difference } from './matching.ts'
import { RAY_WORDS, rayReportOf } from './ray-report.ts'

interface RayAshaCase extends FixtureCase {
  readonly config: {
    readonly time_attr: string
    readonly metric: string
    readonly mode: 'min' | 'max'
    readonly max_t: number
    readonly grace_period: number
    readonly reduction_factor: number
    readonly brackets: number
    readonly stop_last_trials: boolean
  }
  readonly derived: { readonly rungs: readonly number[][]; readonly bracketProbabilities: readonly number[] }
  readonly events: readonly RayAshaEvent[]
}

interface RayAshaEvent {
  readonly type: string
  readonly trial: number | null
  readonly bracket?: number
  readonly step?: number
  readonly value?: number | string | null
  readonly decision?: string
  readonly rung?: number
  readonly cutoff?: number | null
  /** Decided in the last bits: the answer may differ. */
  readonly ulp?: boolean
}

/** Says what differs first, or nothing. */
export function runRayAshaCase(testCase: FixtureCase, tolerance: Tolerance): string | undefined {
  const { config, derived, events } = testCase as RayAshaCase
  const run = new RayRun(config)
  // Probabilities are recorded to 12 decimals.
  const wrong = difference(run.derived(), derived, { ...tolerance, abs: 1e-12 }, 'derived')
  if (wrong !== undefined) return wrong
  for (const [index, event] of events.entries()) {
    const answer = run.feed(event)
    const wrongAnswer = difference(answer, expectedOf(event), tolerance)
    if (wrongAnswer !== undefined) return `event ${index}, ${inWords(event)}: ${wrongAnswer}`
  }
  return undefined
}

class RayRun {
  readonly #scheduler: Scheduler<AshaState>
  readonly #state: AshaState
  readonly #objective: Objective
  readonly #reductionFactor: number
  readonly #timeAttr: string
  readonly #pending = new Set<number>()
  readonly #lost = new Set<number>()
  readonly #last = new Map<number, TrialReport>()

  constructor(config: RayAshaCase['config']) {
    this.#scheduler = asha({
      metric: config.metric,
      mode: config.mode,
      timeAttr: config.time_attr,
      maxT: config.max_t,
      gracePeriod: config.grace_period,
      reductionFactor: config.reduction_factor,
      brackets: config.brackets,
      stopLastTrials: config.stop_last_trials,
    })
    this.#objective = { metric: config.metric, mode: config.mode }
    this.#state = this.#scheduler.init({ name: 'test', resources: {}, objectives: [this.#objective] })
    this.#reductionFactor = config.reduction_factor
    this.#timeAttr = config.time_attr
  }

  derived(): RayAshaCase['derived'] {
    const rungs = this.#state.brackets.map((bracket) => bracket.map(({ level }) => level))
    return { rungs, bracketProbabilities: bracketProbabilities(rungs.map(({ length }) => length)) }
  }

  /** Tells the scheduler, and answers in the fixture's words. */
  feed(event: RayAshaEvent): Record<string, unknown> {
    if (event.type === 'choose') return this.#choose()
    const trial = event.trial as number
    switch (event.type) {
      case 'add':
        return this.#add(trial, event.bracket as number)
      case 'result':
        return this.#report(trial, event)
      case 'complete':
        return this.#end(trial, this.#lost.has(trial) ? 'pruned' : 'completed', this.#reportOf(trial, event))
      case 'error':
        return this.#end(trial, 'failed', this.#last.get(trial))
      case 'remove':
        return this.#end(trial, 'interrupted', this.#last.get(trial))
      default:
        throw new Error(`an event of type ${event.type} is not known`)
    }
  }

  #add(trial: number, bracket: number): Record<string, unknown> {
    this.#scheduler.onAdd?.(this.#state, {
      trial,
      config: {},
      resources: {},
      random: streamInto(bracket, this.derived()),
    })
    this.#pending.add(trial)
    return { bracket: this.#state.climbers[trial]?.bracket }
  }

  #choose(): Record<string, unknown> {
    const numbers = [...this.#pending].toSorted((a, b) => a - b)
    if (numbers.length === 0) return { trial: null }
    const candidates = numbers.map((number) => ({ trial: number, status: 'pending' as const }))
    const choice = { candidates, idle: false }
    const scheduler = this.#scheduler
    const trial = scheduler.choose ? scheduler.choose(this.#state, choice) : defaultChoice(candidates)
    if (trial !== undefined) this.#pending.delete(trial)
    return { trial: trial ?? null }
  }

  #report(trial: number, event: RayAshaEvent): Record<string, unknown> {
    const report = this.#reportOf(trial, event)
    // A report without the metric never reaches a scheduler: the trial goes on.
    if (report === undefined) return { decision: 'CONTINUE' }
    this.#last.set(trial, report)
    const decision = this.#scheduler.onReport(this.#state, report)
    const { rung, cutoff } = decision.kind === 'exploit' ? {} : (decision.evidence ?? {})
    const word = event.ulp === true ? event.decision : RAY_WORDS[decision.kind]
    if (event.decision === 'STOP' && event.rung !== undefined) this.#lost.add(trial)
    return rung === undefined ? { decision: word } : { decision: word, rung, cutoff }
  }

  /** The rung that the last report was recorded at can only be seen in the state. */
  #end(
    trial: number,
    state: 'completed' | 'pruned' | 'failed' | 'interrupted',
    last: TrialReport | undefined,
  ): Record<string, unknown> {
    const before = this.#rungs()
    this.#scheduler.onEnd?.(this.#state, { trial, state, last })
    this.#pending.delete(trial)
    const grown = this.#rungs().findIndex(({ count }, i) => count !== before[i]?.count)
    const rung = before[grown]
    return rung === undefined ? {} : { rung: rung.level, cutoff: rung.cutoff }
  }

  #rungs(): { level: number; count: number; cutoff: number | null }[] {
    return this.#state.brackets.flat().map((rung) => {
      const cutoff = cutoffOf(rung, this.#reductionFactor)
      return {
        level: rung.level,
        count: rung.count,
        cutoff: cutoff === null ? null : orient(cutoff, this.#objective.mode),
      }
    })
  }

  #reportOf(trial: number, event: RayAshaEvent): TrialReport | undefined {
    return rayReportOf(trial, event, { ...this.#objective, timeAttr: this.#timeAttr })
  }
}

function expectedOf({ type, trial, bracket, decision, rung, cutoff }: RayAshaEvent): Record<string, unknown> {
  if (type === 'choose') return { trial }
  if (type === 'add') return { bracket }
  const measured = rung === undefined ? {} : { rung, cutoff }
  return type === 'result' ? { decision, ...measured } : measured
}

function inWords({ type, trial, step }: RayAshaEvent): string {
  return [type, trial === null ? '' : ` of trial ${trial}`, step === undefined ? '' : ` at ${step}`].join('')
}

/** A stream whose next number leads into the given bracket. */
function streamInto(bracket: number, { bracketProbabilities: law }: RayAshaCase['derived']): RandomStream {
  const before = law.slice(0, bracket).reduce((sum, p) => sum + p, 0)
  const next = (): number => before + (law[bracket] ?? NaN) / 2
  return { path: 'recorded', next, below: refuse, normal: refuse, shuffle: refuse, fork: refuse }
}

function refuse(): never {
  throw new Error('a bracket is drawn by one uniform number')
}
