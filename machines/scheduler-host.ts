import type { AnyEventObject } from 'xstate'
import { describe } from '../src/core/options.ts'
import { partitionPoint } from '../src/core/partition-point.ts'
import { needProblem } from '../src/core/resources.ts'
import { assertNever, TroupeError } from '../src/errors.ts'
import type { RandomStream } from '../src/random/random.ts'
import { defaultChoice } from '../src/schedulers/default-choice.ts'
import {
  type Candidate,
  type Command,
  CONTINUE,
  type Decision,
  type Scheduler,
  type SchedulerContext,
} from '../src/schedulers/scheduler.ts'
import type { ToldTrial } from '../src/searchers/searcher.ts'
import type { StopDemand, Stopper } from '../src/stoppers/stopper.ts'
import type { PolicyHost } from './policy.ts'
import type { Culprit, SchedulerMessage } from './protocol.ts'

type Recorded = Exclude<SchedulerMessage, { type: 'scheduler.close' }>
type Report = Extract<SchedulerMessage, { type: 'scheduler.report' }>

/** What came of a report before a break. */
export interface RecordedDecision {
  readonly decision: string
  /** A stopper had enough, and the scheduler was not asked. */
  readonly by?: 'stopper'
  readonly reason?: string
  readonly evidence?: Readonly<Record<string, unknown>>
  /**
   * Whether it holds whatever the scheduler says now. While an experiment is being stopped its trials end one after the other,
   * which never happened once it goes on: there the scheduler knew less than it knows now.
   */
  readonly isFinal: boolean
}

const NO_COMMANDS: readonly Command[] = []
const NOTHING_DECIDED = { decision: CONTINUE, commands: NO_COMMANDS } as const

// A copy of the state costs as much as some hundred decisions, and more with more trials; the record of what came since
// holds every report. Between these bounds, a copy is taken each time as many messages have come as there are trials.
const TAIL_MIN = 1024
const TAIL_MAX = 8192
// A question who runs next holds all that wait: so many in all the record may hold, whatever the number of messages.
const CANDIDATES_MAX = 4_000_000

/**
 * A scheduler and the experiment's stoppers, with what is needed to start them again: a copy of their state, and the
 * messages since. Copies are taken often enough that the record stays short, and seldom enough that copying costs a
 * small share of a message.
 */
export class SchedulerHost implements PolicyHost<SchedulerMessage> {
  readonly actor = 'scheduler'
  readonly #scheduler: Scheduler
  readonly #stoppers: readonly Stopper[]
  readonly #context: SchedulerContext
  readonly #random: RandomStream
  readonly #recorded: ((trial: number, seq: number) => RecordedDecision | 'late' | undefined) | undefined
  #state: unknown
  #stopperStates: unknown[] = []
  #saved: { readonly state: unknown; readonly stopperStates: unknown[] } | undefined
  #tail: Recorded[] = []
  /** Reports of the tail that the scheduler was not asked about. */
  readonly #unasked = new WeakSet<Report>()
  /** Candidates in the questions of the tail. */
  #candidateCount = 0
  #trialCount = 0
  #canCopy = true
  /** The stopper that is being asked; undefined while it is the scheduler. */
  #stopper: Stopper | undefined

  constructor(options: {
    readonly scheduler: Scheduler
    readonly stoppers: readonly Stopper[]
    readonly context: SchedulerContext
    readonly random: RandomStream
    /** What came of a report in the past, while that is done again; `'late'` when it was decided upon after a restart. */
    readonly recorded?: (trial: number, seq: number) => RecordedDecision | 'late' | undefined
  }) {
    this.#scheduler = options.scheduler
    this.#stoppers = options.stoppers
    this.#context = options.context
    this.#random = options.random
    this.#recorded = options.recorded
    this.#begin()
  }

