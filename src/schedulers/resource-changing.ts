import { formatNumber } from '../core/format-number.ts'
import { type Checks, describe, must, readOptions } from '../core/options.ts'
import { needProblem } from '../core/resources.ts'
import type { Resources } from '../core/trial.ts'
import { OptionError } from '../errors.ts'
import { isAmong } from './candidates.ts'
import { defaultChoice } from './default-choice.ts'
import { fifo } from './fifo.ts'
import {
  type AllocationContext,
  type Share,
  distributeEvenly,
  distributeToTop,
} from './resource-allocation.ts'
import type { Candidate, Decision, Scheduler, TrialReport } from './scheduler.ts'
import { type Standings, emptyStandings, enter, leave } from './standings.ts'
import { mustBeScheduler, traitsOf } from './traits.ts'

/** Says what a trial that has reported shall hold from now on; undefined, or what it holds, for no change. */
export type ResourcesAllocation = (
  context: AllocationContext & { readonly report: TrialReport },
) => Resources | undefined

/** Options of `resourceChanging`. */
export interface ResourceChangingOptions<Base = unknown> {
  /** Decides which trials go on. Default `fifo()`. */
  readonly wrapped?: Scheduler<Base> | undefined
  /**
   * Who gets what is free: every trial its share, the best trial all of it, or as a pure function of yours says. Default
   * `'distributeEvenly'`.
   */
  readonly resourcesAllocation?: 'distributeEvenly' | 'distributeToTop' | ResourcesAllocation | undefined
  /** By what a trial grows and shrinks. Default `{ gpu: 1 }` for trials that began with some gpu, else `{ cpu: 1 }`. */
  readonly increaseBy?: Resources | undefined
  /** How many steps a trial may grow. From 1. Default Infinity. */
  readonly increaseByTimes?: number | undefined
  /** What is kept back and given to no trial that grows. Default `{}`. */
  readonly reserveResources?: Resources | undefined
}

const DEFAULTS = {
  wrapped: undefined,
  resourcesAllocation: 'distributeEvenly' as const,
  increaseBy: undefined,
  increaseByTimes: Infinity,
  reserveResources: {},
}

const CHECKS: Checks<ResourceChangingOptions> = {
  resourcesAllocation: (allocation) =>
    typeof allocation === 'function'
      ? undefined
      : must.beOneOf('distributeEvenly', 'distributeToTop')(allocation)?.replace(/\.$/, ', or a function.'),
  increaseBy: (value) =>
    needProblem(value) ??
    (Object.values(value).some((amount) => amount > 0)
      ? undefined
      : `must have an amount above 0, which ${inWords(value)} has not.`),
  increaseByTimes: (value) =>
    typeof value === 'number' && value >= 1 ? undefined : 'must be a number from 1.',
  reserveResources: needProblem,
}

/** All that `resourceChanging` remembers. */
export interface ResourceChangingState<Base = unknown> {
  readonly base: Base
  readonly total: Resources
  /** Of trials that run or wait for their first start. */
  readonly shares: Map<number, Share>
  /** What these trials hold, and began with, in all. */
  readonly heldByAll: Record<string, number>
  readonly basesOfAll: Record<string, number>
  /** What trials hold that the wrapped scheduler has paused. */
  readonly parked: Map<number, Share>
  /** Trials that were paused to be given what they hold now. */
  readonly changing: Set<number>
  /** Live trials by their latest score. */
  readonly standings: Standings
  readonly scores: Map<number, number>
}

