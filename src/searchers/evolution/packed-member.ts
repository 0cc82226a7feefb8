import type { Domain, Parameter } from '../../space/space.ts'
import { choiceIndex } from '../../space/values.ts'
import type { Member } from './population.ts'

/** A member as plain data: choices may be values that cannot be copied, such as functions. */
export interface PackedMember {
  readonly losses: readonly number[]
  readonly violation: number
  /** For each parameter of the space its number, or the position of its choice; null where the member has none. */
  readonly values: readonly (number | null)[]
}

/** @param parameters - Those of the declared space. */
export function packMember(
  { losses, violation, params }: Member,
  parameters: readonly Parameter[],
): PackedMember {
  const values = parameters.map(({ path, domain, when }) => {
    const isThere = Object.hasOwn(params, path) && when.every((taken) => params[taken.path] === taken.value)
    if (!isThere || domain.kind === 'computed') return null
    const value = params[path]
    if (domain.kind !== 'categorical' && domain.kind !== 'grid')
      return typeof value === 'number' ? value : null
    const index = choiceIndex(domain, value)
    return index < 0 ? null : index
  })
  return { losses, violation, values }
}

/** The member that was packed, with the same parameters. */
export function unpackMember(
  { losses, violation, values }: PackedMember,
  parameters: readonly Parameter[],
): Member {
  const params: Record<string, unknown> = {}
  const domains: Record<string, Domain> = {}
  parameters.forEach(({ path, domain }, i) => {
    const value = values[i]
    if (value === null || value === undefined) return
    params[path] = domain.kind === 'categorical' || domain.kind === 'grid' ? domain.choices[value] : value
    domains[path] = domain
  })
  return { losses, violation, params, domains }
}
