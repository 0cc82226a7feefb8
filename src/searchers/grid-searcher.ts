import { type Checks, describe, must, nearest, readOptions } from '../core/options.ts'
import { isPlainObject } from '../core/metrics.ts'
import type { Params } from '../core/trial.ts'
import { OptionError, SpaceError } from '../errors.ts'
import { cardinality, contains, pointKey, valuesOf } from '../space/encoding.ts'
import { randomStream } from '../random/random.ts'
import type { Domain, Parameter, Space } from '../space/space.ts'
import { type Axis, combinations, inOrder } from './combinations.ts'
import { checkKept } from './exact-points.ts'
import { SEARCHER_CHECKS, SEARCHER_DEFAULTS, type Searcher, type SearcherOptions } from './searcher.ts'

/** Values to try, by the path of their parameter: `{ 'optimizer/lr': [0.01, 0.1] }`. */
export type Grid = Readonly<Record<string, readonly unknown[]>>

/** Options of `gridSearcher`. */
export interface GridSearcherOptions extends SearcherOptions {
  /** Values of parameters that have infinitely many, or of which only some shall be tried. */
  readonly grid?: Grid | undefined
  /** Whether the combinations come in a random order. Default false. */
  readonly shuffle?: boolean | undefined
}

const DEFAULTS = { ...SEARCHER_DEFAULTS, grid: {}, shuffle: false }

const CHECKS: Checks<GridSearcherOptions> = {
  ...SEARCHER_CHECKS,
  grid: (grid) => {
    if (!isPlainObject(grid)) return 'must be an object of arrays, such as { lr: [0.01, 0.1] }.'
    const bad = Object.keys(grid).find((path) => !Array.isArray(grid[path]) || grid[path].length === 0)
    return bad === undefined ? undefined : `must hold an array with at least one value for ${bad}.`
  },
  shuffle: must.beBoolean,
}

// To be shuffled, a grid has to be in memory.
const SHUFFLED_MAX = 1_000_000

// A parameter with more values than that is as good as infinite, and its values are not listed.
const VALUES_MAX = 1_000_000

/**
 * Goes through all combinations of a finite space, each once, and then has finished; results change nothing.
 * Parameters are taken by name and the last one varies fastest, as in Optuna's GridSampler; a branch comes before its
 * parameters, and a parameter of a case is varied only where its case is taken. `sampleFrom` is computed for each
 * combination. Combinations that `where` forbids are left out; a million of them in a row are an error. Time per
 * suggestion: O(parameters). `numSamples` is how many combinations to try, from the first. Default: all, once.
 *
 * In a define-by-run space, whose parameters are not known before, the combinations are those of `grid`; parameters that
 * it does not name are drawn. Where the function asks for some of its names only, combinations that come to the same are
 * tried once. The function is run beforehand, for up to 1,000 combinations.
 *
 * @param options.grid - Values by path, for parameters with infinitely many, or to try only some.
 * @param options.shuffle - A random order, by `seed`; at most 1,000,000 combinations. Default false.
 * @throws {OptionError} where the experiment is made, when a parameter has infinitely many values and `grid` has none
 *   for it, or `grid` names a parameter that is not in the space.
 * @throws {SpaceError} likewise, when a value of `grid` lies outside its parameter's domain, or a define-by-run function
 *   asks for a name of `grid` in no combination.
 * @example new Tuner(train, { paramSpace: { lr: uniform(0, 1) }, searcher: gridSearcher({ grid: { lr: [0, 0.5, 1] } }) })
 */
export function gridSearcher(options: GridSearcherOptions = {}): Searcher {
  const given = readOptions('gridSearcher', options, DEFAULTS, CHECKS)
  const { grid, shuffle, ...common } = given
  return {
    name: 'gridSearcher',
    options: common,
    expandsGrid: true,
    ignoresResults: true,
    exhaustive: true,
    check(space) {
      if (space.kind === 'define-by-run' && Object.keys(grid).length === 0) throw undeclared()
      if (space.kind === 'declared')
        for (const path of Object.keys(grid)) checkPath(path, grid, space.parameters)
      const axes = axesFor(space.parameters, grid)
      if (space.kind === 'define-by-run') checkByRunning(axes, space.resolve)
    },
    start({ parameters, random, saved }) {
      const order = axesFor(parameters, grid)
      const points = shuffle ? random.fork('shuffle').shuffle(listed(order)).values() : combinations(order)
      // A point that was turned down is gone: the next try gets the next.
      let taken = 0
      const next = (): Params | undefined => {
        const { value, done } = points.next()
        if (done === true) return undefined
        taken++
        return value
      }
      const { taken: before } = (saved ?? { taken: 0 }) as { readonly taken: number }
      while (taken < before && next() !== undefined);
      return {
        suggest: () => {
          const point = next()
          return point === undefined ? { kind: 'finished' } : { kind: 'point', point, isExact: true }
        },
        tell: () => {},
        save: () => ({ taken }),
      }
    },
  }
}

