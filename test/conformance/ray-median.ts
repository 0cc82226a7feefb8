/**
 * Feeds the events recorded from Ray Tune's MedianStoppingRule to `medianStopping`, as the controller would, and
 * compares what it answers: decisions, the median and best of each comparison, the next trial to run.
 */
import type { EndState } from '../../src/core/trial.ts'
import { randomStream } from '../../src/random/random.ts'
import { defaultChoice } from '../../src/schedulers/default-choice.ts'
import { medianStopping, type MedianStoppingState } from '../../src/schedulers/median-stopping.ts'
import type { Candidate, Scheduler, TrialReport } from '../../src/schedulers/scheduler.ts'
import type { FixtureCase } from './fixture.ts'
import { difference, type Tolerance } from './matching.ts'
import { RAY_WORDS, rayReportOf } from './ray-report.ts'

interface RayMedianCase extends FixtureCase {
  readonly config: {
    readonly time_attr: string
    readonly metric: string
    readonly mode: 'min' | 'max'
    readonly grace_period: number
    readonly min_samples_required: number
    readonly min_time_slice: number
    readonly hard_stop: boolean
  }
  readonly events: readonly RayMedianEvent[]
}

interface RayMedianEvent {
  readonly type: string
  readonly trial: number | null
  readonly step?: number
  readonly value?: number | string | null
  readonly decision?: string
  readonly median?: number | string
  readonly best?: number | string
  /** Decided in the last bits: the answer may differ. */
  readonly ulp?: boolean
}

/** Says what differs first, or nothing. */
export function runRayMedianCase(testCase: FixtureCase, tolerance: Tolerance): string | undefined {
  const { config, events } = testCase as RayMedianCase
  const run = new RayRun(config)
  for (const [index, event] of events.entries()) {
    const wrong = difference(run.feed(event), expectedOf(event), tolerance)
    if (wrong !== undefined) return `event ${index}, ${inWords(event)}: ${wrong}`
  }
  return undefined
}

class RayRun {
  readonly #scheduler: Scheduler<MedianStoppingState>
  readonly #state: MedianStoppingState
  readonly #config: RayMedianCase['config']
  readonly #waiting = new Map<number, Candidate['status']>()
  readonly #stopped = new Set<number>()
  readonly #last = new Map<number, TrialReport>()

  constructor(config: RayMedianCase['config']) {
    this.#config = config
    this.#scheduler = medianStopping({
      metric: config.metric,
      mode: config.mode,
      timeAttr: config.time_attr,
      gracePeriod: config.grace_period,
      minSamplesRequired: config.min_samples_required,
      minTimeSlice: config.min_time_slice,
      hardStop: config.hard_stop,
    })
    const objectives = [{ metric: config.metric, mode: config.mode }]
    this.#state = this.#scheduler.init({ name: 'test', resources: {}, objectives })
  }

  /** Tells the scheduler, and answers in the fixture's words. */
  feed(event: RayMedianEvent): Record<string, unknown> {
    if (event.type === 'choose') return this.#choose()
    const trial = event.trial as number
    switch (event.type) {
      case 'add':
        this.#scheduler.onAdd?.(this.#state, {
          trial,
          config: {},
          resources: {},
          random: randomStream('test').fork(trial),
        })
        this.#waiting.set(trial, 'pending')
        return {}
      case 'result':
        return this.#report(trial, event)
      case 'complete':
        return this.#end(
          trial,
          this.#stopped.has(trial) ? 'pruned' : 'completed',
          this.#reportOf(trial, event),
        )
      case 'error':
        return this.#end(trial, 'failed', this.#last.get(trial))
      case 'remove':
        return this.#end(trial, 'interrupted', this.#last.get(trial))
      default:
        throw new Error(`an event of type ${event.type} is not known`)
    }
  }

  #choose(): Record<string, unknown> {
    if (this.#waiting.size === 0) return { trial: null }
    const candidates = [...this.#waiting]
      .toSorted(([a], [b]) => a - b)
      .map(([trial, status]) => ({ trial, status }))
    const scheduler = this.#scheduler
    const trial = scheduler.choose
      ? scheduler.choose(this.#state, { candidates, idle: false })
      : defaultChoice(candidates)
    if (trial !== undefined) this.#waiting.delete(trial)
    return { trial: trial ?? null }
  }

  #report(trial: number, event: RayMedianEvent): Record<string, unknown> {
    const report = this.#reportOf(trial, event)
    // A report without the metric never reaches a scheduler: the trial goes on.
    if (report === undefined) return { decision: 'CONTINUE' }
    this.#last.set(trial, report)
    const decision = this.#scheduler.onReport(this.#state, report)
    const { median, best } = decision.kind === 'exploit' ? {} : (decision.evidence ?? {})
    const word = event.ulp === true ? event.decision : RAY_WORDS[decision.kind]
    if (event.ulp === true) this.#followRecorded(trial, event)
    if (event.decision === 'STOP') this.#stopped.add(trial)
    if (event.decision === 'PAUSE') this.#waiting.set(trial, 'paused')
    return median === undefined ? { decision: word } : { decision: word, median, best }
  }

  /** Where the last bits decided otherwise, the trace goes on with what Ray decided. */
  #followRecorded(trial: number, { decision }: RayMedianEvent): void {
    const { lost, waiting } = this.#state
    if (decision === 'PAUSE') {
      lost.add(trial)
      waiting.add(trial)
    } else {
      lost.delete(trial)
      waiting.delete(trial)
    }
  }

  #end(trial: number, state: EndState, last: TrialReport | undefined): Record<string, unknown> {
    this.#scheduler.onEnd?.(this.#state, { trial, state, last })
    this.#waiting.delete(trial)
    return {}
  }

  #reportOf(trial: number, event: RayMedianEvent): TrialReport | undefined {
    return rayReportOf(trial, event, {
      metric: this.#config.metric,
      mode: this.#config.mode,
      timeAttr: this.#config.time_attr,
    })
  }
}

function expectedOf({ type, trial, decision, median, best }: RayMedianEvent): Record<string, unknown> {
  if (type === 'choose') return { trial }
  if (type !== 'result') return {}
  return median === undefined ? { decision } : { decision, median, best }
}

function inWords({ type, trial, step }: RayMedianEvent): string {
  return [type, trial === null ? '' : ` of trial ${trial}`, step === undefined ? '' : ` at ${step}`].join('')
}
