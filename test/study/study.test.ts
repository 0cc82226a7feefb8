import { describe, expect, expectTypeOf, it } from 'vitest'
import { NoResultError, OptionError, SpaceError, TroupeError } from '../../src/errors.ts'
import { gridSearcher } from '../../src/searchers/grid-searcher.ts'
import { randomSearch } from '../../src/searchers/random-search.ts'
import type { Observation, Searcher, Suggestion, ToldTrial } from '../../src/searchers/searcher.ts'
import { branch } from '../../src/space/branch.ts'
import { choice } from '../../src/space/choices.ts'
import { randint } from '../../src/space/integers.ts'
import { loguniform, quniform, randn, uniform } from '../../src/space/numbers.ts'
import { createStudy } from '../../src/study/create-study.ts'

const paramSpace = { steps: 100, x: uniform(0, 1) }

/** A searcher that notes what it is told. */
function listening(suggest: () => Suggestion = () => ({ kind: 'point', point: {} })): Searcher & {
  readonly tells: ToldTrial[]
  readonly observations: Observation[]
} {
  const tells: ToldTrial[] = []
  const observations: Observation[] = []
  return {
    name: 'listening',
    tells,
    observations,
    start: () => ({
      suggest,
      tell: (trial) => void tells.push(trial),
      observe: (observation) => void observations.push(observation),
    }),
  }
}

