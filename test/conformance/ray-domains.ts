/**
 * Feeds the uniform and normal numbers recorded from Ray Tune's domains to ours, read into a space as the Tuner reads
 * them, and compares samples, refusals and the order of grids.
 */
import { SpaceError } from '../../src/errors.ts'
import type { RandomStream } from '../../src/random/random.ts'
import { choice, gridSearch } from '../../src/space/choices.ts'
import { lograndint, qlograndint, qrandint, randint } from '../../src/space/integers.ts'
import { loguniform, qloguniform, qrandn, quniform, randn, uniform } from '../../src/space/numbers.ts'
import { readSpace } from '../../src/space/read-space.ts'
import type { Domain } from '../../src/space/space.ts'
import type { FixtureCase } from './fixture.ts'
import { difference, numberOf, type Tolerance } from './matching.ts'

interface Draws {
  readonly domain: string
  readonly args: readonly unknown[]
  readonly u?: readonly number[]
  readonly z?: readonly number[]
}

/** Says what differs first, or nothing. */
export function runRayDomainsCase(testCase: FixtureCase, tolerance: Tolerance): string | undefined {
  const { input, expected, kind } = testCase
  switch (kind) {
    case 'sample':
      return difference(samplesOf(input as Draws), expected, tolerance)
    case 'validation':
      return validationProblem(input as Draws, expected as { readonly error: string | null })
    case 'grid':
      return difference(gridOf((input as { readonly config: unknown }).config), expected, tolerance)
    default:
      return `cases of kind ${kind} are not known`
  }
}

function samplesOf(input: Draws): Record<string, unknown> {
  const domain = domainOf(input)
  const space = readSpace({ x: domain })
  const draws = fixedStream(input)
  const count = (input.u ?? input.z ?? []).length
  const samples = Array.from({ length: count }, () => space.sample(draws)['x'])
  return { samples, isInteger: domain.kind === 'int' && samples.every(Number.isInteger) }
}

function validationProblem(input: Draws, { error }: { readonly error: string | null }): string | undefined {
  const refusal = refusalOf(input)
  if ((refusal === undefined) === (error === null)) return undefined
  return `error: expected ${error ?? 'none'}, got ${refusal ?? 'none'}`
}

function refusalOf(input: Draws): string | undefined {
  try {
    // A bad call is refused where its domain stands in a space.
    readSpace({ x: domainOf(input) })
    return undefined
  } catch (thrown) {
    if (thrown instanceof SpaceError) return thrown.message
    throw thrown
  }
}

function gridOf(config: unknown): Record<string, unknown> {
  const space = readSpace(withGrids(config) as object)
  const random = fixedStream({})
  const variants = Array.from(
    { length: space.gridSize },
    (_, i) => space.resolve(space.sample(random, i), random).config,
  )
  return { count: space.gridSize, variants }
}

/** Ray Tune writes a grid as an object with one key. */
function withGrids(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withGrids)
  if (typeof value !== 'object' || value === null) return value
  if ('grid_search' in value) return gridSearch(value.grid_search as readonly unknown[])
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withGrids(inner)]))
}

const FACTORIES: Readonly<Record<string, (...args: never[]) => Domain>> = {
  choice,
  lograndint,
  loguniform,
  qlograndint,
  qloguniform,
  qrandint,
  qrandn,
  quniform,
  randint,
  randn,
  uniform,
}

function domainOf({ domain, args }: Draws): Domain {
  const factory = FACTORIES[domain]
  if (factory === undefined) throw new Error(`the domain ${domain} is not known`)
  return factory(...(args.map((arg) => numberOf(arg) ?? arg) as never[]))
}

function fixedStream({ u = [], z = [] }: Partial<Draws>): RandomStream {
  const [uniforms, normals] = [u.values(), z.values()]
  const stream: RandomStream = {
    path: 'recorded',
    next: () => valueFrom(uniforms),
    below: (n) => Math.floor(valueFrom(uniforms) * n),
    normal: () => valueFrom(normals),
    shuffle: (items) => items,
    fork: () => stream,
  }
  return stream
}

function valueFrom(recorded: Iterator<number>): number {
  const { value, done } = recorded.next()
  if (done === true) throw new Error('more was drawn than was recorded')
  return value
}
