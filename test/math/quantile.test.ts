import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { quantileOfSorted } from '../../src/math/quantile.ts'

describe('the quantile of a sorted array', () => {
  // Recorded from numpy 2.4: numpy.quantile(values, q).
  it.each([
    [[-29.065, -26.151], 0.6, -27.3166],
    [
      [0.15061642402352393, 0.47026350752244794, 0.7582302462868173, 1.321854873031428, 46.229],
      0.6666666666666667,
      1.1339799974498912,
    ],
    [
      [-201.518, -1.419386020892132, 0.32789665192709316, 0.5740227352895624, 149.135],
      0.75,
      0.5740227352895624,
    ],
    [
      [-1.8694236238317397, 0.2111249836755983, 0.5417659424595235, 1.9022786173852906],
      0.6,
      0.4756377507027384,
    ],
    [[1.0471447927325486, 1.5251235981050084, 80.815], 0.33333333333333337, 1.3657973296475219],
    [[-54.065, -37.282, -19.988, -2.143830150327174, 0.0769707047054119], 0.6, -12.85033206013087],
    [[-54.722, 0.8668325364265608, 0.9406212554239632], 0.6, 0.8815902802260412],
    [[-287.352, -118.487, 0.060080510627723016, 1.201734968499696], 0.6, -23.64933559149784],
    [[-48.3, 0.06057680364579732, 12.78, 178.214], 0.6, 10.236115360729157],
    [
      [
        -1.2197793987872956, -0.6972569914396555, 0.07994833839468829, 0.09702239261449641,
        0.13142077855778256, 0.30987567858046544, 81.064,
      ],
      0.33333333333333337,
      0.07994833839468829,
    ],
    [[0.8067772376254574], 0.5, 0.8067772376254574],
    [
      [
        -2.2436643496401416, -1.8969191835826, 0.2903987573070167, 0.622660480342162, 0.6419372564966531,
        0.753380460016334, 43.541,
      ],
      0.75,
      0.6976588582564935,
    ],
    [[-87.575, 0.49723551993831494, 0.861531124026087], 0.75, 0.679383321982201],
    [[13.644], 0.5, 13.644],
  ] as [number[], number, number][])('of %j at %d is numpy’s %d to the last bit', (values, q, expected) => {
    expect(quantileOfSorted(values, values.length, q)).toBe(expected)
  })

  it('counts only as many as it is told', () => {
    expect(quantileOfSorted([1, 2, 3, 1000, 1000], 3, 0.5)).toBe(2)
  })

  it.each([
    [[-Infinity, 0], 0.5, -Infinity],
    [[0, Infinity], 0.5, Infinity],
    [[-Infinity, Infinity], 0.25, -Infinity],
    [[-Infinity, Infinity], 0.5, -Infinity],
    [[-Infinity, Infinity], 0.75, Infinity],
    [[Infinity, Infinity], 0.75, Infinity],
    [[-1e308, 1e308], 0.5, 0],
  ])('of %j at %d is the limit %d', (values, q, expected) => {
    expect(quantileOfSorted(values, values.length, q)).toBe(expected)
  })

  it('lies between its neighbours and never falls as q grows', () => {
    const sorted = fc
      .array(fc.double({ noNaN: true }), { minLength: 1 })
      .map((values) => values.toSorted((a, b) => a - b))
    const share = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(sorted, share, share, (values, a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)].map((q) =>
          quantileOfSorted(values, values.length, q),
        )
        expect(low).toBeGreaterThanOrEqual(values[0] as number)
        expect(high).toBeLessThanOrEqual(values.at(-1) as number)
        // The two forms of the interpolation meet within a rounding error.
        const slack = Number.isFinite(low)
          ? 1e-15 * Math.max(Math.abs(values[0] as number), Math.abs(values.at(-1) as number))
          : 0
        expect(high as number).toBeGreaterThanOrEqual((low as number) - slack)
      }),
    )
  })
})
