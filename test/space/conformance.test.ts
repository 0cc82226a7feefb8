import { describe, expect, it } from 'vitest'
import { type FixtureCase, readFixture } from '../conformance/fixture.ts'
import type { Tolerance } from '../conformance/matching.ts'
import { runRayDomainsCase } from '../conformance/ray-domains.ts'
import { runSpaceTransformCase } from '../conformance/space-transform.ts'

const EXACT: Tolerance = { abs: 0, rel: 0 }

function fixture(name: string): { cases: readonly FixtureCase[]; tolerance: Tolerance } {
  const read = readFixture(`${import.meta.dirname}/../fixtures/numerics/${name}.json`)
  if (typeof read === 'string') throw new Error(read)
  return { cases: read.cases as readonly FixtureCase[], tolerance: read.tolerance }
}

describe('domains', () => {
  const { cases, tolerance } = fixture('ray_domains')

  it.each(cases)('agree with Ray Tune: $name', (testCase) => {
    expect(runRayDomainsCase(testCase, tolerance)).toBeUndefined()
  })

  it('would be found out: a sample that differs is reported with its place and both values', () => {
    const input = { domain: 'uniform', args: [0, 2], u: [0.5] }
    const expected = { samples: [1.5], isInteger: false }
    expect(runRayDomainsCase({ name: 'wrong', kind: 'sample', input, expected }, EXACT)).toBe(
      'samples/0: expected 1.5, got 1',
    )
    const refused = {
      name: 'wrong',
      kind: 'validation',
      input: { ...input, args: [2, 0] },
      expected: { error: null },
    }
    expect(runRayDomainsCase(refused, EXACT)).toMatch(/^error: expected none, got x: uniform\(2, 0\)/)
  })
})

describe('encoding', () => {
  const { cases, tolerance } = fixture('space_transform')

  it.each(cases)('agrees with Optuna: $name', (testCase) => {
    expect(runSpaceTransformCase(testCase, tolerance)).toBeUndefined()
  })

  it('would be found out: a bound that differs is reported with its place and both values', () => {
    const input = { low: 0, high: 10, step: 3 }
    expect(
      runSpaceTransformCase({ name: 'wrong', kind: 'adjust', input, expected: { high: 10 } }, EXACT),
    ).toBe('high: expected 10, got 9')
  })
})
