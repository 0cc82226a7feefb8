import { describe, expect, it } from 'vitest'
import { gridSearcher } from '../../src/searchers/grid-searcher.ts'
import { randomSearch } from '../../src/searchers/random-search.ts'
import type { Search, SearchContext, Searcher, ToldTrial } from '../../src/searchers/searcher.ts'
import { branch } from '../../src/space/branch.ts'
import { choice } from '../../src/space/choices.ts'
import { sampleFrom } from '../../src/space/sample-from.ts'
import { randint } from '../../src/space/integers.ts'
import { uniform } from '../../src/space/numbers.ts'
import { checkSearcher, type CheckSearcherOptions } from '../../src/testing/check-searcher.ts'

const interval = { spaces: [{ x: uniform(0, 1) }], finiteSpaces: [] }

function searcherOf(start: (context: SearchContext) => Search): () => Searcher {
  return () => ({ name: 'mine', start })
}

/** Always suggests 0.5, but for what is given. */
function searching(members: Partial<Search>): () => Searcher {
  return searcherOf(() => ({
    suggest: () => ({ kind: 'point', point: { x: 0.5 } }),
    tell: () => {},
    save: () => null,
    ...members,
  }))
}

async function complaint(make: () => Searcher, options: CheckSearcherOptions = interval): Promise<string> {
  const error: unknown = await checkSearcher(make, options).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'law' })
  return (error as Error).message
}