describe('ask and tell', () => {
  it('gives trials with numbers, ids and typed configurations, and takes their values', async () => {
    const study = await createStudy({ paramSpace, seed: 1 })
    const [one, two] = [await study.ask(), await study.ask()]
    expectTypeOf(one.config).toEqualTypeOf<{ steps: number; x: number }>()
    expect([one.number, two.number]).toEqual([0, 1])
    expect(one.id).not.toBe(two.id)
    expect(one.config).toEqual({ steps: 100, x: expect.any(Number) as number })
    await study.tell(two, 0.3)
    expect(await study.tell(0, [0.2])).toMatchObject({ number: 0, state: 'completed', values: [0.2] })
    expect(study.bestTrial).toMatchObject({ number: 0, values: [0.2] })
  })

  it('records trials as plain data', async () => {
    const study = await createStudy({ paramSpace: { x: choice([4]) } })
    const trial = await study.ask()
    trial.report(2, 0.5)
    trial.report(1, 0.75)
    trial.setUserAttr('note', { by: ['me'] })
    trial.setConstraint('memory', -1)
    await study.ask()
    await study.tell(trial, 0.25)
    const [ended, running] = study.trials
    expect(ended).toEqual({
      number: 0,
      state: 'completed',
      values: [0.25],
      config: { x: 4 },
      intermediateValues: [
        [1, 0.75],
        [2, 0.5],
      ],
      userAttrs: { note: { by: ['me'] } },
      constraints: { memory: -1 },
      startedAt: expect.any(Number) as number,
      endedAt: expect.any(Number) as number,
    })
    expect(running).toMatchObject({ state: 'running', values: undefined, endedAt: undefined })
    expect(JSON.parse(JSON.stringify(ended))).toEqual(ended)
  })

  it('gives unique numbers to those who ask at once, the same for the same seed', async () => {
    const draw = async (): Promise<unknown[]> => {
      const study = await createStudy({ paramSpace, seed: 'same' })
      const trials = await Promise.all(Array.from({ length: 20 }, () => study.ask()))
      return trials.map(({ number, id, config }) => [number, id, config])
    }
    const once = await draw()
    expect(once.map((trial) => (trial as [number])[0])).toEqual(Array.from({ length: 20 }, (_, i) => i))
    expect(await draw()).toEqual(once)
  })

  it('tells the searcher every end, once', async () => {
    const searcher = listening()
    const study = await createStudy({ paramSpace: { x: choice([1]) }, searcher })
    const trials = await Promise.all([1, 2, 3, 4].map(() => study.ask()))
    trials[1]?.report(7, 0.5)
    await study.tell(0, 0.25)
    await study.tell(1, { state: 'pruned' })
    await study.tell(2, { state: 'failed' })
    await study.tell(3, Number.NaN)
    expect(searcher.tells).toMatchObject([
      {
        number: 0,
        state: 'completed',
        values: [0.25],
        params: { x: 1 },
        domains: { x: { kind: 'categorical' } },
      },
      { number: 1, state: 'pruned', values: [0.5], step: 7, intermediate: [[7, 0.5]] },
      { number: 2, state: 'failed', values: undefined, step: undefined },
      { number: 3, state: 'failed', values: undefined },
    ])
    expect(searcher.observations).toEqual([{ number: 1, step: 7, values: [0.5] }])
  })

  it('takes ±Infinity as a value', async () => {
    const study = await createStudy({ paramSpace })
    await study.tell(await study.ask(), Infinity)
    await study.tell(await study.ask(), -Infinity)
    expect(study.bestTrial).toMatchObject({ number: 1, values: [-Infinity] })
  })

  it('prunes with the value reported last, or the one that is told', async () => {
    const study = await createStudy({ paramSpace })
    const trials = await Promise.all([1, 2, 3].map(() => study.ask()))
    trials[0]?.report(1, 5)
    trials[1]?.report(1, Number.NaN)
    expect((await study.tell(0, { state: 'pruned' })).values).toEqual([5])
    expect((await study.tell(1, { state: 'pruned' })).values).toBeUndefined()
    expect((await study.tell(2, { state: 'pruned', values: 4 })).values).toEqual([4])
  })

  it('refuses to be told twice, even at once, or of what it does not know', async () => {
    const study = await createStudy({ name: 'mine', paramSpace })
    const other = await createStudy({ paramSpace })
    const trial = await study.ask()
    const both = await Promise.allSettled([study.tell(trial, 1), study.tell(trial, 2)])
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    await expect(study.tell(0, 3)).rejects.toThrow(
      'Trial 0 was told before: it is completed with 1. A trial is told once.',
    )
    await expect(study.tell(0, 3)).rejects.toMatchObject({ code: 'told' })
    await expect(study.tell(7, 3)).rejects.toMatchObject({ code: 'unknownTrial' })
    await expect(study.tell(await other.ask(), 3)).rejects.toMatchObject({ code: 'unknownTrial' })
    await study.enqueueTrial({ x: 0.5 })
    await expect(study.tell(1, 3)).rejects.toMatchObject({ code: 'notAsked' })
  })

  it('refuses a trial of another study, although by the same seed it has the same number and id', async () => {
    const [one, two] = [
      await createStudy({ paramSpace, seed: 7 }),
      await createStudy({ paramSpace, seed: 7 }),
    ]
    const [mine, other] = [await one.ask(), await two.ask()]
    expect([other.number, other.id]).toEqual([mine.number, mine.id])
    await expect(one.tell(other, 3)).rejects.toMatchObject({
      code: 'unknownTrial',
      message: expect.stringMatching(/no such trial.*or one of an earlier process by its number/) as string,
    })
    await one.tell({ id: mine.id, number: mine.number }, 3)
  })

  it.each([
    [{ state: 'pruned', value: 3 }, /tell has no option value\. Did you mean values\?/],
    [{ state: 'failed', values: 3 }, /a trial that failed has no values, got 3/],
    [{ values: 3 }, /tell takes values, or/],
    [{ state: 'complete', values: 3 }, /tell\.state must be .*got "complete"\. Did you mean 'completed'\?/],
    [{ state: 7 }, /tell\.state must be .*got 7\./],
    [null, /got null/],
  ])('does not lose what it does not understand: %j is refused', async (result, message) => {
    const study = await createStudy({ paramSpace })
    const trial = await study.ask()
    await expect(study.tell(trial, result as never)).rejects.toThrow(message)
    await expect(study.tell(trial, result as never)).rejects.toThrow(OptionError)
    expect((await study.tell(trial, { state: 'pruned', values: 3 })).values).toEqual([3])
  })

  it('can be told again without harm, when that is asked for', async () => {
    const study = await createStudy({ paramSpace })
    const trial = await study.ask()
    await study.tell(trial, 3)
    await expect(study.tell(trial, 4)).rejects.toMatchObject({ code: 'told' })
    for (const again of [trial, trial.number])
      expect((await study.tell(again, 4, { skipIfFinished: true })).values).toEqual([3])
    await expect(study.tell(7, 4, { skipIfFinished: true })).rejects.toMatchObject({ code: 'unknownTrial' })
    const next = await study.ask()
    expect((await study.tell(next, 5, { skipIfFinished: true })).values).toEqual([5])
    await expect(study.tell(next, 5, { skipIfFinnished: true } as never)).rejects.toThrow(OptionError)
  })

  it('gives records that do not reach the study, whatever is done to them', async () => {
    const study = await createStudy({ paramSpace: { x: choice([[1]]), c: { d: 2 } } })
    const trial = await study.ask()
    trial.report(1, 5)
    trial.setUserAttr('tags', ['a'])
    await study.ask()
    await study.tell(trial, 5)
    for (const number of [0, 1]) {
      const config = study.trials[number]?.config as { x: number[]; c: { d: number } }
      config.x.push(2)
      config.c.d = 9
      expect(study.trials[number]?.config).toEqual({ x: [1], c: { d: 2 } })
    }
    const { userAttrs, intermediateValues } = study.bestTrial
    expect(() => (userAttrs['tags'] as string[]).push('b')).toThrow(TypeError)
    expect(() => ((intermediateValues[0] as [number, number])[1] = 9)).toThrow(TypeError)
  })

  it.each([[undefined], ['1'], [[1, 2]], [{ state: 'waiting' }], [{ state: 'completed' }]])(
    'refuses to be told %j, and the trial goes on',
    async (wrong) => {
      const study = await createStudy({ paramSpace })
      const trial = await study.ask()
      await expect(study.tell(trial, wrong as never)).rejects.toThrow(OptionError)
      expect((await study.tell(trial, 1)).state).toBe('completed')
    },
  )

  it('ends with the searcher, and says so', async () => {
    const study = await createStudy({ paramSpace: { x: choice([1, 2]) }, searcher: gridSearcher() })
    await study.ask()
    await study.ask()
    await expect(study.ask()).rejects.toMatchObject({
      code: 'finished',
      message: 'gridSearcher has no further configuration to try.',
    })
  })

  it('says what a searcher waits for', async () => {
    const answers: Suggestion[] = [{ kind: 'wait' }, { kind: 'point', point: {} }, { kind: 'wait' }]
    const study = await createStudy({
      paramSpace,
      searcher: listening(() => answers.shift() ?? { kind: 'finished' }),
    })
    await expect(study.ask()).rejects.toMatchObject({ code: 'deadlock' })
    await study.ask()
    await expect(study.ask()).rejects.toThrow(
      'listening waits for the result of a trial that runs (0). Tell one first.',
    )
  })

  it('takes over results of trials with the same parameters, when asked to', async () => {
    const searcher = listening(() => ({ kind: 'point', point: { x: searcher.tells.length < 2 ? 1 : 2 } }))
    const study = await createStudy({ paramSpace: { x: choice([1, 2]) }, searcher, duplicates: 'reuse' })
    await study.tell(await study.ask(), 0.5)
    const next = await study.ask()
    expect(next).toMatchObject({ number: 2, config: { x: 2 } })
    expect(study.trials).toMatchObject([
      { state: 'completed', values: [0.5], config: { x: 1 } },
      { state: 'completed', values: [0.5], config: { x: 1 } },
      { state: 'running' },
    ])
    expect(searcher.tells).toHaveLength(2)
  })

  it('tries what has no result yet when the searcher only repeats what has one', async () => {
    const searcher = listening(() => ({ kind: 'point', point: { x: 1 } }))
    const study = await createStudy({ paramSpace: { x: choice([1, 2]) }, searcher, duplicates: 'reuse' })
    await study.tell(await study.ask(), 0.5)
    expect((await study.ask()).config).toEqual({ x: 2 })
  })

  it('has finished when each configuration has a result to take over, and leaves no trial behind', async () => {
    const study = await createStudy({ paramSpace: { x: choice([1, 2, 3]) }, duplicates: 'reuse', seed: 4 })
    await study.optimize(({ config }) => config.x, { nTrials: 50 })
    const { length } = study.trials
    expect(new Set(study.trials.map(({ config }) => config.x))).toEqual(new Set([1, 2, 3]))
    await expect(study.ask()).rejects.toMatchObject({
      code: 'finished',
      message: expect.stringMatching(/^Each configuration of the space has a result/) as string,
    })
    expect(study.trials).toHaveLength(length)
    await study.enqueueTrial({ x: 2 })
    await expect(study.ask()).rejects.toMatchObject({ code: 'finished' })
    expect(study.trials.at(-1)).toMatchObject({ state: 'completed', values: [2] })
  })

  it('still tries one that failed, which has no result to take over', async () => {
    const study = await createStudy({ paramSpace: { x: choice([1]) }, duplicates: 'reuse' })
    await study.tell(await study.ask(), { state: 'failed' })
    expect(await study.ask()).toMatchObject({ number: 1, config: { x: 1 } })
  })

  it('makes trials of evaluatedRewards, which take the first numbers', async () => {
    const searcher = randomSearch({ pointsToEvaluate: [{ x: 0.5 }, { x: 0.25 }], evaluatedRewards: [9] })
    const study = await createStudy({ paramSpace, searcher })
    expect(study.trials).toMatchObject([
      { number: 0, state: 'completed', values: [9], config: { steps: 100, x: 0.5 } },
    ])
    expect(await study.ask()).toMatchObject({ number: 1, config: { x: 0.25 } })
  })

  it('honours where', async () => {
    const study = await createStudy({ paramSpace: { n: randint(0, 10) }, where: ({ n }) => n === 7 })
    expect((await study.ask()).config).toEqual({ n: 7 })
  })
})

