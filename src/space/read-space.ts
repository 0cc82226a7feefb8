import { isPlainObject } from '../core/metrics.ts'
import { describe } from '../core/options.ts'
import { SpaceError } from '../errors.ts'
import { DeclaredSpace } from './declared.ts'
import { defineByRun, type RunFunction } from './define-by-run.ts'
import { brandOf } from './domain.ts'
import type { Space, SpaceDefinition } from './space.ts'

/**
 * Reads and checks a space as the user wrote it.
 * @param owner - Who was given it, for messages, such as `'tpe.space'`. Default `'paramSpace'`.
 * @throws {SpaceError} naming the path of what cannot be used, what was expected and how to mend it.
 */
export function readSpace(
  definition: SpaceDefinition,
  { owner = 'paramSpace' }: { readonly owner?: string } = {},
): Space {
  if (typeof definition === 'function') return defineByRun(definition as RunFunction)
  const brand = brandOf(definition)
  if (brand === undefined && isPlainObject(definition)) return new DeclaredSpace(definition)
  const given = brand === undefined ? describe(definition) : `a ${brand} without a name`
  throw new SpaceError(
    '',
    `${owner} must be an object of named parameters, or a function that suggests them, got ${given}. Write { name: … }.`,
    { received: definition },
  )
}
