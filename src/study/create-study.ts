import type { LogRecord } from '../core/log.ts'
import { type Objective, sameObjectives } from '../core/objective.ts'
import { must, readOptions } from '../core/options.ts'
import { OptionError, StorageError } from '../errors.ts'
import { freshSeed, type Seed } from '../random/random.ts'
import type { SpaceDefinition } from '../space/space.ts'
import type { CheckedSpace, ConfigOf } from '../space/types.ts'
import type { Storage } from '../stores/open-store.ts'
import type { Durability, OpenLog, Store } from '../stores/store.ts'
import { mustExist, ownedStore, storageAndName } from './kept-studies.ts'
import { restoredSpace, storedSpace } from './stored-space.ts'
import type { Study } from './study.ts'
import {
  CODE_CHECKS,
  CODE_DEFAULTS,
  prepareStudy,
  readCode,
  type ReadCode,
  type StudyCode,
} from './study-code.ts'
import { type ObjectiveChoice, objectivesOf } from './study-objectives.ts'

/** What `createStudy` takes besides `paramSpace`, which says where to search. */
export interface CreateStudyOptions<Config = Record<string, unknown>>
  extends StudyCode<Config>, ObjectiveChoice {
  /** Under what it is kept. Default: a new name. */
  readonly name?: string | undefined
  /** Any string or finite number: the same seed gives the same configurations. Default: a fresh one. */
  readonly seed?: Seed | undefined
  /** Whether a study of this name, if there is one, is loaded instead. Default false: that is an error. */
  readonly loadIfExists?: boolean | undefined
}

/** What `loadStudy` takes besides `paramSpace`. */
export interface LoadStudyOptions<Config = Record<string, unknown>> extends StudyCode<Config> {
  readonly storage: Storage
  readonly name: string
}

/**
 * A study's space, where there is one. Without it each trial says what it needs, through its `suggest…` methods or by
 * `ask(space)`; a loaded study has the space that it was made with, as far as that is plain data.
 */
type InSpace<S> = { readonly paramSpace: S & CheckedSpace<S> }
type Given<Options> = Options & { readonly paramSpace?: SpaceDefinition | undefined }
type WithoutSpace = { readonly paramSpace?: undefined }

const CREATE_DEFAULTS = {
  ...CODE_DEFAULTS,
  direction: undefined,
  directions: undefined,
  metricNames: undefined,
  seed: undefined,
  loadIfExists: false,
}

const CREATE_CHECKS = { ...CODE_CHECKS, seed: must.beSeed, loadIfExists: must.beBoolean }

/**
 * Makes a study: a search that is asked for configurations and told their values, without a Tuner.
 * @throws {OptionError} (rejects) for options, or a searcher or scheduler, that cannot be used together.
 * @throws {SpaceError} (rejects) for a space that cannot be searched.
 * @throws {StorageError} (rejects) with code `'exists'` when there is a study of that name.
 * @example
 * const study = await createStudy({ paramSpace: { x: uniform(-10, 10) }, direction: 'minimize' })
 * for (let i = 0; i < 20; i++) {
 *   const trial = await study.ask()
 *   await study.tell(trial, (trial.config.x - 2) ** 2)
 * }
 * console.log(study.bestTrial.config)
 */
export function createStudy<const S extends SpaceDefinition>(
  options: InSpace<S> & CreateStudyOptions<ConfigOf<S>>,
): Promise<Study<ConfigOf<S>>>
export function createStudy<Config = Record<string, unknown>>(
  options?: WithoutSpace & CreateStudyOptions<Config>,
): Promise<Study<Config>>
export async function createStudy(options: Given<CreateStudyOptions<never>> = {}): Promise<Study<never>> {
  const given = readOptions('createStudy', options, CREATE_DEFAULTS, CREATE_CHECKS)
  const code = readCode('createStudy', given)
  const name = given.name ?? `study-${freshSeed().slice(0, 8)}`
  const { store, release } = ownedStore(given.storage === undefined ? 'memory:' : given.storage)
  try {
    const place = { store, name, release, durability: given.durability }
    const isThere = (await store.names()).includes(name)
    if (isThere && !given.loadIfExists) throw exists(name)
    return (isThere ? await goOn(place, code, given) : undefined) ?? (await begin(place, code, given))
  } catch (error) {
    await release()
    throw error
  }
}

/**
 * Goes on with a study that is kept, as if it had never been left: the searcher and the scheduler hear of all trials
 * again. Those that run can still be told, by their numbers.
 * @throws {StorageError} (rejects) with code `'notFound'` when there is none of that name; the message says which are.
 * @example const study = await loadStudy({ storage, name: 'demo', searcher: randomSearch({ seed: 7 }) })
 */
