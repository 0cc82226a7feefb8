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

const NO_COMMANDS: readonly Command[] = []

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
  #state: unknown
  #stopperStates: unknown[] = []
  #saved: { readonly state: unknown; readonly stopperStates: unknown[] } | undefined
  #tail: Recorded[] = []
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
  }) {
    this.#scheduler = options.scheduler
    this.#stoppers = options.stoppers
    this.#context = options.context
    this.#random = options.random
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
    for (const message of this.#tail) this.#do(message)
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
        const { trial } = message.added
        this.#trialCount++
        scheduler.onAdd?.(this.#state, { ...message.added, random: this.#random.fork(trial) })
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

  #decide(message: Extract<SchedulerMessage, { type: 'scheduler.report' }>): AnyEventObject {
    const { trial, seq, report, metrics, elapsedMs, last } = message
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
    const asksScheduler = report !== undefined && !last && demand === undefined
    const decision = asksScheduler
      ? checked(this.#scheduler, this.#scheduler.onReport(this.#state, report))
      : CONTINUE
    const commands = asksScheduler
      ? checkedCommands(this.#scheduler, this.#scheduler.commands?.(this.#state))
      : NO_COMMANDS
    return { type: 'scheduler.decided', trial, seq, decision, demand, commands }
  }
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
