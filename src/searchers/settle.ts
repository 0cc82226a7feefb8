import { type Objective, type ObjectiveOptions, readObjectives, sameObjectives } from '../core/objective.ts'
import { describe, must } from '../core/options.ts'
import { OptionError } from '../errors.ts'
import type { Space, SpaceDefinition } from '../space/space.ts'
import type { Searcher } from './searcher.ts'

/**
 * What is optimised, when a metric and a mode can be given to the owner and to its searcher.
 * @param owner - Who runs the searcher, for messages, such as `'Tuner'`.
 * @returns The objectives; none when neither names any.
 * @throws {OptionError} when both name some and they are not equal, or one of them is incomplete.
 */
export function settleObjectives(
  owner: string,
  given: ObjectiveOptions,
  searcher: Searcher,
): readonly Objective[] {
  const own = readObjectives(searcher.name, pick(searcher.options))
  const outer = readObjectives(owner, pick(given))
  if (own.length === 0) return outer
  if (outer.length === 0 || sameObjectives(own, outer)) return own
  throw new OptionError(
    `${searcher.name}.metric`,
    `${searcher.name} optimises ${inWords(own)}, but ${owner} ${inWords(outer)}. Give metric and mode in one place, or the same in both.`,
    { received: own.map(({ metric }) => metric) },
  )
}

/**
 * The space to search, when it can be given to the owner as `paramSpace` and to its searcher as `space`.
 * @returns The space; undefined when neither has one.
 * @throws {OptionError} when both have one.
 */
export function settleSpace(
  owner: string,
  paramSpace: SpaceDefinition | undefined,
  searcher: Searcher,
): SpaceDefinition | undefined {
  const own = searcher.options?.space
  if (own === undefined || paramSpace === undefined) return own ?? paramSpace
  throw new OptionError(
    `${searcher.name}.space`,
    `The space is given twice: as paramSpace of ${owner} and as space of ${searcher.name}. Leave one of them out.`,
    { received: own },
  )
}

/**
 * Refuses a searcher that cannot work with a space or with the objectives.
 * @throws {OptionError} saying which ways out there are.
 */
export function checkFit(searcher: Searcher, space: Space, objectives: readonly Objective[]): void {
  checkSearcher(searcher)
  const { name } = searcher
  const needsMetric = searcher.objectives === 'one' || searcher.objectives === 'some'
  if (needsMetric && objectives.length === 0) {
    throw new OptionError('searcher', `${name} needs a metric to optimise. Give metric and mode.`)
  }
  if (searcher.objectives === 'one' && objectives.length > 1) {
    const metrics = objectives.map(({ metric }) => metric)
    throw new OptionError(
      'searcher',
      `${name} optimises one metric, but ${metrics.length} are given (${metrics.join(', ')}). Name one, or use a searcher for several, such as tpe() or nsga2().`,
      { received: metrics },
    )
  }
  const grid = space.parameters.filter(({ domain }) => domain.kind === 'grid').map(({ path }) => path)
  if (grid.length > 0 && searcher.expandsGrid !== true) {
    throw new OptionError(
      'searcher',
      `${name} does not expand gridSearch (${grid.join(', ')}). Write choice([…]) instead, or use randomSearch() or gridSearcher().`,
      { received: grid },
    )
  }
  searcher.check?.(space, objectives)
}

/**
 * Refuses what is no searcher.
 * @throws {OptionError} also for a factory that was not called, and for a seed that cannot be used.
 */
export function checkSearcher(searcher: unknown): asserts searcher is Searcher {
  const { name, start, options } = (searcher ?? {}) as Partial<Searcher>
  if (typeof searcher === 'function') {
    const called = name === undefined || name === '' ? 'its result' : `${name}()`
    throw new OptionError(
      'searcher',
      `searcher must be a searcher, got ${describe(searcher)}. Did you mean ${called}?`,
      {
        received: searcher,
      },
    )
  }
  if (typeof name !== 'string' || typeof start !== 'function') {
    throw new OptionError(
      'searcher',
      `searcher must be a searcher such as randomSearch(), got ${describe(searcher)}. One of your own needs name and start.`,
      { received: searcher },
    )
  }
  const problem = options?.seed === undefined ? undefined : must.beSeed(options.seed)
  if (problem !== undefined) {
    throw new OptionError(`${name}.seed`, `${name}.seed: ${problem} Got ${describe(options?.seed)}.`, {
      received: options?.seed,
    })
  }
}

function pick({ metric, mode }: ObjectiveOptions = {}): ObjectiveOptions {
  return { metric, mode }
}

function inWords(objectives: readonly Objective[]): string {
  return objectives.map(({ metric, mode }) => `${metric} (${mode})`).join(', ')
}
