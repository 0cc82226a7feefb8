import { describe, expect, it } from 'vitest'
import { SearcherHost } from '../../machines/searcher-host.ts'
import { cmaes, type Searcher, tpe, uniform } from '../../src/index.ts'
import type { Answer, SearchState } from '../../src/searchers/session.ts'
import { completedTrial } from '../support/completed-trial.ts'
import { isTrial, session } from '../searchers/laws.ts'

const space = { x: uniform(0, 1), y: uniform(0, 1) }

/** Asks for so many trials, and tells of each; gives the states that were kept meanwhile. */
async function statesOf(searcher: Searcher, trialCount: number): Promise<readonly SearchState[]> {
  const kept: SearchState[] = []
  const host = new SearcherHost(
    (saved) => session(searcher, space, 'host', saved === undefined ? {} : { saved }),
    { states: { found: [], keep: (state) => void kept.push(state) } },
  )
  for (let trial = 0; trial < trialCount; trial++) {
    const [answered] = await host.handle({ type: 'searcher.suggest', trial })
    const answer = answered?.['answer'] as Answer
    if (!isTrial(answer)) throw new Error('no trial')
    await host.handle({ type: 'searcher.tell', told: completedTrial(trial, answer, [trial % 7]) })
  }
  return kept
}

describe('the states of a searcher', () => {
  it('are kept so often that a fifth of the calls comes after the last one, or 64', async () => {
    const calls = (await statesOf(cmaes(), 3000)).map((state) => state.calls)
    expect(calls.slice(0, 6)).toEqual([64, 128, 192, 256, 320, 400])
    for (const [i, count] of calls.entries()) {
      const next = calls[i + 1] ?? 6000
      expect(next - count).toBeLessThanOrEqual(Math.max(64, Math.ceil(next / 5)))
    }
  })

  it('are few: what all of them cost is a few times what the last one does', async () => {
    const calls = (await statesOf(cmaes(), 3000)).map((state) => state.calls)
    const sum = calls.reduce((total, count) => total + count, 0)
    expect(sum).toBeLessThan(5 * (calls.at(-1) ?? 0))
  })

  it('say by a digest which calls they stand for', async () => {
    const digests = async (searcher: Searcher): Promise<string[]> =>
      (await statesOf(searcher, 70)).map(({ digest }) => digest)
    const first = await digests(cmaes())
    expect(await digests(cmaes())).toEqual(first)
    expect(new Set([...first, ...(await digests(cmaes({ seed: 8 })))]).size).toBe(4)
  })

  it('are not kept of one that what it is told brings to where it was', async () => {
    expect(await statesOf(tpe(), 100)).toEqual([])
  })
})