describe('a trial that suggests', () => {
  it('fills its configuration in, in a study without a space', async () => {
    const study = await createStudy({ seed: 3 })
    const trial = await study.ask()
    const x = trial.suggestFloat('x', -1, 1)
    const depth = trial.suggestInt('net/depth', 1, 3)
    const act = trial.suggestCategorical('net/act', ['relu', 'tanh'])
    expectTypeOf(act).toEqualTypeOf<'relu' | 'tanh'>()
    expect(trial.suggestFloat('x', -1, 1)).toBe(x)
    expect(trial.config).toEqual({ x, net: { depth, act } })
    await study.tell(trial, x)
    expect(study.bestTrial.config).toEqual({ x, net: { depth, act } })
  })

  it('draws a name by seed, number and name, whatever else was drawn', async () => {
    const one = await (await createStudy({ seed: 5 })).ask()
    const two = await (await createStudy({ seed: 5 })).ask()
    one.suggestFloat('other', 0, 1)
    expect(two.suggestFloat('x', 0, 1)).toBe(one.suggestFloat('x', 0, 1))
    const later = await (await createStudy({ seed: 5 })).ask()
    expect(later.suggestFloat('x', 0, 1)).toBe(two.suggestFloat('x', 0, 1))
    expect(later.suggestFloat('y', 0, 1)).not.toBe(later.suggestFloat('x', 0, 1))
  })

  it('reads what the searcher proposed for the name, and draws what does not fit', async () => {
    const searcher = listening(() => ({ kind: 'point', point: { x: 0.5, y: 9 } }))
    const study = await createStudy({ searcher })
    const trial = await study.ask()
    expect(trial.suggestFloat('x', 0, 1)).toBe(0.5)
    expect(trial.suggestFloat('y', 0, 1)).toBeLessThanOrEqual(1)
    await study.tell(trial, 1)
    expect(Object.keys(searcher.tells[0]?.params ?? {})).toEqual(['x', 'y'])
    expect(searcher.tells[0]?.domains).toMatchObject({ x: { kind: 'float', low: 0, high: 1 } })
  })

  it('gives what its space fixed, and refuses another range for it', async () => {
    const trial = await (await createStudy({ paramSpace })).ask()
    expect(trial.suggestFloat('x', 0, 1)).toBe(trial.config.x)
    expect(() => trial.suggestFloat('x', 2, 3)).toThrow(SpaceError)
    expect(() => trial.suggestFloat('steps', 0, 1)).toThrow(/^steps: there is no room/)
    trial.suggestFloat('more', 0, 1)
    expect(Object.keys(trial.config)).toEqual(['steps', 'x', 'more'])
  })

  it('refuses another domain than its space has, also one that would hold the value', async () => {
    const study = await createStudy({
      paramSpace: {
        x: uniform(0, 1),
        n: randint(1, 9),
        q: quniform(0, 1, 0.25),
        act: choice(['relu', 'tanh']),
        kind: branch({ a: { lr: loguniform(0.1, 1) } }),
        bias: randn(),
      },
    })
    const trial = await study.ask()
    const { config } = trial
    expect(() => trial.suggestFloat('x', 0, 2)).toThrow(
      'x: is suggested as a number from 0 to 2, but the space has it as a number from 0 to 1. Suggest the same, read trial.config, or take another name.',
    )
    expect(() => trial.suggestInt('n', 1, 9)).toThrow(SpaceError)
    expect(() => trial.suggestFloat('q', 0, 1)).toThrow(SpaceError)
    expect(() => trial.suggestCategorical('act', ['relu', 'tanh', 'gelu'])).toThrow(SpaceError)
    expect(() => trial.suggestFloat('lr', 0.1, 1)).toThrow(SpaceError)
    expect(() => trial.suggestFloat('bias', -9, 9)).toThrow(SpaceError)
    expect(config).toEqual({
      x: trial.suggestFloat('x', 0, 1),
      n: trial.suggestInt('n', 1, 8),
      q: trial.suggestFloat('q', 0, 1, { step: 0.25 }),
      act: trial.suggestCategorical('act', ['relu', 'tanh']),
      kind: trial.suggestCategorical('kind', ['a']),
      lr: trial.suggestFloat('lr', 0.1, 1, { log: true }),
      bias: config.bias,
    })
  })

  it('is not even asked for in a space that holds itself, or holds a bad call', async () => {
    const looped: Record<string, unknown> = { x: uniform(0, 1) }
    looped['again'] = looped
    await expect(createStudy({ paramSpace: looped })).rejects.toMatchObject({
      name: 'SpaceError',
      path: 'again',
    })
    const study = await createStudy()
    await expect(study.ask({ n: { x: uniform(1, 0) } })).rejects.toMatchObject({
      name: 'SpaceError',
      path: 'n/x',
    })
    await expect(createStudy({ paramSpace: { x: branch({}) } })).rejects.toMatchObject({ path: 'x' })
  })

  it('refuses one name with two domains', async () => {
    const trial = await (await createStudy()).ask()
    trial.suggestFloat('x', 0, 1)
    expect(() => trial.suggestFloat('x', 0, 2)).toThrow(/^x: is suggested twice/)
  })

  it('takes enqueued values, and refuses one out of range', async () => {
    const study = await createStudy()
    await study.enqueueTrial({ x: 0.25, net: { depth: 9 } })
    const trial = await study.ask()
    expect(trial.suggestFloat('x', 0, 1)).toBe(0.25)
    expect(() => trial.suggestInt('net/depth', 1, 3)).toThrow(/^net\/depth: 9 is out of range/)
  })

  it('searches a space of its own', async () => {
    const study = await createStudy({ seed: 1 })
    const trial = await study.ask({ kind: branch({ a: { n: randint(0, 5) }, b: {} }), fixed: 1 })
    expectTypeOf(trial.config).toEqualTypeOf<
      { fixed: number; kind: 'a'; n: number } | { fixed: number; kind: 'b' }
    >()
    expect(trial.config.fixed).toBe(1)
    expect(['a', 'b']).toContain(trial.config.kind)
    const byRun = await study.ask((t) => {
      t.suggestFloat('z', 0, 1)
      return { constant: true }
    })
    expect(byRun.config).toEqual({ z: expect.any(Number) as number, constant: true })
    await expect(study.ask({ x: Number, 'a/b': 1 })).rejects.toThrow(SpaceError)
  })

  it('runs a define-by-run function that is the study’s space', async () => {
    const study = await createStudy({
      paramSpace: (trial) => {
        if (trial.suggestCategorical('act', ['relu']) === 'relu') trial.suggestFloat('width', 0, 20)
        return { steps: 100 }
      },
    })
    expect((await study.ask()).config).toEqual({
      act: 'relu',
      width: expect.any(Number) as number,
      steps: 100,
    })
  })
})

