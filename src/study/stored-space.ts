import { isPlainObject } from '../core/metrics.ts'
import { branch } from '../space/branch.ts'
import { branded, brandOf } from '../space/domain.ts'
import type { SpaceDefinition } from '../space/space.ts'

// A definition as JSON can carry it: what a node is stands first, since any object may be a user's constant.
type Node =
  | readonly ['domain' | 'value', unknown]
  | readonly ['branch' | 'object', Readonly<Record<string, Node>>]
  | readonly ['array', readonly Node[]]

/**
 * A declared space as plain data, so that a study can go on from its log alone.
 * @returns Undefined for a space that is code: define-by-run, `sampleFrom`, or choices that are no plain data.
 */
export function storedSpace(definition: SpaceDefinition): unknown {
  return typeof definition === 'function' ? undefined : encoded(definition)
}

/** The space that `storedSpace` made plain data of. */
export function restoredSpace(stored: unknown): SpaceDefinition {
  return decoded(stored as Node) as SpaceDefinition
}

function encoded(value: unknown): Node | undefined {
  switch (brandOf(value)) {
    case 'domain':
      return isJson(value) ? ['domain', { ...(value as object) }] : undefined
    case 'branch':
      return withEncoded('branch', (value as { readonly cases: object }).cases)
    default:
  }
  if (isPlainObject(value)) return withEncoded('object', value)
  if (!Array.isArray(value)) return isJson(value) ? ['value', value] : undefined
  const nodes: Node[] = []
  for (const item of value) {
    const node = encoded(item)
    if (node === undefined) return undefined
    nodes.push(node)
  }
  return ['array', nodes]
}

function withEncoded(kind: 'branch' | 'object', values: object): Node | undefined {
  const nodes: Record<string, Node> = {}
  for (const [key, value] of Object.entries(values)) {
    const node = encoded(value)
    if (node === undefined) return undefined
    nodes[key] = node
  }
  return [kind, nodes]
}

function decoded([kind, value]: Node): unknown {
  switch (kind) {
    case 'domain': {
      const domain = { ...(value as { step?: number; choices?: readonly unknown[] }) }
      // JSON drops it where it is undefined.
      if (!('choices' in domain)) domain.step ??= undefined as never
      return branded('domain', domain)
    }
    case 'value':
      return value
    case 'array':
      return value.map(decoded)
    default: {
      const values = Object.fromEntries(
        Object.entries(value as Record<string, Node>).map(([key, node]) => [key, decoded(node)]),
      )
      return kind === 'branch' ? branch(values as Record<string, object>) : values
    }
  }
}

// Absent and undefined are the same to a domain; anything else that JSON would lose or change is not stored.
function isJson(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0)
  if (Array.isArray(value)) return value.every(isJson)
  if (!isPlainObject(value)) return false
  return Object.entries(value).every(([key, item]) => isJson(item) || (item === undefined && key === 'step'))
}
