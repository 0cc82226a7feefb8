import type { LogRecord } from '../../core/log.ts'
import { metricOf } from '../../core/metrics.ts'
import { isFeasible } from '../../core/order.ts'
import type { Resources } from '../../core/trial.ts'
import { randomStream } from '../../random/random.ts'
import { reportScore } from '../../schedulers/report-score.ts'
import type {
  Candidate,
  Command,
  Decision,
  Scheduler,
  SchedulerContext,
  TrialReport,
} from '../../schedulers/scheduler.ts'
import { traitsOf } from '../../schedulers/traits.ts'
import { fingerprint } from '../fingerprint.ts'

type RecordOf<Type extends LogRecord['type']> = Extract<LogRecord, { type: Type }>

/** What was recorded, and what comes now instead, in words. */
export interface Mismatch {
  readonly recorded: string
  readonly replayed: string
}

/** What the scheduler was told and asked in the recorded experiment. */
export interface ReplaySetting {
  readonly scheduler: Scheduler
  readonly context: SchedulerContext
  readonly seed: string
  readonly resourcesOf: (config: unknown) => Resources
  /** Trials that were more than a number and a result: the scheduler heard of them. */
  readonly live: ReadonlySet<number>
  /** Reports that a stopper decided upon, as `trial/attempt/seq`: the scheduler was not asked. */
  readonly stopped: ReadonlySet<string>
  /** Which trials started when, as `trial/at`. */
  readonly starts: ReadonlySet<string>
  /** Number of the last trial that was created. */
  readonly lastTrial: number
  /** Whether schedulers were told of checkpoints record by record, or all had one. */
  readonly checkpoints: 'recorded' | 'all' | 'none'
}

interface Replayed {
  config: unknown
  hasCheckpoint: boolean
  last: TrialReport | undefined
  readonly constraints: Record<string, number>
  /** What is to happen to it by a command, or by an exploit that was decided. */
  due: Command['decision'] | undefined
  /** Whether its own report ended it. */
  isDecided: boolean
}

// What the experiment says where an exploit could not be, and where the user paused a trial.
const NOT_EXPLOITED = /^goes on as it is: it could not exploit/
const BY_USER = 'paused by the user'

/** A scheduler that is told record by record what it was told then, and whose answers are compared. */
export class ReplayedScheduler {
  readonly #setting: ReplaySetting
  readonly #scheduler: Scheduler
  readonly #state: unknown
  readonly #timeAttr: string
  readonly #trials = new Map<number, Replayed>()
  readonly #waiting = new Map<number, Candidate['status']>()
  readonly #active = new Set<number>()
  readonly #answers = new Map<string, Decision>()
  /** Trials that it chose before the record of their start. */
  readonly #ahead = new Set<number>()
  #created = -1
  /** How many answers were compared. */
  compared = 0

  constructor(setting: ReplaySetting) {
    const { scheduler, context } = setting
    this.#setting = setting
    this.#scheduler = scheduler
    this.#timeAttr = traitsOf(scheduler).timeAttr
    this.#state = scheduler.init(context)
  }

  /** Does one record. Gives what differs, if anything does. */
  take(record: LogRecord): Mismatch | undefined {
    switch (record.type) {
      case 'trial.created':
        return this.#add(record)
      case 'trial.report':
        return this.#report(record)
      case 'trial.constraint': {
        const constraints = this.#trials.get(record.trial)?.constraints
        if (constraints !== undefined) constraints[record.key] = record.value
        return undefined
      }
      case 'trial.decision':
        return this.#compare(record)
      case 'trial.exploited':
        return this.#exploit(record)
      case 'trial.transition':
        return this.#move(record)
      case 'trial.ended':
        return this.#end(record)
      default:
        return undefined
    }
  }

  /** What was commanded now, but did not happen then. */
  leftOver(): Mismatch | undefined {
    for (const [trial, { due }] of this.#trials) {
      if (due !== undefined)
        return { recorded: 'nothing of it', replayed: `a command: ${due.kind} trial ${trial}` }
    }
    return undefined
  }

