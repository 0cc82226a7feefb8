import { describe, expect, it } from 'vitest'
import { analyticProblems, evaluate, recordedProblems } from './analytic.ts'

describe('the analytic problems', () => {
  it.each(recordedProblems)('give the recorded values: $name', ({ name, check }) => {
    expect(check.length).toBeGreaterThan(0)
    for (const { config, values, constraints = [] } of check) {
      const outcome = evaluate(name, config)
      outcome.values.forEach((value, i) => expect(value).toBeCloseTo(values[i] as number, 8))
      outcome.constraints.forEach((value, i) => expect(value).toBeCloseTo(constraints[i] as number, 8))
      expect(outcome.constraints.length).toBe(constraints.length)
    }
  })

  it('have their optimum where the shifted forms say', async () => {
    const at = (name: string) => analyticProblems().find((problem) => problem.name === name)
    const centre = { x0: 0, x1: 0, x2: 0, x3: 0, x4: 0 }
    const moved = { x0: 11.3, x1: -11.3, x2: 11.3, x3: -11.3, x4: 11.3 }
    expect((await at('ackley5-shifted')?.evaluate(moved))?.values[0]).toBeCloseTo(0, 9)
    expect((await at('ackley5-shifted')?.evaluate(centre))?.values[0]).toBeGreaterThan(10)
  })
})
