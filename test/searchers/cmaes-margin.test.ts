import { describe, expect, it } from 'vitest'
import { ndtr } from '../../src/math/normal.ts'
import { randomStream } from '../../src/random/random.ts'
import { Box } from '../../src/searchers/cmaes/box.ts'
import { strategyConstants } from '../../src/searchers/cmaes/constants.ts'
import { Evolution } from '../../src/searchers/cmaes/evolution.ts'
import { keepMargin } from '../../src/searchers/cmaes/margin.ts'
import { choice, ordinal } from '../../src/space/choices.ts'
import { lograndint, qrandint, randint } from '../../src/space/integers.ts'
import { qloguniform, qrandn, quniform, randn, uniform } from '../../src/space/numbers.ts'
import { readSpace } from '../../src/space/read-space.ts'

function boxOf(space: object): Box {
  return new Box(readSpace(space).parameters)
}

const STEPPED = {
  flag: randint(0, 2),
  depth: randint(3, 12),
  units: lograndint(16, 1025),
  rate: quniform(0, 1, 0.1),
  lr: qloguniform(0.5, 100, 0.5),
  batch: qrandint(32, 256, 32),
  noise: qrandn(0, 1, 0.25),
  size: ordinal(['s', 'm', 'l', 'xl']),
}

describe('the box of parameters with an order', () => {
  it('leaves out what has no order, or only one value', () => {
    const box = boxOf({
      x: uniform(0, 1),
      act: choice(['relu', 'tanh']),
      one: randint(3, 4),
      n: randn(0, 1),
      c: 7,
    })
    expect(box.dimensions.map(({ path }) => path)).toEqual(['x', 'n'])
  })

  it('has cells that hold exactly the places that stand for one value', () => {
    const box = boxOf(STEPPED)
    const random = randomStream('cells')
    for (let draw = 0; draw < 300; draw++) {
      const u = Float64Array.from({ length: box.n }, () => random.next())
      const point = box.decode(u)
      for (let j = 0; j < box.n; j++) {
        const [low, high] = box.cell(j, u[j] as number) as [number, number]
        const { path } = box.dimensions[j] as { path: string }
        const valueAt = (place: number): unknown => box.decode(u.with(j, place))[path]
        expect((u[j] as number) >= low && (u[j] as number) <= high, `${path} ${u[j]}`).toBe(true)
        for (const edge of [low, high].filter(Number.isFinite)) {
          const [before, after] = [valueAt(edge - 1e-9), valueAt(edge + 1e-9)]
          expect(before).not.toEqual(after)
          expect([before, after]).toContainEqual(point[path])
        }
      }
    }
  })

  it('has no cells where every number counts', () => {
    expect(boxOf({ x: uniform(0, 1), y: randn(0, 1) }).cell(0, 0.5)).toBeUndefined()
  })

  it('places no point that lacks a parameter, or has it from elsewhere', () => {
    const box = boxOf({ x: uniform(0, 1), n: randint(0, 5) })
    expect(box.encode({ x: 0.5 })).toBeUndefined()
    expect(box.encode({ x: 0.5, n: 9 })).toBeUndefined()
    expect(box.encode({ x: '0.5', n: 1 })).toBeUndefined()
    expect([...(box.encode({ x: 0.5, n: 2 }) ?? [])]).toEqual([0.5, 0.5])
  })
})

describe('the margin', () => {
  /** A distribution much narrower than any step, at a random place. */
  function narrow(box: Box, seed: number): Evolution {
    const random = randomStream(seed)
    return new Evolution({
      constants: strategyConstants(box.n, 10),
      mean: Float64Array.from({ length: box.n }, () => random.next()),
      sigma: 1e-5,
    })
  }

  it('leaves each neighbouring value at least half of 1 / (n λ), and a whole one at an end', () => {
    const box = boxOf(STEPPED)
    const alpha = 1 / (box.n * 10)
    for (let seed = 0; seed < 100; seed++) {
      const evolution = narrow(box, seed)
      keepMargin(evolution, box)
      for (let j = 0; j < box.n; j++) {
        const mean = evolution.mean[j] as number
        const [low, high] = box.cell(j, mean) as [number, number]
        const isEnd = low === -Infinity || high === Infinity
        const least = Math.max(0, (isEnd ? alpha : alpha / 2) * (1 - 1e-9))
        const below = ndtr((low - mean) / evolution.deviation(j))
        const above = ndtr((mean - high) / evolution.deviation(j))
        expect(low === -Infinity || below >= least).toBe(true)
        expect(high === Infinity || above >= least).toBe(true)
      }
    }
  })

  it('stays in the cell, and touches neither wide distributions nor continuous parameters', () => {
    const box = boxOf({ ...STEPPED, x: uniform(0, 1) })
    const evolution = narrow(box, 1)
    const before = evolution.save()
    keepMargin(evolution, box)
    const values = box.decode(evolution.mean)
    const x = box.n - 1
    expect(values).toEqual(box.decode(before.mean))
    expect(evolution.mean[x]).toBe(before.mean[x])
    expect(evolution.deviation(x)).toBe(1e-5)

    const wide = new Evolution({
      constants: strategyConstants(box.n, 10),
      mean: new Float64Array(box.n).fill(0.45),
      sigma: 0.4,
    })
    const unmoved = wide.save()
    keepMargin(wide, box)
    expect(wide.save()).toEqual(unmoved)
  })
})
