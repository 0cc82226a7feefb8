import type { CheckpointStore } from '../checkpoints/checkpoint-store.ts'
import type { Mode, ObjectiveOptions } from '../core/objective.ts'
import { must, readOptions } from '../core/options.ts'
import { amountsProblem, needProblem } from '../core/resources.ts'
import type { Resources } from '../core/trial.ts'
import { OptionError } from '../errors.ts'
import type { Executor } from '../executors/executor.ts'
import type { InProcessOptions } from '../executors/in-process.ts'
import type { Seed } from '../random/random.ts'
import type { Reporter } from '../results/reporter.ts'
import type { Inspector } from '../runtime/inspection.ts'
import type { Scheduler } from '../schedulers/scheduler.ts'
import { mustBeScheduler } from '../schedulers/traits.ts'
import type { Searcher } from '../searchers/searcher.ts'
import type { DuplicatePolicy } from '../searchers/session.ts'
import type { StopOption } from '../stoppers/read-stoppers.ts'
import type { Durability, Store } from '../stores/store.ts'
import type { Callback } from './callback.ts'
import { callbacksProblem } from './callbacks.ts'

/** What becomes of trials that fail. */
export interface FailureOptions {
  /** Failures of one trial that are followed by another attempt. Integer from 0, or Infinity. Default 0. */
  readonly maxFailures?: number
  /** Whether the first trial that ends in error ends the experiment. Default false. */
  readonly failFast?: boolean
  /** Milliseconds before the second attempt of a trial; doubled for each further one, up to a day. From 0. Default 0. */
  readonly backoffMs?: number
}

/** When checkpoints are taken of stepped trainables that can `save`. Functions attach theirs to `report`. */
export interface CheckpointOptions {
  /**
   * With each report whose `training_iteration` this divides. Integer from 0; 0 for none. Default: as the scheduler
   * needs, which is none but for `pbt` and its kin.
   */
  readonly every?: number
  /** With the last report, also where a stopper, the scheduler or `stopTrial` ends a trial at a report. Default false. */
  readonly atEnd?: boolean
  /** How many of each trial are kept where they are kept, the last one besides. Integer from 1. Default: all. */
  readonly keep?: number
  /** Metric of their reports by which the best are kept. Default: the newest are. */
  readonly scoreAttribute?: string
  /** Whether a small or a large score is best. Default `'max'`. */
  readonly mode?: Mode
  /** Where their content goes, in place of files: anything that holds bytes under names, such as a bucket. */
  readonly store?: CheckpointStore
}

/** Which checkpoints of a trial are kept. */
export type CheckpointRetention = {
  readonly [Key in 'keep' | 'scoreAttribute' | 'mode']: CheckpointOptions[Key] | undefined
}

/** What becomes of what an experiment left, when it goes on. Each `'skip'`, `'resume'` or `'restart'`. */
export interface ResumeOptions {
  /**
   * Trials that were interrupted or cut off. `'resume'`: they go on from their last checkpoints. `'restart'`: from nothing,
   * and what they report again is compared with what they reported. `'skip'`: they end as pruned, with what they reported.
   * Default `'resume'`.
   */
  readonly unfinished?: 'skip' | 'resume' | 'restart'
  /**
   * Trials that failed. `'resume'` and `'restart'` run their configurations once more, each as a new trial that does not count
   * in `numSamples`: from the last checkpoint, with what was reported up to there, or from nothing. One that was run once
   * more is not again, however often the experiment goes on; what it was run as is, if that failed too. Default `'skip'`.
   */
  readonly errored?: 'skip' | 'resume' | 'restart'
  /** Trials that completed or were pruned, likewise. Default `'skip'`. */
  readonly finished?: 'skip' | 'resume' | 'restart'
  /**
   * Trials that are called again and report otherwise than before the break, or come to their ends before they have made all
   * their reports again. `'fail'`: each fails, with a `DivergenceError`. `'accept'`: what it does now counts, in place of the
   * first report that differs and of what came after that, with a warning; searcher and scheduler hear it as they hear the
   * reports of a trial that is tried again. Default `'fail'`.
   */
  readonly diverged?: 'fail' | 'accept'
}

