import { describe } from '../core/options.ts'
import { isPlainObject } from '../core/metrics.ts'
import { SpaceError } from '../errors.ts'
import { brandOf, made } from './domain.ts'

/** The cases of a `branch`: by name, the parameters that only this case has. */
export type Cases = Readonly<Record<string, object>>

/** A choice that brings parameters with it. */
export interface Branch<C extends Cases = Cases> {
  readonly kind: 'branch'
  readonly cases: C
}

/**
 * One of several cases, all equally likely, each with parameters of its own. The property that holds the branch tells
 * which case was taken; the parameters of the case stand beside it. Cases may hold constants, nested objects and more
 * branches, and may be empty.
 * @param cases - At least one. Two cases may use the same name, with other domains; no name may be one of the branch's
 * siblings.
 * @throws {SpaceError} where the space is read, when there are no cases, or one is not a plain object of named
 * parameters.
 * @example
 * new Tuner(train, {
 *   paramSpace: { activation: branch({ relu: { width: uniform(0, 20) }, tanh: { alpha: uniform(0, 1) } }) },
 * }) // { activation: 'relu', width: 3.1 } or { activation: 'tanh', alpha: 0.4 }
 */
export function branch<const C extends Cases>(cases: C): Branch<C> {
  const checked = (): Branch<C> => {
    checkCases(cases)
    return { kind: 'branch', cases }
  }
  return made('branch', checked, { kind: 'branch', cases: {} as C })
}

function checkCases(cases: Cases): void {
  if (!isPlainObject(cases) || Object.keys(cases).length === 0) {
    throw new SpaceError('', `branch takes an object with one property a case, got ${describe(cases)}.`, {
      received: cases,
    })
  }
  for (const [name, parameters] of Object.entries(cases)) {
    if (isPlainObject(parameters) && brandOf(parameters) === undefined) continue
    throw new SpaceError(
      '',
      `branch: the case ${name} must be an object of parameters, got ${describe(parameters)}. Write ${name}: {} for none.`,
      { received: parameters },
    )
  }
}