  #add({ trial, config }: RecordOf<'trial.created'>): undefined {
    this.#created = trial
    const { live, seed, resourcesOf } = this.#setting
    if (!live.has(trial)) return
    const random = randomStream(seed).fork('scheduler').fork(trial)
    this.#trials.set(trial, {
      config,
      hasCheckpoint: this.#setting.checkpoints === 'all',
      last: undefined,
      constraints: {},
      due: undefined,
      isDecided: false,
    })
    this.#waiting.set(trial, 'pending')
    this.#scheduler.onAdd?.(this.#state, { trial, config, resources: resourcesOf(config), random })
  }

  #report(record: RecordOf<'trial.report'>): undefined {
    const replayed = this.#trials.get(record.trial)
    if (replayed === undefined) return
    if (record.checkpoint === true) replayed.hasCheckpoint = true
    const report = this.#ranked(record, replayed)
    if (report !== undefined) replayed.last = report
    if (report === undefined || record.last === true || this.#setting.stopped.has(keyOf(record))) return
    const decision = this.#scheduler.onReport(this.#state, report)
    this.#answers.set(keyOf(record), decision)
    // What is decided about the trial itself comes first, so one that pauses can be commanded at once.
    const pauses = decision.kind === 'pause' ? record.trial : undefined
    this.#command(this.#scheduler.commands?.(this.#state) ?? [], pauses)
  }

  #ranked(
    { trial, metrics, attempt }: RecordOf<'trial.report'>,
    { config, hasCheckpoint, constraints }: Replayed,
  ): TrialReport | undefined {
    const { objectives } = this.#setting.context
    const values = objectives.map(({ metric }) => metricOf(metrics, metric))
    const time = metricOf(metrics, this.#timeAttr)
    if (time === undefined || !values.every((value) => value !== undefined)) return undefined
    const feasible = isFeasible(constraints)
    const score = reportScore(values[0], objectives[0], feasible)
    return { trial, time, score, values, metrics, config, hasCheckpoint, feasible, attempt }
  }

  #compare(record: RecordOf<'trial.decision'>): Mismatch | undefined {
    const key = keyOf(record)
    if (this.#setting.stopped.has(key)) return undefined
    const decision: Decision = this.#answers.get(key) ?? { kind: 'continue' }
    this.#answers.delete(key)
    this.compared++
    const { decision: kind, reason, evidence } = record
    if (decision.kind === 'continue' && kind === 'pause' && reason === BY_USER) return undefined
    if (decision.kind === 'exploit' && kind === 'continue' && NOT_EXPLOITED.test(reason ?? ''))
      return undefined
    const given = decision.kind === 'continue' ? undefined : decision.reason
    const [recorded, replayed] = [
      { kind, reason, evidence },
      { kind: decision.kind, reason: given, evidence: decision.evidence },
    ]
    if (asText(recorded) !== asText(replayed))
      return { recorded: inWords(recorded), replayed: inWords(replayed) }
    const trial = this.#trials.get(record.trial)
    if (trial !== undefined && decision.kind === 'exploit') trial.due = decision
    if (trial !== undefined && decision.kind === 'stop') trial.isDecided = true
    return undefined
  }

  #exploit({ trial, donor, config }: RecordOf<'trial.exploited'>): Mismatch | undefined {
    const replayed = this.#trials.get(trial)
    if (replayed === undefined) return undefined
    const { due } = replayed
    replayed.due = undefined
    replayed.config = config
    const recorded = `exploits trial ${donor} with ${asText(config)}`
    if (due?.kind !== 'exploit') return { recorded, replayed: 'exploits none' }
    if (due.donor === donor && asText(due.config) === asText(config)) return undefined
    return { recorded, replayed: `exploits trial ${due.donor} with ${asText(due.config)}` }
  }

  #move({ trial, to, cause, at }: RecordOf<'trial.transition'>): Mismatch | undefined {
    if (to === 'running') {
      const mismatch = cause === 'trial.start' ? this.#choose(trial, at) : undefined
      this.#waiting.delete(trial)
      this.#active.add(trial)
      return mismatch
    }
    if (to === 'stopping' || to === 'retrying') this.#active.add(trial)
    else this.#active.delete(trial)
    if (to === 'pending') this.#waiting.set(trial, 'pending')
    else if (to === 'paused') this.#waiting.set(trial, cause === 'trial.pause' ? 'paused' : 'pending')
    else this.#waiting.delete(trial)
    return undefined
  }

  /**
   * Only where it chose then: that it chose nobody is not recorded. Of trials that started at the same time it may have
   * been asked in another order than that of their starts.
   */
  #choose(trial: number, at: number): Mismatch | undefined {
    const { choose } = this.#scheduler
    if (choose === undefined || this.#ahead.delete(trial) || !this.#waiting.has(trial)) return undefined
    for (;;) {
      const candidates = [...this.#waiting]
        .map(([number, status]) => ({ trial: number, status }))
        .sort((a, b) => a.trial - b.trial)
      const idle = this.#active.size === 0 && this.#created >= this.#setting.lastTrial
      const chosen = choose.call(this.#scheduler, this.#state, { candidates, idle })
      this.compared++
      if (chosen === trial) return undefined
      const replayed = chosen === undefined ? 'runs none' : `runs trial ${chosen}`
      const startsToo = chosen !== undefined && this.#setting.starts.has(`${chosen}/${at}`)
      if (!startsToo || !this.#waiting.delete(chosen)) return { recorded: `runs trial ${trial}`, replayed }
      this.#ahead.add(chosen)
    }
  }

  #end({ trial, state, reason }: RecordOf<'trial.ended'>): Mismatch | undefined {
    const replayed = this.#trials.get(trial)
    this.#trials.delete(trial)
    this.#waiting.delete(trial)
    this.#active.delete(trial)
    if (replayed === undefined) return undefined
    const { due, last, isDecided } = replayed
    this.#command(this.#scheduler.onEnd?.(this.#state, { trial, state, last }) ?? [])
    // A command that came too late, or for a trial that was ending, changes nothing.
    if (reason?.by !== 'scheduler' || isDecided) return undefined
    this.compared++
    const recorded = `${state}: ${reason.text}`
    if (due === undefined) return { recorded, replayed: 'no command' }
    if (due.kind !== 'stop') return { recorded, replayed: 'lets it exploit another' }
    return due.reason === reason.text ? undefined : { recorded, replayed: `${due.outcome}: ${due.reason}` }
  }

  #command(commands: readonly Command[], pauses?: number): void {
    for (const { trial, decision } of commands) {
      const replayed = this.#trials.get(trial)
      if (replayed === undefined) continue
      const waits = this.#waiting.has(trial) || trial === pauses
      if (decision.kind === 'stop' || waits) replayed.due ??= decision
    }
  }
}

/** The name of a report in a trace. */
export function keyOf({ trial, attempt, seq }: RecordOf<'trial.report' | 'trial.decision'>): string {
  return `${trial}/${attempt}/${seq}`
}

/** As text in which functions count by their names, since that is what is left of them in a trace. */
function asText(value: unknown): string {
  return fingerprint(named(value))
}

function named(value: unknown): unknown {
  if (typeof value === 'function') return { $function: value.name }
  if (typeof value === 'symbol') return { $symbol: value.description ?? '' }
  if (Array.isArray(value)) return value.map(named)
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value
  const fields = Object.entries(value).filter(([, item]) => item !== undefined)
  return Object.fromEntries(fields.map(([key, item]) => [key, named(item)]))
}

function inWords({
  kind,
  reason,
  evidence,
}: {
  readonly kind: string
  readonly reason: string | undefined
  readonly evidence: unknown
}): string {
  const facts = evidence === undefined ? '' : ` ${JSON.stringify(named(evidence))}`
  return `${kind}${reason === undefined ? '' : `: ${reason}`}${facts}`
}