/**
 * Makes an executor for one experiment. It is given the trainable, the clock, and in `simulate` how long it is before
 * a report is sent.
 */
export type ExecutorFactory = (context: InProcessOptions<never>) => Executor

/** Options of an experiment, in real or in virtual time; all but the space. */
export interface ExperimentOptions<Config> extends ObjectiveOptions {
  /** Which configurations are allowed: false rejects one, and another is asked for. Default: all. */
  readonly where?: ((config: Config) => boolean) | undefined
  /**
   * What becomes of a configuration that was there before: `'allow'` runs it again, `'resample'` asks for another,
   * `'reuse'` takes over the result of the trial that completed with it. Default `'allow'`.
   */
  readonly duplicates?: DuplicatePolicy
  /**
   * How many configurations to try; with `gridSearch`, how often to go through the whole grid (`gridSearcher` goes
   * through its combinations once: there it is how many of them). A searcher's `pointsToEvaluate` take the place of as
   * many samples, and all run, also when there are more. Integer from 1, or Infinity: until the searcher has finished.
   * Default 1; Infinity for a searcher that finishes by itself. With no end to them, 1,000 trials in a row that end
   * without having run are an error.
   */
  readonly numSamples?: number
  /** What proposes configurations. Default `randomSearch()`, which also expands `gridSearch`. */
  readonly searcher?: Searcher
  /** What stops or pauses trials early. Default `fifo()`: nothing. */
  readonly scheduler?: Scheduler
  /**
   * When trials, or the experiment, have had enough: a stopper, several, or bounds by metric, such as
   * `{ training_iteration: 50 }`, of which the first that is reached (≥) ends the trial. Default: never.
   */
  readonly stop?: StopOption
  /**
   * Trials that run at once; never more than a concurrencyLimiter allows. Integer from 1. Default: the limiter's
   * number, else that of cores (4 in `simulate`).
   */
  readonly maxConcurrentTrials?: number
  /** What each trial takes while it runs, or a function of its configuration. Default `{ cpu: 1 }`. */
  readonly resources?: Resources | ((config: Config) => Resources)
  /** What there is. Default: as many cpus as there are cores, or trials at once where these are more (`simulate`: no limit). */
  readonly totalResources?: Resources
  /** Milliseconds after which the experiment ends, on its own clock. Above 0. Default: none. */
  readonly timeBudgetMs?: number
  /** Milliseconds that one attempt of a trial may run, pauses left out; then it fails. Above 0. Default: any. */
  readonly trialTimeoutMs?: number
  /** Milliseconds from a trial's start, or a decision, to its next report; then it fails. Above 0. Default: any. */
  readonly reportTimeoutMs?: number
  /** Milliseconds that a trial has to clean up when it is stopped, before its slot is given on. From 0. Default 5,000. */
  readonly stopGraceMs?: number
  readonly failure?: FailureOptions
  readonly checkpoint?: CheckpointOptions
  /** Any string or finite number: the same seed gives the same configurations. Default: a fresh one (0 in `simulate`). */
  readonly seed?: Seed
  /** Name of the experiment. Default: the trainable's, else `'experiment'`. */
  readonly name?: string
  /** Where user code runs. Default: in this process. */
  readonly executor?: ExecutorFactory
  /** Hears XState's inspection events of all actors. One that throws harms nobody. */
  readonly inspect?: Inspector
  /** Ends the experiment, and interrupts its trials, when it aborts. */
  readonly signal?: AbortSignal
  /** Whether `tuner.trace` records every message and decision. Default false. */
  readonly trace?: boolean
}

