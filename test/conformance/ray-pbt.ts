/**
 * Feeds the events recorded from Ray Tune's PopulationBasedTraining to `pbt`, as the controller would, and compares what
 * it answers: decisions, the best and the worst, who exploits whom, how far all have to be, the next trial to run.
 *
 * Which of the best a trial exploits is drawn, and the recorded draw is an input. A trial's stream of chance is a name in
 * the state, which the caller owns: before a report that leads to exploits, the trials in question get names of streams
 * that draw what was recorded.
 */
import { type Mode } from '../../src/core/objective.ts'
import type { EndState } from '../../src/core/trial.ts'
import { randomStream } from '../../src/random/random.ts'
import { pbt, type PbtState } from '../../src/schedulers/pbt/pbt.ts'
import { chanceOf, type Exploit, quantilesOf, worstFirst } from '../../src/schedulers/pbt/population.ts'
import type { Candidate, Command, Decision, Scheduler, TrialReport } from '../../src/schedulers/scheduler.ts'
import type { FixtureCase } from './fixture.ts'
import { difference, type Tolerance } from './matching.ts'
import { RAY_WORDS, rayReportOf } from './ray-report.ts'

interface RayPbtCase extends FixtureCase {
  readonly config: {
    readonly time_attr: string
    readonly metric: string
    readonly mode: Mode
    readonly perturbation_interval: number
    readonly burn_in_period: number
    readonly quantile_fraction: number
    readonly synch: boolean
  }
  readonly events: readonly RayPbtEvent[]
  /** Trials that Ray Tune leaves waiting for ever. */
  readonly stuck?: readonly number[]
}

interface RayPbtEvent {
  readonly type: string
  readonly trial: number | null
  readonly step?: number
  readonly value?: number | string | null
  readonly decision?: string
  readonly lower?: readonly number[]
  readonly upper?: readonly number[]
  readonly saved?: readonly number[]
  readonly exploits?: readonly RayExploit[]
  readonly nextSync?: number
}

interface RayExploit {
  readonly trial: number
  readonly draw: number
  readonly source: number
  readonly done: boolean
}

/** Says what differs first, or nothing. */
export function runRayPbtCase(testCase: FixtureCase, tolerance: Tolerance): string | undefined {
  const { config, events, stuck } = testCase as RayPbtCase
  const run = new RayRun(config)
  for (const [index, event] of events.entries()) {
    const isStuckHere = stuck !== undefined && index === events.length - 1
    const answer = run.feed(event)
    // Where Ray Tune chooses none any more, any of those that it leaves waiting will do.
    const wrong = isStuckHere
      ? goesOn(answer['trial'], stuck)
      : difference(answer, expectedOf(event), tolerance)
    if (wrong !== undefined) return `event ${index}, ${inWords(event)}: ${wrong}`
  }
  return undefined
}

class RayRun {
  readonly #scheduler: Scheduler<PbtState>
  readonly #state: PbtState
  readonly #config: RayPbtCase['config']
  readonly #waiting = new Map<number, Candidate['status']>()
  readonly #running = new Set<number>()
  readonly #last = new Map<number, TrialReport>()

