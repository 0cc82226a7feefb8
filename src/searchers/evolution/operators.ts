import { isPlainObject } from '../../core/metrics.ts'
import { type Check, describe, must, nearest } from '../../core/options.ts'
import { assertNever } from '../../errors.ts'
import { blxAlpha } from './blx-alpha.ts'
import type { Crossover } from './crossover.ts'
import { type Mutation, polynomialMutation, uniformMutation } from './mutation.ts'
import { sbx } from './sbx.ts'
import { spx } from './spx.ts'
import { undx } from './undx.ts'
import { uniformCrossover } from './uniform.ts'
import { vsbx } from './vsbx.ts'

/** How numbers of several parents become those of one child, with the operator's own options. */
export type CrossoverOptions =
  | { readonly kind: 'uniform' }
  | {
      readonly kind: 'blxAlpha'
      /** By how much the interval between two parents is widened on both sides, in its lengths. From 0. Default 0.5. */
      readonly alpha?: number | undefined
    }
  | {
      readonly kind: 'sbx' | 'vsbx'
      /** Distribution index, from 0: the larger, the nearer to the parents. Default 2 for one objective, 20 for several. */
      readonly eta?: number | undefined
      /** How likely the two children exchange a parameter. From 0 to 1. Default 0.5. */
      readonly uniformCrossoverProb?: number | undefined
      /** How likely a parameter is a new child's and not a parent's. From 0 to 1. Default 0.5. */
      readonly useChildGeneProb?: number | undefined
    }
  | {
      readonly kind: 'spx'
      /** By how much the triangle of the parents is blown up, above 0. Default: √(parameters + 2). */
      readonly epsilon?: number | undefined
    }
  | {
      readonly kind: 'undx'
      /** Deviation along the line through two parents, in their distances. Above 0. Default 0.5. */
      readonly sigmaXi?: number | undefined
      /** Deviation across that line, in distances of the third parent. Above 0. Default: 0.35 / √parameters. */
      readonly sigmaEta?: number | undefined
    }

/** How a single parameter changes. */
export type MutationOptions =
  | {
      readonly kind: 'polynomial'
      /** Distribution index, from 0: the larger, the smaller the changes. Default 20. */
      readonly eta?: number | undefined
    }
  | { readonly kind: 'uniform' }

/** Defaults of each operator's own options; what depends on the number of parameters is in the operator itself. */
export const OPERATOR_DEFAULTS = {
  blxAlpha: { alpha: 0.5 },
  sbx: { eta: { one: 2, several: 20 }, uniformCrossoverProb: 0.5, useChildGeneProb: 0.5 },
  undx: { sigmaXi: 0.5 },
  polynomial: { eta: 20 },
} as const

/** Checks of each operator's own options, by its kind. */
type OperatorTable<Kind extends string> = Readonly<Record<Kind, Readonly<Record<string, Check<number>>>>>

const probability = must.within(0, 1)
const sbxChecks = {
  eta: must.from(0),
  uniformCrossoverProb: probability,
  useChildGeneProb: probability,
}

const CROSSOVERS: OperatorTable<CrossoverOptions['kind']> = {
  uniform: {},
  blxAlpha: { alpha: must.from(0) },
  sbx: sbxChecks,
  vsbx: sbxChecks,
  spx: { epsilon: must.above(0) },
  undx: { sigmaXi: must.above(0), sigmaEta: must.above(0) },
}

const MUTATIONS: OperatorTable<MutationOptions['kind']> = { polynomial: { eta: must.from(0) }, uniform: {} }

/** Says what is wrong with a `crossover` option, or nothing. */
export const checkCrossover = (given: unknown): string | undefined => problemOf(given, CROSSOVERS)

/** Says what is wrong with a `mutation` option, or nothing. */
export const checkMutation = (given: unknown): string | undefined => problemOf(given, MUTATIONS)

function problemOf(given: unknown, table: OperatorTable<string>): string | undefined {
  const kinds = Object.keys(table)
  const known = kinds.map((kind) => `'${kind}'`).join(', ')
  const kind: unknown = isPlainObject(given) ? given['kind'] : given
  if (typeof kind !== 'string' || !Object.hasOwn(table, kind)) {
    return `must be one of ${known}, or an object with one of them as its kind.`
  }
  if (!isPlainObject(given)) return undefined
  const checks = table[kind] as Readonly<Record<string, Check<number>>>
  for (const [key, value] of Object.entries(given)) {
    if (key === 'kind' || value === undefined) continue
    const check = Object.hasOwn(checks, key) ? checks[key] : undefined
    if (check === undefined) {
      const near = nearest(key, Object.keys(checks))
      return `has no option ${key} for '${kind}'${near === undefined ? '' : `; did you mean ${near}?`}.`
    }
    const problem = check(value as number)
    if (problem !== undefined) return `needs another ${key}: it ${problem} It is ${describe(value)}.`
  }
  return undefined
}

/**
 * The operator that a checked option names.
 * @param several - Whether there are several objectives, on which some defaults depend.
 */
export function crossoverOf(
  given: CrossoverOptions['kind'] | CrossoverOptions,
  swappingProb: number,
  several: boolean,
): Crossover {
  const options: CrossoverOptions = typeof given === 'string' ? { kind: given } : given
  switch (options.kind) {
    case 'uniform':
      return uniformCrossover(swappingProb)
    case 'blxAlpha':
      return blxAlpha(options.alpha ?? OPERATOR_DEFAULTS.blxAlpha.alpha)
    case 'sbx':
    case 'vsbx': {
      const defaults = OPERATOR_DEFAULTS.sbx
      const {
        eta = several ? defaults.eta.several : defaults.eta.one,
        uniformCrossoverProb = defaults.uniformCrossoverProb,
        useChildGeneProb = defaults.useChildGeneProb,
      } = options
      return (options.kind === 'sbx' ? sbx : vsbx)({ eta, uniformCrossoverProb, useChildGeneProb })
    }
    case 'spx':
      return spx(options.epsilon)
    case 'undx':
      return undx(options.sigmaXi ?? OPERATOR_DEFAULTS.undx.sigmaXi, options.sigmaEta)
    default:
      return assertNever(options, 'crossover')
  }
}

/** The operator that a checked option names. */
export function mutationOf(given: MutationOptions['kind'] | MutationOptions): Mutation {
  const options: MutationOptions = typeof given === 'string' ? { kind: given } : given
  return options.kind === 'uniform'
    ? uniformMutation
    : polynomialMutation(options.eta ?? OPERATOR_DEFAULTS.polynomial.eta)
}
