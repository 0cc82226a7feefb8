import { describe, expect, it } from 'vitest'
import { auto } from '../../src/searchers/auto.ts'
import type { Answer, SearchSession } from '../../src/searchers/session.ts'
import { branch } from '../../src/space/branch.ts'
import { choice } from '../../src/space/choices.ts'
import { uniform } from '../../src/space/numbers.ts'
import { isTrial, obeysSearcherLaws, session, told } from './laws.ts'

/** Asks and tells so many trials, one after the other; gives what was chosen, by the number of the trial. */
async function choices(
  search: SearchSession,
  count: number,
  outcome: (number: number) => { values: number[]; constraints?: Record<string, number> } = (number) => ({
    values: [number % 7],
  }),
): Promise<Record<number, string>> {
  const chosen: Record<number, string> = {}
  for (let number = 0; number < count; number++) {
    const answer: Answer = await search.suggest({ number, running: [] })
    if (!isTrial(answer)) throw new Error(answer.kind)
    if (answer.choice !== undefined) chosen[number] = answer.choice.chosen
    await search.tell(told(number, answer, outcome(number)))
  }
  return chosen
}

describe('auto', () => {
  obeysSearcherLaws(() => auto())

  it('begins with a Gaussian process where parameters are few, and goes on with an evolution strategy', async () => {
    const chosen = await choices(session(auto(), { x: uniform(0, 1), y: uniform(0, 1) }, 'numbers'), 160)
    expect(chosen).toEqual({ 0: 'gp', 150: 'cmaes' })
  })

  it('goes on with Parzen estimators where some parameters are no numbers', async () => {
    const space = { x: uniform(0, 1), kind: choice(['a', 'b']) }
    expect(await choices(session(auto(), space, 'mixed'), 160)).toEqual({ 0: 'gp', 150: 'tpe' })
  })

  it('goes on with Parzen estimators where there are branches, or many parameters', async () => {
    const space = { act: branch({ relu: { width: uniform(0, 1) }, tanh: {} }) }
    expect(await choices(session(auto(), space, 'branches'), 160)).toEqual({ 0: 'gp', 150: 'tpe' })
    const many = Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`c${i}`, choice(['a', 'b'])]))
    expect(await choices(session(auto(), many, 'many'), 20)).toEqual({ 0: 'tpe' })
  })

  it('takes a genetic algorithm with reference points for many objectives', async () => {
    const objectives = ['a', 'b', 'c', 'd', 'e'].map((metric) => ({ metric, mode: 'min' as const }))
    const search = session(auto(), { x: uniform(0, 1) }, 'many', { objectives })
    expect(await choices(search, 5, (n) => ({ values: [n, -n, 1, 2, 3] }))).toEqual({ 0: 'nsga3' })
  })

  it('says why, once', async () => {
    const search = session(auto(), { x: uniform(0, 1) }, 'why')
    const first = await search.suggest({ number: 0, running: [] })
    expect(isTrial(first) && first.choice?.reason).toMatch(/^A Gaussian process .*\.$/)
    const second = await search.suggest({ number: 1, running: [] })
    expect(isTrial(second) && second.choice).toBeUndefined()
  })

  it('learns from the trials whether a define-by-run space is conditional', async () => {
    const search = session(
      auto(),
      (trial) => {
        if (trial.suggestCategorical('act', ['relu', 'tanh']) === 'relu') trial.suggestFloat('width', 0, 1)
      },
      'learned',
    )
    expect(await choices(search, 160)).toEqual({ 0: 'gp', 150: 'tpe' })
  })

  it('needs a metric', () => {
    expect(() => session(auto(), { x: uniform(0, 1) }, 'none', { objectives: [] })).toThrow(/needs a metric/)
  })
})
