import { describe, expect, it } from 'vitest'
import { branch } from '../../src/space/branch.ts'
import { choice } from '../../src/space/choices.ts'
import { domainsOf } from '../../src/space/domains-of.ts'
import { uniform } from '../../src/space/numbers.ts'
import { readSpace } from '../../src/space/read-space.ts'
import type { SuggestTrial } from '../../src/space/suggest.ts'

describe('what the parameters of a trial were drawn from', () => {
  it('is what the declared space says, of the branches that were taken', () => {
    const space = readSpace({ act: branch({ relu: { width: uniform(0, 2) }, tanh: { depth: choice([1]) } }) })
    expect(domainsOf({ act: 'relu', width: 1 }, space)).toMatchObject({
      act: { kind: 'categorical', choices: ['relu', 'tanh'] },
      width: { kind: 'float', low: 0, high: 2 },
    })
    expect(Object.keys(domainsOf({ act: 'relu', width: 1, depth: 1 }, space))).toEqual(['act', 'width'])
  })

  it('is what a define-by-run function suggests for the same values', () => {
    const space = readSpace((trial: SuggestTrial) => {
      const act = trial.suggestCategorical('act', ['relu', 'tanh'])
      if (act === 'relu') trial.suggestFloat('width', 0, 20)
      else trial.suggestInt('width', 1, 9)
    })
    expect(domainsOf({ act: 'tanh', width: 3 }, space)['width']).toMatchObject({ kind: 'int', low: 1 })
    expect(domainsOf({ act: 'relu', width: 3.5 }, space)['width']).toMatchObject({ kind: 'float', high: 20 })
    // No value of a trial that it could have suggested.
    expect(Object.keys(domainsOf({ act: 'relu', width: 99 }, space))).toEqual(['act'])
  })

  it('is not known where that function throws, which harms nobody', () => {
    const space = readSpace((trial: SuggestTrial) => {
      if (trial.suggestFloat('x', 0, 1) > 0.5) throw new Error('not this one')
    })
    expect(domainsOf({ x: 0.75 }, space)).toEqual({})
    expect(Object.keys(domainsOf({ x: 0.25 }, space))).toEqual(['x'])
  })
})
