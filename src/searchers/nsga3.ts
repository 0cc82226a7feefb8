import { type Checks, describe, must, readOptions } from '../core/options.ts'
import { OptionError } from '../errors.ts'
import { referencePoints } from '../math/reference-points.ts'
import { evolve } from './evolution/evolution.ts'
import { byNiches } from './evolution/niching.ts'
import {
  checkFamily,
  EVOLUTION_CHECKS,
  EVOLUTION_DEFAULTS,
  type EvolutionOptions,
} from './evolution/options.ts'
import type { Searcher } from './searcher.ts'
import { inThread } from './thread.ts'

/** Options of `nsga3`. */
export interface Nsga3Options extends EvolutionOptions {
  /**
   * Directions in which trade-offs are wanted: rows of numbers from 0, one an objective, none all 0. Default: spread
   * evenly, by `dividingParameter`.
   */
  readonly referencePoints?: readonly (readonly number[])[] | undefined
  /** Into how many parts each edge between two objectives is divided. Integer from 1. Default 3. */
  readonly dividingParameter?: number | undefined
}

const DEFAULTS = { ...EVOLUTION_DEFAULTS, referencePoints: undefined, dividingParameter: 3 } as const

const CHECKS: Checks<Nsga3Options> = {
  ...EVOLUTION_CHECKS,
  referencePoints: (rows) => {
    const expected = 'must be rows of equal length, each of finite numbers from 0, of which one is above 0'
    if (!Array.isArray(rows) || rows.length === 0) return `${expected}.`
    const isRow = (row: unknown): boolean =>
      Array.isArray(row) &&
      row.length === rows[0]?.length &&
      row.every((x) => typeof x === 'number' && x >= 0 && x < Infinity) &&
      row.some((x) => x > 0)
    const bad = rows.findIndex((row) => !isRow(row))
    return bad < 0 ? undefined : `${expected}. Row ${bad} is ${describe(rows[bad])}.`
  },
  dividingParameter: must.integerFrom(1),
}

// Beyond that, finding the line of each member would take longer than most trainings.
const LINES_MAX = 10_000

/**
 * `nsga2` for many objectives, where almost no trial beats another: those survive that stand by directions, spread over
 * all trade-offs, in which few others are. Take it from four objectives on; with fewer, `nsga2` spreads as well.
 * Source: Deb & Jain 2014, IEEE TEC 18(4), with Das & Dennis's directions. How children are made, which trials breed, and
 * what NaN, failed trials, branches and constraints do, is as in `nsga2`.
 *
 * Time per suggestion and per result: O(populationSize · directions · objectives).
 *
 * @param options.referencePoints - Directions of your own. Default: all ways to share `dividingParameter` units.
 * @param options.dividingParameter - From 1. Default 3: 10 directions for 3 objectives, 165 for 9.
 * @param options.populationSize - As in `nsga2`, and so are all other options. Default 50.
 * @throws {OptionError} when an option is not known or cannot be used, or both of these are given; where the experiment is made, when it has no
 *   metric, `referencePoints` are for another number of objectives, or there would be more than 10,000 directions.
 * @example new Tuner(train, { paramSpace, metric: ['a', 'b', 'c', 'd'], mode: Array(4).fill('min'), searcher: nsga3() })
 */
export function nsga3(options: Nsga3Options = {}): Searcher {
  const given = readOptions('nsga3', options, DEFAULTS, CHECKS)
  checkFamily('nsga3', given)
  const { referencePoints: own, dividingParameter: divisions } = given
  if (own !== undefined && options.dividingParameter !== undefined) {
    throw new OptionError(
      'nsga3.dividingParameter',
      `nsga3.dividingParameter spreads directions, but referencePoints gives them. Leave one of the two out. Got ${divisions}.`,
      { received: divisions },
    )
  }
  const searcher: Searcher = {
    name: 'nsga3',
    options: given,
    objectives: 'some',
    isRebuiltByTells: true,
    check(_space, objectives) {
      const m = objectives.length
      if (own !== undefined && own[0]?.length !== m) {
        throw new OptionError(
          'nsga3.referencePoints',
          `nsga3.referencePoints are for ${own[0]?.length} objectives, but there are ${m}. Give each row ${m} numbers, or leave the option out.`,
          { received: own },
        )
      }
      if (own === undefined && latticeSize(m, divisions) > LINES_MAX) {
        throw new OptionError(
          'nsga3.dividingParameter',
          `nsga3.dividingParameter: ${divisions} makes more than ${LINES_MAX} directions for ${m} objectives. Give a smaller one, or referencePoints of your own.`,
          { received: divisions },
        )
      }
    },
    start(context) {
      const m = context.objectives.length
      const lines = own === undefined ? referencePoints(m, divisions) : Float64Array.from(own.flat())
      return evolve(context, given, {
        cut: (random) => byNiches(lines, random),
        isCrowdingCompared: false,
      })
    },
  }
  return inThread(searcher, given)
}

/** How many ways there are to share `divisions` units among `m` objectives. */
function latticeSize(m: number, divisions: number): number {
  let count = 1
  for (let i = 1; i < m && count <= LINES_MAX * m; i++) count = (count * (divisions + i)) / i
  return count
}
