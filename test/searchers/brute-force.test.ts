import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SpaceError } from '../../src/errors.ts'
import { bruteForce } from '../../src/searchers/brute-force/brute-force.ts'
import type { RunningTrial } from '../../src/searchers/searcher.ts'
import type { Answer, SearchSession, TrialAnswer } from '../../src/searchers/session.ts'
import { branch } from '../../src/space/branch.ts'
import { choice, gridSearch } from '../../src/space/choices.ts'
import { pointKey } from '../../src/space/encoding.ts'
import { randint } from '../../src/space/integers.ts'
import { loguniform, quniform, randn, uniform } from '../../src/space/numbers.ts'
import { sampleFrom } from '../../src/space/sample-from.ts'
import type { SpaceDefinition } from '../../src/space/space.ts'
import { FINITE_SPACES, obeysSearcherLaws, session, told } from './laws.ts'

const triangle: SpaceDefinition = (trial) => {
  const kind = trial.suggestCategorical('kind', ['float', 'int'])
  if (kind === 'float') trial.suggestFloat('x', 1, 3, { step: 0.5 })
  else {
    const a = trial.suggestInt('a', 1, 3)
    trial.suggestInt('b', a, 3)
  }
}
const TRIANGLE_SIZE = 5 + (3 + 2 + 1)

/** Asks until the search has finished, with so many trials under way at once. */
function exhaust(search: SearchSession, concurrency = 1, countMax = 1000): TrialAnswer[] {
  const trials: TrialAnswer[] = []
  const running: (RunningTrial & TrialAnswer)[] = []
  const end = (): void => {
    const trial = running.shift()
    if (trial !== undefined) void search.tell(told(trial.number, trial))
  }
  while (trials.length < countMax) {
    const answer = search.suggest({ number: trials.length, running }) as Answer
    if (answer.kind === 'finished') break
    if (answer.kind === 'wait') {
      expect(running.length).toBeGreaterThan(0)
      end()
      continue
    }
    running.push({ number: trials.length, ...answer })
    trials.push(answer)
    if (running.length === concurrency) end()
  }
  return trials
}

function distinct(trials: readonly TrialAnswer[]): number {
  return new Set(trials.map(({ params }) => pointKey(params))).size
}

const FINITE: SpaceDefinition[] = [...FINITE_SPACES.map(({ space }) => space), triangle]

