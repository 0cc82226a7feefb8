import { nearest } from '../../core/options.ts'
import { OptionError } from '../../errors.ts'
import { sameDomain } from '../../space/values.ts'
import type { Assessed } from './assessed.ts'
import type { FixedParameter } from './forest-importance.ts'

/** Every parameter that a completed trial has, in order of appearance. */
export function allPaths({ completed }: Assessed): string[] {
  const paths = new Set<string>()
  for (const { domains } of completed) {
    for (const path in domains) if (domains[path]?.kind !== 'computed') paths.add(path)
  }
  return [...paths]
}

/** @throws {OptionError} for a parameter that no completed trial has. */
export function checkPaths(paths: readonly string[], assessed: Assessed): void {
  const known = allPaths(assessed)
  const missing = paths.find((path) => !known.includes(path))
  if (missing === undefined) return
  const near = nearest(missing, known)
  const hint = near === undefined ? `There are ${known.join(', ') || 'none'}.` : `Did you mean ${near}?`
  throw new OptionError(
    'importance.params',
    `importance: no completed trial has the parameter ${missing}. ${hint}`,
    {
      received: paths,
    },
  )
}

/** The parameters that every completed trial has, always with the same domain. */
export function commonParameters(assessed: Assessed): FixedParameter[] {
  const { completed } = assessed
  return allPaths(assessed).flatMap((path) => {
    const domain = completed[0]?.domains[path]
    const isCommon =
      domain !== undefined &&
      completed.every(({ domains }) => domains[path] !== undefined && sameDomain(domains[path], domain))
    return isCommon ? [{ path, domain }] : []
  })
}

/**
 * The parameters named, with the domain that each has in all completed trials that have all of them.
 * @throws {OptionError} when there is no such trial, or a domain differs.
 */
export function namedParameters(paths: readonly string[], assessed: Assessed): FixedParameter[] {
  checkPaths(paths, assessed)
  const whole = assessed.completed.filter(({ domains }) => paths.every((path) => domains[path] !== undefined))
  return paths.map((path) => {
    const domain = whole[0]?.domains[path]
    if (domain === undefined) {
      throw new OptionError(
        'importance.params',
        `importance: no completed trial has all of ${paths.join(', ')}, so a forest cannot compare them. Name fewer, or use method: 'pedAnova'.`,
        { received: paths },
      )
    }
    if (whole.every(({ domains }) => sameDomain(domains[path] as typeof domain, domain)))
      return { path, domain }
    throw new OptionError(
      'importance.params',
      `importance: ${path} has not the same domain in all trials, so a forest cannot compare them. Leave it out, or use method: 'pedAnova'.`,
      { received: paths },
    )
  })
}
