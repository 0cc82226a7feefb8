import { describe, expect, it } from 'vitest'
import { OptionError, SpaceError } from '../../src/errors.ts'
import { bruteForce } from '../../src/searchers/brute-force/brute-force.ts'
import { concurrencyLimiter } from '../../src/searchers/concurrency-limiter.ts'
import { gridSearcher } from '../../src/searchers/grid-searcher.ts'
import { partialFixed } from '../../src/searchers/partial-fixed.ts'
import { qmc } from '../../src/searchers/qmc.ts'
import { randomSearch } from '../../src/searchers/random-search.ts'
import { repeater } from '../../src/searchers/repeater.ts'
import type { Ask, SearchContext, Searcher, ToldTrial } from '../../src/searchers/searcher.ts'
import type { SearchSession, TrialAnswer } from '../../src/searchers/session.ts'
import { branch } from '../../src/space/branch.ts'
import { choice } from '../../src/space/choices.ts'
import { randint } from '../../src/space/integers.ts'
import { uniform } from '../../src/space/numbers.ts'
import type { SpaceDefinition } from '../../src/space/space.ts'
import { obeysSearcherLaws, session, told } from './laws.ts'

const SPACE = {
  x: uniform(0, 1),
  optimizer: { lr: uniform(0, 1), name: choice(['sgd', 'adam']) },
  act: branch({
    relu: { width: uniform(0, 20) },
    tanh: {
      width: uniform(-1, 21),
      alpha: uniform(0, 1),
      gate: branch({ on: { k: randint(0, 5) }, off: {} }),
    },
  }),
}

function params(search: SearchSession, count = 30): TrialAnswer['params'][] {
  return Array.from(
    { length: count },
    (_, number) => (search.suggest({ number, running: [] }) as TrialAnswer).params,
  )
}

/** A searcher that keeps what it was started with and told, and leaves all to chance. */
function listener(): Searcher & { context?: SearchContext; asks: Ask[]; told: ToldTrial[] } {
  const heard: ReturnType<typeof listener> = {
    name: 'listener',
    asks: [],
    told: [],
    start(context) {
      heard.context = context
      return {
        suggest: (ask) => {
          heard.asks.push(ask)
          return { kind: 'point', point: {} }
        },
        tell: (trial) => void heard.told.push(trial),
      }
    },
  }
  return heard
}