function axesFor(parameters: readonly Parameter[], grid: Grid): Axis[] {
  if (parameters.length === 0) {
    return inOrder(
      Object.entries(grid).map(([path, values]) => ({ path, when: [], values: distinct(values) })),
    )
  }
  const dimensions = parameters.filter(({ domain }) => domain.kind !== 'computed')
  return inOrder(
    dimensions.map(({ path, when, domain }) => ({ path, when, values: valuesFor(path, domain, grid) })),
  )
}

function valuesFor(path: string, domain: Domain, grid: Grid): readonly unknown[] {
  // A name may have another domain in another case: each case takes the values that its domain has.
  const values = grid[path]?.filter((value) => contains(domain, value)) ?? []
  if (values.length > 0) return distinct(values)
  const count = cardinality(domain)
  if (count <= VALUES_MAX) return valuesOf(domain)
  throw new OptionError(
    'gridSearcher.grid',
    `gridSearcher cannot go through all values of ${path}: there are ${count === Infinity ? 'infinitely many' : count}. Name those to try in gridSearcher({ grid: { '${path}': […] } }), or give it a domain with few, such as quniform, randint or choice.`,
  )
}

function distinct(values: readonly unknown[]): unknown[] {
  return [...new Map(values.map((value) => [pointKey({ value }), value])).values()]
}

function checkPath(path: string, grid: Grid, parameters: readonly Parameter[]): void {
  const homes = parameters.filter((parameter) => parameter.path === path)
  if (homes.length === 0) throw unknownPath(path, parameters)
  for (const value of grid[path] as readonly unknown[]) {
    if (homes.some(({ domain }) => contains(domain, value))) continue
    throw new SpaceError(
      path,
      `gridSearcher.grid has ${describe(value)}, which is not in the domain. Leave it out, or widen the domain.`,
      { received: value },
    )
  }
}

// How many combinations a define-by-run function is run for before the search begins.
const CHECKED_MAX = 1_000

function checkByRunning(axes: readonly Axis[], resolve: Space['resolve'] | undefined): void {
  if (resolve === undefined) return
  const random = randomStream('gridSearcher')
  const unseen = new Set(axes.map(({ path }) => path))
  const suggested = new Set<string>()
  let count = 0
  for (const point of combinations(axes)) {
    // Beyond that, what nobody has asked for yet may still be asked for.
    if (count++ === CHECKED_MAX) return
    const resolved = resolve(point, random.fork(count))
    checkKept(point, resolved)
    for (const path of Object.keys(resolved.params)) {
      unseen.delete(path)
      suggested.add(path)
    }
  }
  // Something that is drawn may make the function ask for it.
  for (const path of suggested) if (!axes.some((axis) => axis.path === path)) return
  const [path] = unseen
  if (path !== undefined) throw neverAsked(path, [...suggested])
}

function neverAsked(path: string, suggested: readonly string[]): SpaceError {
  const near = nearest(path, suggested)
  const hint =
    near === undefined ? `It asks for ${suggested.join(', ') || 'no names'}.` : `Did you mean ${near}?`
  return new SpaceError(path, `is in gridSearcher.grid, but the space function never asks for it. ${hint}`)
}

function unknownPath(path: string, parameters: readonly Parameter[]): OptionError {
  const known = parameters.map((parameter) => parameter.path)
  const near = nearest(path, known)
  const hint = near === undefined ? `There are ${known.join(', ')}.` : `Did you mean ${near}?`
  return new OptionError(
    'gridSearcher.grid',
    `gridSearcher.grid: the space has no parameter ${path}. ${hint}`,
    {
      received: path,
    },
  )
}

function undeclared(): OptionError {
  return new OptionError(
    'gridSearcher.grid',
    'gridSearcher cannot know the parameters of a define-by-run space before it runs. Name their values in gridSearcher({ grid: { … } }), or declare the space as an object.',
  )
}

function listed(axes: readonly Axis[]): Params[] {
  const points: Params[] = []
  for (const point of combinations(axes)) {
    if (points.length === SHUFFLED_MAX) {
      throw new OptionError(
        'gridSearcher.shuffle',
        `gridSearcher.shuffle keeps all combinations in memory, and there are more than ${SHUFFLED_MAX}. Leave it out, or use randomSearch().`,
      )
    }
    points.push(point)
  }
  return points
}
