import type { LogRecord } from '../core/log.ts'
import type { Objective } from '../core/objective.ts'
import { describe } from '../core/options.ts'
import type { Resources } from '../core/trial.ts'
import { asError, OptionError, SpaceError, StorageError } from '../errors.ts'
import { checkRecorded } from '../searchers/session.ts'
import { checkSearcher } from '../searchers/settle.ts'
import type { Space, SpaceDefinition } from '../space/space.ts'
import { inWords as domainInWords } from '../space/values.ts'
import { restoredSpace } from '../study/stored-space.ts'
import type { ReadOptions } from './options.ts'

type Started = LogRecord & { readonly type: 'experiment.started' }

/** What an experiment itself has done: trials that others put beside it are no part of its past. */
export function withoutForeign(records: readonly LogRecord[]): readonly LogRecord[] {
  return records.filter(({ type }) => type !== 'trial.imported')
}

/**
 * The options of an experiment that is taken up from its log: what was not given again is as it was.
 * @throws {StorageError} with code `'notAnExperiment'` for the log of a study.
 */
export function takenUp(options: ReadOptions, records: readonly LogRecord[]): ReadOptions {
  const started = startOf(options.name, records)
  const starts = [started, ...records.filter((record) => record.type === 'experiment.resumed')]
  const slotCount = starts.findLast((start) => start.slotCount !== undefined)?.slotCount
  return {
    ...options,
    ...objectivesOf(options, started.objectives),
    seed: started.seed,
    name: started.name,
    paramSpace: options.paramSpace ?? spaceOf(options, started),
    maxConcurrentTrials: options.maxConcurrentTrials ?? slotCount,
    totalResources: options.totalResources ?? totalOf(options, starts),
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

/** What there was last; where each trial takes one cpu, and there was one for each, there is one for each that is new. */
function totalOf(
  { resources, maxConcurrentTrials = 0 }: ReadOptions,
  starts: readonly Pick<Started, 'slotCount' | 'totalResources'>[],
): Resources | undefined {
  const { totalResources, slotCount = Infinity } =
    starts.findLast((start) => start.totalResources !== undefined) ?? {}
  const cpus = totalResources?.['cpu']
  if (resources !== undefined || cpus === undefined || cpus < slotCount) return totalResources
  return { ...totalResources, cpu: Math.max(cpus, maxConcurrentTrials) }
}

/**
 * Refuses objectives and policies that are not those that the log was made with.
 * @throws {OptionError} naming the one, and the one that it has to be.
 */
export function checkTakenUp(
  records: readonly LogRecord[],
  given: {
    readonly searcherName: string
    readonly schedulerName: string
    readonly objectives: readonly Objective[]
  },
): void {
  const started = startOf(undefined, records)
  const [aim, former] = [inWords(given.objectives), inWords(started.objectives)]
  if (started.objectives.length > 0 && aim !== former)
    throw new OptionError(
      'Tuner.metric',
      `Tuner.metric: ${started.name} was made to ${former}, and cannot go on to ${aim}. Leave metric and mode out. To rank what came of it by another one, ask getBestResult(metric, mode).`,
      { received: given.objectives },
    )
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

/**
 * Refuses a space that no longer holds what was tried in it.
 * @throws {SpaceError} naming the parameter, the trial, its value, and what the space has in its place.
 */
export function checkStillHolds(records: readonly LogRecord[], space: Space): void {
  for (const record of records) {
    if (record.type !== 'trial.created') continue
    try {
      checkRecorded(space, record.params)
    } catch (error) {
      throw outgrown(record, space, startOf(undefined, records).name, error)
    }
  }
}

function outgrown(
  { trial, id, params }: LogRecord & { readonly type: 'trial.created' },
  space: Space,
  name: string,
  cause: unknown,
): SpaceError {
  const path = cause instanceof SpaceError ? cause.path : ''
  const received = params[path]
  const domains = space.parameters.filter((parameter) => parameter.path === path)
  const now =
    domains.length > 0
      ? `where the space has ${domains.map(({ domain }) => domainInWords(domain)).join(' or ')} now`
      : 'which the space does not have now'
  const what = Object.hasOwn(params, path)
    ? `trial ${trial} (${id}) of ${name} has ${describe(received)}, ${now}.`
    : `trial ${trial} (${id}) of ${name} is not in the space that there is now: ${asError(cause).message}`
  return new SpaceError(
    path,
    `${what} An experiment goes on in the space that it was made in, or in a wider one. To search elsewhere begin another, with the best of this one as pointsToEvaluate.`,
    { received, cause },
  )
}

function inWords(objectives: readonly Objective[]): string {
  return objectives.map(({ metric, mode }) => `${mode}imize ${metric}`).join(' and ')
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