describe('partialFixed', () => {
  const fixX: SpaceDefinition[] = [
    SPACE,
    { x: uniform(0, 1), y: uniform(0, 1) },
    (trial) => {
      trial.suggestFloat('x', 0, 1)
      if (trial.suggestCategorical('more', [false, true])) trial.suggestFloat('z', 0, 1)
    },
  ]
  describe.each([
    randomSearch(),
    qmc({ scramble: true }),
    concurrencyLimiter(randomSearch(), { maxConcurrent: 2 }),
  ])('around $name', (searcher) =>
    obeysSearcherLaws(() => partialFixed({ fixed: { x: 0.5 }, searcher }), {
      spaces: fixX,
      finiteSpaces: [],
    }),
  )

  it('gives every trial the fixed values, nested or by path, and varies the rest', () => {
    for (const fixed of [
      { optimizer: { lr: 0.25, name: 'adam' } },
      { 'optimizer/lr': 0.25, 'optimizer/name': 'adam' },
    ]) {
      for (const searcher of [randomSearch(), qmc({ scramble: true })]) {
        const points = params(session(partialFixed({ fixed, searcher }), SPACE, 's'))
        expect(
          points.every((point) => point['optimizer/lr'] === 0.25 && point['optimizer/name'] === 'adam'),
        ).toBe(true)
        expect(new Set(points.map(({ x }) => x)).size).toBe(30)
      }
    }
  })

  it('leaves of a fixed branch the parameters of its case alone', () => {
    for (const searcher of [randomSearch(), qmc({ scramble: true }), listener()]) {
      const points = params(session(partialFixed({ fixed: { act: 'relu' }, searcher }), SPACE, 's'))
      for (const point of points) {
        expect(Object.keys(point).toSorted()).toEqual(['act', 'optimizer/lr', 'optimizer/name', 'width', 'x'])
      }
      expect(new Set(points.map(({ width }) => width)).size).toBe(30)
    }
  })

  it('fixes a parameter of a case where the case is taken, and takes it no more often for that', () => {
    const fixed = { alpha: 0.75, k: 3 }
    for (const searcher of [randomSearch(), qmc({ scramble: true }), listener()]) {
      const points = params(session(partialFixed({ fixed, searcher }), SPACE, 's'), 200)
      const tanh = points.filter(({ act }) => act === 'tanh')
      expect(tanh.length).toBeGreaterThan(70)
      expect(tanh.length).toBeLessThan(130)
      expect(tanh.every(({ alpha }) => alpha === 0.75)).toBe(true)
      const on = tanh.filter(({ gate }) => gate === 'on')
      expect(on.length).toBeGreaterThan(25)
      expect(on.length).toBeLessThan(tanh.length - 25)
      expect(on.every(({ k }) => k === 3)).toBe(true)
    }
  })

  it('fixes a name of several cases only where it is in range', () => {
    const points = params(
      session(partialFixed({ fixed: { width: -0.5 }, searcher: randomSearch() }), SPACE, 's'),
      60,
    )
    for (const { act, width } of points) {
      if (act === 'tanh') expect(width).toBe(-0.5)
      else expect(width).toBeGreaterThanOrEqual(0)
    }
    expect(new Set(points.map(({ width }) => width)).size).toBeGreaterThan(10)
  })

  it('shows the searcher nothing of what is fixed', () => {
    const searcher = listener()
    const search = session(partialFixed({ fixed: { act: 'tanh', x: 0.5 }, searcher }), SPACE, 's')
    expect(searcher.context?.parameters.map(({ path, when }) => [path, when.length])).toEqual([
      ['optimizer/lr', 0],
      ['optimizer/name', 0],
      ['width', 0],
      ['alpha', 0],
      ['gate', 0],
      ['k', 1],
    ])
    const answer = search.suggest({ number: 0, running: [] }) as TrialAnswer
    void search.suggest({ number: 1, running: [{ number: 0, params: answer.params }] })
    void search.tell(told(0, answer))
    for (const point of [
      searcher.asks[1]?.running[0]?.params,
      searcher.told[0]?.params,
      searcher.told[0]?.domains,
    ]) {
      expect(Object.keys(point ?? {})).not.toContain('x')
      expect(Object.keys(point ?? {})).not.toContain('act')
      expect(Object.keys(point ?? {})).toContain('width')
    }
  })

  it('lets an exhaustive searcher go through what is left', () => {
    const space = { a: randint(0, 3), b: uniform(0, 1), c: choice(['p', 'q']) }
    for (const searcher of [bruteForce(), gridSearcher()]) {
      const search = session(partialFixed({ fixed: { b: 0.5 }, searcher }), space, 's')
      expect(new Set(params(search, 6).map((point) => JSON.stringify(point))).size).toBe(6)
      expect(search.suggest({ number: 6, running: [] })).toEqual({ kind: 'finished' })
    }
  })

  it('takes the value, in a define-by-run space, where the function asks for it and it is in range', () => {
    const space: SpaceDefinition = (trial) => {
      const kind = trial.suggestCategorical('kind', ['low', 'high', 'none'])
      if (kind !== 'none') trial.suggestFloat('x', kind === 'low' ? 0 : 10, kind === 'low' ? 1 : 11)
      trial.suggestFloat('y', 0, 1)
    }
    const search = session(partialFixed({ fixed: { x: 0.5 }, searcher: qmc({ scramble: true }) }), space, 's')
    const points: TrialAnswer['params'][] = []
    for (let number = 0; number < 60; number++) {
      const answer = search.suggest({ number, running: [] }) as TrialAnswer
      void search.tell(told(number, answer))
      points.push(answer.params)
    }
    const of = (kind: string): unknown[] => points.filter((point) => point['kind'] === kind).map(({ x }) => x)
    expect(new Set(of('low'))).toEqual(new Set([0.5]))
    expect(new Set(of('none'))).toEqual(new Set([undefined]))
    expect(of('high').every((x) => (x as number) >= 10)).toBe(true)
    expect(new Set(points.map(({ y }) => y)).size).toBe(60)
  })

  it('keeps to the fixed values when duplicates are drawn anew, until what is left has no further point', () => {
    // A searcher that always proposes the same, so that new points have to be drawn in its place.
    const stubborn: Searcher = {
      name: 'stubborn',
      start: () => ({ suggest: () => ({ kind: 'point', point: { a: 0 } }), tell: () => {} }),
    }
    const space = {
      a: randint(0, 4),
      act: branch({ relu: { b: choice([1, 2]) }, tanh: { alpha: uniform(0, 1) } }),
    }
    for (const searcher of [stubborn, concurrencyLimiter(stubborn, { maxConcurrent: 2 })]) {
      const search = session(partialFixed({ fixed: { act: 'relu', b: 2 }, searcher }), space, 's', {
        duplicates: 'resample',
      })
      expect(params(search, 4).toSorted((p, q) => Number(p['a']) - Number(q['a']))).toEqual(
        [0, 1, 2, 3].map((a) => ({ a, act: 'relu', b: 2 })),
      )
      expect(search.suggest({ number: 4, running: [] })).toEqual({ kind: 'finished' })
    }
  })

  it('gives points of the user that leave them out the fixed values, and lets those that name others keep theirs', () => {
    const searcher = randomSearch({
      pointsToEvaluate: [{ optimizer: { lr: 0.125 } }, { act: 'tanh', x: 0.75 }, { act: 'relu', width: 3 }],
    })
    const fixed = { x: 0.5, act: 'tanh', alpha: 0.25 }
    const search = session(partialFixed({ fixed, searcher }), SPACE, 's')
    const [first, second, third] = params(search, 3)
    expect(first).toMatchObject({ 'optimizer/lr': 0.125, ...fixed })
    expect(second).toMatchObject({ x: 0.75, act: 'tanh', alpha: 0.25 })
    expect(third).toMatchObject({ x: 0.5, act: 'relu', width: 3 })
    expect(third).not.toHaveProperty('alpha')
    expect(search.complete({ number: 9 }, { optimizer: { lr: 0.375 } }).params).toMatchObject(fixed)
  })

  it('gives them, in a define-by-run space, where the function asks for the name', () => {
    const space: SpaceDefinition = (trial) => {
      if (trial.suggestCategorical('kind', ['a', 'b']) === 'a') trial.suggestFloat('x', 0, 1)
      else trial.suggestFloat('x', 10, 11)
      trial.suggestFloat('y', 0, 1)
    }
    const searcher = randomSearch({
      pointsToEvaluate: [{ kind: 'a' }, { kind: 'b' }, { kind: 'a', x: 0.75 }],
    })
    const search = session(partialFixed({ fixed: { x: 0.5, z: 1 }, searcher }), space, 's')
    const [first, second, third] = params(search, 3)
    expect(first).toMatchObject({ kind: 'a', x: 0.5 })
    expect(second?.['x']).toBeGreaterThanOrEqual(10)
    expect(third).toMatchObject({ kind: 'a', x: 0.75 })
  })

  it('copes with everything fixed, and with nothing', () => {
    const space = { a: randint(0, 3), c: choice([{ deep: 1 }, { deep: 2 }]) }
    for (const searcher of [randomSearch(), qmc(), bruteForce()]) {
      const all = partialFixed({ fixed: { a: 2, c: { deep: 2 } }, searcher })
      expect(params(session(all, space, 's'), 1)).toEqual([{ a: 2, c: { deep: 2 } }])
    }
    const none = params(session(partialFixed({ fixed: {}, searcher: randomSearch({ seed: 1 }) }), SPACE, 's'))
    expect(none).toEqual(params(session(randomSearch({ seed: 1 }), SPACE, 's')))
  })

  it('takes over what the searcher was given, and other wrappers', () => {
    const searcher = concurrencyLimiter(randomSearch({ seed: 3, metric: 'loss', mode: 'min' }), {
      maxConcurrent: 3,
    })
    const wrapped = partialFixed({ fixed: { x: 0.5 }, searcher })
    expect(wrapped).toMatchObject({
      limit: { max: 3, batch: false },
      options: { seed: 3 },
      ignoresResults: true,
    })
    const repeated = repeater(partialFixed({ fixed: { x: 0.5 }, searcher }), { repeat: 2 })
    const points = params(session(repeated, SPACE, 's'), 6)
    expect(points[0]).toEqual(points[1])
    expect(points[2]).not.toEqual(points[1])
    expect(points.every(({ x }) => x === 0.5)).toBe(true)
  })

  it('waits for a searcher that takes its time', async () => {
    const slow: Searcher = {
      name: 'slow',
      start: () => ({
        suggest: () => Promise.resolve({ kind: 'point', point: { y: 0.25 } }),
        tell: () => {},
      }),
    }
    const search = session(
      partialFixed({ fixed: { x: 0.5 }, searcher: slow }),
      { x: uniform(0, 1), y: uniform(0, 1) },
      's',
    )
    expect(await search.suggest({ number: 0, running: [] })).toMatchObject({ params: { x: 0.5, y: 0.25 } })
  })

  it('refuses a path that is not there, a value out of range, and a missing searcher', () => {
    const start = (fixed: object): unknown =>
      session(partialFixed({ fixed, searcher: randomSearch() }), SPACE, 's')
    expect(() => start({ optimizr: { lr: 0.1 } })).toThrow(SpaceError)
    expect(() => start({ optimizr: { lr: 0.1 } })).toThrow(/Did you mean optimizer\/lr\?/)
    const empty = (): unknown =>
      session(partialFixed({ fixed: { x: 1 }, searcher: randomSearch() }), { steps: 9 }, 's')
    expect(empty).toThrow(/x: is fixed by partialFixed, but is no parameter of the space\. There are none/)
    expect(() => start({ x: 2 })).toThrow(
      /x: is fixed at 2, which is out of range\. Give a number from 0 to 1/,
    )
    expect(() => start({ act: 'gelu' })).toThrow(SpaceError)
    expect(() => partialFixed({ fixed: { x: 1 } } as never)).toThrow(OptionError)
    expect(() => partialFixed({ fixed: [1], searcher: randomSearch() })).toThrow(
      /must be an object of values/,
    )
    expect(() => partialFixed({ fixed: {}, searcher: randomSearch } as never)).toThrow(
      /Did you mean randomSearch\(\)/,
    )
  })
})