  get culprit(): Culprit {
    if (this.#stopper === undefined) return { kind: 'scheduler', name: this.#scheduler.name }
    return { kind: 'stopper', name: this.#stopper.name }
  }

  handle(message: SchedulerMessage): readonly AnyEventObject[] {
    if (message.type === 'scheduler.close') return [{ type: 'scheduler.closed' }]
    const answers = this.#do(message)
    this.#tail.push(message)
    if (message.type === 'scheduler.choose') this.#candidateCount += message.choice.candidates.length
    if (this.#canCopy && this.#isTailLong) this.#save()
    return answers
  }

  get #isTailLong(): boolean {
    if (this.#candidateCount >= CANDIDATES_MAX) return true
    return this.#tail.length >= Math.min(TAIL_MAX, Math.max(TAIL_MIN, this.#trialCount))
  }

  restart(): void {
    this.#stopper = undefined
    if (this.#saved === undefined) this.#begin()
    else {
      this.#state = structuredClone(this.#saved.state)
      this.#stopperStates = structuredClone(this.#saved.stopperStates)
    }
    for (const message of this.#tail) {
      if (message.type === 'scheduler.report') this.#decideAgain(message)
      else this.#do(message)
    }
  }

  #begin(): void {
    this.#state = this.#scheduler.init(this.#context)
    this.#stopperStates = this.#stoppers.map((stopper) => {
      this.#stopper = stopper
      return stopper.init()
    })
    this.#stopper = undefined
  }

  #save(): void {
    try {
      this.#saved = structuredClone({ state: this.#state, stopperStates: this.#stopperStates })
      this.#tail = []
      this.#candidateCount = 0
    } catch {
      // A state that cannot be copied breaks the interface's law; such a scheduler is started again from its very
      // first message, at the price of keeping them all.
      this.#canCopy = false
    }
  }

  #do(message: Recorded): readonly AnyEventObject[] {
    const scheduler = this.#scheduler
    switch (message.type) {
      case 'scheduler.report':
        return [this.#decide(message)]
      case 'scheduler.add': {
        const { trial, config, resources } = message.added
        this.#trialCount++
        scheduler.onAdd?.(this.#state, { trial, config, resources, random: this.#random.fork(trial) })
        return []
      }
      case 'scheduler.end': {
        const commands = checkedCommands(scheduler, scheduler.onEnd?.(this.#state, message.end))
        return commands.length === 0 ? [] : [{ type: 'scheduler.commanded', commands }]
      }
      case 'scheduler.told':
        return this.#hearEnd(message.told)
      case 'scheduler.choose': {
        const { choice } = message
        const trial =
          scheduler.choose === undefined
            ? defaultChoice(choice.candidates)
            : scheduler.choose(this.#state, choice)
        if (trial !== undefined && !isAmong(choice.candidates, trial)) {
          throw new TroupeError(
            'badChoice',
            `${scheduler.name} chose trial ${trial}, which is not among the candidates ${choice.candidates.map((candidate) => candidate.trial).join(', ')}.`,
          )
        }
        return [{ type: 'scheduler.chose', trial }]
      }
      default:
        return assertNever(message, 'A message to the scheduler')
    }
  }

  #hearEnd(trial: ToldTrial): readonly AnyEventObject[] {
    let demand: StopDemand | undefined
    this.#stoppers.forEach((stopper, i) => {
      this.#stopper = stopper
      const end = { trial, objectives: this.#context.objectives }
      const asked = checkedDemand(stopper, stopper.onEnd?.(this.#stopperStates[i], end))
      demand ??= asked
    })
    this.#stopper = undefined
    // The trial has ended already.
    return demand?.scope === 'experiment' ? [{ type: 'scheduler.demanded', demand }] : []
  }

  #decide(message: Report): AnyEventObject {
    const { trial, seq } = message
    const recorded = this.#recorded?.(trial, seq)
    // Whoever threw then need not throw now, and much may have happened before it was there again.
    if (recorded === 'late') throw new TroupeError('recorded', 'It threw, before the experiment went on.')
    const asked = this.#askStoppers(message)
    const demand = recorded === undefined ? asked : demandThen(recorded, asked)
    const isUnasked = recorded === undefined ? demand !== undefined : recorded.by === 'stopper'
    if (isUnasked) this.#unasked.add(message)
    const { decision, commands } = this.#askScheduler(message)
    const final = recorded?.isFinal === true ? asRecorded(recorded, decision) : decision
    return { type: 'scheduler.decided', trial, seq, demand, decision: final, commands }
  }

  /** Once more, of the same reports as then: what a stopper says to them now is not what was done. */
  #decideAgain(message: Report): void {
    this.#askStoppers(message)
    this.#askScheduler(message)
  }

  #askStoppers({ trial, metrics, elapsedMs }: Report): StopDemand | undefined {
    let demand: StopDemand | undefined
    // Each stopper sees each report, also when an earlier one has spoken: their states must not depend on their order.
    this.#stoppers.forEach((stopper, i) => {
      this.#stopper = stopper
      const asked = checkedDemand(
        stopper,
        stopper.onReport(this.#stopperStates[i], { trial, metrics, elapsedMs }),
      )
      if (asked !== undefined && (demand === undefined || asked.scope === 'experiment')) demand = asked
    })
    this.#stopper = undefined
    return demand
  }

