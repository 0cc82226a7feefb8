import { describe, expect, it } from 'vitest'
import { auto } from '../../src/searchers/auto.ts'
import type { Params } from '../../src/core/trial.ts'
import type { Answer, SearchSession, SearchSessionOptions, TrialAnswer } from '../../src/searchers/session.ts'
import { branch } from '../../src/space/branch.ts'
import { choice } from '../../src/space/choices.ts'
import { uniform } from '../../src/space/numbers.ts'
import type { SpaceDefinition } from '../../src/space/space.ts'
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

/** Tells so many trials that were drawn at random, as if they had been added from elsewhere. */
async function drawAndTell(
  search: SearchSession,
  count: number,
  lossOf: (params: Params) => number,
  objectiveCount = 1,
): Promise<void> {
  for (let number = 0; number < count; number++) {
    const drawn = search.complete({ number }, {})
    const values = Array.from({ length: objectiveCount }, (_, i) => lossOf(drawn.params) * (i === 0 ? 1 : -1))
    await search.tell(told(number, drawn, { values }))
  }
}

/** What is chosen for the first trial after so many others. */
async function chosenAfter(
  count: number,
  space: SpaceDefinition,
  more: Partial<SearchSessionOptions>,
): Promise<string | undefined> {
  const search = session(auto(), space, 'after', more)
  await drawAndTell(search, count, ({ x, x0 }) => Number(x ?? x0), more.objectives?.length)
  const answer: Answer = await search.suggest({ number: count, running: [] })
  return isTrial(answer) ? answer.choice?.chosen : undefined
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

  it('keeps the Gaussian process to the end where what follows would have too few trials', async () => {
    const two = { x: uniform(0, 1), y: uniform(0, 1) }
    const many = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`x${i}`, uniform(0, 1)]))
    const mixed = { x: uniform(0, 1), kind: choice(['a', 'b']) }
    expect(await chosenAfter(150, two, { budget: 249 })).toBe('gp')
    expect(await chosenAfter(150, two, { budget: 250 })).toBe('cmaes')
    expect(await chosenAfter(150, many, { budget: 309 })).toBe('gp')
    expect(await chosenAfter(150, many, { budget: 310 })).toBe('cmaes')
    expect(await chosenAfter(150, two, {})).toBe('cmaes')
    // However many trials it turns out to be, a Gaussian process is not waited for for ever.
    expect(await chosenAfter(250, two, { budget: 249 })).toBe('cmaes')
    expect(await chosenAfter(250, mixed, { budget: 249 })).toBe('tpe')
  })

  it('waits for no Gaussian process to the end with several objectives', async () => {
    const objectives = ['a', 'b'].map((metric) => ({ metric, mode: 'min' as const }))
    const x = { x: uniform(0, 1) }
    expect(await chosenAfter(149, x, { budget: 200, objectives })).toBe('gp')
    expect(await chosenAfter(150, x, { budget: 200, objectives })).toBe('nsga2')
  })

  it('says how far the Gaussian process goes', async () => {
    const reasonOf = async (budget: number): Promise<string | undefined> => {
      const answer = await session(auto(), { x: uniform(0, 1) }, 'why', { budget }).suggest({
        number: 0,
        running: [],
      })
      return isTrial(answer) ? answer.choice?.reason : undefined
    }
    expect(await reasonOf(40)).toContain('all 40 trials')
    expect(await reasonOf(1_000)).toContain('up to 150 trials')
  })

  it('starts the evolution strategy where the best trials are', async () => {
    const search = session(auto(), { x: uniform(0, 1), y: uniform(0, 1) }, 'warm', { budget: 1_000 })
    await drawAndTell(search, 150, ({ x, y }) => (Number(x) - 0.9) ** 2 + (Number(y) - 0.1) ** 2)
    const points: Params[] = []
    for (let number = 150; number < 174; number++) {
      const answer: Answer = await search.suggest({ number, running: [] })
      if (isTrial(answer)) points.push(answer.params)
    }
    const mean = (path: string): number =>
      points.reduce((sum, point) => sum + Number(point[path]), 0) / points.length
    expect(mean('x')).toBeGreaterThan(0.75)
    expect(mean('y')).toBeLessThan(0.25)
    expect(new Set(points.map(({ x }) => x)).size).toBeGreaterThan(10)
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

  it('goes on in another process as the trials say, whatever it changed to meanwhile', async () => {
    const space = { x: uniform(0, 1), y: uniform(0, 1) }
    const past: ((other: SearchSession) => void | Promise<void>)[] = []
    const search = session(auto(), space, 'again')
    await drawAndTell(search, 146, ({ x }) => Number(x))
    past.push((other) => drawAndTell(other, 146, ({ x }) => Number(x)))
    const running = new Map<number, Params>()
    const chosen: string[] = []
    const step = async (number: number): Promise<Params> => {
      const ask = { number, running: Array.from(running, ([other, params]) => ({ number: other, params })) }
      const answer: Answer = await search.suggest(ask)
      if (!isTrial(answer)) throw new Error(answer.kind)
      if (answer.choice !== undefined) chosen.push(answer.choice.chosen)
      past.push((other) => other.recall({ ...ask, source: 'suggested', params: answer.params }))
      running.set(number, answer.params)
      if (number % 3 === 2) return answer.params
      running.delete(number)
      // The last one sets the first constraint.
      const ended = told(number, answer, {
        values: [Number(answer.params['y'])],
        constraints: number === 172 ? { memory: 1 } : {},
      })
      past.push((other) => other.tell(ended))
      await search.tell(ended)
      return answer.params
    }
    for (let number = 146; number < 176; number++) {
      await step(number)
      if (number % 4 !== 1) continue
      const rebuilt = session(auto(), space, 'again')
      for (const call of past) await call(rebuilt)
      const ask = {
        number: number + 1,
        running: Array.from(running, ([other, params]) => ({ number: other, params })),
      }
      const next = (await rebuilt.suggest(ask)) as TrialAnswer
      const kept = session(auto(), space, 'again', { saved: structuredClone(search.save()) })
      expect(((await kept.suggest(ask)) as TrialAnswer).params).toEqual(next.params)
      number++
      expect(await step(number)).toEqual(next.params)
    }
    expect(chosen).toEqual(['gp', 'cmaes', 'tpe'])
  }, 30_000)

  it('is not asked again for what follows from the trials', async () => {
    const search = session(auto(), { x: uniform(0, 1) }, 'recalled')
    const drawn = search.complete({ number: 0 }, {})
    // Nothing is chosen, so nothing was asked.
    await search.recall({ number: 0, running: [], source: 'suggested', params: drawn.params })
    expect(await search.suggest({ number: 1, running: [] })).toHaveProperty('choice.chosen', 'gp')
  })

  it('needs a metric', () => {
    expect(() => session(auto(), { x: uniform(0, 1) }, 'none', { objectives: [] })).toThrow(/needs a metric/)
  })
})
