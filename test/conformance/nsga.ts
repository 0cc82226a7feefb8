/** Compares ranks, crowding, reference lines and the choice of survivors with Optuna's NSGA-II and NSGA-III. */
import type { Mode, Objective } from '../../src/core/objective.ts'
import { paretoFront } from '../../src/core/pareto.ts'
import { crowding } from '../../src/math/crowding.ts'
import { nonDominationRanks } from '../../src/math/non-domination.ts'
import {
  clippedLosses,
  nearestLines,
  normalizedLosses,
  referencePoints,
} from '../../src/math/reference-points.ts'
import { byCrowding, eliteOf } from '../../src/searchers/evolution/elite.ts'
import { lossesOf, violationOf } from '../../src/searchers/losses.ts'
import type { FixtureCase } from './fixture.ts'
import { difference, numberOf, type Tolerance } from './matching.ts'

/** Says what differs first, or nothing. */
export function runNsgaCase(testCase: FixtureCase, tolerance: Tolerance): string | undefined {
  const { input, kind } = testCase
  // Results are compared by the keys that the recording has: `paretoFront` stands beside some ranks only.
  const expected = testCase.expected as Readonly<Record<string, unknown>>
  switch (kind) {
    case 'rank':
    case 'rank-nan-observed':
      return differenceInAsked(ranked(input as RankInput), expected, tolerance)
    case 'crowding':
      return crowdingDifference(input as Valued, expected as unknown as CrowdingExpected, tolerance)
    case 'reference-points':
      return difference(
        { points: latticeOf(input as { readonly objectives: number; readonly divisions: number }) },
        expected,
        tolerance,
      )
    case 'niche':
      return nicheDifference(input as NicheInput, expected as unknown as NicheExpected, tolerance)
    case 'elite':
      return difference(
        { elite: survivors(input as EliteInput) },
        { elite: inOrder(expected['elite']) },
        tolerance,
      )
    default:
      return `cases of kind ${kind} are not known`
  }
}

interface Valued {
  readonly values: readonly (readonly unknown[])[]
}

interface RankInput extends Valued {
  readonly penalty: readonly unknown[] | null
  readonly nBelow: number | null
}

function ranked({ values, penalty, nBelow }: RankInput): Record<string, unknown> {
  const losses = rowsOf(values)
  const ranks = nonDominationRanks(losses, {
    violations: penalty?.map((value) => numberOf(value) as number),
    nBelow: nBelow ?? undefined,
  })
  const objectives = (losses[0] ?? []).map((_, i): Objective => ({ metric: String(i), mode: 'min' }))
  const records = losses.map((row, number) => ({ number, state: 'completed', values: row, constraints: {} }))
  const front = new Set(paretoFront(records, objectives).map(({ number }) => number))
  return { ranks: [...ranks], paretoFront: losses.map((_, i) => front.has(i)) }
}

interface CrowdingExpected {
  readonly distances: readonly unknown[]
  readonly order: readonly number[]
}

/** Equal distances may stand in any order, so each place of the order is compared by its distance. */
function crowdingDifference(
  { values }: Valued,
  expected: CrowdingExpected,
  tolerance: Tolerance,
): string | undefined {
  const { distances, order } = crowding(rowsOf(values))
  return difference(
    { distances: [...distances], falling: order.map((i) => distances[i]) },
    { distances: expected.distances, falling: expected.order.map((i) => expected.distances[i]) },
    tolerance,
  )
}

function latticeOf({
  objectives,
  divisions,
}: {
  readonly objectives: number
  readonly divisions: number
}): number[][] {
  return asRows(referencePoints(objectives, divisions), objectives)
}

interface NicheInput extends Valued {
  readonly divisions: number
}

interface NicheExpected {
  readonly clipped: readonly unknown[]
  readonly normalized: readonly unknown[]
  readonly closest: readonly number[]
  readonly distance: readonly unknown[]
}

function nicheDifference(
  { values, divisions }: NicheInput,
  expected: NicheExpected,
  tolerance: Tolerance,
): string | undefined {
  const rows = rowsOf(values)
  const m = rows[0]?.length ?? 0
  const clipped = clippedLosses(rows, m)
  const normalized = normalizedLosses(clipped, m)
  const lines = referencePoints(m, divisions)
  const { closest, distances } = nearestLines(normalized, lines, m)
  const distanceTo = (i: number, line: number): number =>
    nearestLines(normalized.subarray(i * m, (i + 1) * m), lines.subarray(line * m, (line + 1) * m), m)
      .distances[0] as number
  return difference(
    {
      clipped: asRows(clipped, m),
      normalized: asRows(normalized, m),
      distance: [...distances],
      // Of lines that tie, either is right.
      closest: expected.closest.map((line, i) =>
        distanceTo(i, line) <= (distances[i] as number) + 1e-9 ? line : closest[i],
      ),
    },
    expected,
    tolerance,
  )
}

interface EliteInput {
  readonly directions: readonly ('minimize' | 'maximize')[]
  readonly populationSize: number
  readonly trials: readonly {
    readonly number: number
    readonly values: readonly unknown[]
    readonly constraints: readonly unknown[]
  }[]
}

/** Numbers of the trials that survive, ascending: a set. */
function survivors({ directions, populationSize, trials }: EliteInput): number[] {
  const objectives = directions.map((direction, i): Objective => {
    const mode: Mode = direction === 'minimize' ? 'min' : 'max'
    return { metric: String(i), mode }
  })
  const members = trials.map(({ values, constraints }) => ({
    losses: lossesOf({ values: values.map((value) => numberOf(value) as number) }, objectives) ?? [],
    violation: violationOf({
      constraints: Object.fromEntries(constraints.map((value, i) => [i, numberOf(value) as number])),
    }),
  }))
  return inOrder(eliteOf(members, populationSize, byCrowding).map((i) => trials[i]?.number))
}

function inOrder(numbers: unknown): number[] {
  return (numbers as number[]).toSorted((a, b) => a - b)
}

function differenceInAsked(
  actual: Readonly<Record<string, unknown>>,
  expected: Readonly<Record<string, unknown>>,
  tolerance: Tolerance,
): string | undefined {
  const asked = Object.fromEntries(Object.keys(expected).map((key) => [key, actual[key]]))
  return difference(asked, expected, tolerance)
}

function rowsOf(values: readonly (readonly unknown[])[]): number[][] {
  return values.map((row) => row.map((value) => numberOf(value) as number))
}

function asRows(flat: Float64Array, m: number): number[][] {
  return Array.from({ length: flat.length / m }, (_, i) => [...flat.subarray(i * m, (i + 1) * m)])
}