describe('checkSearcher', () => {
  it('lets a searcher pass that keeps to the laws', async () => {
    await expect(checkSearcher(() => randomSearch(), { runs: 20 })).resolves.toBeUndefined()
    await expect(
      checkSearcher(() => gridSearcher(), { spaces: [{ steps: 3 }], runs: 20 }),
    ).resolves.toBeUndefined()
    await expect(checkSearcher(searching({}), interval)).resolves.toBeUndefined()
  })

  it('lets one pass that is an instance of a class, and answers by promise', async () => {
    class Halves implements Searcher {
      readonly name = 'halves'
      readonly #x = 0.5
      start(): Search {
        return {
          suggest: async () => ({ kind: 'point', point: { x: this.#x } }),
          tell: async () => {},
        }
      }
    }
    await expect(checkSearcher(() => new Halves(), { ...interval, runs: 20 })).resolves.toBeUndefined()
  })

  it('tells the shortest history as a story, with the numbers of the trials and the space', async () => {
    const mine = searcherOf(() => {
      let failures = 0
      return {
        suggest: () => ({ kind: 'point', point: { x: failures > 1 ? 2 : 0.5 } }),
        tell: ({ state }) => void (failures += Number(state === 'failed')),
      }
    })
    expect(await complaint(mine)).toBe(
      [
        'mine breaks the law that a searcher suggests nothing outside of the space: mine suggested for trial 2 what is not in the space: x: 2 is out of range. Give a number from 0 to 1.',
        'Shortest history, in the space { x: a number from 0 to 1 }, with one objective:',
        '  1. trial 0 is asked for: x = 0.5',
        '  2. trial 0 failed',
        '  3. trial 1 is asked for: x = 0.5',
        '  4. trial 1 failed',
        '  5. trial 2 is asked for',
        'To see it again: seed: 0.',
      ].join('\n'),
    )
  })

  it('finds one that a failed, an infinite, or an early pruned trial breaks, and shows plain values', async () => {
    const oh = new Error('oh')
    const onFailed = searching({
      tell: ({ state }) => {
        if (state === 'failed') throw oh
      },
    })
    expect(await complaint(onFailed)).toMatch(
      /survives every outcome that it is told: tell of trial 0 \(failed\) threw: oh\.\n/,
    )
    await expect(checkSearcher(onFailed, interval)).rejects.toMatchObject({ cause: oh })
    const onInfinite = searching({
      tell: async ({ values }) => {
        if (values?.[0] === -Infinity) throw oh
      },
    })
    expect(await complaint(onInfinite)).toMatch(
      /survives every outcome[^]*\n {2}2\. trial 0 \w[ \w]+ with -Infinity\n/,
    )
    const onEarly = searching({
      tell: ({ state, values }) => void (state === 'pruned' && (values as number[]).length),
    })
    expect(await complaint(onEarly)).toMatch(
      /survives every[^]* 2\. trial 0 is pruned before its first report\n/,
    )
  })

  it('finds one that answers no more after what it was told', async () => {
    const mine = searcherOf(() => {
      let told = 0
      return {
        suggest() {
          if (told > 1) throw new Error('singular matrix')
          return { kind: 'point', point: {} }
        },
        tell: () => void told++,
      }
    })
    expect(await complaint(mine)).toMatch(
      /survives every outcome.*suggest for trial 2 threw: singular matrix/,
    )
  })

  it('finds answers that there are not, and searches without their members', async () => {
    expect(await complaint(searching({ suggest: () => ({ kind: 'config', config: {} }) as never }))).toMatch(
      /answers each request with a point.*gave \{ kind: 'config', … \}\. Return \{ kind: 'point'/,
    )
    expect(await complaint(searching({ suggest: () => undefined as never }))).toMatch(/gave undefined/)
    expect(await complaint(searching({ suggest: () => ({ kind: 'point' }) as never }))).toMatch(
      /without a point/,
    )
    const silent = searcherOf(() => ({ suggest: () => ({ kind: 'point', point: {} }) }) as never)
    expect(await complaint(silent)).toMatch(
      /answers each request.*without tell\. Return an object with suggest and tell/,
    )
  })

  it('gives up a promise that does not settle, and says so', async () => {
    const mine = searching({ suggest: () => new Promise(() => {}) })
    expect(await complaint(mine, { ...interval, timeoutMs: 20 })).toMatch(
      /answers every call in time: suggest for trial 0 has not settled after 20 ms[^]*\n {2}1\. trial 0 is asked for\n/,
    )
  })

  it('finds a searcher that draws from elsewhere than its stream', async () => {
    let draws = 0
    const mine = searching({ suggest: () => ({ kind: 'point', point: { x: (draws++ % 97) / 97 } }) })
    expect(await complaint(mine)).toMatch(/suggests the same after the same calls/)
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
    expect(await complaint(mine)).toMatch(
      /goes on the same after it was saved[^]*\. it is saved, and started again from that\n/,
    )
  })

  it('finds one that says it is rebuilt by tells, and counts what it was asked for', async () => {
    const make = searcherOf(() => {
      let asked = 0
      return { suggest: () => ({ kind: 'point', point: { x: 1 / ++asked } }), tell: () => {} }
    })
    await expect(checkSearcher(make, interval)).resolves.toBeUndefined()
    expect(await complaint(() => ({ ...make(), isRebuiltByTells: true }))).toBe(
      [
        'mine breaks the law that a searcher that says isRebuiltByTells suggests the same when it was told of all trials and asked for none: the last answer is x = 1, and x = 0.5 of the search that went on. Leave isRebuiltByTells out.',
        'Shortest history, in the space { x: a number from 0 to 1 }, with one objective:',
        '  1. trial 0 is asked for: x = 1',
        '  2. a new search is told all of that again',
        '  3. trial 1 is asked for: x = 1',
        'To see it again: seed: 0.',
      ].join('\n'),
    )
  })

  it('lets one pass that says of each search whether it is rebuilt by tells', async () => {
    const make = searcherOf(() => {
      let [told, asked] = [0, 0]
      return {
        get isRebuiltByTells() {
          return told < 3
        },
        suggest: () => ({ kind: 'point', point: { x: told < 3 ? 0.5 : 1 / ++asked } }),
        tell: () => void told++,
      }
    })
    await expect(checkSearcher(make, interval)).resolves.toBeUndefined()
  })

  it('lets one save what it was told of choices that are functions', async () => {
    const f = choice([Math.sin, Math.cos, new Date(0), { act: Math.tan }])
    const mine = searcherOf(({ saved }) => {
      const trials = [...((saved ?? []) as ToldTrial[])]
      return {
        suggest: () => ({ kind: 'point', point: trials.at(-1)?.params ?? {} }),
        tell: (trial) => void trials.push(trial),
        save: () => trials,
      }
    })
    const spaces = [{ f, y: sampleFrom(() => 1) }, { kind: branch({ a: { f }, b: {} }) }]
    await expect(checkSearcher(mine, { spaces, finiteSpaces: [] })).resolves.toBeUndefined()
  })

  it('finds what is saved but cannot be copied, and a save that throws', async () => {
    expect(await complaint(searching({ save: () => () => 1 }))).toMatch(
      /can be saved at any time, as plain data: save gave what structuredClone cannot copy/,
    )
    const throwing = searching({
      save: () => {
        throw new Error('full')
      },
    })
    expect(await complaint(throwing)).toMatch(/can be saved at any time, as plain data: save threw: full/)
  })

  it('finds a searcher that says it ignores results, and does not', async () => {
    const make = searcherOf(() => {
      let told = 0
      return {
        suggest: () => ({ kind: 'point', point: { x: told > 1 ? 0.25 : 0.75 } }),
        tell: () => void told++,
      }
    })
    await expect(checkSearcher(make, interval)).resolves.toBeUndefined()
    expect(await complaint(() => ({ ...make(), ignoresResults: true }))).toMatch(
      /that says ignoresResults suggests the same whatever the results: the last answer is x = 0.25 after these results, and x = 0.75 before any/,
    )
  })

  it('finds one that writes to what it is told', async () => {
    const mine = searching({ tell: ({ params }) => void ((params as { x: number }).x = 0) })
    expect(await complaint(mine)).toMatch(/leaves what it is given as it was/)
  })

  it('finds one that throws when it is closed, or at an observation', async () => {
    const fail = (): never => {
      throw new Error('gone')
    }
    expect(await complaint(searching({ close: fail }))).toMatch(
      /can be closed without an error: close threw: gone/,
    )
    expect(await complaint(searching({ observe: fail }))).toMatch(
      /survives every.*observe of trial 0 at step 1 threw/,
    )
  })

  it('closes every search that it starts', async () => {
    let open = 0
    const mine = searcherOf(() => {
      open++
      return { suggest: () => ({ kind: 'point', point: {} }), tell: () => {}, close: () => void open-- }
    })
    await checkSearcher(mine, { runs: 10 })
    expect(open).toBe(0)
  })

  it('finds a searcher that waits when nothing is under way', async () => {
    const mine = searching({
      suggest: ({ number }) => (number > 1 ? { kind: 'wait' } : { kind: 'point', point: {} }),
    })
    expect(await complaint(mine)).toMatch(
      /waits only while a trial is under way[^]*\. trial 1 completed [^]*\. trial 2 is asked for: 'wait'\n/,
    )
  })

  it('finds a searcher that ends before a finite space does, or never does', async () => {
    const early = searcherOf(() => {
      let left = 2
      return {
        suggest: () => (left-- > 0 ? { kind: 'point', point: {} } : { kind: 'finished' }),
        tell: () => {},
      }
    })
    const finiteSpaces = [{ space: { k: randint(0, 6) }, size: 6 }]
    expect(await complaint(early, { ...interval, finiteSpaces })).toMatch(
      /comes to the end of a finite space.*of the 6 points of the space \{ k: an integer from 0 to 5 \} it suggested 2, and then answered 'finished'\. Go on suggesting.*says exhaustive\.$/,
    )
    const stuck = (): Searcher => ({
      ...searching({ suggest: () => ({ kind: 'point', point: { k: 3 } }) })(),
      exhaustive: true,
    })
    expect(await complaint(stuck, { spaces: finiteSpaces.map(({ space }) => space), finiteSpaces })).toMatch(
      /it suggested 1, and then only such as came before\. One that says exhaustive names each point once, and then finishes\.$/,
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
    await expect(checkSearcher(() => randomSearch(), { timeoutMs: Infinity })).rejects.toThrow(/timeoutMs/)
  })
})
