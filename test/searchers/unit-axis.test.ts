import { describe, expect, it } from 'vitest'
import { unitAxisOf } from '../../src/searchers/unit-axis.ts'
import { choice } from '../../src/space/choices.ts'
import { randint } from '../../src/space/integers.ts'
import { loguniform } from '../../src/space/numbers.ts'
import { readSpace } from '../../src/space/read-space.ts'

function axisOf(definition: object) {
  const [parameter] = readSpace({ x: definition }).parameters
  if (parameter === undefined) throw new Error('no parameter')
  return unitAxisOf(parameter.domain)
}

describe('a parameter as a number from 0 to 1', () => {
  it('runs along the scale of a number', () => {
    const axis = axisOf(loguniform(1e-4, 1))
    expect(axis.unitOf(1e-2)).toBeCloseTo(0.5, 12)
    expect(axis.valueAt(0.25)).toBeCloseTo(1e-3, 12)
  })

  it('gives every choice an equal share, and comes back to it', () => {
    const axis = axisOf(choice(['a', 'b', 'c', 'd']))
    expect(['a', 'b', 'c', 'd'].map((value) => axis.unitOf(value))).toEqual([0.125, 0.375, 0.625, 0.875])
    expect([0, 0.2, 0.3, 0.99, 1].map((u) => axis.valueAt(u))).toEqual(['a', 'a', 'b', 'd', 'd'])
  })

  it('gives integers of the domain, and none for what is outside', () => {
    const axis = axisOf(randint(0, 5))
    for (const value of [0, 1, 2, 3, 4]) expect(axis.valueAt(axis.unitOf(value) as number)).toBe(value)
    expect([axis.unitOf(9), axis.unitOf('a')]).toEqual([undefined, undefined])
  })
})
