import { OptionError } from '../errors.ts'
import type { Searcher } from './searcher.ts'

/**
 * What a wrapper takes over from the searcher that it wraps: every member, read through the searcher itself, which may
 * be an instance of a user's class.
 */
export function membersOf(searcher: Searcher): Searcher {
  const { name, options, objectives, expandsGrid, ignoresResults, exhaustive, limit, repeat } = searcher
  const { isRebuiltByTells, setsIndex } = searcher
  return {
    name,
    start: (context) => searcher.start(context),
    ...(options !== undefined && { options }),
    ...(objectives !== undefined && { objectives }),
    ...(expandsGrid !== undefined && { expandsGrid }),
    ...(isRebuiltByTells !== undefined && { isRebuiltByTells }),
    ...(ignoresResults !== undefined && { ignoresResults }),
    ...(exhaustive !== undefined && { exhaustive }),
    ...(limit !== undefined && { limit }),
    ...(repeat !== undefined && { repeat }),
    ...(setsIndex !== undefined && { setsIndex }),
    ...(searcher.part !== undefined && { part: (space) => searcher.part?.(space) ?? space }),
    ...(searcher.check !== undefined && { check: (space, given) => searcher.check?.(space, given) }),
  }
}

/**
 * The value of a wrapper's required option.
 * @throws {OptionError} when it was not given.
 */
export function required(owner: string, option: string, value: number | undefined, example: number): number {
  if (value !== undefined) return value
  throw new OptionError(
    `${owner}.${option}`,
    `${owner} needs ${option}. Write ${owner}(searcher, { ${option}: ${example} }).`,
  )
}
