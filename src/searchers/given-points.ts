import { describe } from '../core/options.ts'
import type { Objective } from '../core/objective.ts'
import type { Params } from '../core/trial.ts'
import { OptionError, SpaceError } from '../errors.ts'
import type { RandomStream } from '../random/random.ts'
import { gridCombinations } from '../space/grid.ts'
import type { Resolved, Space } from '../space/space.ts'
import type { Searcher } from './searcher.ts'
import { forbidden, isAllowed, type Where } from './where.ts'

/** A configuration whose result is known beforehand, from `evaluatedRewards`: a completed trial that never ran. */
export interface GivenTrial extends Resolved {
  /** One value an objective, in their order. */
  readonly values: readonly number[]
  /** The same values by metric, as a report would have carried them. */
  readonly metrics: Readonly<Record<string, number>>
}

/** One trial that an entry of `pointsToEvaluate` comes to. */
export interface QueuedPoint {
  /** Which entry it is, for messages, such as `pointsToEvaluate[2]`. */
  readonly label: string
  /** Tells completions apart: those of other entries, and of other combinations of `gridSearch`. Copies share it. */
  readonly key: string | number
  /** The configuration as the user wrote it. */
  readonly config: object
  /** The combination that it gets of the axes of `gridSearch` that it leaves out. */
  readonly grid: Params
}

/** What `pointsToEvaluate` and `evaluatedRewards` come to. */
export interface GivenPoints {
  /** Those with a known result. */
  readonly given: readonly GivenTrial[]
  /** The trials of the others, in order. */
  readonly queue: readonly QueuedPoint[]
  /** How many others there are. */
  readonly pointCount: number
}

/**
 * Reads `pointsToEvaluate` and `evaluatedRewards` of a searcher, also of a wrapped or a user-written one.
 * @throws {OptionError} when they are no arrays, there are more rewards than points, or a reward does not fit.
 * @throws {SpaceError} naming an unknown key or a value out of range, or `where` when it forbids a complete point. Points
 *   of a define-by-run space that have to run are checked when their trial is made.
 */
export function readGivenPoints(
  { name, options = {}, repeat = 1 }: Searcher,
  space: Space,
  objectives: readonly Objective[],
  random: RandomStream,
  where?: Where,
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
    const point = points[i] as QueuedPoint
    const values = readReward(`${name}.evaluatedRewards[${i}]`, reward, objectives)
    const { resolved, missing } = resolvePoint(space, point, random.fork(point.key))
    if (missing.length > 0) throw incomplete(name, point, missing)
    return {
      ...resolved,
      values,
      metrics: Object.fromEntries(objectives.map(({ metric }, k) => [metric, values[k] as number])),
    }
  })
  const others = points.slice(given.length)
  const queue = others.flatMap((point) => swept(space, point))
  if (space.kind === 'declared') {
    for (const [number, point] of queue.entries()) {
      const { resolved, isFixed } = resolvePoint(space, point, random.fork(point.key))
      if (isFixed && where !== undefined && !isAllowed(where, resolved.config, number))
        throw forbidden(point.label, point.config)
    }
  }
  return {
    given,
    queue: queue.flatMap((point) => Array<QueuedPoint>(repeat).fill(point)),
    pointCount: others.length,
  }
}

/**
 * How many trials `numSamples` stands for, as Ray Tune counts them: each point of the user's is one of the samples, and
 * every sample that leaves out axes of `gridSearch` is one trial for each of their combinations. Points run, however
 * many there are. A repeater's copies count as samples themselves where there is no grid.
 * @param numSamples - Default 1; Infinity for a searcher that finishes by itself.
 */
export function trialCount(
  { exhaustive, expandsGrid, repeat = 1 }: Searcher,
  space: Space,
  numSamples: number | undefined,
  { queue, pointCount }: GivenPoints,
): number {
  const hasGrid = expandsGrid === true && space.parameters.some(({ domain }) => domain.kind === 'grid')
  if (exhaustive === true || !hasGrid) {
    return Math.max(numSamples ?? (exhaustive === true ? Infinity : 1), queue.length)
  }
  const drawn = Math.max(0, (numSamples ?? 1) - pointCount)
  // Not 0 times Infinity.
  return queue.length + (drawn === 0 ? 0 : drawn * space.gridSize * repeat)
}

/** The trial that a configuration, possibly partial and nested, stands for. */
export interface ResolvedPoint {
  readonly resolved: Resolved
  /** Parameters that were drawn. */
  readonly missing: readonly string[]
  /** Whether nothing was drawn or computed, so that it would be the same again. */
  readonly isFixed: boolean
}

/**
 * Completes a configuration.
 * @param random - What missing parameters are drawn from.
 * @throws {SpaceError} naming an unknown key or a value out of range.
 */
export function resolvePoint(
  space: Space,
  { label, config, grid }: QueuedPoint,
  random: RandomStream,
): ResolvedPoint {
  return placed(label, () => {
    const point = space.toPoint(config)
    const resolved = space.resolve({ ...grid, ...point }, random, { strict: true })
    const added = Object.keys(resolved.params).filter((path) => !Object.hasOwn(point, path))
    const missing = added.filter((path) => resolved.domains[path]?.kind !== 'computed')
    const isFixed = added.every((path) => Object.hasOwn(grid, path))
    return { resolved, missing, isFixed }
  })
}

/**
 * The trials of a point: one for each combination of the `gridSearch` axes that it leaves out. Axes of a branch count
 * only where the point says which case is taken; else the combination is drawn with the case.
 * @throws {SpaceError} naming an unknown key or a value out of range.
 */
export function swept(space: Space, point: QueuedPoint): readonly QueuedPoint[] {
  if (space.gridSize === 1) return [point]
  const flat = placed(point.label, () => space.toPoint(point.config))
  const open = space.parameters.filter(
    ({ path, domain, when }) =>
      domain.kind === 'grid' &&
      flat[path] === undefined &&
      when.every((taken) => flat[taken.path] === taken.value),
  )
  return gridCombinations(open).map((grid, i) => ({
    ...point,
    grid,
    key: i === 0 ? point.key : `${point.key}/${i}`,
  }))
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
  return points.map((config: unknown, key) => {
    const label = `pointsToEvaluate[${key}]`
    if (typeof config === 'object' && config !== null && !Array.isArray(config))
      return { label, key, config, grid: {} }
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

function incomplete(name: string, { label, config }: QueuedPoint, missing: readonly string[]): OptionError {
  return new OptionError(
    `${name}.${label}`,
    `${name}.${label} has a result in evaluatedRewards, but no value for ${missing.join(', ')}. A result belongs to a complete configuration: add what is missing.`,
    { received: config },
  )
}

/** Says in which point it was that the space was left. */
function placed<T>(label: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    if (!(error instanceof SpaceError)) throw error
    const { path, message, received } = error
    const prefix = `${path}: `
    const text = path !== '' && message.startsWith(prefix) ? message.slice(prefix.length) : message
    throw new SpaceError(path, `${text} (in ${label})`, { received, cause: error })
  }
}
