import type { LogRecord } from '../core/log.ts'
import type { Objective } from '../core/objective.ts'
import type { Resources } from '../core/trial.ts'
import { OptionError, StorageError } from '../errors.ts'
import { checkSearcher } from '../searchers/settle.ts'
import type { SpaceDefinition } from '../space/space.ts'
import { restoredSpace } from '../study/stored-space.ts'
import type { ReadOptions } from './options.ts'

type Started = LogRecord & { readonly type: 'experiment.started' }

/**
 * The options of an experiment that is taken up from its log: what was not given again is as it was.
 * @throws {StorageError} with code `'notAnExperiment'` for the log of a study.
 */
export function takenUp(options: ReadOptions, records: readonly LogRecord[]): ReadOptions {
  const started = startOf(options.name, records)
  const slotCounts = [started, ...records.filter((record) => record.type === 'experiment.resumed')].flatMap(
    ({ slotCount }) => slotCount ?? [],
  )
  return {
    ...options,
    ...objectivesOf(options, started.objectives),
    seed: started.seed,
    name: started.name,
    paramSpace: options.paramSpace ?? spaceOf(options, started),
    maxConcurrentTrials: options.maxConcurrentTrials ?? slotCounts.at(-1),
    totalResources: options.totalResources ?? totalOf(options, started, slotCounts),
  }
}

/** The options that an experiment is made with until its log has been read: nothing is asked of what only that may know. */
export function untilRead(options: ReadOptions): ReadOptions {
  const { searcher } = options
  if (searcher !== undefined) checkSearcher(searcher)
  return {
    ...options,
    searcher: undefined,
    scheduler: undefined,
    stop: undefined,
    where: undefined,
    metric: undefined,
    mode: undefined,
    resources: undefined,
    totalResources: undefined,
  }
}

function spaceOf({ searcher }: ReadOptions, { space }: Started): SpaceDefinition | undefined {
  const isGiven = searcher?.options?.space !== undefined
  return isGiven || space === undefined ? undefined : restoredSpace(space)
}

/** Where each trial takes one cpu, there are as many as there were ever to be trials at once, unless there were fewer. */
function totalOf(
  { resources, maxConcurrentTrials = 0 }: ReadOptions,
  { totalResources }: Started,
  slotCounts: readonly number[],
): Resources | undefined {
  const cpus = totalResources?.['cpu']
  const [slotsAtFirst = Infinity] = slotCounts
  if (resources !== undefined || cpus === undefined || cpus < slotsAtFirst) return totalResources
  return { ...totalResources, cpu: Math.max(cpus, maxConcurrentTrials, ...slotCounts) }
}

/**
 * Refuses policies that are not those that the log was made with.
 * @throws {OptionError} naming the one, and the one that it has to be.
 */
export function checkTakenUp(
  records: readonly LogRecord[],
  given: { readonly searcherName: string; readonly schedulerName: string },
): void {
  const started = startOf(undefined, records)
  for (const [kind, is, was] of [
    ['searcher', given.searcherName, started.searcher],
    ['scheduler', given.schedulerName, started.scheduler],
  ] as const) {
    if (is === was) continue
    throw new OptionError(
      `Tuner.${kind}`,
      `Tuner.${kind}: ${started.name} was made with ${was}, and cannot go on with ${is}. Give it ${kind}: ${was}(…), as it was made.`,
      { received: is },
    )
  }
}

/** How many trials there were to be in all, when the log ends. */
export function lastTrialCount(records: readonly LogRecord[]): number {
  const last = records.findLast((record) => record.type === 'experiment.resumed')
  return (last ?? startOf(undefined, records)).trialCount
}

function objectivesOf(
  { metric, mode }: ReadOptions,
  objectives: readonly Objective[],
): Pick<ReadOptions, 'metric' | 'mode'> {
  if (metric !== undefined || mode !== undefined || objectives.length === 0) return { metric, mode }
  const [first] = objectives
  return objectives.length === 1 && first !== undefined
    ? { metric: first.metric, mode: first.mode }
    : { metric: objectives.map((one) => one.metric), mode: objectives.map((one) => one.mode) }
}

function startOf(name: string | undefined, records: readonly LogRecord[]): Started {
  const [first] = records
  if (first?.type === 'experiment.started') return first
  throw new StorageError(
    'notAnExperiment',
    `${name ?? 'What is kept'} is no experiment, but a study, which is asked and told: go on with loadStudy, or give another name.`,
  )
}
