/**
 * Feeds the events recorded from Ray Tune's HyperBandScheduler to `hyperband`, as the controller would, and compares
 * what it answers: brackets, decisions, who is promoted and who is stopped, and the next trial to run.
 */
import type { Objective } from '../../src/core/objective.ts'
import type { EndState } from '../../src/core/trial.ts'
import { randomStream } from '../../src/random/random.ts'
import { type HyperbandState, hyperband } from '../../src/schedulers/hyperband.ts'
import type { Bracket } from '../../src/schedulers/halving/bracket.ts'
import { bracketsPerBand } from '../../src/schedulers/halving/plan.ts'
import type { Command, Scheduler, TrialReport } from '../../src/schedulers/scheduler.ts'
import type { FixtureCase } from './fixture.ts'
import { type Tolerance, difference } from './matching.ts'
import { RAY_WORDS, rayReportOf } from './ray-report.ts'

interface RayHyperbandCase extends FixtureCase {
  readonly config: {
    readonly time_attr: string
    readonly metric: string
    readonly mode: 'min' | 'max'
    readonly max_t: number
    readonly reduction_factor: number
    readonly stop_last_trials: boolean
  }
  readonly derived: { readonly bracketsPerBand: number; readonly numStopped: number }
  readonly events: readonly RayHyperbandEvent[]
  readonly stuck?: readonly number[]
}

interface RayHyperbandEvent {
  readonly type: string
  readonly trial: number | null
  readonly band?: number
  readonly bracket?: number
  readonly new?: { readonly n: number; readonly r: number; readonly halvings: number }
  readonly step?: number
  readonly value?: number | string | null
  readonly decision?: string
  readonly unpaused?: readonly number[]
  readonly stopped?: readonly number[]
  /** Decided in the last bits: the answer may differ. */
  readonly ulp?: boolean
}

/** Says what differs first, or nothing. */
export function runRayHyperbandCase(testCase: FixtureCase, tolerance: Tolerance): string | undefined {
  const { config, derived, events, stuck } = testCase as RayHyperbandCase
  const run = new RayRun(config)
  for (const [index, event] of events.entries()) {
    const isLast = index === events.length - 1
    const answer = run.feed(event, isLast)
    if (isLast && stuck !== undefined && event.type === 'choose') {
      // Here the real scheduler waits for ever.
      if (stuck.includes(answer['trial'] as number)) break
      return `event ${index}: expected one of the trials ${stuck.join(', ')} to go on, got ${String(answer['trial'])}`
    }
    const wrong = difference(answer, expectedOf(event), tolerance)
    if (wrong !== undefined) return `event ${index}, ${inWords(event)}: ${wrong}`
  }
  return difference(
    run.derived(stuck !== undefined),
    stuck === undefined ? derived : { bracketsPerBand: derived.bracketsPerBand },
    tolerance,
    'derived',
  )
}

class RayRun {
  readonly #scheduler: Scheduler<HyperbandState>
  readonly #state: HyperbandState
  readonly #objective: Objective
  readonly #config: RayHyperbandCase['config']
  readonly #waiting = new Map<number, 'pending' | 'paused'>()
  readonly #running = new Set<number>()
  readonly #last = new Map<number, TrialReport>()
  readonly #outcomes = new Map<number, EndState>()
  #lostCount = 0