describe('what a trial writes', () => {
  it('must make sense', async () => {
    const study = await createStudy({ paramSpace })
    const trial = await study.ask()
    trial.report(1, 0.5)
    expect(() => trial.report(1, 0.4)).toThrow('Trial 0 has already reported step 1. Report each step once.')
    expect(() => trial.report(Number.NaN, 1)).toThrow(OptionError)
    expect(() => trial.report(-1, 1)).toThrow('report.step must be a finite number from 0, got -1.')
    trial.report(0, 1)
    expect(() => trial.report(2, '1' as never)).toThrow(OptionError)
    expect(() => trial.setConstraint('c', Number.NaN)).toThrow(OptionError)
    expect(() => trial.setUserAttr('f', () => {})).toThrow(
      /setUserAttr: f is or holds what cannot be recorded, got a function/,
    )
    expect(() => trial.setUserAttr('gone', undefined)).toThrow(/gone is or holds .* got undefined/)
    expect(() => trial.setUserAttr('', 1)).toThrow(OptionError)
    expect(() => trial.setConstraint('', 1)).toThrow(OptionError)
    await expect(study.setUserAttr('gone', undefined)).rejects.toThrow(/got undefined/)
    await study.tell(trial, 1)
    for (const late of [
      () => trial.report(3, 1),
      () => trial.setUserAttr('a', 1),
      () => trial.setConstraint('c', 1),
      () => trial.suggestFloat('z', 0, 1),
    ]) {
      expect(late).toThrow(expect.objectContaining({ code: 'ended' }))
    }
    expect(trial.suggestFloat('x', 0, 1)).toBe(trial.config.x)
  })

  it('does not reach the study through the objects that it was given', async () => {
    const study = await createStudy({ paramSpace: { list: choice([[1, 2] as number[]]) } })
    const trial = await study.ask()
    const note = { a: 1 }
    trial.setUserAttr('note', note)
    trial.config.list.push(3)
    note.a = 2
    expect(study.trials[0]).toMatchObject({ config: { list: [1, 2] }, userAttrs: { note: { a: 1 } } })
  })
})

