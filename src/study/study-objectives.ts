import { type Mode, type Objective, readObjectives } from '../core/objective.ts'
import { describe } from '../core/options.ts'
import { OptionError } from '../errors.ts'
import type { Scheduler } from '../schedulers/scheduler.ts'
import type { Searcher } from '../searchers/searcher.ts'

/** Which way the values of an objective should go. */
export type Direction = 'minimize' | 'maximize'

/** What a study optimises. */
export interface ObjectiveChoice {
  /** Short for one objective. Default `'minimize'`. */
  readonly direction?: Direction | undefined
  /** One an objective. */
  readonly directions?: readonly Direction[] | undefined
  /** One an objective. Default `value`, or `value0`, `value1`, … for several. */
  readonly metricNames?: readonly string[] | undefined
}

/**
 * The objectives of a new study, which its searcher may name too.
 * @throws {OptionError} when these contradict each other, or one cannot be used.
 */
export function objectivesOf(
  choice: ObjectiveChoice,
  searcher: Searcher,
  scheduler: Scheduler | undefined,
): readonly Objective[] {
  const { direction, directions, metricNames } = choice
  if (direction !== undefined && directions !== undefined) {
    throw new OptionError(
      'createStudy.direction',
      'createStudy: give direction for one objective, or directions, not both.',
    )
  }
  if (metricNames !== undefined && !Array.isArray(metricNames)) {
    throw new OptionError(
      'createStudy.metricNames',
      `createStudy.metricNames must be an array of names, one for each direction, got ${describe(metricNames)}. Write ['loss'] for one.`,
      { received: metricNames },
    )
  }
  const own = readObjectives(searcher.name, {
    metric: searcher.options?.metric,
    mode: searcher.options?.mode,
  })
  const given = directions === undefined ? (direction === undefined ? undefined : [direction]) : directions
  const modes = given === undefined ? undefined : readDirections(given)
  const count = modes?.length ?? (own.length > 0 ? own.length : (metricNames?.length ?? 1))
  const names =
    metricNames ?? (own.length > 0 ? own.map(({ metric }) => metric) : defaultNames(count, scheduler))
  const objectives = readObjectives('createStudy', {
    metric: names,
    mode: modes ?? (own.length > 0 ? own.map(({ mode }) => mode) : defaultModes(names, scheduler)),
  })
  if (own.every(({ metric, mode }, i) => objectives[i]?.metric === metric && objectives[i]?.mode === mode)) {
    return objectives
  }
  throw new OptionError(
    `${searcher.name}.metric`,
    `${searcher.name} was given another metric or mode than the study. Give them in one place, or the same in both.`,
    { received: searcher.options?.metric },
  )
}

function readDirections(directions: readonly unknown[]): ('min' | 'max')[] {
  if (!Array.isArray(directions) || directions.length === 0) {
    throw new OptionError(
      'createStudy.directions',
      `createStudy.directions must be an array of 'minimize' and 'maximize', got ${describe(directions)}.`,
      { received: directions },
    )
  }
  return directions.map((word: unknown) => {
    if (word === 'minimize') return 'min'
    if (word === 'maximize') return 'max'
    throw new OptionError(
      'createStudy.directions',
      `createStudy: a direction is 'minimize' or 'maximize', got ${describe(word)}.`,
      {
        received: word,
      },
    )
  })
}

// One value without a name has the one that the scheduler was told to rank by.
function defaultNames(count: number, scheduler: Scheduler | undefined): string[] {
  const ranked = scheduler?.objective?.metric
  if (count === 1) return [typeof ranked === 'string' ? ranked : 'value']
  return Array.from({ length: count }, (_, i) => `value${i}`)
}

// Nor is there a direction but the one in which the scheduler was told to rank.
function defaultModes(names: readonly string[], scheduler: Scheduler | undefined): Mode[] {
  const { metric, mode } = scheduler?.objective ?? {}
  return names.map((name) => (typeof mode === 'string' && metric === name ? mode : 'min'))
}
