import type { LogRecord } from '../core/log.ts'
import { constraintValue, isPlainObject, plainAttr } from '../core/metrics.ts'
import type { Objective } from '../core/objective.ts'
import { type Check, type Checks, describe, must, readOptions } from '../core/options.ts'
import type { EndState } from '../core/trial.ts'
import { OptionError, SpaceError } from '../errors.ts'
import { randomStream } from '../random/random.ts'
import { readSpace } from '../space/read-space.ts'
import type { Resolved, Space, SpaceDefinition } from '../space/space.ts'
import { OPEN_SPACE } from './open-space.ts'
import { completed, refuseValues } from './outcome.ts'
import { readStep, readValues } from './study-trial.ts'

/** A trial that was run elsewhere. */
export interface TrialToAdd {
  readonly config: object
  /** Default `'completed'`. */
  readonly state?: EndState | undefined
  /** One value an objective; needed when it completed, refused when it failed. */
  readonly values?: number | readonly number[] | undefined
  readonly intermediateValues?:
    | readonly (readonly [step: number, value: number | readonly number[]])[]
    | undefined
  readonly userAttrs?: Readonly<Record<string, unknown>> | undefined
  /** ≤ 0 is feasible. */
  readonly constraints?: Readonly<Record<string, number>> | undefined
  /** Milliseconds since 1970. Default: now. */
  readonly startedAt?: number | undefined
  /** Milliseconds since 1970, not before `startedAt`. Default: the same. */
  readonly endedAt?: number | undefined
  /** What the configuration was drawn from. Default: the study's space; without any, searchers learn nothing from it. */
  readonly space?: SpaceDefinition | undefined
}

const beTime: Check<unknown> = (value) =>
  typeof value === 'number' && value >= 0 && value < Infinity
    ? undefined
    : 'must be a time in milliseconds since 1970.'
const beObject: Check<unknown> = (value) =>
  isPlainObject(value) ? undefined : 'must be an object of values by name.'

const CHECKS: Checks<TrialToAdd> = {
  state: must.beOneOf('completed', 'pruned', 'failed', 'interrupted'),
  intermediateValues: (value) =>
    Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2)
      ? undefined
      : 'must be an array of pairs [step, value].',
  userAttrs: beObject,
  constraints: beObject,
  startedAt: beTime,
  endedAt: beTime,
}

const DEFAULTS = {
  config: undefined,
  state: 'completed' as EndState,
  values: undefined,
  intermediateValues: [],
  userAttrs: {},
  constraints: {},
  startedAt: undefined,
  endedAt: undefined,
  space: undefined,
}

/** An added trial as records of a log can say it. */
export interface ReadTrial {
  readonly resolved: Resolved
  readonly state: EndState
  readonly values: readonly number[] | undefined
  readonly startedAt: number | undefined
  readonly endedAt: number | undefined
  readonly between: (trial: number) => readonly LogRecord[]
}

/**
 * Reads a trial that was run elsewhere.
 * @throws {SpaceError} when its configuration is not in the space, or leaves parameters out.
 * @throws {OptionError} when its values do not fit the objectives, or it completed without any.
 */
export function readAddedTrial(
  given: TrialToAdd,
  { objectives, space }: { readonly objectives: readonly Objective[]; readonly space: Space | undefined },
): ReadTrial {
  const trial = readOptions('addTrial', given, DEFAULTS, CHECKS)
  const { length } = objectives
  const config = readConfig('addTrial.config', trial.config)
  const own = trial.space === undefined ? space : readSpace(trial.space, { owner: 'addTrial.space' })
  const { startedAt, endedAt = startedAt } = trial
  if (startedAt !== undefined && endedAt !== undefined && endedAt < startedAt) {
    throw new OptionError(
      'addTrial.endedAt',
      `addTrial: endedAt (${endedAt}) lies before startedAt (${startedAt}). Both are in milliseconds since 1970.`,
      { received: endedAt },
    )
  }
  const at = startedAt ?? Date.now()
  const changes = [
    ...intermediateOf(trial.intermediateValues, length),
    ...Object.entries(trial.userAttrs).map(
      ([key, value]) =>
        ({ type: 'trial.attr', key, value: plainAttr('addTrial.userAttrs', key, value) }) as const,
    ),
    ...Object.entries(trial.constraints).map(
      ([key, value]) =>
        ({
          type: 'trial.constraint',
          key,
          value: constraintValue('addTrial.constraints', key, value),
        }) as const,
    ),
  ]
  return {
    ...outcome(trial.state, trial.values, length),
    resolved:
      own === undefined
        ? { config, params: OPEN_SPACE.toPoint(config), domains: {} }
        : resolveWhole(own, config),
    startedAt,
    endedAt,
    between: (number) => changes.map((change) => ({ at, trial: number, ...change })),
  }
}

function intermediateOf(
  pairs: NonNullable<TrialToAdd['intermediateValues']>,
  objectiveCount: number,
): { readonly type: 'trial.intermediate'; readonly step: number; readonly values: readonly number[] }[] {
  const owner = 'addTrial.intermediateValues'
  const steps = new Set<number>()
  return pairs.map(([step, value]) => {
    readStep(owner, step)
    if (steps.has(step)) {
      throw new OptionError(owner, `${owner} has step ${step} twice. Give each step once.`, {
        received: pairs,
      })
    }
    steps.add(step)
    return { type: 'trial.intermediate', step, values: readValues(owner, value, objectiveCount) }
  })
}

/** @throws {OptionError} for what is no configuration. */
export function readConfig(owner: string, config: unknown): object {
  if (typeof config === 'object' && config !== null && !Array.isArray(config)) return config
  throw new OptionError(
    owner,
    `${owner} must be a configuration, such as { lr: 0.1 }, got ${describe(config)}.`,
    {
      received: config,
    },
  )
}

function outcome(
  state: EndState,
  values: unknown,
  objectiveCount: number,
): { readonly state: EndState; readonly values: readonly number[] | undefined } {
  if (state === 'failed') {
    refuseValues('addTrial', values)
    return { state, values }
  }
  if (values === undefined && state !== 'completed') return { state, values }
  const read = readValues('addTrial', values, objectiveCount)
  return state === 'completed' ? completed(read) : { state, values: read }
}

function resolveWhole(space: Space, config: object): Resolved {
  const point = space.toPoint(config)
  const resolved = space.resolve(point, randomStream('addTrial'), { strict: true })
  const missing = Object.keys(resolved.params).find((path) => !(path in point))
  if (missing === undefined) return resolved
  throw new SpaceError(
    missing,
    'is missing in the configuration of an added trial, which has to be whole. Add its value.',
    {
      received: config,
    },
  )
}