/**
 * Lets running trials grow into what is free, and shrink when others wait for it: wraps a scheduler, whose decisions
 * come first. When a trial that goes on shall hold something else, it is paused, and goes on with that as soon as there is
 * room; `trial.resources` says it from then on. Resources are what you count: only your trainable can make use of more.
 *
 * `'distributeEvenly'` gives each trial the same number of steps of `increaseBy`; `'distributeToTop'` gives all that is
 * free to the best trial by its latest score, NaN and trials without a report last, ties by trial number; those that were
 * the best before it keep theirs. Neither gives a trial less than it began with. Trials that the wrapped scheduler has
 * paused hold nothing. Where a kind is not limited (`simulate` without `totalResources`) nothing changes.
 * Source: Ray Tune's `ResourceChangingScheduler`, `DistributeResources` and `DistributeResourcesToTopJob`, without
 * bundles.
 *
 * Cost of a decision: that of the wrapped scheduler and O(kinds + log running trials).
 * @param options.wrapped - Decides which trials go on. Default `fifo()`.
 * @param options.resourcesAllocation - `'distributeEvenly'`, `'distributeToTop'` or a pure function. Default
 * `'distributeEvenly'`.
 * @param options.increaseBy - By what a trial grows. Default one gpu where it began with some, else one cpu.
 * @param options.increaseByTimes - How many steps at most. From 1. Default Infinity.
 * @param options.reserveResources - What no trial grows into. Default `{}`.
 * @throws {OptionError} when an option is unknown or out of its range, or a function returns what are no amounts.
 * @example new Tuner(train, { paramSpace, totalResources: { cpu: 16 }, scheduler: resourceChanging({ wrapped: asha() }) })
 */
export function resourceChanging<Base = unknown>(
  options: ResourceChangingOptions<Base> = {},
): Scheduler<ResourceChangingState<Base>> {
  const settings = readOptions(
    'resourceChanging',
    options,
    DEFAULTS,
    CHECKS as Checks<ResourceChangingOptions<Base>>,
  )
  const { resourcesAllocation, increaseBy, increaseByTimes, reserveResources } = settings
  const wrapped = settings.wrapped === undefined ? (fifo() as Scheduler<Base>) : settings.wrapped
  mustBeScheduler('resourceChanging', wrapped, 'wrapped')
  const traits = traitsOf(wrapped)
  const steps = { increaseBy, increaseByTimes }
  const ranks = resourcesAllocation === 'distributeToTop'

  return {
    ...traits,
    name: 'resourceChanging',
    objectives: ranks && traits.objectives === 'any' ? 'some' : traits.objectives,
    pauses: true,
    line: `${traits.line} Free resources go to running trials.`,

    init(context) {
      const total = Object.fromEntries(
        Object.entries(context.resources).map(([kind, amount]) => [
          kind,
          amount - (reserveResources[kind] ?? 0),
        ]),
      )
      return {
        base: wrapped.init(context),
        total,
        shares: new Map(),
        heldByAll: {},
        basesOfAll: {},
        parked: new Map(),
        changing: new Set(),
        standings: emptyStandings(),
        scores: new Map(),
      }
    },

    onAdd(state, added) {
      wrapped.onAdd?.(state.base, added)
      join(state, added.trial, { base: added.resources, held: added.resources })
    },

    onReport(state, report) {
      // It runs, whoever may have let it.
      resume(state, report.trial)
      rank(state, report.trial, report.score)
      const decision = wrapped.onReport(state.base, report)
      if (decision.kind === 'pause') park(state, report.trial, decision.resources)
      return decision.kind === 'continue' ? reallocate(state, report, decision) : decision
    },

    commands: (state) => wrapped.commands?.(state.base) ?? [],

    onEnd(state, end) {
      part(state, end.trial)
      state.parked.delete(end.trial)
      state.changing.delete(end.trial)
      return wrapped.onEnd?.(state.base, end)
    },

    choose(state, choice) {
      // The wrapped scheduler knows nothing of their pause: to it, they run.
      for (const trial of state.changing) {
        if (isAmong(choice.candidates, trial) && state.changing.delete(trial)) return trial
      }
      const trial = wrapped.choose?.(state.base, choice) ?? chosenByDefault(choice.candidates)
      if (trial !== undefined) resume(state, trial)
      return trial
    },
  }

  function chosenByDefault(candidates: readonly Candidate[]): number | undefined {
    return wrapped.choose === undefined ? defaultChoice(candidates) : undefined
  }

  function reallocate(
    state: ResourceChangingState<Base>,
    report: TrialReport,
    decision: Extract<Decision, { kind: 'continue' }>,
  ): Decision {
    const { trial } = report
    const { base, held } = state.shares.get(trial) as Share
    const context = {
      trial,
      base,
      held,
      total: state.total,
      free: freeIn(state),
      liveCount: state.shares.size,
    }
    const next = allocate(state, context, report)
    if (next === undefined || areSame(held, next) || !fits(next, state.total)) return decision
    part(state, trial)
    join(state, trial, { base, held: next })
    rank(state, trial, report.score)
    state.changing.add(trial)
    return {
      kind: 'pause',
      reason: `is given ${inWords(next)} in place of ${inWords(held)}`,
      resources: next,
      evidence: { from: held, to: next, free: context.free, live: context.liveCount },
    }
  }

  function allocate(
    state: ResourceChangingState<Base>,
    context: AllocationContext,
    report: TrialReport,
  ): Resources | undefined {
    if (resourcesAllocation === 'distributeEvenly') return distributeEvenly(context, state.basesOfAll, steps)
    if (resourcesAllocation === 'distributeToTop') {
      return distributeToTop(context, state.shares, state.standings, steps)
    }
    const next: unknown = resourcesAllocation({ ...context, report })
    if (next === undefined || areAmounts(next)) return next
    throw new OptionError(
      'resourceChanging.resourcesAllocation',
      `resourceChanging.resourcesAllocation returned ${describe(next)} for trial ${context.trial}. Return an object of amounts from 0, such as { cpu: 2 }, or undefined for no change.`,
      { received: next },
    )
  }
}

