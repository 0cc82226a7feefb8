import { describe, expect, it } from 'vitest'
import { ExperimentError, SpaceError } from '../../src/errors.ts'
import { concurrencyLimiter } from '../../src/searchers/concurrency-limiter.ts'
import { gridSearcher } from '../../src/searchers/grid-searcher.ts'
import { randomSearch } from '../../src/searchers/random-search.ts'
import { repeater } from '../../src/searchers/repeater.ts'
import type { Searcher } from '../../src/searchers/searcher.ts'
import { gridSearch } from '../../src/space/choices.ts'
import { randint } from '../../src/space/integers.ts'
import { loguniform, uniform } from '../../src/space/numbers.ts'
import { sampleFrom } from '../../src/space/sample-from.ts'
import { simulate, type SimulateOptions } from '../../src/testing/simulate.ts'
import { Tuner } from '../../src/tuner/tuner.ts'

type Config = Record<string, unknown>

/** The configurations of an experiment, by number. */
async function configsOf(options: {
  readonly paramSpace: object
  readonly searcher: Searcher
  readonly numSamples?: number
  readonly where?: (config: Config) => boolean
}): Promise<Config[]> {
  const run = await simulate({
    trainable: async (_: Config) => ({ loss: 1 }),
    ...options,
  } as SimulateOptions<Config> & { readonly trainable: (config: Config) => Promise<{ loss: number }> })
  return [...run.results].map(({ config }) => config)
}

const grid = { a: gridSearch([1, 2, 3]) }

async function asOf(options: Omit<Parameters<typeof configsOf>[0], 'paramSpace'>): Promise<unknown[]> {
  return (await configsOf({ paramSpace: grid, ...options })).map(({ a }) => a)
}

describe('a grid with points of the user', () => {
  it('takes a complete point for one of numSamples, and goes through the whole grid for the others', async () => {
    const searcher = randomSearch({ pointsToEvaluate: [{ a: 3 }] })
    expect(await asOf({ searcher })).toEqual([3])
    expect(await asOf({ searcher, numSamples: 2 })).toEqual([3, 1, 2, 3])
  })

  it('goes through the whole grid with a point that leaves it out', async () => {
    const paramSpace = { g: gridSearch([1, 2, 3]), b: uniform(0, 1) }
    const searcher = randomSearch({ pointsToEvaluate: [{ b: 0.5 }] })
    const configs = await configsOf({ paramSpace, searcher, numSamples: 2 })
    expect(configs.slice(0, 3)).toEqual([1, 2, 3].map((g) => ({ g, b: 0.5 })))
    expect(configs.map(({ g }) => g)).toEqual([1, 2, 3, 1, 2, 3])
  })

  it('counts no point that has its result already', async () => {
    const searcher = randomSearch({
      metric: 'loss',
      mode: 'min',
      pointsToEvaluate: [{ a: 2 }],
      evaluatedRewards: [0.5],
    })
    expect(await asOf({ searcher })).toEqual([2, 1, 2, 3])
  })
})

describe('points of the user', () => {
  it('all run, also when there are more than numSamples', async () => {
    const paramSpace = { x: uniform(0, 1) }
    const searcher = randomSearch({ pointsToEvaluate: [{ x: 0.1 }, { x: 0.2 }, { x: 0.3 }] })
    expect(await configsOf({ paramSpace, searcher, numSamples: 2 })).toEqual([
      { x: 0.1 },
      { x: 0.2 },
      { x: 0.3 },
    ])
    expect(await configsOf({ paramSpace, searcher, numSamples: 4 })).toHaveLength(4)
  })

  it('are refused where the Tuner is made, when where forbids them', () => {
    const searcher = randomSearch({ pointsToEvaluate: [{ x: 0.1 }] })
    const make = (): unknown =>
      new Tuner(async () => {}, { paramSpace: { x: uniform(0, 1) }, searcher, where: ({ x }) => x > 0.5 })
    expect(make).toThrow(SpaceError)
    expect(make).toThrow(/where rejects pointsToEvaluate\[0\]/)
  })
})

describe('a repeater', () => {
  it('goes through the whole grid with all copies', async () => {
    expect(await asOf({ searcher: repeater(randomSearch(), { repeat: 2 }) })).toEqual([1, 1, 2, 2, 3, 3])
  })

  it('counts copies in numSamples where there is no grid', async () => {
    const searcher = repeater(randomSearch(), { repeat: 2 })
    expect(await configsOf({ paramSpace: { x: uniform(0, 1) }, searcher, numSamples: 4 })).toHaveLength(4)
  })
})

