import { describe, expect, it } from 'vitest'
import { randomSearch } from '../../src/searchers/random-search.ts'
import { uniform } from '../../src/space/numbers.ts'
import { terminator } from '../../src/stoppers/terminator/terminator.ts'
import { simulate } from '../../src/testing/simulate.ts'

const base = {
  trainable: ({ x }: { x: number }) => ({ loss: (x - 0.3) ** 2 }),
  paramSpace: { x: uniform(0, 1) },
  metric: 'loss',
  mode: 'min',
  numSamples: 300,
  searcher: randomSearch(),
  maxConcurrentTrials: 1,
  seed: 1,
} as const

describe('a terminator', () => {
  it('ends the experiment when the best value has stood still for long enough', async () => {
    const stop = terminator({ improvement: 'bestValueStagnation', maxStagnationTrials: 15 })
    const { results } = await simulate({ ...base, stop })
    expect(results.endedBy).toBe('stopper')
    const losses = [...results].flatMap(({ state, values = [] }) =>
      state === 'completed' ? values.map(Number) : [],
    )
    expect(losses.length - 1 - losses.indexOf(Math.min(...losses))).toBe(16)
  })

  it('ends it when a Gaussian process expects no more than the error that is given', async () => {
    const { results } = await simulate({ ...base, numSamples: 60, stop: terminator({ error: 0.05 }) })
    expect(results.endedBy).toBe('stopper')
    expect(results.length).toBeLessThan(60)
  })

  it('lets it run as long as there is something to gain', async () => {
    const stop = terminator({ improvement: 'bestValueStagnation', maxStagnationTrials: 1000 })
    const { results } = await simulate({ ...base, numSamples: 40, stop })
    expect(results).toMatchObject({ endedBy: 'finished', length: 40 })
  })

  it('hears of trials whose results were given, too', async () => {
    const points = Array.from({ length: 25 }, (_, i) => ({ x: i / 25 }))
    const { results } = await simulate({
      ...base,
      searcher: randomSearch({ pointsToEvaluate: points, evaluatedRewards: points.map((_, i) => i) }),
      stop: terminator({ improvement: 'bestValueStagnation', maxStagnationTrials: 15 }),
    })
    expect(results.endedBy).toBe('stopper')
    expect(results.length).toBeLessThan(27)
  })
})
