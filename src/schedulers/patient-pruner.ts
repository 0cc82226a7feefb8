import { formatNumber } from '../core/format-number.ts'
import { type Mode, orient } from '../core/objective.ts'
import { readNeeded } from '../core/needed-options.ts'
import { type Checks, counted, describe, must } from '../core/options.ts'
import { OptionError } from '../errors.ts'
import { type ObservingScheduler, canObserve } from './observing.ts'
import { type ScoreCurve, addScore, bestsAround, emptyCurve } from './patience.ts'
import { RANKING_CHECKS, type RankingOptions, onlyObjective, refuseModeAlone } from './ranking-options.ts'
import { CONTINUE, type Decision, type Scheduler, type TrialReport } from './scheduler.ts'
import { mustBeScheduler, traitsOf } from './traits.ts'

/** Options of `patientPruner`. */
export interface PatientPrunerOptions extends RankingOptions {
  /** The scheduler that is asked when patience is out; null for none, and then that alone ends a trial. Default null. */
  readonly wrapped?: Scheduler | null | undefined
  /** How many steps may pass without an improvement before the trial can be stopped at the next. Integer from 0. */
  readonly patience: number
  /** By how much a value may be worse than the best before and still be an improvement. From 0. Default 0. */
  readonly minDelta?: number | undefined
}

const DEFAULTS = {
  metric: undefined,
  mode: undefined,
  timeAttr: undefined,
  wrapped: null,
  patience: undefined,
  minDelta: 0,
}

const CHECKS: Checks<PatientPrunerOptions> = {
  ...RANKING_CHECKS,
  patience: must.integerFrom(0),
  minDelta: must.from(0),
}

/** All that `patientPruner` remembers. */
export interface PatientPrunerState {
  readonly metric: string
  readonly mode: Mode
  /** Of the trials that have not ended. */
  readonly running: Map<number, ScoreCurve>
  /** What the wrapped scheduler remembers; null without one. */
  readonly wrapped: unknown
  /** Whether the wrapped scheduler was told of the latest report by its `onReport`. */
  hasAsked: boolean
}

/**
 * Lets another scheduler stop a trial only once the trial has ceased to improve: decision for decision Optuna's
 * `PatientPruner`. Without another scheduler it is early stopping within each trial.
 *
 * Patience is out when the best of a trial's last `patience` + 1 steps is worse than the best before them by more than
 * `minDelta`. The order is that of the steps, not that of the reports, and of two reports of one step the first counts.
 * Until then the wrapped scheduler only takes reports down: one of Optuna's pruners judges nothing and records no rung.
 * Any other, unless it has `observe`, is told of every report, and what it would prune before goes on: it has to be
 * able to hear further of a trial that it has stopped, as `asha` and `medianStopping` are. What else it decides holds.
 * One that says that it pauses trials is refused.
 * Source: Optuna.
 *
 * NaN is no improvement, and patience is never out while all before it or all since is NaN. ±Infinity count in their
 * natural place. Cost of a decision: O(`patience`), and that of the wrapped scheduler.
 * @param options.wrapped - The scheduler that is asked when patience is out, or null. Default null.
 * @param options.patience - Steps without an improvement that are borne. Integer from 0. Required.
 * @param options.minDelta - How much worse than the best is still as good. From 0. Default 0.
 * @param options.metric - Metric to rank by. Default: the wrapped scheduler's, else the experiment's.
 * @param options.mode - `'min'` or `'max'`. Default: as for `metric`.
 * @param options.timeAttr - Metric that says how far a trial is. Default: the wrapped scheduler's, else
 *   `'training_iteration'`.
 * @throws {OptionError} when `patience` is missing, an option is unknown or out of its range, `wrapped` is no scheduler,
 *   pauses trials, or has another metric, mode or `timeAttr`, or `mode` stands without `metric`.
 * @example new Tuner(train, { paramSpace, metric: 'loss', mode: 'min', scheduler: patientPruner({ wrapped: medianPruner(), patience: 3 }) })
 */