describe('where', () => {
  it('leaves out the combinations of a grid that it forbids', async () => {
    const where = ({ a }: Config): boolean => a !== 2
    expect(await asOf({ searcher: randomSearch(), where, numSamples: 2 })).toEqual([1, 3, 1, 3])
    expect(await asOf({ searcher: gridSearcher(), where })).toEqual([1, 3])
    const repeated = repeater(randomSearch(), { repeat: 2 })
    expect(await asOf({ searcher: repeated, where })).toEqual([1, 1, 3, 3])
  })

  it.each([randomSearch(), gridSearcher()])(
    'that allows nothing ends the experiment with an error',
    async (searcher) => {
      const refused = asOf({ searcher, where: () => false })
      await expect(refused).rejects.toThrow(ExperimentError)
      await expect(refused).rejects.toThrow(/where rejected/)
    },
  )

  it('that allows next to nothing of a huge grid keeps no budget waiting', async () => {
    const tuner = new Tuner(async () => ({ loss: 1 }), {
      paramSpace: { a: randint(0, 100_000), b: randint(0, 100_000) },
      where: ({ a, b }) => a + b > 199_990,
      searcher: gridSearcher(),
      timeBudgetMs: 50,
    })
    const results = await tuner.fit()
    expect(results.endedBy).toBe('timeBudget')
    expect(results.elapsedMs).toBeLessThan(4_000)
  })

  it('that throws is named as the one to blame, and so is a function of sampleFrom', async () => {
    const broken = asOf({
      searcher: randomSearch(),
      where: () => {
        throw new RangeError('boom')
      },
    })
    await expect(broken).rejects.toThrow('where threw at the configuration of trial 0: boom')
    await expect(broken).rejects.not.toThrow(/randomSearch/)
    const computed = configsOf({
      paramSpace: {
        net: {
          width: sampleFrom(() => {
            throw new RangeError('boom')
          }),
        },
      },
      searcher: randomSearch(),
    })
    await expect(computed).rejects.toThrow(
      'net/width: the function given to sampleFrom threw: RangeError: boom',
    )
    await expect(computed).rejects.not.toThrow(/randomSearch/)
  })
})

describe('a concurrencyLimiter', () => {
  it.each([
    [2, 10, 2],
    [4, 3, 3],
  ])('of %i and maxConcurrentTrials of %i make %i', async (maxConcurrent, maxConcurrentTrials, expected) => {
    let running = 0
    let most = 0
    await simulate({
      trainable: async (_: { x: number }, trial) => {
        most = Math.max(most, ++running)
        await trial.sleep(10)
        running--
      },
      paramSpace: { x: uniform(0, 1) },
      searcher: concurrencyLimiter(randomSearch(), { maxConcurrent }),
      maxConcurrentTrials,
      numSamples: 20,
    })
    expect(most).toBe(expected)
  })

  it('asks in rounds of its own size, also where fewer run at once', async () => {
    const atStart: number[] = []
    let ended = 0
    await simulate({
      trainable: async (_: { x: number }, trial) => {
        atStart.push(ended)
        await trial.sleep(10 * (1 + trial.number))
        ended++
      },
      paramSpace: { x: uniform(0, 1) },
      searcher: concurrencyLimiter(randomSearch(), { maxConcurrent: 4, batch: true }),
      maxConcurrentTrials: 3,
      numSamples: 8,
    })
    // The fourth of a round runs when the first has ended, the next round when all four have.
    expect(atStart).toEqual([0, 0, 0, 1, 4, 4, 4, 5])
  })
})

describe('a bad call in a space', () => {
  it('is refused where the Tuner is made, with the path, and by rejection in simulate', async () => {
    const paramSpace = { optimizer: { lr: loguniform(0, 1) } }
    const message =
      'optimizer/lr: loguniform(0, 1) needs a low bound above 0, got 0. Give a small one, or use uniform.'
    expect(() => new Tuner(async () => {}, { paramSpace })).toThrow(message)
    await expect(simulate({ trainable: async () => {}, paramSpace })).rejects.toMatchObject({
      name: 'SpaceError',
      path: 'optimizer/lr',
      message,
    })
    const searcher = randomSearch({ space: paramSpace })
    expect(() => new Tuner(async () => {}, { searcher })).toThrow(message)
  })
})
