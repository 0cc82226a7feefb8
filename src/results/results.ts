import type { EndedBy, Warning } from '../core/events.ts'
import type { Metrics } from '../core/metrics.ts'
import type { Mode, Objective } from '../core/objective.ts'
import type { Reason, TrialRecord } from '../core/trial.ts'
import { describe, must, nearest, readOptions } from '../core/options.ts'
import { paretoFront } from '../core/pareto.ts'
import { NoResultError, OptionError } from '../errors.ts'
import { copyPlain } from '../space/same-value.ts'
import type { Space } from '../space/space.ts'
import { type EndedTrial, endedTrialsOf } from './ended-trials.ts'
import { leavesOf } from './paths.ts'
import { bestOf, type Criterion, type Scope, SCOPES } from './ranking.ts'
import { type BestResult, type Result, resultOf } from './result.ts'
import type { StoredCheckpointsOf } from './result-checkpoint.ts'
import { csvOf, type TableRow, tableOf } from './table.ts'
import { Timeline } from './timeline.ts'
import { TrialError } from './trial-error.ts'

/** What results are made from. */
export interface ResultsInput {
  /** Read when results are made and as they are asked; never written. */
  readonly records: readonly TrialRecord[]
  readonly objectives: readonly Objective[]
  readonly endedBy: EndedBy
  /** Why, in words, where that says more than `endedBy`. */
  readonly endReason?: Reason | undefined
  readonly warnings: readonly Warning[]
  /** Milliseconds since the start, on the experiment's clock. */
  readonly elapsedMs: number
  /** Where was searched, for what asks for the domains of parameters. */
  readonly space?: Space | undefined
  /** Checkpoints in a checkpoint store; without one results have those in memory. */
  readonly storedOf?: StoredCheckpointsOf | undefined
}

/** Options of `getBestResult`. */
export interface BestOptions {
  /** What a trial is ranked by. Default `'last'`: its last value. */
  readonly scope?: Scope
}

const DEFAULTS = { scope: 'last' as Scope }
const CHECKS = { scope: must.beOneOf(...SCOPES) }

/**
 * What came of an experiment: every trial, the best of them, tables and the timeline. Iterates over the trials'
 * results in order of number. Each result is made when it is asked for, so that many trials cost little.
 * @example const best = results.getBestResult()
 * @example for (const { config, metrics } of results) console.log(config, metrics)
 */
export class Results<Config = unknown> {
  /** How the experiment came to its end. */
  readonly endedBy: EndedBy
  /** What the stopper said that ended it, with its evidence; undefined when none did. */
  readonly endReason: Reason | undefined
  /** What went wrong without harm. */
  readonly warnings: readonly Warning[]
  readonly objectives: readonly Objective[]
  /** Milliseconds since the start, on the experiment's clock. */
  readonly elapsedMs: number
  readonly #records: readonly TrialRecord[]
  readonly #space: Space | undefined
  readonly #storedOf: StoredCheckpointsOf | undefined

  constructor(input: ResultsInput) {
    const { records, objectives, endedBy, endReason, warnings, elapsedMs, space, storedOf } = input
    // A copy: a running experiment goes on to add trials.
    this.#records = inOrder([...records])
    this.objectives = objectives
    this.endedBy = endedBy
    this.endReason = endReason
    this.warnings = [...warnings]
    this.elapsedMs = elapsedMs
    this.#space = space
    this.#storedOf = storedOf
  }

  /** How many trials there are. */
  get length(): number {
    return this.#records.length
  }

  /** The result at a place in the order of numbers, counted from the end when negative. */
  at(index: number): Result<Config> | undefined {
    const record = this.#records.at(index)
    return record && this.#resultOf(record)
  }

  /** The result of the trial with a number, or with an id. */
  get(trial: number | string): Result<Config> | undefined {
    const record =
      typeof trial === 'string'
        ? this.#records.find(({ id }) => id === trial)
        : // Numbers are dense unless trials were left out.
          this.#records[trial]?.number === trial
          ? this.#records[trial]
          : this.#records.find(({ number }) => number === trial)
    return record && this.#resultOf(record)
  }

