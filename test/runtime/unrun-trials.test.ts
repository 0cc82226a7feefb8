import { describe, expect, it } from 'vitest'
import { gridSearch, gridSearcher, randint, type Trainable, Tuner, type TunerOptions } from 'troupe'
import { endOf, schedulerOf, simulate, spyingSearcher } from './stage.ts'

type Config = { x: number }

const paramSpace = { x: randint(0, 1_000_000) }
const LOSS = { metric: 'loss', mode: 'min' } as const

describe('trials without end that all end without having run', () => {
  const space = { x: randint(0, 3) }
  const train: Trainable<Config> = ({ x }) => ({ loss: x })
  const refusing = (): never => {
    throw new Error('no room')
  }
  const endless: readonly [string, TunerOptions<Config>, number, string][] = [
    [
      'since their results are known',
      { duplicates: 'reuse' },
      3,
      'The last 1000 trials that the searcher randomSearch proposed ended without having run; the last one took over the result of another.',
    ],
    [
      'since they are refused',
      { resources: refusing },
      0,
      'The last 1000 trials that the searcher randomSearch proposed ended without having run; the last one was refused: no room.',
    ],
  ]

  it.each(endless)('%s, are an error of the searcher', async (_, options, ranCount, message) => {
    const given = { paramSpace: space, numSamples: Infinity, maxConcurrentTrials: 1, ...LOSS, ...options }
    for (const ended of [
      await endOf(new Tuner(train, given).fit()),
      await endOf(simulate({ trainable: train, ...given })),
    ]) {
      expect(ended.error?.code).toBe('searcher')
      expect(ended.error?.message).toContain(message)
      expect(ended.results.length).toBeGreaterThanOrEqual(1000 + ranCount)
      expect([...ended.results].filter(({ startedAt }) => startedAt !== undefined)).toHaveLength(ranCount)
    }
  })

  it('wait for one that runs, from which the searcher may learn', async () => {
    const spy = spyingSearcher({
      answer(number) {
        if (spy.told.some((trial) => trial.number === 0)) return { kind: 'finished' }
        return { kind: 'point', point: { x: number === 0 ? 1 : 0 } }
      },
    })
    const { results } = await simulate({
      trainable: async ({ x }: Config, trial) => {
        await trial.sleep(100)
        return { loss: x }
      },
      paramSpace,
      searcher: spy.searcher,
      resources: ({ x }) => (x === 0 ? refusing() : { cpu: 1 }),
      numSamples: Infinity,
      maxConcurrentTrials: 2,
      ...LOSS,
    })
    expect(results).toMatchObject({ endedBy: 'finished', length: 1001 })
    expect(results.at(0)?.state).toBe('completed')
  })

  it.each([
    ['timeBudgetMs', () => ({ timeBudgetMs: 20 })],
    ['signal', () => ({ signal: AbortSignal.timeout(20) })],
    ['stop()', () => ({})],
  ] as const)('are ended by %s however many they may be', async (how, options) => {
    const tuner = new Tuner(train, {
      paramSpace: space,
      resources: refusing,
      numSamples: 1e9,
      ...LOSS,
      ...options(),
    })
    if (how === 'stop()') setTimeout(() => void tuner.stop(), 20)
    const results = await tuner.fit()
    expect(results.endedBy).toBe({ timeBudgetMs: 'timeBudget', signal: 'signal', 'stop()': 'stop' }[how])
    expect(results.length).toBeGreaterThan(0)
  })

  it('are no error where the searcher has an end, or their number is given', async () => {
    const all = await new Tuner(train, {
      paramSpace: { x: gridSearch(Array.from({ length: 1500 }, (_, x) => x)) },
      searcher: gridSearcher(),
      resources: refusing,
      ...LOSS,
    }).fit()
    expect(all).toMatchObject({ length: 1500, endedBy: 'finished' })
    const many = await new Tuner(train, { paramSpace: space, resources: refusing, numSamples: 1500 }).fit()
    expect(many).toMatchObject({ length: 1500, endedBy: 'finished' })
  })

  it('or that a scheduler never chooses, are a deadlock', async () => {
    const { error, results } = await endOf(
      new Tuner(train, {
        paramSpace,
        numSamples: Infinity,
        scheduler: schedulerOf({ init: () => null, choose: () => undefined }),
        ...LOSS,
      }).fit(),
    )
    expect(error?.code).toBe('deadlock')
    expect(error?.message).toContain(
      'and 995 more wait for the scheduler scripted, which chooses none of them.',
    )
    expect(results).toHaveLength(1000)
  })
})