function join({ shares, heldByAll, basesOfAll }: ResourceChangingState, trial: number, share: Share): void {
  shares.set(trial, share)
  add(heldByAll, share.held, 1)
  add(basesOfAll, share.base, 1)
}

function part(state: ResourceChangingState, trial: number): void {
  const { shares, heldByAll, basesOfAll, standings, scores } = state
  const share = shares.get(trial)
  if (share === undefined) return
  shares.delete(trial)
  add(heldByAll, share.held, -1)
  add(basesOfAll, share.base, -1)
  const score = scores.get(trial)
  if (score !== undefined) leave(standings, trial, score)
  scores.delete(trial)
}

function rank({ standings, scores }: ResourceChangingState, trial: number, score: number): void {
  const before = scores.get(trial)
  if (before !== undefined) leave(standings, trial, before)
  enter(standings, trial, score)
  scores.set(trial, score)
}

/** A paused trial holds nothing, but will again what it held, or what it was given meanwhile. */
function park(state: ResourceChangingState, trial: number, resources: Resources | undefined): void {
  const share = state.shares.get(trial) as Share
  part(state, trial)
  state.parked.set(trial, { base: share.base, held: resources ?? share.held })
}

function resume(state: ResourceChangingState, trial: number): void {
  state.changing.delete(trial)
  const share = state.parked.get(trial)
  if (share === undefined) return
  state.parked.delete(trial)
  join(state, trial, share)
}

function freeIn({ total, heldByAll }: ResourceChangingState): Resources {
  return Object.fromEntries(Object.entries(total).map(([kind, all]) => [kind, all - (heldByAll[kind] ?? 0)]))
}

function add(sum: Record<string, number>, amount: Resources, sign: 1 | -1): void {
  for (const kind in amount) sum[kind] = (sum[kind] ?? 0) + sign * (amount[kind] as number)
}

function fits(need: Resources, total: Resources): boolean {
  return Object.entries(need).every(([kind, amount]) => !(amount > (total[kind] ?? Infinity)))
}

function areSame(a: Resources, b: Resources): boolean {
  return [...Object.keys(a), ...Object.keys(b)].every((kind) => (a[kind] ?? 0) === (b[kind] ?? 0))
}

function areAmounts(value: unknown): value is Resources {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every(
    (amount) => typeof amount === 'number' && amount >= 0 && amount < Infinity,
  )
}

function inWords(resources: Resources): string {
  const named = Object.entries(resources).map(([kind, amount]) => `${formatNumber(amount)} ${kind}`)
  return named.length === 0 ? 'nothing' : named.join(', ')
}