describe('the queue', () => {
  it('comes first, in order, as waiting trials with their numbers', async () => {
    const study = await createStudy({ paramSpace: { steps: 3, x: uniform(0, 1), y: uniform(0, 1) } })
    await study.enqueueTrial({ x: 0.5 })
    await study.enqueueTrial({ x: 0.25, y: 0.75 })
    expect(study.trials).toMatchObject([
      { state: 'waiting', config: { x: 0.5 }, startedAt: undefined },
      { state: 'waiting' },
    ])
    expect(await study.ask()).toMatchObject({ number: 0, config: { steps: 3, x: 0.5 } })
    expect((await study.ask()).config).toEqual({ steps: 3, x: 0.25, y: 0.75 })
    expect((await study.ask()).number).toBe(2)
    expect(study.trials[0]?.startedAt).toEqual(expect.any(Number))
  })

  it('leaves out what was there, in whatever state, when asked to', async () => {
    const study = await createStudy({ paramSpace: { x: uniform(0, 1), y: uniform(0, 1) } })
    expect(await study.enqueueTrial({ x: 0.5 }, { skipIfExists: true })).toBe(true)
    expect(await study.enqueueTrial({ x: 0.5 }, { skipIfExists: true })).toBe(false)
    expect(await study.enqueueTrial({ x: 0.5 })).toBe(true)
    await study.tell(await study.ask(), 1)
    expect(await study.enqueueTrial({ x: 0.5 }, { skipIfExists: true })).toBe(false)
    expect(await study.enqueueTrial({ x: 0.25 }, { skipIfExists: true })).toBe(true)
    const suggested = await createStudy({ paramSpace })
    const trial = await suggested.ask()
    expect(await suggested.enqueueTrial(trial.config, { skipIfExists: true })).toBe(false)
  })

  it('refuses what is not in the space where it is given', async () => {
    const study = await createStudy({ paramSpace })
    await expect(study.enqueueTrial({ x: 5 })).rejects.toThrow(/^x: 5 is out of range/)
    await expect(study.enqueueTrial({ z: 5 })).rejects.toThrow(SpaceError)
    await expect(study.enqueueTrial(5 as never)).rejects.toThrow(OptionError)
    await expect(study.enqueueTrial({ x: 0.5 }, { skip: true } as never)).rejects.toThrow(/no option skip/)
    expect(study.trials).toEqual([])
  })

  it('goes on behind one that does not fit a define-by-run space', async () => {
    const study = await createStudy({ paramSpace: (t) => void t.suggestFloat('x', 0, 1) })
    await study.enqueueTrial({ x: 5 })
    await study.enqueueTrial({ x: 0.5 })
    await expect(study.ask()).rejects.toThrow(/^x: 5 is out of range/)
    expect(await study.ask()).toMatchObject({ number: 1, config: { x: 0.5 } })
    expect(study.trials[0]).toMatchObject({ state: 'failed', startedAt: undefined })
  })
})