  #askScheduler(message: Report): { readonly decision: Decision; readonly commands: readonly Command[] } {
    const { report, last } = message
    if (report === undefined || last || this.#unasked.has(message)) return NOTHING_DECIDED
    const decision = checked(this.#scheduler, this.#scheduler.onReport(this.#state, report))
    const commands = checkedCommands(this.#scheduler, this.#scheduler.commands?.(this.#state))
    return { decision, commands }
  }
}

/** What the scheduler decides now, unless that is of another kind than what was done. */
function asRecorded({ decision, reason = '' }: RecordedDecision, now: Decision): Decision {
  if (decision === now.kind || decision === 'exploit') return now
  if (decision === 'pause') return { kind: 'pause', reason }
  return decision === 'stop' ? { kind: 'stop', outcome: 'pruned', reason } : CONTINUE
}

/**
 * What a stopper demanded, by what came of it: a stopper may be any code, such as one that looks at the clock, and say
 * otherwise now. To end the whole experiment was its word then, and is heeded when it still is.
 */
function demandThen(
  { by, decision, reason = '', evidence }: RecordedDecision,
  asked: StopDemand | undefined,
): StopDemand | undefined {
  if (by !== 'stopper') return undefined
  if (decision === 'stop') return { scope: 'trial', reason, ...(evidence && { evidence }) }
  return asked?.scope === 'experiment' ? asked : undefined
}

/** @param candidates - By trial number. */
function isAmong(candidates: readonly Candidate[], trial: number): boolean {
  const index = partitionPoint(candidates.length, (i) => (candidates[i] as Candidate).trial < trial)
  return candidates[index]?.trial === trial
}

// What comes back from a policy of a user's is looked at before anybody acts on it.

const OUTCOMES: ReadonlySet<unknown> = new Set(['pruned', 'completed'])

type Answered = Partial<Record<'kind' | 'outcome' | 'donor', unknown>>

function checked({ name }: Scheduler, decision: Decision): Decision {
  const { kind, outcome, donor } = (decision ?? {}) as Answered
  if (kind === 'pause') checkResources(name, (decision as { readonly resources?: unknown }).resources)
  if (kind === 'continue' || kind === 'pause') return decision
  if (kind === 'stop' && OUTCOMES.has(outcome)) return decision
  if (kind === 'exploit' && typeof donor === 'number') return decision
  throw new TroupeError(
    'badDecision',
    `${name} answered a report with ${describe(decision)}. Return { kind: 'continue' }, { kind: 'pause', reason }, { kind: 'stop', reason, outcome: 'pruned' | 'completed' } or { kind: 'exploit', donor, config, reason }.`,
  )
}

function checkResources(name: string, resources: unknown): void {
  const problem = resources === undefined ? undefined : needProblem(resources)
  if (problem === undefined) return
  throw new TroupeError(
    'badDecision',
    `${name} paused a trial with resources: ${problem} Got ${describe(resources)}.`,
  )
}

function checkedCommands({ name }: Scheduler, commands: readonly Command[] | void): readonly Command[] {
  if (commands === undefined) return NO_COMMANDS
  if (Array.isArray(commands) && commands.every(isCommand)) return commands
  throw new TroupeError(
    'badCommand',
    `${name} commanded ${describe(commands)}. Return an array of { trial, decision } with decisions of the kinds 'stop' and 'exploit', or nothing.`,
  )
}

function isCommand(command: Partial<Command> | null): boolean {
  if (typeof command?.trial !== 'number') return false
  const { kind, outcome, donor } = (command.decision ?? {}) as Answered
  return (kind === 'stop' && OUTCOMES.has(outcome)) || (kind === 'exploit' && typeof donor === 'number')
}

function checkedDemand({ name }: Stopper, demand: StopDemand | null | undefined): StopDemand | undefined {
  if (demand === undefined || demand === null) return undefined
  if (demand.scope === 'trial' || demand.scope === 'experiment') return demand
  throw new TroupeError(
    'badDemand',
    `${name} answered a report with ${describe(demand)}. Return { scope: 'trial' | 'experiment', reason }, or nothing.`,
  )
}
