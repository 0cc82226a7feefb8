import type { LogRecord } from '../core/log.ts'
import type { Objective } from '../core/objective.ts'
import { must } from '../core/options.ts'
import { OptionError } from '../errors.ts'
import { randomStream } from '../random/random.ts'
import type { Scheduler } from '../schedulers/scheduler.ts'
import { mustBeScheduler } from '../schedulers/traits.ts'
import { randomSearch } from '../searchers/random-search.ts'
import type { Searcher } from '../searchers/searcher.ts'
import { nextMacrotask } from '../runtime/macrotask.ts'
import { startSearchInThread } from '../runtime/threads/threaded-search.ts'
import { type DuplicatePolicy, SearchSession } from '../searchers/session.ts'
import { checkSearcher, settleSpace } from '../searchers/settle.ts'
import { readSpace } from '../space/read-space.ts'
import type { SpaceDefinition } from '../space/space.ts'
import type { Durability, OpenLog } from '../stores/store.ts'
import type { Storage } from '../stores/open-store.ts'
import { nameProblem } from './kept-studies.ts'
import { OPEN_SPACE } from './open-space.ts'
import { Pruner } from './pruner.ts'
import { recall } from './recall.ts'
import { Study } from './study.ts'
import { StudyKeeper } from './study-keeper.ts'
import { StudyState } from './study-state.ts'

/** What code brings to a study, new or loaded, besides its space. */
export interface StudyCode<Config> {
  /** Which configurations are allowed. Needs a space. Default: all. */
  readonly where?: ((config: Config) => boolean) | undefined
  /**
   * What becomes of a configuration that was there before. Needs a space. With `'reuse'`, `ask` takes over results
   * until a configuration comes that has none, and has finished when each one of a finite space has. Default `'allow'`.
   */
  readonly duplicates?: DuplicatePolicy | undefined
  /**
   * What proposes configurations. The limit of a `concurrencyLimiter` holds for `optimize`, not for `ask`.
   * Default `randomSearch()`.
   */
  readonly searcher?: Searcher | undefined
  /** What `trial.shouldPrune` asks. It may stop trials, not pause them. Default: none. */
  readonly scheduler?: Scheduler | undefined
  /** A store, or its URL. Default: a fresh `memoryStore()`. */
  readonly storage?: Storage | undefined
  /** What survives a crash, of a store that keeps things beyond this process. Default `'trial'`. */
  readonly durability?: Durability | undefined
  /**
   * Milliseconds after which a process that was not heard of is taken for dead: then its trials wait to be asked for
   * again, up to three attempts at each. A process says every third of it that it is alive, so one that keeps its thread
   * busy for longer in one go needs more; all processes of a study should have the same. Above 0. Default 60,000.
   */
  readonly leaseMs?: number | undefined
}

/** Defaults of `StudyCode`, of the space and of the name. */
export const CODE_DEFAULTS = {
  paramSpace: undefined,
  where: undefined,
  duplicates: 'allow' as DuplicatePolicy,
  searcher: undefined,
  scheduler: undefined,
  storage: undefined,
  durability: 'trial' as Durability,
  leaseMs: 60_000,
  name: undefined,
}

/** Checks of `StudyCode`, and of the name. */
export const CODE_CHECKS = {
  where: must.beFunction,
  duplicates: must.beOneOf<DuplicatePolicy>('allow', 'resample', 'reuse'),
  durability: must.beOneOf<Durability>('report', 'trial', 'interval'),
  leaseMs: must.above(0),
  name: nameProblem,
}

/** `StudyCode` after it was read. */
export interface ReadCode {
  readonly searcher: Searcher
  readonly scheduler: Scheduler | undefined
  readonly space: SpaceDefinition | undefined
  readonly where: ((config: unknown) => boolean) | undefined
  readonly duplicates: DuplicatePolicy
  readonly leaseMs: number
}

/**
 * Reads what code brings to a study.
 * @throws {OptionError} when the space is given twice, or the searcher or the scheduler is none.
 */
export function readCode(
  owner: string,
  given: StudyCode<never> & { readonly paramSpace: SpaceDefinition | undefined },
): ReadCode {
  const { searcher = randomSearch(), scheduler, where } = given
  const { duplicates = CODE_DEFAULTS.duplicates, leaseMs = CODE_DEFAULTS.leaseMs } = given
  checkSearcher(searcher)
  if (scheduler !== undefined) mustBeScheduler(owner, scheduler)
  return {
    searcher,
    scheduler,
    space: settleSpace(owner, given.paramSpace, searcher),
    where: where as ReadCode['where'],
    duplicates,
    leaseMs,
  }
}

/** What a study is made from, besides its log. */
export interface Plan {
  readonly name: string
  readonly code: ReadCode
  readonly seed: string
  readonly objectives: readonly Objective[]
  readonly definition: SpaceDefinition | undefined
}

/** The log of a study. */
export interface OpenedLog {
  readonly log: OpenLog
  /** What it holds. */
  readonly records: readonly LogRecord[]
  /** What it holds now. */
  readonly read: () => Promise<readonly LogRecord[]>
  /** Lets go of the store, when nobody else has it. */
  readonly release: () => Promise<void>
}

/**
 * Checks everything but the log. What comes back begins, or goes on with, what the log says.
 * @throws {OptionError} for a searcher or a scheduler that cannot work with the space or the objectives.
 * @throws {SpaceError} for a space that cannot be searched.
 */
export function prepareStudy({
  name,
  code,
  seed,
  objectives,
  definition,
}: Plan): (opened: OpenedLog) => Promise<Study<never>> {
  const { searcher, scheduler, where, duplicates, leaseMs } = code
  if (definition === undefined) refuseWithoutSpace(code)
  const random = randomStream(seed)
  const space = definition === undefined ? undefined : readSpace(definition)
  const startSession = (): SearchSession =>
    new SearchSession({
      searcher,
      space: space ?? OPEN_SPACE,
      objectives,
      random: random.fork('searcher'),
      where,
      duplicates,
      startThread: startSearchInThread,
      breathe: () => nextMacrotask().then(() => true),
    })
  const session = startSession()
  const pruner = scheduler && new Pruner(name, scheduler, objectives, random.fork('scheduler'))
  return async ({ log, records, read, release }) => {
    const state = new StudyState()
    await recall(records, { state, session, pruner })
    const policies = { searcher, session, startSession, pruner }
    const kept = { log, recordCount: records.length, read, release, leaseMs, state }
    const parts = { name, objectives, ...kept, ...policies, space, random }
    const keeper = new StudyKeeper(parts)
    await keeper.addGiven()
    return new Study<never>(parts, keeper)
  }
}

function refuseWithoutSpace({ searcher, where, duplicates }: ReadCode): void {
  const option =
    where !== undefined
      ? 'where'
      : duplicates !== 'allow'
        ? 'duplicates'
        : searcher.options?.evaluatedRewards !== undefined
          ? 'evaluatedRewards'
          : undefined
  if (option === undefined) return
  throw new OptionError(
    `createStudy.${option}`,
    `${option} needs to know whole configurations, but the study has no paramSpace. Give one, or leave ${option} out.`,
  )
}