describe('trials that were run elsewhere', () => {
  it('are added, and the searcher learns from them', async () => {
    const searcher = listening()
    const study = await createStudy({ paramSpace, searcher })
    await study.addTrials([
      {
        config: { x: 0.5 },
        values: 1,
        intermediateValues: [
          [1, 3],
          [2, 2],
        ],
        userAttrs: { a: 1 },
        constraints: { c: 1 },
        startedAt: 10,
        endedAt: 20,
      },
      { config: { x: 0.25 }, state: 'pruned', values: [2] },
      { config: { x: 0.75 }, state: 'failed' },
      { config: { x: 0.125 }, values: Number.NaN },
    ])
    expect(study.trials[0]).toEqual({
      number: 0,
      state: 'completed',
      values: [1],
      config: { steps: 100, x: 0.5 },
      intermediateValues: [
        [1, 3],
        [2, 2],
      ],
      userAttrs: { a: 1 },
      constraints: { c: 1 },
      startedAt: 10,
      endedAt: 20,
    })
    expect(study.trials.map(({ state }) => state)).toEqual(['completed', 'pruned', 'failed', 'failed'])
    expect(searcher.tells).toMatchObject([
      { params: { x: 0.5 }, step: 2, values: [1] },
      { state: 'pruned' },
      { state: 'failed' },
      { state: 'failed' },
    ])
  })

  it('bring their space to a study without one, or teach the searcher nothing', async () => {
    const searcher = listening()
    const study = await createStudy({ searcher })
    await study.addTrial({ config: { x: 0.5 }, values: 1, space: { x: uniform(0, 1) } })
    await study.addTrial({ config: { x: 0.5 }, values: 1 })
    expect(searcher.tells.map(({ params }) => params)).toEqual([{ x: 0.5 }, {}])
    expect(study.trials[1]?.config).toEqual({ x: 0.5 })
  })

  it('are refused when they are not whole', async () => {
    const study = await createStudy({ paramSpace: { x: uniform(0, 1), y: uniform(0, 1) } })
    await expect(study.addTrial({ config: { x: 0.5 }, values: 1 })).rejects.toThrow(/^y: is missing/)
    await expect(study.addTrial({ config: { x: 0.5, y: 2 }, values: 1 })).rejects.toThrow(SpaceError)
    await expect(study.addTrial({ config: { x: 0.5, y: 0.5 } })).rejects.toThrow(OptionError)
    await expect(study.addTrial({ config: { x: 0.5, y: 0.5 }, values: [1, 2] })).rejects.toThrow(/one number/)
    await expect(study.addTrial({ config: { x: 0.5, y: 0.5 }, value: 1 } as never)).rejects.toThrow(
      /Did you mean values\?/,
    )
    expect(study.trials).toEqual([])
  })

  it.each([
    [{ constraints: { a: 'x' } }, /addTrial\.constraints: a must be a number .* got "x"/],
    [{ constraints: [1] }, /addTrial\.constraints: must be an object of values by name/],
    [{ userAttrs: { a: undefined } }, /addTrial\.userAttrs: a is or holds .* got undefined/],
    [{ userAttrs: 'a' }, /addTrial\.userAttrs: must be an object of values by name/],
    [{ startedAt: 'x' }, /addTrial\.startedAt: must be a time in milliseconds since 1970/],
    [{ endedAt: -5 }, /addTrial\.endedAt: must be a time/],
    [{ startedAt: 20, endedAt: 10 }, /endedAt \(10\) lies before startedAt \(20\)/],
    [{ intermediateValues: 3 }, /intermediateValues: must be an array of pairs \[step, value\]\. Got 3/],
    [{ intermediateValues: [3] }, /must be an array of pairs/],
    [{ intermediateValues: [['a', 3]] }, /intermediateValues must be a finite number from 0, got "a"/],
    [{ intermediateValues: [[1, 'a']] }, /intermediateValues takes one number, got "a"/],
    [
      {
        intermediateValues: [
          [1, 3],
          [1, 4],
        ],
      },
      /has step 1 twice/,
    ],
    [{ state: 'failed', values: 3 }, /a trial that failed has no values/],
  ])('are refused for what cannot be: %j', async (wrong, message) => {
    const study = await createStudy({ paramSpace })
    const adding = study.addTrial({ config: { x: 0.5 }, values: 1, ...wrong } as never)
    await expect(adding).rejects.toThrow(message)
    await expect(adding).rejects.toThrow(OptionError)
    expect(study.trials).toEqual([])
  })

  it('come as an array, when they are several', async () => {
    const study = await createStudy({ paramSpace })
    await expect(study.addTrials({} as never)).rejects.toThrow(
      'addTrials takes an array of trials, got an object with no keys. Use addTrial for one.',
    )
  })
})

