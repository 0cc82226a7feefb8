import { describe } from '../core/options.ts'
import type { Objective } from '../core/objective.ts'
import type { Params } from '../core/trial.ts'
import { OptionError, SpaceError } from '../errors.ts'
import type { RandomStream } from '../random/random.ts'
import type { Resolved, Space } from '../space/space.ts'
import type { Searcher } from './searcher.ts'

/** A configuration whose result is known beforehand, from `evaluatedRewards`: a completed trial that never ran. */
export interface GivenTrial extends Resolved {
  /** One value an objective, in their order. */
  readonly values: readonly number[]
  /** The same values by metric, as a report would have carried them. */
  readonly metrics: Readonly<Record<string, number>>
}

/** One entry of `pointsToEvaluate`. */
export interface QueuedPoint {
  /** Which entry it is, for messages, such as `pointsToEvaluate[2]`. */
  readonly label: string
  /** Tells the completions of entries apart; the copies of one entry share it. */
  readonly index: number
  /** The configuration as the user wrote it. */
  readonly config: object
}

/** What `pointsToEvaluate` and `evaluatedRewards` come to. */
export interface GivenPoints {
  /** Those with a known result. */
  readonly given: readonly GivenTrial[]
  /** Those that run, in order. */
  readonly queue: readonly QueuedPoint[]
}

/**
 * Reads `pointsToEvaluate` and `evaluatedRewards` of a searcher, also of a wrapped or a user-written one.
 * @throws {OptionError} when they are no arrays, there are more rewards than points, or a reward does not fit.
 * @throws {SpaceError} naming an unknown key or a value out of range. Points of a define-by-run space that have to run
 *   are checked when their trial is made.
 */
export function readGivenPoints(
  { name, options = {}, repeat = 1 }: Searcher,
  space: Space,
  objectives: readonly Objective[],
  random: RandomStream,
): GivenPoints {
  const points = readPoints(name, options.pointsToEvaluate)
  const rewards = options.evaluatedRewards ?? []
  if (!Array.isArray(rewards) || rewards.length > points.length) {
    throw new OptionError(
      `${name}.evaluatedRewards`,
      `${name}.evaluatedRewards stands beside pointsToEvaluate, of which there are ${points.length}; got ${describe(rewards)}. Give one reward for each of the first points.`,
      { received: rewards },
    )
  }
  const given = rewards.map((reward: unknown, i) => {
    const { label, index, config } = points[i] as QueuedPoint
    const values = readReward(`${name}.evaluatedRewards[${i}]`, reward, objectives)
    const { resolved, isComplete } = resolvePoint(space, config, label, random.fork(index))
    if (!isComplete) throw incomplete(name, label, resolved.params, space.toPoint(config))
    return {
      ...resolved,
      values,
      metrics: Object.fromEntries(objectives.map(({ metric }, k) => [metric, values[k] as number])),
    }
  })
  const queue = points.slice(given.length)
  if (space.kind === 'declared') {
    for (const { label, index, config } of queue) resolvePoint(space, config, label, random.fork(index))
  }
  return { given, queue: queue.flatMap((point) => Array<QueuedPoint>(repeat).fill(point)) }
}

/**
 * The trial that a configuration, possibly partial and nested, stands for.
 * @param label - Where it was given, for messages.
 * @param random - What missing parameters are drawn from.
 * @param gridIndex - Which combination of the `gridSearch` axes a configuration gets that leaves these out.
 * @throws {SpaceError} naming an unknown key or a value out of range.
 */
export function resolvePoint(
  space: Space,
  config: object,
  label: string,
  random: RandomStream,
  gridIndex = 0,
): { readonly resolved: Resolved; readonly isComplete: boolean } {
  try {
    const point = space.toPoint(config)
    const resolved = space.resolve(withGridAxes(space, point, random, gridIndex), random, { strict: true })
    return { resolved, isComplete: Object.keys(resolved.params).every((path) => path in point) }
  } catch (error) {
    throw error instanceof SpaceError ? placed(error, label) : error
  }
}

// Only axes outside of branches: whether one within a branch exists is not known before the rest is drawn.
function withGridAxes(space: Space, point: Params, random: RandomStream, gridIndex: number): Params {
  if (space.gridSize === 1) return point
  const drawn = space.sample(random, gridIndex % space.gridSize)
  const axes = space.parameters.filter(({ domain, when }) => domain.kind === 'grid' && when.length === 0)
  return { ...Object.fromEntries(axes.map(({ path }) => [path, drawn[path]])), ...point }
}

function readPoints(name: string, points: unknown): QueuedPoint[] {
  if (points === undefined) return []
  if (!Array.isArray(points)) {
    throw new OptionError(
      `${name}.pointsToEvaluate`,
      `${name}.pointsToEvaluate must be an array of configurations, got ${describe(points)}.`,
      { received: points },
    )
  }
  return points.map((config: unknown, index) => {
    const label = `pointsToEvaluate[${index}]`
    if (typeof config === 'object' && config !== null && !Array.isArray(config))
      return { label, index, config }
    throw new OptionError(
      `${name}.${label}`,
      `${name}.${label} must be a configuration, such as { lr: 0.1 }, got ${describe(config)}.`,
      { received: config },
    )
  })
}

function readReward(option: string, reward: unknown, objectives: readonly Objective[]): readonly number[] {
  const values: readonly unknown[] = Array.isArray(reward) ? reward : [reward]
  const metrics = objectives.map(({ metric }) => metric).join(', ')
  if (objectives.length === 0) {
    throw new OptionError(option, `${option} is a value of no metric. Give metric and mode beside it.`, {
      received: reward,
    })
  }
  if (values.length !== objectives.length) {
    throw new OptionError(
      option,
      `${option} must hold ${objectives.length === 1 ? 'one number' : `${objectives.length} numbers`} (${metrics}), got ${describe(reward)}.`,
      { received: reward },
    )
  }
  return values.map((value) => {
    if (typeof value === 'number' && !Number.isNaN(value)) return value
    throw new OptionError(
      option,
      `${option} must be a number, got ${describe(value)}. Leave a point without a result to be run.`,
      { received: reward },
    )
  })
}

function incomplete(name: string, label: string, params: Params, point: Params): OptionError {
  const missing = Object.keys(params).filter((path) => !(path in point))
  return new OptionError(
    `${name}.${label}`,
    `${name}.${label} has a result in evaluatedRewards, but no value for ${missing.join(', ')}. A result belongs to a complete configuration: add what is missing.`,
    { received: point },
  )
}

function placed(error: SpaceError, label: string): SpaceError {
  const prefix = `${error.path}: `
  const text =
    error.path !== '' && error.message.startsWith(prefix) ? error.message.slice(prefix.length) : error.message
  return new SpaceError(error.path, `${text} (in ${label})`, { received: error.received, cause: error })
}