  constructor(config: RayHyperbandCase['config']) {
    this.#scheduler = hyperband({
      metric: config.metric,
      mode: config.mode,
      timeAttr: config.time_attr,
      maxT: config.max_t,
      reductionFactor: config.reduction_factor,
      stopLastTrials: config.stop_last_trials,
    })
    this.#config = config
    this.#objective = { metric: config.metric, mode: config.mode }
    this.#state = this.#scheduler.init({ name: 'test', resources: {}, objectives: [this.#objective] })
  }

  derived(isStuck: boolean): Partial<RayHyperbandCase['derived']> {
    const { max_t: maxT, reduction_factor: reductionFactor } = this.#config
    const brackets = bracketsPerBand({ maxT, reductionFactor })
    return isStuck
      ? { bracketsPerBand: brackets }
      : { bracketsPerBand: brackets, numStopped: this.#lostCount }
  }

  /** Tells the scheduler, and answers in the fixture's words. */
  feed(event: RayHyperbandEvent, isLast: boolean): Record<string, unknown> {
    if (event.type === 'choose') return this.#choose(isLast)
    const trial = event.trial as number
    switch (event.type) {
      case 'add':
        return this.#add(trial)
      case 'result':
        return this.#report(trial, event)
      case 'complete':
        return this.#end(trial, this.#outcomes.get(trial) ?? 'completed')
      case 'error':
        return this.#end(trial, 'failed')
      case 'remove':
        return this.#end(trial, 'pruned')
      default:
        throw new Error(`an event of type ${event.type} is not known`)
    }
  }

  #add(trial: number): Record<string, unknown> {
    const before = this.#state.openedCount
    this.#scheduler.onAdd?.(this.#state, {
      trial,
      config: {},
      resources: {},
      random: randomStream('recorded'),
    })
    this.#waiting.set(trial, 'pending')
    const bracket = this.#brackets().find(({ live }) => live.has(trial))
    const place = { band: bracket?.band, bracket: bracket?.s }
    if (this.#state.openedCount === before) return place
    return { ...place, new: { n: bracket?.size, r: bracket?.milestone, halvings: bracket?.halvings } }
  }

  /** @param isLast - Whether the recording ends here, so that nothing more will come. */
  #choose(isLast: boolean): Record<string, unknown> {
    const candidates = [...this.#waiting]
      .toSorted(([a], [b]) => a - b)
      .map(([trial, status]) => ({ trial, status }))
    if (candidates.length === 0) return { trial: null }
    const trial = this.#scheduler.choose?.(this.#state, {
      candidates,
      idle: isLast && this.#running.size === 0,
    })
    if (trial === undefined) return { trial: null }
    this.#waiting.delete(trial)
    this.#running.add(trial)
    return { trial }
  }

  #report(trial: number, event: RayHyperbandEvent): Record<string, unknown> {
    const report = rayReportOf(trial, event, { ...this.#objective, timeAttr: 'training_iteration' })
    // A report without the metric never reaches a scheduler: the trial goes on.
    if (report === undefined) return { decision: 'CONTINUE' }
    this.#last.set(trial, report)
    const before = this.#promoted()
    const decision = this.#scheduler.onReport(this.#state, report)
    const commands = this.#scheduler.commands?.(this.#state) ?? []
    if (decision.kind === 'stop') {
      this.#outcomes.set(trial, decision.outcome)
      if (decision.outcome === 'pruned') this.#lostCount++
    }
    if (decision.kind === 'pause') {
      this.#running.delete(trial)
      this.#waiting.set(trial, 'paused')
    }
    const word = event.ulp === true ? event.decision : RAY_WORDS[decision.kind]
    return { decision: word, ...this.#effects(before, commands) }
  }

  #end(trial: number, state: EndState): Record<string, unknown> {
    const before = this.#promoted()
    this.#running.delete(trial)
    this.#waiting.delete(trial)
    const commands = this.#scheduler.onEnd?.(this.#state, { trial, state, last: this.#last.get(trial) }) ?? []
    return this.#effects(before, commands)
  }

  #effects(before: ReadonlySet<number>, commands: readonly Command[]): Record<string, unknown> {
    for (const { trial, decision } of commands) {
      this.#waiting.delete(trial)
      if (decision.kind !== 'stop') throw new Error(`trial ${trial} is to exploit, which no HyperBand does`)
      if (decision.outcome === 'pruned') this.#lostCount++
      this.#scheduler.onEnd?.(this.#state, { trial, state: decision.outcome, last: this.#last.get(trial) })
    }
    const unpaused = [...this.#promoted()].filter((trial) => !before.has(trial)).toSorted((a, b) => a - b)
    const stopped = commands.map(({ trial }) => trial)
    return { ...(unpaused.length > 0 && { unpaused }), ...(stopped.length > 0 && { stopped }) }
  }

  /** Who waits with leave to go on. */
  #promoted(): Set<number> {
    const ready = this.#brackets().flatMap(({ ready: numbers }) => numbers)
    return new Set(ready.filter((trial) => this.#waiting.get(trial) === 'paused'))
  }

  #brackets(): Bracket[] {
    return [...this.#state.brackets.values()]
  }
}

function expectedOf({
  type,
  trial,
  band,
  bracket,
  decision,
  unpaused,
  stopped,
  ...event
}: RayHyperbandEvent): Record<string, unknown> {
  if (type === 'choose') return { trial }
  if (type === 'add') return { band, bracket, ...(event.new !== undefined && { new: event.new }) }
  // A set, of which the recording tells no order.
  const promoted = unpaused?.toSorted((a, b) => a - b)
  return {
    ...(type === 'result' && { decision }),
    ...(promoted !== undefined && { unpaused: promoted }),
    ...(stopped !== undefined && { stopped }),
  }
}

function inWords({ type, trial, step }: RayHyperbandEvent): string {
  return [type, trial === null ? '' : ` of trial ${trial}`, step === undefined ? '' : ` at ${step}`].join('')
}