  constructor(config: RayPbtCase['config']) {
    this.#config = config
    this.#scheduler = pbt({
      metric: config.metric,
      mode: config.mode,
      timeAttr: config.time_attr,
      perturbationInterval: config.perturbation_interval,
      burnInPeriod: config.burn_in_period,
      quantileFraction: config.quantile_fraction,
      synch: config.synch,
      customExploreFn: (same) => same,
    })
    const objectives = [{ metric: config.metric, mode: config.mode }]
    this.#state = this.#scheduler.init({ name: 'test', resources: {}, objectives })
  }

  /** Tells the scheduler, and answers in the fixture's words. */
  feed(event: RayPbtEvent): Record<string, unknown> {
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
        return this.#end(trial, 'completed', this.#reportOf(trial, event))
      case 'error':
        return this.#end(trial, 'failed', this.#last.get(trial))
      case 'remove':
        return this.#end(trial, 'interrupted', this.#last.get(trial))
      default:
        throw new Error(`an event of type ${event.type} is not known`)
    }
  }

  #choose(): Record<string, unknown> {
    const candidates = [...this.#waiting]
      .toSorted(([a], [b]) => a - b)
      .map(([trial, status]) => ({ trial, status }))
    if (candidates.length === 0) return { trial: null }
    // A recording says nothing of trials to come. While nothing runs, a controller asks again when there are none.
    const idle = this.#running.size === 0
    const trial = this.#scheduler.choose?.(this.#state, { candidates, idle })
    if (trial !== undefined) {
      this.#waiting.delete(trial)
      this.#running.add(trial)
    }
    return { trial: trial ?? null }
  }

  #report(trial: number, event: RayPbtEvent): Record<string, unknown> {
    const report = this.#reportOf(trial, event)
    // A report without the metric never reaches a scheduler: the trial goes on.
    if (report === undefined) return { decision: 'CONTINUE' }
    this.#last.set(trial, report)
    for (const { trial: exploiter, draw } of event.exploits ?? []) {
      this.#leadTo(exploiter, draw, event.upper?.length ?? 0)
    }
    const decision = this.#scheduler.onReport(this.#state, report)
    const commands = this.#scheduler.commands?.(this.#state) ?? []
    if (decision.kind !== 'continue') {
      this.#running.delete(trial)
      this.#waiting.set(trial, decision.kind === 'pause' ? 'paused' : 'pending')
    }
    for (const command of commands) this.#waiting.set(command.trial, 'pending')
    return { decision: RAY_WORDS[decision.kind], ...this.#considered(trial, decision, commands) }
  }

  /** Lets a trial draw `draw` of `count` at its next exploit. */
  #leadTo(trial: number, draw: number, count: number): void {
    const member = this.#state.members.get(trial)
    if (member === undefined) throw new Error(`trial ${trial} is not there to exploit another`)
    for (let i = 0; ; i++) {
      member.chance = `recorded/${i}`
      if (chanceOf(member).donor.below(count) === draw) return
    }
  }

  /** What a report led to beyond its decision, when a perturbation was considered. */
  #considered(trial: number, decision: Decision, commands: readonly Command[]): Record<string, unknown> {
    const { synch, quantile_fraction: fraction } = this.#config
    const { members } = this.#state
    const ranking = worstFirst(this.#state)
    const { evidence } = decision
    if (evidence === undefined || 'behind' in evidence) return {}
    const { lowerEnd, upperStart } = quantilesOf(ranking.length, fraction)
    const upper = ranking.slice(upperStart)
    const answer = { lower: ranking.slice(0, lowerEnd), upper }
    if (!synch) {
      const isSaved = members.get(trial)?.isBest === true
      const draws = evidence['donor'] !== undefined
      const exploit = { trial, source: evidence['donor'], done: decision.kind === 'exploit' }
      return { ...answer, saved: isSaved ? [trial] : [], exploits: draws ? [exploit] : [] }
    }
    const done = new Map(commands.map((command) => [command.trial, (command.decision as Exploit).donor]))
    if (decision.kind === 'exploit') done.set(trial, decision.donor)
    const saved = [...members.values()].filter(({ isBest }) => isBest).map((member) => member.trial)
    return {
      lower: evidence['lower'],
      upper: evidence['upper'],
      saved: upper.filter((best) => saved.includes(best)),
      exploits: (evidence['exploits'] as { trial: number; donor: number; done: boolean }[]).map(
        ({ trial: exploiter, donor, done: isDone }) => ({
          trial: exploiter,
          // What is told to the controller counts; the evidence only says who was drawn and not taken.
          source: isDone ? done.get(exploiter) : donor,
          done: done.has(exploiter),
        }),
      ),
      nextSync: evidence['nextSync'],
    }
  }

  #end(trial: number, state: EndState, last: TrialReport | undefined): Record<string, unknown> {
    this.#scheduler.onEnd?.(this.#state, { trial, state, last })
    this.#waiting.delete(trial)
    this.#running.delete(trial)
    return {}
  }

  #reportOf(trial: number, event: RayPbtEvent): TrialReport | undefined {
    return rayReportOf(
      trial,
      event,
      { metric: this.#config.metric, mode: this.#config.mode, timeAttr: this.#config.time_attr },
      true,
    )
  }
}

function expectedOf(event: RayPbtEvent): Record<string, unknown> {
  const { type, trial, decision, lower, upper, saved, exploits, nextSync } = event
  if (type === 'choose') return { trial }
  if (type !== 'result') return {}
  if (exploits === undefined) return { decision }
  const answer = {
    decision,
    lower,
    upper,
    saved,
    exploits: exploits.map(({ trial: exploiter, source, done }) => ({ trial: exploiter, source, done })),
  }
  return nextSync === undefined ? answer : { ...answer, nextSync }
}

function goesOn(trial: unknown, stuck: readonly number[]): string | undefined {
  if (stuck.some((waiting) => waiting === trial)) return undefined
  return `one of the trials ${stuck.join(', ')} should go on, but the scheduler chose ${String(trial)}`
}

function inWords({ type, trial, step }: RayPbtEvent): string {
  return [type, trial === null ? '' : ` of trial ${trial}`, step === undefined ? '' : ` at ${step}`].join('')
}