export function patientPruner(options: PatientPrunerOptions): ObservingScheduler<PatientPrunerState> {
  const settings = readNeeded(
    'patientPruner',
    options,
    ['patience'],
    'patientPruner needs patience. Write patientPruner({ wrapped: medianPruner(), patience: 3 }).',
    DEFAULTS,
    CHECKS,
  )
  const { patience, minDelta } = settings
  refuseModeAlone('patientPruner', settings)
  const wrapped: Scheduler | null = settings.wrapped ?? null
  if (wrapped !== null) checkWrapped(wrapped, settings)
  const traits = wrapped && traitsOf(wrapped)
  const timeAttr = settings.timeAttr ?? traits?.timeAttr ?? 'training_iteration'
  const observing = wrapped !== null && canObserve(wrapped) ? wrapped : undefined

  return {
    name: 'patientPruner',
    objectives: 'one',
    objective: {
      metric: settings.metric ?? traits?.objective.metric,
      mode: settings.mode ?? traits?.objective.mode,
    },
    timeAttr,
    ...(traits !== null && { saveEvery: traits.saveEvery }),
    line: `Using patientPruner: a trial can be stopped after ${counted(patience + 1, 'step')} without an improvement${wrapped === null ? '' : `, by ${wrapped.name}`}.`,

    init: (context) => ({
      ...onlyObjective('patientPruner', context),
      running: new Map(),
      wrapped: wrapped?.init(context) ?? null,
      hasAsked: false,
    }),

    onAdd(state, added) {
      wrapped?.onAdd?.(state.wrapped, added)
    },

    observe(state, report) {
      takeDown(state, report)
      state.hasAsked = wrapped !== null && observing === undefined
      if (observing !== undefined) observing.observe(state.wrapped, report)
      else wrapped?.onReport(state.wrapped, report)
    },

    onReport(state, report) {
      const curve = takeDown(state, report)
      const bests = bestsAround(curve, patience + 1)
      const isOut = bests !== undefined && bests.before - minDelta > bests.since
      const impatience = isOut ? impatienceOf(state, bests) : undefined
      state.hasAsked = wrapped !== null && (isOut || observing === undefined)
      if (wrapped === null) return impatience ?? CONTINUE
      if (!state.hasAsked) {
        observing?.observe(state.wrapped, report)
        return CONTINUE
      }
      const decision = wrapped.onReport(state.wrapped, report)
      if (decision.kind !== 'stop' || decision.outcome === 'completed') return decision
      return impatience === undefined ? withheld(decision) : joined(decision, impatience)
    },

    onEnd(state, end) {
      state.running.delete(end.trial)
      return wrapped?.onEnd?.(state.wrapped, end)
    },

    ...(wrapped?.choose !== undefined && {
      choose: (state, choice) => wrapped.choose?.(state.wrapped, choice),
    }),

    commands: (state) => (state.hasAsked && wrapped?.commands?.(state.wrapped)) || [],
  }

  function impatienceOf(
    { metric, mode }: PatientPrunerState,
    bests: { readonly before: number; readonly since: number },
  ): Stop {
    const [before, since] = [orient(bests.before, mode) + 0, orient(bests.since, mode) + 0]
    return {
      kind: 'stop',
      outcome: 'pruned',
      reason: `best ${metric} of the last ${counted(patience + 1, 'step')} ${formatNumber(since)} is worse than ${formatNumber(before)} before`,
      evidence: { before, since, minDelta, patience },
    }
  }
}

type Stop = Extract<Decision, { kind: 'stop' }>

function withheld({ reason, evidence }: Stop): Decision {
  return { kind: 'continue', evidence: { ...evidence, withheld: reason } }
}

function joined(decision: Stop, impatience: Stop): Stop {
  return {
    ...decision,
    reason: `${decision.reason}; ${impatience.reason}`,
    evidence: { ...impatience.evidence, ...decision.evidence },
  }
}

function takeDown({ running, mode }: PatientPrunerState, { trial, time, values }: TrialReport): ScoreCurve {
  let curve = running.get(trial)
  if (curve === undefined) {
    curve = emptyCurve()
    running.set(trial, curve)
  }
  addScore(curve, time, orient(values[0] as number, mode))
  return curve
}

function checkWrapped(wrapped: Scheduler, { metric, mode, timeAttr }: RankingOptions): void {
  mustBeScheduler('patientPruner', wrapped, 'wrapped')
  const { name, objective, timeAttr: wrappedTime, pauses } = traitsOf(wrapped)
  if (pauses) {
    throw new OptionError(
      'patientPruner.wrapped',
      `patientPruner.wrapped: ${name} may pause trials or let them exploit, which knows no patience. Wrap one that only stops them, such as asha() or medianPruner().`,
      { received: wrapped },
    )
  }
  refuseOther('metric', metric, objective.metric)
  refuseOther('mode', mode, objective.mode)
  refuseOther('timeAttr', timeAttr, wrappedTime)

  function refuseOther(option: string, own: string | undefined, its: unknown): void {
    if (own === undefined || its === undefined || own === its) return
    throw new OptionError(
      `patientPruner.${option}`,
      `patientPruner.${option}: must be that of the wrapped ${wrapped.name}, which is ${describe(its)}. Got ${describe(own)}. Give the same to both.`,
      { received: own },
    )
  }
}