describe('bruteForce', () => {
  obeysSearcherLaws(() => bruteForce(), { spaces: FINITE })
  describe('without waiting', () =>
    obeysSearcherLaws(() => bruteForce({ avoidPrematureStop: false }), { spaces: FINITE }))

  it.each([1, 3, 8])('tries each point of a finite space once, %i at a time', (concurrency) => {
    for (const { space, size } of FINITE_SPACES) {
      const trials = exhaust(session(bruteForce(), space, 's'), concurrency)
      expect(trials).toHaveLength(size)
      expect(distinct(trials)).toBe(size)
    }
  })

  it.each([1, 3, 8])(
    'finds out a define-by-run space and tries each of its points once, %i at a time',
    (concurrency) => {
      for (const seed of ['a', 'b', 'c', 'd', 'e']) {
        const trials = exhaust(session(bruteForce(), triangle, seed), concurrency)
        expect(trials).toHaveLength(TRIANGLE_SIZE)
        expect(distinct(trials)).toBe(TRIANGLE_SIZE)
      }
    },
  )

  it('comes in another order for another seed', () => {
    const order = (seed: number, space: SpaceDefinition): string[] =>
      exhaust(session(bruteForce({ seed }), space, 's')).map(({ params }) => pointKey(params))
    for (const space of [{ a: randint(0, 6), b: randint(0, 6) }, triangle]) {
      expect(order(1, space)).toEqual(order(1, space))
      expect(order(1, space)).not.toEqual(order(2, space))
      expect(order(1, space).toSorted()).toEqual(order(2, space).toSorted())
    }
  })

  it('tries again nothing that the user or an earlier study has tried', () => {
    for (const [space, size] of [
      [{ a: randint(0, 3), b: choice(['p', 'q']) }, 6],
      [triangle, TRIANGLE_SIZE],
    ] as const) {
      const pointsToEvaluate = space === triangle ? [{ kind: 'int', a: 2, b: 3 }] : [{ a: 2, b: 'q' }]
      const search = session(bruteForce({ pointsToEvaluate }), space, 's')
      const earlier = exhaust(session(bruteForce(), space, 'other'), 1, 3)
      earlier.forEach((trial, i) => void search.tell(told(100 + i, trial)))
      const trials = exhaust(search)
      expect(distinct([...trials, ...earlier])).toBe(size)
      const repeated = earlier.some(({ params }) => pointKey(params) === pointKey(trials[0]?.params ?? {}))
        ? 1
        : 0
      expect(trials.length + earlier.length).toBe(size + repeated)
    }
  })

  it('leaves out what where forbids', () => {
    const where = (config: unknown): boolean => {
      const { a, b } = config as { a: number; b: number }
      return a < b
    }
    const declared = exhaust(session(bruteForce(), { a: randint(0, 8), b: randint(0, 8) }, 's', { where }))
    const running: SpaceDefinition = (trial) => {
      trial.suggestInt('a', 0, 7)
      trial.suggestInt('b', 0, 7)
    }
    const byRunning = exhaust(session(bruteForce(), running, 's', { where }))
    expect(distinct(declared)).toBe(28)
    expect(declared).toHaveLength(28)
    expect(byRunning.length).toBe(distinct(byRunning))
    expect(distinct(byRunning)).toBe(28)
  })

  it('says so when where forbids everything', () => {
    const where = (): boolean => false
    const byRunning: SpaceDefinition = (trial) => void trial.suggestInt('a', 0, 7)
    for (const space of [{ a: randint(0, 100) }, byRunning]) {
      expect(() => exhaust(session(bruteForce(), space, 's', { where }))).toThrow(/^where rejected all/)
    }
  })

  it('goes through gridSearch too, and computes sampleFrom for each point', () => {
    const space = {
      a: gridSearch([1, 2]),
      b: randint(0, 2),
      c: sampleFrom((config) => (config as { a: number }).a * 10),
    }
    const configs = exhaust(session(bruteForce(), space, 's')).map(
      ({ config }) => config as { a: number; c: number },
    )
    expect(configs).toHaveLength(4)
    expect(configs.every(({ a, c }) => c === 10 * a)).toBe(true)
  })

  it('goes on with the rest after a failed, a pruned and an interrupted trial', () => {
    const search = session(bruteForce(), triangle, 's')
    const states = ['failed', 'pruned', 'interrupted'] as const
    const trials: TrialAnswer[] = []
    for (let number = 0; number < TRIANGLE_SIZE; number++) {
      const answer = search.suggest({ number, running: [] }) as TrialAnswer
      trials.push(answer)
      void search.tell(
        told(number, answer, { state: states[number % 3] as 'failed', values: undefined, step: undefined }),
      )
    }
    expect(distinct(trials)).toBe(TRIANGLE_SIZE)
    expect(search.suggest({ number: TRIANGLE_SIZE, running: [] })).toEqual({ kind: 'finished' })
  })

  it('waits for a running trial that may show more, or finishes when it shall not wait', () => {
    const ask = (avoidPrematureStop: boolean): unknown[] => {
      const search = session(
        bruteForce({ avoidPrematureStop }),
        (trial) => void trial.suggestInt('a', 0, 1),
        's',
      )
      const first = search.suggest({ number: 0, running: [] }) as TrialAnswer
      void search.tell(told(0, first))
      const second = search.suggest({ number: 1, running: [] }) as TrialAnswer
      expect(second.params).not.toEqual(first.params)
      return [search.suggest({ number: 2, running: [{ number: 1, params: second.params }] })]
    }
    expect(ask(true)).toEqual([{ kind: 'wait' }])
    expect(ask(false)).toEqual([{ kind: 'finished' }])
  })

  it('comes to an end even when the function does not do the same twice', () => {
    let calls = 0
    const fickle: SpaceDefinition = (trial) => {
      calls++
      if (calls % 3 === 0) trial.suggestInt('other', 0, 2)
      trial.suggestInt('n', calls % 2, 4)
    }
    expect(exhaust(session(bruteForce(), fickle, 's'), 2).length).toBeLessThan(1000)
  })

  it('gives every first value a chance, although a wide subtree hangs below one of them', () => {
    const lopsided: SpaceDefinition = (trial) => {
      if (trial.suggestCategorical('kind', ['wide', 'thin']) === 'wide') trial.suggestInt('n', 1, 500)
      else trial.suggestInt('m', 1, 3)
    }
    const trials = exhaust(session(bruteForce(), lopsided, 's'), 1, 40)
    expect(trials.filter(({ params }) => params['kind'] === 'thin')).toHaveLength(3)
  })

  it('orders a space of a billion points without listing it, and draws from one of 10⁶⁰ at random', () => {
    const digits = (count: number): SpaceDefinition =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`d${i}`, randint(0, 10)]))
    for (const count of [9, 60]) {
      const trials = exhaust(session(bruteForce(), digits(count), 's'), 2, 200)
      expect(trials).toHaveLength(200)
      expect(distinct(trials)).toBe(200)
      const firsts = trials.filter(({ params }) => params['d0'] === 0).length
      expect(firsts).toBeGreaterThan(5)
      expect(firsts).toBeLessThan(40)
    }
  })

  it('numbers the points of branches within branches without a gap', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 }), (n, m) => {
        const space = {
          x: randint(0, n),
          f: branch({
            a: { g: branch({ c: { u: randint(0, m) }, d: {} }), h: randint(0, n) },
            b: {},
            e: { u: randint(5, 5 + n) },
          }),
          y: choice(['p', 'q']),
        }
        const size = 2 * n * ((m + 1) * n + 1 + n)
        const trials = exhaust(session(bruteForce(), space, 's'))
        expect(trials).toHaveLength(size)
        expect(distinct(trials)).toBe(size)
      }),
      { numRuns: 12 },
    )
  })

  it('refuses parameters with infinitely many values, where it can at construction', () => {
    for (const domain of [uniform(0, 1), loguniform(1e-3, 1), randn(0, 1), randint(0, 2_000_000)]) {
      expect(() => session(bruteForce(), { lr: domain }, 's')).toThrow(SpaceError)
    }
    expect(() => session(bruteForce(), { lr: uniform(0, 1) }, 's')).toThrow(/lr: has infinitely many values/)
    const search = session(bruteForce(), (trial) => void trial.suggestFloat('lr', 0, 1), 's')
    const first = search.suggest({ number: 0, running: [] }) as TrialAnswer
    expect(() => search.tell(told(0, first))).toThrow(/Give it steps/)
    expect(exhaust(session(bruteForce(), { q: quniform(0, 1, 0.25), one: uniform(2, 2) }, 's'))).toHaveLength(
      5,
    )
  })
})
