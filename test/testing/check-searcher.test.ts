import { describe, expect, it } from 'vitest'
import { gridSearcher } from '../../src/searchers/grid-searcher.ts'
import { randomSearch } from '../../src/searchers/random-search.ts'
import type { Search, SearchContext, Searcher } from '../../src/searchers/searcher.ts'
import { checkSearcher } from '../../src/testing/check-searcher.ts'
import { uniform } from '../../src/space/numbers.ts'

const interval = { spaces: [{ x: uniform(0, 1) }], finiteSpaces: [] }

function searcherOf(start: (context: SearchContext) => Search): () => Searcher {
  return () => ({ name: 'mine', start })
}

describe('checkSearcher', () => {
  it('lets a searcher pass that keeps to the laws', async () => {
    await expect(checkSearcher(() => randomSearch(), { runs: 20 })).resolves.toBeUndefined()
    await expect(
      checkSearcher(() => gridSearcher(), { spaces: [{ steps: 3 }], runs: 20 }),
    ).resolves.toBeUndefined()
  })

  it('finds a suggestion outside of the space that comes only after a failure, and says the shortest way there', async () => {
    const mine = searcherOf(() => {
      let failures = 0
      return {
        suggest: () => ({ kind: 'point', point: { x: failures > 0 ? 2 : 0.5 } }),
        tell: ({ state }) => void (failures += Number(state === 'failed')),
      }
    })
    const check = checkSearcher(mine, interval)
    await expect(check).rejects.toThrow(/mine breaks the law .*nothing outside of the space/)
    await expect(check).rejects.toThrow(/Shortest history: ask; tell running trial 0 failed; ask \(/)
  })

  it('finds a searcher that draws from elsewhere than its stream', async () => {
    let draws = 0
    const mine = searcherOf(() => ({
      suggest: () => ({ kind: 'point', point: { x: (draws++ % 97) / 97 } }),
      tell: () => {},
    }))
    await expect(checkSearcher(mine, interval)).rejects.toThrow(/suggests the same after the same calls/)
  })

  it('finds a searcher that forgets something when it is saved', async () => {
    const mine = searcherOf(({ saved }) => {
      let told = saved === undefined ? 0 : 1
      return {
        suggest: () => ({ kind: 'point', point: { x: 1 / (1 + told) } }),
        tell: () => void told++,
        save: () => 'nothing much',
      }
    })
    await expect(checkSearcher(mine, interval)).rejects.toThrow(/goes on the same after it was saved/)
  })

  it('finds a searcher that cannot stand infinite values', async () => {
    const mine = searcherOf(() => {
      let mean = 0.5
      return {
        suggest: () => ({ kind: 'point', point: { x: Math.min(Math.max(mean, 0), 1) } }),
        // Infinity - Infinity is NaN, which no bound holds back.
        tell: ({ values = [0] }) => void (mean += (values[0] as number) - mean),
      }
    })
    await expect(checkSearcher(mine, interval)).rejects.toMatchObject({ code: 'law' })
  })

  it('finds a searcher that waits when nothing is under way', async () => {
    const mine = searcherOf(() => ({ suggest: () => ({ kind: 'wait' }), tell: () => {} }))
    await expect(checkSearcher(mine, interval)).rejects.toThrow(/waits, though nothing is under way/)
  })

  it('finds a searcher that ends before a finite space does', async () => {
    const mine = searcherOf(() => {
      let left = 2
      return {
        suggest: () => (left-- > 0 ? { kind: 'point', point: {} } : { kind: 'finished' }),
        tell: () => {},
      }
    })
    await expect(checkSearcher(mine, { spaces: interval.spaces })).rejects.toThrow(
      /comes to the end of a finite space.*of a space of 6 points it suggested 2/,
    )
  })

  it('refuses what makes no searcher', async () => {
    await expect(checkSearcher(randomSearch() as never)).rejects.toThrow(
      /takes a function that makes the searcher/,
    )
    await expect(checkSearcher(() => 7 as never)).rejects.toThrow(/must be a searcher/)
    await expect(checkSearcher(() => randomSearch(), { rums: 3 } as never)).rejects.toThrow(
      /Did you mean runs/,
    )
  })
})
