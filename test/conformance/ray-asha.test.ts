import { describe, expect, it } from 'vitest'
import { type FixtureCase, readFixture } from './fixture.ts'
import { runRayAshaCase } from './ray-asha.ts'

const fixture = readFixture('test/fixtures/schedulers/ray_asha.json')
if (typeof fixture === 'string') throw new Error(fixture)
const { tolerance } = fixture
const recorded = (fixture.cases as FixtureCase[]).find(({ name }) =>
  name.startsWith('asha-12'),
) as FixtureCase

/** The case with one field of its first fitting event, or of what was derived, changed. */
function tampered(
  fits: (event: Record<string, unknown>) => boolean,
  change: Record<string, unknown>,
): FixtureCase {
  const copy = structuredClone(recorded)
  const event = (copy['events'] as Record<string, unknown>[]).find(fits)
  if (event === undefined) throw new Error('no event fits')
  Object.assign(event, change)
  return copy
}

describe('the check against Ray Tune’s decisions', () => {
  it('passes what was recorded', () => {
    expect(runRayAshaCase(recorded, tolerance)).toBeUndefined()
  })

  it.each([
    [
      'a decision',
      (e) => e['decision'] === 'CONTINUE',
      { decision: 'STOP' },
      /decision: expected "STOP", got "CONTINUE"/,
    ],
    ['a rung', (e) => e['rung'] === 2 && e['type'] === 'result', { rung: 4 }, /rung: expected 4, got 2/],
    ['a cutoff', (e) => typeof e['cutoff'] === 'number', { cutoff: 0.123 }, /cutoff: expected 0\.123/],
    ['no cutoff', (e) => e['cutoff'] === null, { cutoff: 0 }, /cutoff: expected 0, got null/],
    [
      'a rung at the end',
      (e) => e['type'] === 'complete' && 'rung' in e,
      { rung: 77 },
      /complete.*rung: expected 77/,
    ],
    ['the next trial', (e) => e['type'] === 'choose', { trial: 9 }, /choose.*trial: expected 9, got 0/],
    ['a bracket', (e) => e['type'] === 'add', { bracket: 17 }, /add of trial 0/],
    ['an event', (e) => e['type'] === 'error' || e['type'] === 'complete', { type: 'vanish' }, /vanish/],
  ] as [string, (event: Record<string, unknown>) => boolean, Record<string, unknown>, RegExp][])(
    'notices %s that differs',
    (_what, fits, change, message) => {
      const run = (): string => {
        const problem = runRayAshaCase(tampered(fits, change), tolerance)
        if (problem === undefined) return 'passed'
        throw new Error(problem)
      }
      expect(run).toThrow(message)
    },
  )

  it.each([
    ['rungs', [[8, 4, 2]], /derived\/rungs/],
    ['bracketProbabilities', [0.5, 0.5], /derived\/bracketProbabilities/],
  ])('notices derived %s that differ', (field, value, message) => {
    const derived = { ...(recorded['derived'] as object), [field]: value }
    expect(runRayAshaCase({ ...recorded, derived }, tolerance)).toMatch(message)
  })

  it('goes on with the recorded decision where the last bits decide', () => {
    const change = { decision: 'STOP', ulp: true }
    expect(
      runRayAshaCase(
        tampered((e) => e['decision'] === 'CONTINUE', change),
        tolerance,
      ),
    ).toBeUndefined()
  })
})
