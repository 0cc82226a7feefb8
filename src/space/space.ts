import type { Params } from '../core/trial.ts'
import type { RandomStream } from '../random/random.ts'
import type { Domain } from './domain.ts'
import type { SuggestTrial } from './suggest.ts'

export type { Domain } from './domain.ts'

/** One parameter of a declared space. */
export interface Parameter {
  /** Where it stands: `optimizer/lr`, `layers/0`. A parameter of a `branch` stands beside the branch. */
  readonly path: string
  readonly domain: Domain
  /** The branches that must have been taken for it to exist, outermost first; empty when it always does. */
  readonly when: readonly { readonly path: string; readonly value: string }[]
}

/** A configuration with the parameters it was made from. */
export interface Resolved {
  readonly config: unknown
  readonly params: Params
  readonly domains: Readonly<Record<string, Domain>>
}

/** A space as users write it: nested objects, arrays, domains and constants, or a define-by-run function. */
export type SpaceDefinition = object | ((trial: SuggestTrial) => object | undefined | void)

/** How exactly a point is taken. */
export interface ResolveOptions {
  /**
   * Define-by-run only, since declared spaces are always strict: whether a value out of range and a name that is never
   * suggested are errors, as for points that a user gave, or are drawn anew and passed over, as for a searcher's guess
   * at a space that it knows from its history. Default false.
   */
  readonly strict?: boolean
}

/** A space that was read and checked. */
export interface Space {
  readonly kind: 'declared' | 'define-by-run'
  /** In declared order, a branch before the parameters of its cases; empty for define-by-run. */
  readonly parameters: readonly Parameter[]
  /** How many combinations the `gridSearch` axes have; 1 when there are none. */
  readonly gridSize: number
  /**
   * Draws a point from the prior: every parameter in order from one stream. Computed values are left to `resolve`.
   * @param gridIndex - From 0 to below `gridSize`: which combination of the `gridSearch` axes. Without it they are drawn.
   */
  sample(random: RandomStream, gridIndex?: number): Params
  /**
   * Makes the configuration of a point, as a copy of its own; parameters it leaves out are drawn, each from its own fork
   * of `random`. A branch that is left out is drawn among the cases that fit the rest of the point.
   * @throws {SpaceError} when a value of the point lies outside its domain, a path is not in the space or belongs to a
   * branch not taken, or a function of the user's throws or gives what cannot be used.
   */
  resolve(point: Params, random: RandomStream, options?: ResolveOptions): Resolved
  /**
   * The point that a (possibly partial, nested or flat) configuration stands for. Constants may be repeated.
   * @throws {SpaceError} naming an unknown key, a value out of range or a constant that differs. Define-by-run: never,
   * since only running the function tells; `resolve` with `strict` does.
   */
  toPoint(config: object): Params
}
