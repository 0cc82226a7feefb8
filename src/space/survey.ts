import { isPlainObject } from '../core/metrics.ts'
import { SpaceError } from '../errors.ts'
import type { Branch } from './branch.ts'
import { brandOf, type Domain, flawOf } from './domain.ts'
import { checkChoices, checkConstant } from './stray.ts'
import { checkKey, joinPath } from './structure.ts'

/**
 * Looks once through all of a definition, the cases of branches included, so that nobody after has to expect what a
 * space cannot be: an object that holds itself, a key that is no part of a path, a domain made by a bad call, and
 * domains where none are looked for.
 * @returns The objects and arrays that hold a domain or a branch, at whatever depth.
 * @throws {SpaceError} naming the path of the first of these.
 */
export function surveyed(definition: object): ReadonlySet<object> {
  const holders = new Set<object>()

  function visit(value: unknown, path: string, parent: string, above: readonly object[]): boolean {
    if (typeof value !== 'object' && typeof value !== 'function') return false
    switch (brandOf(value)) {
      case 'domain':
        checkDomain(value as Domain, path)
        return true
      case 'branch':
        visitCases(value as Branch, path, parent, above)
        return true
      default:
    }
    if (Array.isArray(value) || isPlainObject(value)) return visitContainer(value, path, above)
    checkConstant(path, value)
    return false
  }

  function visitContainer(container: object, path: string, above: readonly object[]): boolean {
    const inside = entered(container, path, above)
    let holds = false
    if (Array.isArray(container)) {
      for (let i = 0; i < container.length; i++) {
        if (visit(container[i], joinPath(path, i), path, inside)) holds = true
      }
    } else {
      for (const [key, value] of Object.entries(container)) {
        checkKey(path, key)
        if (visit(value, joinPath(path, key), path, inside)) holds = true
      }
    }
    if (holds) holders.add(container)
    return holds
  }

  // The parameters of a case stand beside the branch.
  function visitCases(branch: Branch, path: string, parent: string, above: readonly object[]): void {
    refuseFlaw(branch, path)
    const inside = entered(branch, path, above)
    for (const parameters of Object.values(branch.cases)) visitContainer(parameters, parent, inside)
  }

  visitContainer(definition, '', [])
  return holders
}

function entered(value: object, path: string, above: readonly object[]): readonly object[] {
  if (!above.includes(value)) return [...above, value]
  throw new SpaceError(
    path,
    'refers back to an object that holds it. A space must end: write the inner one out.',
  )
}

function checkDomain(domain: Domain, path: string): void {
  refuseFlaw(domain, path)
  if ('choices' in domain) checkChoices(path, domain.choices)
}

function refuseFlaw(value: object, path: string): void {
  const flaw = flawOf(value)
  if (flaw === undefined) return
  throw new SpaceError(path, flaw.message, { received: flaw.received, cause: flaw })
}
