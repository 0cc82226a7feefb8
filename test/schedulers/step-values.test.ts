import { describe, expect, it } from 'vitest'
import { type StepCurve, addFirst } from '../../src/schedulers/step-values.ts'

describe('what a trial reported first at each step', () => {
  it('is in the order of the steps, in whichever order it was reported', () => {
    const curve: StepCurve = { steps: [], values: [] }
    const added = [3, 5, 1, 3, 5, 4, NaN, Infinity, -Infinity].map((step, i) => addFirst(curve, step, i))
    expect(added).toEqual([0, 1, 0, undefined, undefined, 2, undefined, 4, 0])
    expect(curve).toEqual({ steps: [-Infinity, 1, 3, 4, 5, Infinity], values: [8, 2, 0, 5, 1, 7] })
  })

  it('keeps the first report of a step also where that is NaN', () => {
    const curve: StepCurve = { steps: [], values: [] }
    expect([addFirst(curve, 1, NaN), addFirst(curve, 1, 2)]).toEqual([0, undefined])
    expect(curve.values).toEqual([NaN])
  })
})