export function loadStudy<const S extends SpaceDefinition>(
  options: InSpace<S> & LoadStudyOptions<ConfigOf<S>>,
): Promise<Study<ConfigOf<S>>>
export function loadStudy<Config = Record<string, unknown>>(
  options: WithoutSpace & LoadStudyOptions<Config>,
): Promise<Study<Config>>
export async function loadStudy(options: Given<LoadStudyOptions<never>>): Promise<Study<never>> {
  const given = readOptions('loadStudy', options, CODE_DEFAULTS, CODE_CHECKS)
  const [storage, name] = storageAndName('loadStudy', given)
  const code = readCode('loadStudy', given)
  const { store, release } = ownedStore(storage)
  try {
    await mustExist(store, name)
    const study = await goOn({ store, name, release, durability: given.durability }, code, {})
    if (study === undefined) throw new StorageError('notFound', `${name} was opened and never begun.`)
    return study
  } catch (error) {
    await release()
    throw error
  }
}

/** Where a study is kept. */
interface Place {
  readonly store: Store
  readonly name: string
  readonly release: () => Promise<void>
  readonly durability: Durability | undefined
}

type Created = LogRecord & { readonly type: 'study.created' }

/** Makes a study, unless another process has just done that. */
async function begin(
  place: Place,
  code: ReadCode,
  given: Pick<CreateStudyOptions, 'seed' | 'loadIfExists'> & ObjectiveChoice,
): Promise<Study<never>> {
  const { name, release } = place
  const seed = String(given.seed ?? freshSeed())
  const objectives = objectivesOf(given, code.searcher, code.scheduler)
  // Before anything is written: what cannot be used shall leave no study behind.
  const start = prepareStudy({ name, code, seed, objectives, definition: code.space })
  const space = code.space === undefined ? undefined : storedSpace(code.space)
  const created = { at: Date.now(), type: 'study.created', name, seed, objectives } as const
  const log = await openLog(place)
  const record: Created = space === undefined ? created : { ...created, space }
  const isFirst = log.records.length === 0 && (await log.append([record])) === undefined
  if (isFirst) return start({ log, records: [record], read: readingOf(place), release })
  await log.close()
  const study = given.loadIfExists === true ? await goOn(place, code, given) : undefined
  if (study === undefined) throw exists(name)
  return study
}

/** Goes on with a study that is there; undefined when its log has no records, so that it is nobody's. */
async function goOn(
  place: Place,
  code: ReadCode,
  choice: ObjectiveChoice,
): Promise<Study<never> | undefined> {
  const { name, release } = place
  const log = await openLog(place)
  try {
    const { records } = log
    if (records.length === 0) {
      await log.close()
      return undefined
    }
    const created = records.find((record) => record.type === 'study.created')
    if (created === undefined) {
      throw new StorageError(
        'noStudy',
        `${name} is the log of an experiment, not of a study. Give another name.`,
      )
    }
    checkSame(created, code, choice)
    const { seed, objectives, space } = created
    const definition = code.space ?? (space === undefined ? undefined : restoredSpace(space))
    const start = prepareStudy({ name, code, seed, objectives, definition })
    return await start({ log, records, read: readingOf(place), release })
  } catch (error) {
    await log.close()
    throw error
  }
}

function readingOf({ store, name }: Place): () => Promise<readonly LogRecord[]> {
  return async () => (await store.read(name)) ?? []
}

function openLog({ store, name, durability }: Place): Promise<OpenLog> {
  return store.open(name, { shared: true, ...(durability !== undefined && { durability }) })
}

function exists(name: string): StorageError {
  return new StorageError(
    'exists',
    `There is a study ${name} already. Give another name, or loadIfExists: true to go on with it.`,
  )
}

// What a loaded study is told to optimise has to be what it always did.
function checkSame(created: Created, code: ReadCode, choice: ObjectiveChoice): void {
  const { direction, directions, metricNames } = choice
  const { metric } = code.searcher.options ?? {}
  if (
    direction === undefined &&
    directions === undefined &&
    metricNames === undefined &&
    metric === undefined
  )
    return
  const wanted = objectivesOf(
    metricNames === undefined && metric === undefined
      ? { ...choice, metricNames: created.objectives.map((objective) => objective.metric) }
      : choice,
    code.searcher,
    code.scheduler,
  )
  if (sameObjectives(wanted, created.objectives)) return
  throw new OptionError(
    'createStudy.directions',
    `${created.name} was made for ${inWords(created.objectives)}, not for ${inWords(wanted)}. Leave directions and metricNames out, or give another name.`,
    { received: directions ?? direction },
  )
}

function inWords(objectives: readonly Objective[]): string {
  return objectives
    .map(({ metric, mode }) => `${metric} (${mode === 'min' ? 'minimize' : 'maximize'})`)
    .join(', ')
}