/** Options that belong to a real run alone. */
export interface RealRunOptions {
  /**
   * Keeps the event log, under the experiment's name. A store that takes longer than 30 s to answer a call, or 5 s once
   * the experiment was told to stop, fails. Default: nowhere.
   */
  readonly storage?: Store | string
  /**
   * What an acknowledged report survives: `'report'` a power cut; `'trial'` the end of this process, `kill -9` included,
   * and once its trial has ended a power cut; `'interval'`, or `{ intervalMs }`, nothing of the last 100 ms, or so many.
   * `report` returns when it is acknowledged. Default `'trial'`.
   */
  readonly durability?: Durability | { readonly intervalMs: number }
  /** Folder for the content of checkpoints. Default: that of the store, where it has one; else they stay in memory. */
  readonly directory?: string
  /**
   * Whether to go on with the experiment of this name, if the storage has one: no trial that has ended runs again, and those
   * that ran go on from their last checkpoints. Default false: a name that is taken is an error.
   */
  readonly resume?: boolean | ResumeOptions
  /** What goes along: listeners by event name, or the loggers of `troupe/callbacks`. One that throws harms nobody. */
  readonly callbacks?: readonly Callback[]
  /** Shows the experiment while it runs, such as `terminal()`. Default: nothing is shown. */
  readonly reporter?: Reporter
}

const FAILURE_DEFAULTS = { maxFailures: 0, failFast: false, backoffMs: 0 }
const CHECKPOINT_DEFAULTS = {
  every: undefined as number | undefined,
  atEnd: false,
  keep: undefined as number | undefined,
  scoreAttribute: undefined as string | undefined,
  mode: undefined as Mode | undefined,
  store: undefined as CheckpointStore | undefined,
}

const DEFAULTS = {
  paramSpace: undefined,
  where: undefined,
  duplicates: 'allow' as DuplicatePolicy,
  metric: undefined,
  mode: undefined,
  numSamples: undefined,
  searcher: undefined,
  scheduler: undefined,
  stop: undefined,
  maxConcurrentTrials: undefined,
  resources: undefined,
  totalResources: undefined,
  timeBudgetMs: undefined,
  trialTimeoutMs: undefined,
  reportTimeoutMs: undefined,
  stopGraceMs: 5_000,
  failure: undefined,
  checkpoint: undefined,
  seed: undefined,
  name: undefined,
  executor: undefined,
  inspect: undefined,
  signal: undefined,
  trace: false,
}

const REAL_RUN_DEFAULTS = {
  ...DEFAULTS,
  storage: undefined,
  durability: 'trial' as Durability | { readonly intervalMs: number },
  directory: undefined,
  resume: false as boolean | ResumeOptions,
  callbacks: undefined,
  reporter: undefined,
}

const orEndless = (value: number): string | undefined =>
  value === Infinity ? undefined : must.integerFrom(1)(value) && 'must be an integer from 1, or Infinity.'

const FATES: readonly string[] = ['skip', 'resume', 'restart']
const RESUME_WISHES: Readonly<Record<keyof ResumeOptions, readonly string[]>> = {
  unfinished: FATES,
  errored: FATES,
  finished: FATES,
  diverged: ['fail', 'accept'],
}

const CHECKS = {
  where: must.beFunction,
  duplicates: must.beOneOf<DuplicatePolicy>('allow', 'resample', 'reuse'),
  numSamples: orEndless,
  maxConcurrentTrials: must.integerFrom(1),
  timeBudgetMs: must.above(0),
  trialTimeoutMs: must.above(0),
  reportTimeoutMs: must.above(0),
  stopGraceMs: must.from(0),
  seed: must.beSeed,
  name: (value: string) =>
    typeof value === 'string' && value !== '' ? undefined : 'must be a text that is not empty.',
  executor: (value: unknown) =>
    typeof value === 'function'
      ? undefined
      : 'must be a function of { trainable, kernel } that makes an executor; leave it out to run in this process.',
  inspect: inspectorProblem,
  trace: must.beBoolean,
  totalResources: amountsProblem,
  resources: (value: unknown) => (typeof value === 'function' ? undefined : needProblem(value)),
  signal: (value: unknown) => (value instanceof AbortSignal ? undefined : 'must be an AbortSignal.'),
  callbacks: callbacksProblem,
  durability: (value: unknown) => {
    if (typeof value === 'string') return must.beOneOf('report', 'trial', 'interval')(value as 'trial')
    const { intervalMs } = (value ?? {}) as { readonly intervalMs?: unknown }
    return must.from(0)(intervalMs as number) === undefined
      ? undefined
      : "must be 'report', 'trial', 'interval', or { intervalMs } with milliseconds from 0."
  },
  resume: (value: unknown) => {
    const words =
      "must be true, false, or { unfinished, errored, finished }, each 'skip', 'resume' or 'restart', besides { diverged }, 'fail' or 'accept'."
    if (typeof value === 'boolean') return undefined
    if (typeof value !== 'object' || value === null) return words
    const isWish = ([key, wish]: [string, unknown]): boolean =>
      Object.hasOwn(RESUME_WISHES, key) &&
      (wish === undefined || RESUME_WISHES[key as keyof ResumeOptions].includes(wish as string))
    return Object.entries(value).every(isWish) ? undefined : words
  },
  directory: (value: string) =>
    typeof value === 'string' && value !== '' ? undefined : 'must be the path of a folder.',
  reporter: (value: unknown) =>
    hasMethods(value, 'start', 'update', 'end')
      ? undefined
      : 'must be a reporter, such as terminal(): an object with start, update and end.',
}

