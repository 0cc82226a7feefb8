import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ResourcePool } from '../../src/core/resources.ts'
import type { Resources } from '../../src/core/trial.ts'

const amount = fc.constantFrom(0, 0.1, 0.2, 0.3, 0.25, 1 / 3, 0.7, 1, 2, 3)
const need: fc.Arbitrary<Resources> = fc.dictionary(fc.constantFrom('cpu', 'gpu', 'licence'), amount)
const totals = fc.record({
  cpu: fc.constantFrom(0.3, 1, 2, 4, 0.9),
  gpu: fc.constantFrom(0, 0.5, 1, 3),
})
const moves = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('take' as const), need }),
    fc.record({ kind: fc.constant('giveBack' as const), which: fc.nat() }),
  ),
  { maxLength: 80 },
)
const times = (needs: readonly Resources[], kind: string) =>
  needs.reduce((sum, one) => sum + (one[kind] ?? 0), 0)

describe('ResourcePool', () => {
  it('never gives out more than there is, and knows at all times what is out', () => {
    fc.assert(
      fc.property(totals, moves, (total, made) => {
        const pool = new ResourcePool(total)
        const out: Resources[] = []
        for (const move of made) {
          if (move.kind === 'take' && pool.fits(move.need)) {
            pool.take(move.need)
            out.push(move.need)
          } else if (move.kind === 'giveBack' && out.length > 0) {
            const [back] = out.splice(move.which % out.length, 1)
            pool.giveBack(back as Resources)
          }
          for (const kind of ['cpu', 'gpu', 'licence'] as const) {
            const most = kind === 'licence' ? 0 : total[kind]
            expect(times(out, kind)).toBeLessThanOrEqual(most * (1 + 1e-8))
            expect(pool.used[kind] ?? 0).toBeCloseTo(times(out, kind), 9)
          }
        }
      }),
    )
  })

  it('is exactly as empty as before when all is given back, in any order and of any size', () => {
    const sizes = fc.array(fc.double({ min: 0, max: 1e12, noNaN: true }), { minLength: 1, maxLength: 30 })
    const inAnyOrder = sizes.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    )
    fc.assert(
      fc.property(inAnyOrder, ([taken, back]) => {
        const pool = new ResourcePool({ bytes: Infinity })
        for (const bytes of taken) pool.take({ bytes })
        for (const bytes of back) pool.giveBack({ bytes })
        expect(pool.used).toEqual({ bytes: 0 })
      }),
    )
  })

  it('has room for ten tenths, three times over, and not for eleven', () => {
    const pool = new ResourcePool({ gpu: 1 })
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 10; i++) {
        expect(pool.fits({ gpu: 0.1 })).toBe(true)
        pool.take({ gpu: 0.1 })
      }
      expect(pool.fits({ gpu: 0.1 })).toBe(false)
      for (let i = 0; i < 10; i++) pool.giveBack({ gpu: 0.1 })
    }
    expect(pool.fits({ gpu: 1 })).toBe(true)
  })

  it('keeps tiny amounts apart from none', () => {
    const pool = new ResourcePool({ share: 2e-10 })
    pool.take({ share: 1e-10 })
    pool.take({ share: 1e-10 })
    pool.giveBack({ share: 1e-10 })
    expect(pool.fits({ share: 2e-10 })).toBe(false)
    expect(pool.fits({ share: 1e-10 })).toBe(true)
  })

  it('names the kind of which there is never enough', () => {
    const pool = new ResourcePool({ cpu: 4 })
    expect(pool.lacking({ cpu: 5 })).toBe('cpu')
    expect(pool.lacking({ cpu: 4, gpu: 0.1 })).toBe('gpu')
    expect(pool.lacking({ cpu: 4, gpu: 0 })).toBeUndefined()
    expect([pool.couldFit({ cpu: 4 }), pool.couldFit({ gpu: 1 })]).toEqual([true, false])
  })

  it('asks for all kinds at once', () => {
    const pool = new ResourcePool({ cpu: 4, gpu: 1 })
    pool.take({ cpu: 1, gpu: 1 })
    expect(pool.fits({ cpu: 1 })).toBe(true)
    expect(pool.fits({ cpu: 1, gpu: 0.5 })).toBe(false)
    expect(pool.used).toEqual({ cpu: 1, gpu: 1 })
  })

  it('never fills up without a limit', () => {
    const pool = new ResourcePool({ cpu: Infinity })
    pool.take({ cpu: 1e300 })
    expect(pool.fits({ cpu: 1e300 })).toBe(true)
  })
})
