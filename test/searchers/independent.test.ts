import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { startSearchInThread } from '../../src/runtime/threads/threaded-search.ts'
import { cmaes } from '../../src/searchers/cmaes/cmaes.ts'
import { gp } from '../../src/searchers/gp/gp.ts'
import { withIndependent } from '../../src/searchers/independent.ts'
import { qmc } from '../../src/searchers/qmc.ts'
import { randomSearch } from '../../src/searchers/random-search.ts'
import { repeater } from '../../src/searchers/repeater.ts'
import type { Searcher, ToldTrial } from '../../src/searchers/searcher.ts'
import { tpe } from '../../src/searchers/tpe/tpe.ts'
import { branch } from '../../src/space/branch.ts'
import { choice } from '../../src/space/choices.ts'
import { uniform } from '../../src/space/numbers.ts'
import type { SpaceDefinition } from '../../src/space/space.ts'
import { isTrial, obeysSearcherLaws, session, told } from './laws.ts'

/** Always proposes the same, and notes what it is told. */
function fixed(point: Readonly<Record<string, unknown>>): Searcher & { readonly tells: ToldTrial[] } {
  const tells: ToldTrial[] = []
  return {
    name: 'fixed',
    tells,
    start: () => ({ suggest: () => ({ kind: 'point', point }), tell: (trial) => void tells.push(trial) }),
  }
}

async function paramsOf(
  searcher: Searcher,
  space: SpaceDefinition,
  trials: number,
): Promise<ToldTrial['params'][]> {
  const search = session(searcher, space, 'independent')
  const all: ToldTrial['params'][] = []
  for (let number = 0; number < trials; number++) {
    const answer = await search.suggest({ number, running: [] })
    if (!isTrial(answer)) throw new Error(answer.kind)
    all.push(answer.params)
    const x = Number(answer.params['x'] ?? 0)
    await search.tell(told(number, answer, { values: [x * x + (answer.params['kind'] === 'c' ? 0 : 5)] }))
  }
  return all
}

const SPACE = { x: uniform(0, 1), kind: choice(['a', 'b', 'c', 'd']) }

describe('an independentSampler', () => {
  obeysSearcherLaws(() => cmaes({ independentSampler: tpe({ nStartupTrials: 2 }) }), { runs: 10 })

  it('proposes what the searcher leaves out, and is told of every trial', async () => {
    const other = fixed({ x: 0.123, kind: 'b' })
    const all = await paramsOf(cmaes({ independentSampler: other }), SPACE, 8)
    expect(all.every(({ kind }) => kind === 'b')).toBe(true)
    expect(all.filter(({ x }) => x === 0.123)).toEqual([])
    expect(other.tells).toHaveLength(8)
  })

  it('proposes all of the first trials', async () => {
    const other = fixed({ x: 0.123, kind: 'b' })
    const all = await paramsOf(cmaes({ independentSampler: other, nStartupTrials: 3 }), SPACE, 5)
    expect(all.slice(0, 3)).toEqual(Array.from({ length: 3 }, () => ({ x: 0.123, kind: 'b' })))
    expect(all[3]?.['x']).not.toBe(0.123)
  })

  it('learns which choice is best, where numbers are left to another', async () => {
    const all = await paramsOf(cmaes({ independentSampler: tpe() }), SPACE, 30)
    const found = all.slice(10).filter(({ kind }) => kind === 'c').length
    // One in four by chance.
    expect(found).toBeGreaterThan(9)
  })

  it('fills in only what exists beside the choices of the searcher', async () => {
    const space = { kind: branch({ a: { left: uniform(0, 1) }, b: { right: uniform(0, 1) } }) }
    const chooser: Searcher = {
      ...randomSearch(),
      name: 'chooser',
      start: () => ({ suggest: () => ({ kind: 'point', point: { kind: 'a' } }), tell: () => {} }),
    }
    const other = fixed({ kind: 'b', right: 0.5, left: 0.25 })
    const all = await paramsOf(withIndependent(chooser, { independentSampler: other }), space, 2)
    expect(all).toEqual(Array.from({ length: 2 }, () => ({ kind: 'a', left: 0.25 })))
  })

  it('stands in for qmc and gp until they know a space that is learned', async () => {
    const learned: SpaceDefinition = (trial) => void trial.suggestFloat('x', 0, 1)
    for (const make of [qmc, gp]) {
      const all = await paramsOf(make({ independentSampler: fixed({ x: 0.123 }) }), learned, 2)
      expect(all[0]).toEqual({ x: 0.123 })
    }
  })

  it('may think beside a thread', async () => {
    const other = fixed({ kind: 'b' })
    const search = session(cmaes({ thread: true, independentSampler: other }), SPACE, 's', {
      startThread: startSearchInThread,
    })
    const answer = await search.suggest({ number: 0, running: [] })
    expect(isTrial(answer) && answer.params['kind']).toBe('b')
    search.close()
  })

  it('is what a searcher refers to that is asked to warn, or not, of what it leaves out', () => {
    for (const make of [cmaes, gp, qmc, tpe]) {
      expect(() => make({ warnIndependentSampling: false } as object)).toThrow(
        /has no option warnIndependentSampling\. There is no such warning to turn off.*independentSampler/,
      )
    }
  })

  it('is refused when it is no searcher, repeats, or has what is for the whole search', () => {
    expect(() => cmaes({ independentSampler: tpe as never })).toThrow(/Did you mean tpe\(\)/)
    expect(() => gp({ independentSampler: repeater(tpe(), { repeat: 2 }) })).toThrow(/pulled apart/)
    expect(() => qmc({ independentSampler: tpe({ pointsToEvaluate: [{ x: 1 }] }) })).toThrow(
      /tpe was given pointsToEvaluate, which is for the whole search\. Give it to qmc/,
    )
    expect(() => session(qmc({ independentSampler: tpe() }), SPACE, 's', { objectives: [] })).toThrow(
      OptionError,
    )
  })
})
