import { hostCores } from '#host'
import type { LogRecord } from '../core/log.ts'
import type { Resources } from '../core/trial.ts'
import { describe } from '../core/options.ts'
import { needProblem } from '../core/resources.ts'
import { asError, OptionError } from '../errors.ts'
import type { Executor } from '../executors/executor.ts'
import { inProcess, type InProcessOptions } from '../executors/in-process.ts'
import { isTrainable } from '../executors/trainable.ts'
import { freshSeed, randomStream } from '../random/random.ts'
import { Experiment, type ExperimentSettings } from '../runtime/experiment.ts'
import type { Restore } from '../runtime/restore/restore.ts'
import type { Kernel } from '../runtime/kernel.ts'
import { fifo } from '../schedulers/fifo.ts'
import { schedulerObjectives } from '../schedulers/objectives.ts'
import { traitsOf } from '../schedulers/traits.ts'
import { readGivenPoints, trialCount } from '../searchers/given-points.ts'
import { randomSearch } from '../searchers/random-search.ts'
import type { Searcher } from '../searchers/searcher.ts'
import { checkFit, checkSearcher, settleObjectives, settleSpace } from '../searchers/settle.ts'
import type { Where } from '../searchers/where.ts'
import { readSpace } from '../space/read-space.ts'
import type { SpaceDefinition } from '../space/space.ts'
import { readStoppers } from '../stoppers/read-stoppers.ts'
import type { ReadOptions } from './options.ts'

/** What differs between a real experiment and a simulated one. */
export interface Surroundings {
  /** `'Tuner'` or `'simulate'`, for messages. */
  readonly owner: string
  readonly defaultSeed: string | undefined
  /** Trials at once, when neither the options nor a limiter says. */
  readonly defaultConcurrency: number
  /** Whether resources are unlimited unless they are given. */
  readonly unlimitedResources: boolean
}

/** The surroundings of a real run on this machine. */
export function realSurroundings(): Surroundings {
  return {
    owner: 'Tuner',
    defaultSeed: undefined,
    defaultConcurrency: hostCores(),
    unlimitedResources: false,
  }
}

/** A checked experiment, waiting for a kernel. */
export interface Composition {
  readonly settings: Omit<ExperimentSettings, 'log'>
  /** Where to search, as the user wrote it. */
  readonly definition: SpaceDefinition
  /** Builds the experiment. `log` takes down each change. */
  readonly build: (
    kernel: Kernel,
    log: ((record: LogRecord) => void) | undefined,
    reportDelayMs?: InProcessOptions<never>['reportDelayMs'],
    more?: Pick<ExperimentSettings, 'whenKept' | 'checkpoints' | 'searchStates'> & {
      readonly previous?: Experiment | undefined
    },
  ) => Experiment
}

/**
 * Reads everything that an experiment is made from, and refuses what does not fit together, before anything runs.
 * @throws {OptionError} for options, a searcher or a scheduler that cannot be used together.
 * @throws {SpaceError} for a space that cannot be searched.
 */
