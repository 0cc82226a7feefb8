import type { LogRecord } from '../core/log.ts'
import type { Objective } from '../core/objective.ts'
import { isFeasible } from '../core/order.ts'
import { assertNever, OptionError, TroupeError } from '../errors.ts'
import type { RandomStream } from '../random/random.ts'
import { schedulerObjectives } from '../schedulers/objectives.ts'
import { reportScore } from '../schedulers/report-score.ts'
import type { Command, Decision, Scheduler, TrialReport } from '../schedulers/scheduler.ts'
import { traitsOf } from '../schedulers/traits.ts'
import { isFurtherAttempt, type StudyTrialData } from './study-state.ts'

/**
 * A scheduler as pruner of a study: it hears of every trial by the study's log, in its order, so that it comes to the
 * same decisions when a study is loaded. It can stop trials; to pause them or to hand them on is not for ask and tell.
 */
export class Pruner {
  readonly #scheduler: Scheduler
  readonly #timeAttr: string
  readonly #objectives: readonly Objective[]
  // Index of each objective that the scheduler ranks by among the study's.
  readonly #ranked: readonly number[]
  readonly #first: Objective | undefined
  readonly #random: RandomStream
  readonly #state: unknown
  readonly #last = new Map<number, TrialReport>()
  readonly #verdicts = new Map<number, Verdict>()

  /** @throws {OptionError} when the scheduler cannot rank by the study's objectives, or says that it pauses trials. */
  constructor(name: string, scheduler: Scheduler, objectives: readonly Objective[], random: RandomStream) {
    const { timeAttr, pauses } = traitsOf(scheduler)
    if (pauses) throw pausing(scheduler)
    const rankedBy = schedulerObjectives(scheduler, objectives)
    this.#scheduler = scheduler
    this.#timeAttr = timeAttr
    this.#objectives = objectives
    this.#ranked = rankedBy.map(({ metric }) => indexOf(metric, scheduler, objectives))
    this.#random = random
    this.#state = scheduler.init({ name, resources: {}, objectives: rankedBy })
    this.#first = rankedBy[0]
  }

  /** Takes down one record of the log, after the state did. */
  follow(record: LogRecord, trials: readonly StudyTrialData[]): void {
    switch (record.type) {
      case 'trial.asked': {
        const { trial, config } = record
        // One that runs once more was added when it ran first.
        if (isFurtherAttempt(trials[trial])) return
        this.#scheduler.onAdd?.(this.#state, {
          trial,
          config,
          resources: {},
          random: this.#random.fork(trial),
        })
        // It runs from now on, whoever else may: none waits for a slot, so that no other has to make room for it.
        const candidates = [{ trial, status: 'pending' }] as const
        this.#scheduler.choose?.(this.#state, { candidates, idle: false })
        return
      }
      case 'trial.requeued':
        this.#last.delete(record.trial)
        this.#verdicts.delete(record.trial)
        return
      case 'trial.intermediate':
        // Of several objectives other programs report the first alone.
        if (record.values.length < this.#objectives.length) return
        this.#decide(record, trials[record.trial] as StudyTrialData)
        return
      case 'trial.ended': {
        const { trial, state, values } = record
        // One that was refused before it began is not known to the scheduler.
        if (trials[trial]?.startedAt === undefined) return
        const last = this.#last.get(trial)
        // As in a Tuner, where what a function returns is its last report.
        const told =
          state !== 'completed' || values === undefined
            ? last
            : last && this.#revalued(last, values, trials[trial].constraints)
        const commands = this.#scheduler.onEnd?.(this.#state, { trial, state, last: told })
        this.#last.delete(trial)
        this.#verdicts.delete(trial)
        this.#obey(commands ?? [])
        return
      }
      default:
    }
  }

  /**
   * Whether the trial has lost, by what it reported since this was asked last. So a trial that goes on all the same is
   * judged by its further reports, as in Optuna, and one that asks only now and then misses nothing.
   * @throws {TroupeError} with code `'scheduler'` when the scheduler decided what a study cannot do.
   */
  hasLost(trial: number): boolean {
    const verdict = this.#verdicts.get(trial)
    if (verdict === undefined) return false
    verdict.isHeard = true
    const { decision } = verdict
    switch (decision.kind) {
      case 'stop':
        // One that reached its full length has not lost: it may go on to its own end.
        return decision.outcome === 'pruned'
      case 'pause':
      case 'exploit': {
        const does = decision.kind === 'pause' ? 'pauses trials' : 'hands trials on to others'
        throw new TroupeError(
          'scheduler',
          `${this.#scheduler.name} ${does}, which a study with ask and tell cannot do. Use a scheduler that only stops them, such as asha(), or a Tuner.`,
        )
      }
      default:
        return assertNever(decision, 'decision')
    }
  }

  #decide(
    { trial, step, values }: LogRecord & { readonly type: 'trial.intermediate' },
    { config, constraints }: StudyTrialData,
  ): void {
    const standing = this.#verdicts.get(trial)
    // One that the scheduler has ended by a command, paused or handed on is none that it expects to hear of.
    if (standing?.isFinal === true) return
    const report = this.#revalued(
      {
        trial,
        time: step,
        score: Number.NaN,
        values: [],
        metrics: {},
        config,
        hasCheckpoint: false,
      },
      values,
      constraints,
    )
    this.#last.set(trial, report)
    const decision = this.#scheduler.onReport(this.#state, report)
    if (decision.kind !== 'continue') {
      this.#verdicts.set(trial, { decision, isFinal: decision.kind !== 'stop', isHeard: false })
    } else if (standing?.isHeard === true) this.#verdicts.delete(trial)
    this.#obey(this.#scheduler.commands?.(this.#state) ?? [])
  }

  /** The same report with other values, one for each of the study's objectives. */
  #revalued(
    report: TrialReport,
    values: readonly number[],
    constraints: Readonly<Record<string, number>>,
  ): TrialReport {
    const ranked = this.#ranked.map((i) => values[i] as number)
    const metrics = Object.fromEntries(this.#objectives.map(({ metric }, i) => [metric, values[i] as number]))
    const feasible = isFeasible(constraints)
    return {
      ...report,
      score: reportScore(ranked[0], this.#first, feasible),
      feasible,
      values: ranked,
      metrics: { ...metrics, [this.#timeAttr]: report.time },
    }
  }

  #obey(commands: readonly Command[]): void {
    for (const { trial, decision } of commands) {
      this.#verdicts.set(trial, { decision, isFinal: true, isHeard: false })
    }
  }
}

/** What the scheduler has decided on a trial. */
interface Verdict {
  readonly decision: Exclude<Decision, { kind: 'continue' }>
  /** Whether it stands whatever the trial reports further. */
  readonly isFinal: boolean
  /** Whether the trial has asked since. */
  isHeard: boolean
}

function pausing(scheduler: Scheduler): OptionError {
  return new OptionError(
    'scheduler',
    `${scheduler.name} may pause trials or let them exploit, which a study with ask and tell cannot do. Use a scheduler that only stops them, such as asha(), medianPruner() or hyperbandPruner(), or a Tuner.`,
    { received: scheduler },
  )
}

function indexOf(metric: string, { name }: Scheduler, objectives: readonly Objective[]): number {
  const index = objectives.findIndex((objective) => objective.metric === metric)
  if (index >= 0) return index
  const known = objectives.map((objective) => objective.metric).join(', ')
  throw new OptionError(
    `${name}.metric`,
    `${name} ranks by ${metric}, but the values of this study are ${known}. Name them in createStudy({ metricNames: ['${metric}'] }).`,
    { received: metric },
  )
}