describe('the best', () => {
  it('is feasible before infeasible, then by value, then by number', async () => {
    const study = await createStudy({ paramSpace, direction: 'maximize' })
    const told: [number, number][] = [
      [1, 0],
      [9, 1],
      [3, 0],
      [3, -1],
    ]
    for (const [value, constraint] of told) {
      const trial = await study.ask()
      trial.setConstraint('c', constraint)
      await study.tell(trial, value)
    }
    await study.tell(await study.ask(), { state: 'pruned', values: 100 })
    expect(study.bestTrial.number).toBe(2)
    expect(study.bestTrials.map(({ number }) => number)).toEqual([2, 3])
    expect([study.direction, study.directions, study.metricNames]).toEqual([
      'maximize',
      ['maximize'],
      ['value'],
    ])
  })

  it('breaks constraints where none is feasible, and the one that does so least can be asked for', async () => {
    const study = await createStudy({ paramSpace })
    for (const [value, c, d] of [
      [1, 5, 1],
      [3, 2, 0.5],
      [2, 2, 4],
    ] as const) {
      const trial = await study.ask()
      trial.setConstraint('c', c)
      trial.setConstraint('d', d)
      await study.tell(trial, value)
    }
    expect(study.bestTrial.number).toBe(0)
    expect(study.bestTrials.map(({ number }) => number)).toEqual([0])
    expect(study.leastViolatingTrial.number).toBe(1)
    await study.tell(await study.ask(), 9)
    expect(study.bestTrial.number).toBe(3)
    expect(study.bestTrials.map(({ number }) => number)).toEqual([3])
    expect(study.leastViolatingTrial.number).toBe(3)
  })

  it('does not exist before a trial has completed', async () => {
    const study = await createStudy({ paramSpace, name: 'fresh' })
    await study.tell(await study.ask(), Number.NaN)
    expect(() => study.bestTrial).toThrow(NoResultError)
    expect(() => study.bestTrial).toThrow(
      'No trial of fresh has completed, so there is no best one. Tell one its value first.',
    )
    expect(() => study.leastViolatingTrial).toThrow(NoResultError)
    expect(study.bestTrials).toEqual([])
  })

  it('is a front for several objectives, of the feasible trials', async () => {
    const study = await createStudy({
      paramSpace,
      directions: ['minimize', 'maximize'],
      metricNames: ['loss', 'gain'],
    })
    for (const [values, constraint] of [
      [[1, 1], 0],
      [[2, 2], 0],
      [[2, 1], 0],
      [[0, 9], 1],
      [[1, 1], 0],
    ] as const) {
      const trial = await study.ask()
      trial.setConstraint('c', constraint)
      await study.tell(trial, values)
    }
    expect(study.bestTrials.map(({ number }) => number)).toEqual([0, 1, 4])
    expect(() => study.bestTrial).toThrow('bestTrial is for one objective, and')
    expect(() => study.direction).toThrow(TroupeError)
    await expect(study.tell(await study.ask(), 1)).rejects.toThrow(/an array of 2 numbers/)
  })
})

describe('several objectives', () => {
  it('are reported as arrays, of which the first is shown', async () => {
    const searcher = listening()
    const study = await createStudy({ paramSpace, directions: ['minimize', 'maximize'], searcher })
    const trial = await study.ask()
    trial.report(1, [5, 6])
    expect(() => trial.report(2, 5)).toThrow(/an array of 2 numbers, one for each objective/)
    expect(trial.shouldPrune()).toBe(false)
    expect((await study.tell(trial, { state: 'pruned' })).values).toEqual([5, 6])
    expect(study.trials[0]?.intermediateValues).toEqual([[1, 5]])
    expect(study.metricNames).toEqual(['value0', 'value1'])
  })
})