export function compose(
  trainable: unknown,
  options: ReadOptions,
  around: Surroundings,
  restore?: Restore & { readonly lastTrialCount?: number },
): Composition {
  const { owner } = around
  if (!isTrainable(trainable)) {
    throw new OptionError(
      `${owner}.trainable`,
      `${owner}: a trainable must be a function of (config, trial), or come from defineTrainable, got ${describe(trainable)}.`,
      { received: trainable },
    )
  }
  const searcher: Searcher = options.searcher === undefined ? randomSearch() : options.searcher
  checkSearcher(searcher)
  const definition = settleSpace(owner, options.paramSpace, searcher)
  const space = readSpace(definition === undefined ? {} : definition)
  const objectives = settleObjectives(owner, options, searcher)
  checkFit(searcher, space, objectives)
  const scheduler = options.scheduler ?? fifo()
  const { limit } = searcher
  const slotCount = Math.min(
    options.maxConcurrentTrials ?? limit?.max ?? around.defaultConcurrency,
    limit?.max ?? Infinity,
  )
  const totalResources = options.totalResources ?? defaultTotal(options.resources, slotCount, around)
  const isUnlimited = around.unlimitedResources && options.totalResources === undefined
  checkRoom(owner, options.resources, totalResources)
  const seed = String(options.seed ?? around.defaultSeed ?? freshSeed())
  const trainableName = 'name' in trainable && trainable.name !== '' ? trainable.name : 'trial'
  const where = options.where as Where | undefined
  const points = readGivenPoints(searcher, space, objectives, randomStream(seed), where)
  const count =
    options.numSamples === undefined && restore?.lastTrialCount !== undefined
      ? restore.lastTrialCount
      : trialCount(searcher, space, options.numSamples, points)
  const traits = traitsOf(scheduler)
  const plan: ExperimentSettings['plan'] = {
    name: options.name ?? (trainableName === 'trial' ? 'experiment' : trainableName),
    trainableName,
    seed,
    searcherName: searcher.name,
    schedulerName: scheduler.name,
    timeAttr: traits.timeAttr,
    objectives,
    rankedBy: schedulerObjectives(scheduler, objectives),
    trialCount: count,
    isEndless: count === Infinity && searcher.exhaustive !== true,
    slotCount,
    batchSize: limit?.batch === true ? limit.max : Infinity,
    totalResources,
    maxFailures: options.failure.maxFailures,
    failFast: options.failure.failFast,
    saveEvery: options.checkpoint.every ?? traits.saveEvery,
    saveAtEnd: options.checkpoint.atEnd,
  }
  const stoppers = readStoppers(owner, options.stop)
  for (const stopper of stoppers) stopper.check?.(objectives)
  const settings: Composition['settings'] = {
    plan,
    random: randomStream(seed),
    space,
    searcher,
    scheduler,
    stoppers,
    where,
    duplicates: options.duplicates,
    resourcesOf: resourcesOf(owner, options.resources, isUnlimited ? totalResources : undefined),
    limits: {
      trialTimeoutMs: options.trialTimeoutMs,
      reportTimeoutMs: options.reportTimeoutMs,
      stopGraceMs: options.stopGraceMs,
      backoffMs: options.failure.backoffMs,
    },
    timeBudgetMs: options.timeBudgetMs,
    inspect: options.inspect,
    restore,
  }
  return {
    settings,
    definition: definition ?? {},
    build(kernel, log, reportDelayMs, { previous, ...ports } = {}) {
      const context: InProcessOptions<never> = { trainable, kernel, reportDelayMs }
      const executor =
        options.executor === undefined ? inProcess(context) : checkExecutor(owner, options.executor(context))
      return new Experiment({ ...settings, ...ports, log }, kernel, executor, { previous })
    },
  }
}

const ONE_CPU: Resources = Object.freeze({ cpu: 1 })

/** @param unlimited - The total, when it has no limit. */
function resourcesOf(
  owner: string,
  resources: ReadOptions['resources'],
  unlimited: Record<string, number> | undefined,
): (config: unknown) => Resources | Error {
  if (resources === undefined) return () => ONE_CPU
  if (typeof resources !== 'function') return () => resources
  return (config) => {
    try {
      const need: Resources = (resources as (config: unknown) => Resources)(config)
      const problem = needProblem(need)
      if (problem !== undefined)
        return new OptionError(
          `${owner}.resources`,
          `${owner}.resources: its result ${problem} Got ${describe(need)}.`,
          { received: need },
        )
      // Which kinds there are shows only once the function has named them.
      if (unlimited !== undefined) for (const kind in need) unlimited[kind] ??= Infinity
      return need
    } catch (error) {
      return asError(error)
    }
  }
}

/**
 * What there is when the user does not say. Trials in this process share its threads however many they are, so whoever
 * asks for more of them at once than there are cores is given as many cpus.
 */
function defaultTotal(
  resources: ReadOptions['resources'],
  slotCount: number,
  { unlimitedResources }: Surroundings,
): Record<string, number> {
  if (!unlimitedResources) return { cpu: Math.max(hostCores(), slotCount) }
  const kinds = typeof resources === 'object' ? Object.keys(resources) : []
  return Object.fromEntries(['cpu', 'gpu', ...kinds].map((kind) => [kind, Infinity]))
}

function checkRoom(owner: string, resources: ReadOptions['resources'], total: Resources): void {
  if (typeof resources === 'function') return
  for (const [kind, amount] of Object.entries(resources ?? ONE_CPU)) {
    if (amount <= (total[kind] ?? 0)) continue
    const enough = Object.entries({ ...total, [kind]: amount }).map(([name, most]) => `${name}: ${most}`)
    throw new OptionError(
      `${owner}.resources`,
      `${owner}.resources: each trial needs ${amount} ${kind}, but there are ${total[kind] ?? 0} in all. Ask for less, or give totalResources: { ${enough.join(', ')} }.`,
      { received: resources },
    )
  }
}

function checkExecutor(owner: string, executor: Executor): Executor {
  const { name, start, close } = (executor ?? {}) as Partial<Executor>
  if (typeof name === 'string' && typeof start === 'function' && typeof close === 'function') return executor
  throw new OptionError(
    `${owner}.executor`,
    `${owner}.executor must be a function that makes an executor, got one that made ${describe(executor)}. One of your own needs name, location, start and close.`,
    { received: executor },
  )
}
