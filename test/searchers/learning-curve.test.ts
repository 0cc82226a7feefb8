import { describe, expect, it } from 'vitest'
import { addLoss, curveOf, emptyCurve, isLost, lossAt, reachOf } from '../../src/searchers/learning-curve.ts'
import { told } from './laws.ts'

const nothing = { params: {}, domains: {} }
const small = [{ metric: 'loss', mode: 'min' as const }]
const large = [{ metric: 'acc', mode: 'max' as const }]

describe('a learning curve', () => {
  it('has at each step the loss of the last report until then', () => {
    const trial = told(0, nothing, {
      values: [2],
      step: 5,
      intermediate: [
        [3, 4],
        [1, 9],
        [5, 2],
      ],
    })
    const curve = curveOf(trial, small)
    expect([0, 1, 2, 3, 4.9, 5, 99].map((step) => lossAt(curve, step))).toEqual([undefined, 9, 9, 4, 4, 2, 2])
    expect(reachOf(curve)).toBe(5)
  })

  it('is small where the metric is good, in either mode', () => {
    expect(lossAt(curveOf(told(0, nothing, { values: [0.9], intermediate: [] }), large), 1)).toBe(-0.9)
  })

  it('begins anew where a trial reports a step again, as after a failure', () => {
    const curve = emptyCurve()
    for (const [step, loss] of [
      [1, 5],
      [2, 4],
      [3, 3],
      [2, 8],
    ] as const)
      addLoss(curve, step, loss)
    expect(curve).toEqual({ steps: [1, 2], losses: [5, 8] })
  })

  it('counts NaN as infinitely bad, and passes over steps of NaN', () => {
    const curve = emptyCurve()
    addLoss(curve, 1, NaN)
    addLoss(curve, NaN, 0)
    expect(curve).toEqual({ steps: [1], losses: [Infinity] })
  })

  it('has a final value of unknown step at every step', () => {
    const curve = curveOf(told(0, nothing, { values: [7], step: undefined, intermediate: [] }), small)
    expect([reachOf(curve), lossAt(curve, Infinity)]).toEqual([Infinity, 7])
  })

  it('is lost when the trial failed or breaks a constraint', () => {
    const lost = [
      { state: 'failed' as const },
      { constraints: { limit: 1 } },
      { constraints: { limit: NaN } },
      {},
    ]
    expect(lost.map((more) => isLost(told(0, nothing, more)))).toEqual([true, true, true, false])
  })
})