/** Says what is wrong with an inspector, if anything is. */
export function inspectorProblem(value: unknown): string | undefined {
  return typeof value === 'function' || hasMethods(value, 'next')
    ? undefined
    : 'must be a function of inspection events, or an observer with next.'
}

function hasMethods(value: unknown, ...names: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function')
}

/** Options as the composition of an experiment needs them: merged with their defaults, and checked. */
export type ReadOptions = ReturnType<typeof readExperimentOptions>

/**
 * Reads the options of an experiment.
 * @param owner - `'Tuner'` or `'simulate'`, for messages.
 * @param own - Options that the owner has besides, and reads itself, with their defaults.
 * @throws {OptionError} naming the option, what was expected, and what was given.
 */
export function readExperimentOptions(owner: string, given: object, own: object = {}) {
  const isReal = owner === 'Tuner'
  const defaults = isReal ? REAL_RUN_DEFAULTS : { ...own, ...DEFAULTS }
  if (!isReal) refuseRealRunOptions(owner, given)
  const options = readOptions<
    ExperimentOptions<never> & RealRunOptions & { paramSpace?: object },
    typeof REAL_RUN_DEFAULTS
  >(owner, given, defaults as typeof REAL_RUN_DEFAULTS, CHECKS)
  if (options.scheduler !== undefined) mustBeScheduler(owner, options.scheduler)
  return {
    ...options,
    failure: readOptions(
      `${owner}.failure`,
      options.failure === undefined ? {} : options.failure,
      FAILURE_DEFAULTS,
      {
        maxFailures: (value) => (value === Infinity ? undefined : must.integerFrom(0)(value)),
        failFast: must.beBoolean,
        backoffMs: must.from(0),
      },
    ),
    checkpoint: readOptions(
      `${owner}.checkpoint`,
      options.checkpoint === undefined ? {} : options.checkpoint,
      CHECKPOINT_DEFAULTS,
      {
        every: must.integerFrom(0),
        atEnd: must.beBoolean,
        keep: must.integerFrom(1),
        scoreAttribute: (value) =>
          typeof value === 'string' && value !== '' ? undefined : 'must be the name of a metric.',
        mode: must.beOneOf('min', 'max'),
        store: (value) =>
          hasMethods(value, 'put', 'get', 'delete', 'list')
            ? undefined
            : 'must be a checkpoint store, with put, get, delete and list.',
      },
    ),
  }
}

function refuseRealRunOptions(owner: string, given: object): void {
  for (const key of ['storage', 'durability', 'directory', 'resume', 'callbacks', 'reporter'] as const) {
    if (typeof given !== 'object' || given === null || (given as RealRunOptions)[key] === undefined) continue
    throw new OptionError(
      `${owner}.${key}`,
      `${owner} takes no ${key}, which belongs to a real run. Leave it out and look at the trace, or give it to a Tuner.`,
      { received: (given as RealRunOptions)[key] },
    )
  }
}
