import type { Params } from '../core/trial.ts'
import type { RandomStream } from '../random/random.ts'
import type { SuggestTrial } from './define-by-run.ts'

/**
 * The set that one parameter is drawn from, as plain data. `T` is the type of its values and exists for the compiler.
 * Bounds are inclusive unless said otherwise.
 */
export interface Domain<T = unknown> {
  readonly kind: 'float' | 'int' | 'categorical' | 'normal' | 'grid' | 'computed'
  readonly __type?: T
}

/** One parameter of a declared space. */
export interface Parameter {
  /** Where it stands: `optimizer/lr`, `layers/0`. */
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

/** A space that was read and checked. */
export interface Space {
  readonly kind: 'declared' | 'define-by-run'
  readonly parameters: readonly Parameter[]
  readonly gridSize: number
  /** Draws a complete point from the prior. */
  sample(random: RandomStream, gridIndex?: number): Params
  /**
   * Makes the configuration of a point; parameters it leaves out are drawn, each from its own fork of `random`.
   * @throws {SpaceError} when a value of the point lies outside its domain, or a path is not in the space.
   */
  resolve(point: Params, random: RandomStream): Resolved
  /**
   * The point that a (possibly partial, possibly nested) configuration stands for.
   * @throws {SpaceError} naming an unknown key or a value out of range.
   */
  toPoint(config: object): Params
}
