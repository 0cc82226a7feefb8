import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { concurrencyLimiter } from '../../src/searchers/concurrency-limiter.ts'
import { gridSearcher } from '../../src/searchers/grid-searcher.ts'
import { randomSearch } from '../../src/searchers/random-search.ts'
import type { Ask, Search, Searcher, Suggestion } from '../../src/searchers/searcher.ts'
import { choice } from '../../src/space/choices.ts'
import { uniform } from '../../src/space/numbers.ts'
import { obeysSearcherLaws, session } from './laws.ts'

describe('concurrencyLimiter', () => {
  obeysSearcherLaws(() => concurrencyLimiter(randomSearch(), { maxConcurrent: 2 }))

  it('is the same searcher with a limit', () => {
    const limited = concurrencyLimiter(gridSearcher({ seed: 7 }), { maxConcurrent: 4 })
    expect(limited).toMatchObject({
      name: 'gridSearcher',
      expandsGrid: true,
      exhaustive: true,
      options: { seed: 7 },
    })
    expect(limited.limit).toEqual({ max: 4, batch: false })
    expect(() => session(limited, { x: uniform(0, 1) }, 's')).toThrow(/infinitely many/)
  })

  it('lets the smallest of several count, and asks in rounds when one of them does', () => {
    const limited = (inner: number, outer: number): Searcher =>
      concurrencyLimiter(concurrencyLimiter(randomSearch(), { maxConcurrent: inner, batch: true }), {
        maxConcurrent: outer,
      })
    expect(limited(8, 2).limit).toEqual({ max: 2, batch: true })
    expect(limited(2, 8).limit).toEqual({ max: 2, batch: true })
  })

  it('wraps a searcher that is an instance of a class, with the points it was given', () => {
    class Mine implements Searcher {
      readonly name = 'mine'
      readonly options = { pointsToEvaluate: [{ x: 3 }] }
      readonly #next: Suggestion = { kind: 'point', point: { x: 1 } }
      start(): Search {
        return { suggest: (_: Ask) => this.#next, tell: () => {} }
      }
    }
    const search = session(
      concurrencyLimiter(new Mine(), { maxConcurrent: 1 }),
      { x: choice([1, 2, 3]) },
      's',
    )
    expect([0, 1].map((number) => search.suggest({ number, running: [] }))).toMatchObject([
      { source: 'point', config: { x: 3 } },
      { source: 'suggested', config: { x: 1 } },
    ])
  })

  it.each([0, 1.5, -1, Number.NaN, Infinity, '4'])('refuses a limit of %s', (maxConcurrent) => {
    expect(() => concurrencyLimiter(randomSearch(), { maxConcurrent: maxConcurrent as number })).toThrow(
      OptionError,
    )
  })

  it('says how it is written when the limit is missing or the searcher is none', () => {
    expect(() => concurrencyLimiter(randomSearch(), {} as never)).toThrow(
      'concurrencyLimiter needs maxConcurrent. Write concurrencyLimiter(searcher, { maxConcurrent: 4 }).',
    )
    expect(() => concurrencyLimiter(randomSearch as never, { maxConcurrent: 1 })).toThrow(
      /Did you mean randomSearch\(\)\?/,
    )
    expect(() => concurrencyLimiter(undefined as never, { maxConcurrent: 1 })).toThrow(OptionError)
  })
})
