import type { Domain } from '../../space/space.ts'

/** The value of a domain that has only one, in an array; an empty array for others. */
export function onlyValue(domain: Domain): readonly unknown[] {
  switch (domain.kind) {
    case 'float':
    case 'int':
      return domain.low === domain.high ? [domain.low] : []
    case 'normal':
      return domain.sd === 0 ? [domain.mean] : []
    case 'categorical':
    case 'grid':
      return domain.choices.length === 1 ? domain.choices : []
    case 'computed':
      return []
  }
}
