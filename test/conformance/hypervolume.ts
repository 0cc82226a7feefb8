/** Compares hypervolumes and greedy choices of points with Optuna's and with moocore's. */
import { OptionError } from '../../src/errors.ts'
import { hypervolume } from '../../src/math/hypervolume.ts'
import { hypervolumeSubset } from '../../src/math/hypervolume-subset.ts'
import type { FixtureCase } from './fixture.ts'
import { difference, numberOf, type Tolerance } from './matching.ts'

interface HypervolumeInput {
  readonly points: readonly (readonly unknown[])[]
  readonly reference: readonly unknown[]
  readonly k: number
}

/** Says what differs first, or nothing. */
export function runHypervolumeCase(testCase: FixtureCase, tolerance: Tolerance): string | undefined {
  const input = testCase.input as HypervolumeInput
  const points = input.points.map(numbersOf)
  const reference = numbersOf(input.reference)
  // A case lists only what its recording had: an independent volume, or the volume of a choice, may be missing.
  const expected = testCase.expected as Readonly<Record<string, unknown>>
  const actual: Record<string, unknown> =
    testCase.kind === 'hssp' ? chosen(points, input.k, reference) : volume(points, reference)
  const asked = Object.fromEntries(Object.keys(expected).map((key) => [key, actual[key]]))
  return difference(asked, expected, tolerance)
}

function volume(points: readonly number[][], reference: readonly number[]): Record<string, unknown> {
  try {
    const value = hypervolume(points, reference)
    return { hypervolume: value, moocore: value }
  } catch (error) {
    if (!(error instanceof OptionError)) throw error
    // The recorded name is Python's.
    return { error: 'ValueError' }
  }
}

function chosen(
  points: readonly number[][],
  k: number,
  reference: readonly number[],
): Record<string, unknown> {
  const selected = hypervolumeSubset(points, k, reference)
  return {
    selected,
    selectedSorted: selected.toSorted((a, b) => a - b),
    hypervolume: hypervolume(
      selected.map((i) => points[i] as number[]),
      reference,
    ),
  }
}

function numbersOf(row: readonly unknown[]): number[] {
  return row.map((value) => numberOf(value) as number)
}