  *[Symbol.iterator](): IterableIterator<Result<Config>> {
    for (const record of this.#records) yield this.#resultOf(record)
  }

  /**
   * The best trial: feasible before infeasible, then by value, ties by number. ±Infinity is a value, NaN is none.
   * Failed trials are not ranked; pruned, interrupted and running ones are, by what they reported.
   * @param metric - Any reported metric. Default: the experiment's.
   * @param mode - Default: the experiment's for this metric.
   * @param options.scope - What a trial is ranked by. Default `'last'`. With `'all'`, `best.metrics` is the report that
   *   won; `metrics` and `checkpoint` are the trial's last ones, as in Ray Tune, and that report's own checkpoint is among
   *   `checkpoints`, when it is kept.
   * @throws {OptionError} when the metric or the mode is not given and the experiment has none, or several.
   * @throws {NoResultError} when no trial has a value.
   * @example results.getBestResult('mean_loss', 'min', { scope: 'all' }).config
   */
  getBestResult(metric?: string, mode?: Mode, options: BestOptions = {}): BestResult<Config> {
    const criterion = this.#criterion(metric, mode, options)
    const best = bestOf(this.#records, criterion, this.objectives)
    if (best === undefined) throw new NoResultError(this.#whyNone(criterion.metric))
    const { value, iteration } = best.score
    const metrics = best.score.metrics && (copyPlain(best.score.metrics) as Metrics)
    return Object.assign(this.#resultOf(best.record), { best: { ...criterion, value, iteration, metrics } })
  }

  /**
   * The trials that no other beats in every objective, in order of number; with one objective, the best.
   * Feasible trials beat infeasible ones; NaN and missing values are never in the front.
   * @throws {OptionError} when the experiment has no objectives.
   */
  paretoFront(): Result<Config>[] {
    if (this.objectives.length === 0) {
      throw new OptionError(
        'paretoFront',
        "paretoFront: this experiment has no objectives. Give the Tuner a metric and a mode, such as metric: ['loss', 'gain'], mode: ['min', 'max'].",
      )
    }
    return paretoFront(this.#records, this.objectives).map((record) => this.#resultOf(record))
  }

  /** One error for each trial that failed, in order of number. What user code threw is its `cause`. */
  get errors(): readonly TrialError[] {
    return this.#records.filter(({ state }) => state === 'failed').map((record) => new TrialError(record))
  }

  /**
   * One flat row a trial: what it was, its configuration by path below `config/`, and its last report by path.
   * A metric named like another column stands below `metrics/`.
   */
  toTable(): TableRow[] {
    return tableOf(this.#records)
  }

  /**
   * The table as CSV (RFC 4180): a header with all columns of all trials, then one line a trial. Missing values are
   * empty, an empty text is `""`; NaN and ±Infinity are spelled out.
   */
  toCSV(): string {
    return csvOf(tableOf(this.#records))
  }

  /**
   * The trials that have ended, with the domains of their parameters, as `importance` reads them. A define-by-run
   * function runs again for each, which tells them.
   */
  endedTrials(): readonly EndedTrial[] {
    return endedTrialsOf(this.#records, this.#space)
  }

  /** Each trial's states as intervals: as data, text, Mermaid and SVG. */
  timeline(): Timeline {
    return new Timeline(this.#records, this.elapsedMs)
  }

  #resultOf(record: TrialRecord): Result<Config> {
    return resultOf<Config>(record, this.#storedOf)
  }

  #criterion(metric: string | undefined, mode: Mode | undefined, options: BestOptions): Criterion {
    const { scope } = readOptions('getBestResult', options, DEFAULTS, CHECKS)
    if (metric !== undefined && (typeof metric !== 'string' || metric === '')) {
      throw new OptionError(
        'getBestResult.metric',
        `getBestResult: metric must be a name, got ${describe(metric)}.`,
        {
          received: metric,
        },
      )
    }
    if (mode !== undefined && mode !== 'min' && mode !== 'max') {
      throw new OptionError(
        'getBestResult.mode',
        `getBestResult: mode must be 'min' or 'max', got ${describe(mode)}.`,
        {
          received: mode,
        },
      )
    }
    const chosen = metric ?? this.#onlyMetric()
    const own = this.objectives.find((objective) => objective.metric === chosen)
    const direction = mode ?? own?.mode
    if (direction === undefined) {
      throw new OptionError(
        'getBestResult.mode',
        `getBestResult: ${chosen} is no objective of this experiment, so its direction is not known. Give it: getBestResult('${chosen}', 'min') or 'max'.`,
      )
    }
    return { metric: chosen, mode: direction, scope }
  }

  #onlyMetric(): string {
    const [first, second] = this.objectives
    if (first === undefined) {
      throw new OptionError(
        'getBestResult.metric',
        "getBestResult: this experiment has no objective. Name one, getBestResult('loss', 'min'), or give the Tuner a metric and a mode.",
      )
    }
    if (second !== undefined) {
      const names = this.objectives.map(({ metric }) => metric).join(', ')
      throw new OptionError(
        'getBestResult.metric',
        `getBestResult: this experiment has ${this.objectives.length} objectives (${names}). Name one, getBestResult('${first.metric}', '${first.mode}'), or take paretoFront().`,
      )
    }
    return first.metric
  }

  #whyNone(metric: string): string {
    if (this.length === 0) return 'There is no best result: the experiment had no trials.'
    const ranked = this.#records.filter(({ state }) => state !== 'failed')
    if (ranked.length === 0) {
      return `There is no best result: all ${this.length} trials failed. See results.errors.`
    }
    const known = new Set<string>()
    for (const { metrics } of ranked) for (const [path] of leavesOf(metrics ?? {})) known.add(path)
    if (known.has(metric)) return `There is no best result: ${metric} was NaN or no number in every trial.`
    if (known.size === 0) return `There is no best result: none of ${this.length} trials reported anything.`
    const near = nearest(metric, known)
    const hint =
      near === undefined ? `Reported were ${[...known].slice(0, 8).join(', ')}.` : `Did you mean ${near}?`
    return `There is no best result: no trial reported ${metric}. ${hint}`
  }
}

function inOrder(records: TrialRecord[]): readonly TrialRecord[] {
  const sorted = records.every(({ number }, i) => i === 0 || number > (records[i - 1] as TrialRecord).number)
  return sorted ? records : records.sort((a, b) => a.number - b.number)
}
