import { describe, expect, it } from 'vitest'
import type { Searcher } from '../../src/searchers/searcher.ts'
import { uniform } from '../../src/space/numbers.ts'
import { simulate } from '../../src/testing/simulate.ts'

/** Takes its time, and writes down when it was asked and what ended before. */
function slow(log: string[], more: Partial<Searcher>): Searcher {
  return {
    name: 'slow',
    ...more,
    start: ({ random }) => ({
      suggest: async ({ number }) => {
        log.push(`ask ${number}`)
        return { kind: 'point', point: { x: random.fork(number).next() } }
      },
      tell: ({ number }) => void log.push(`told ${number}`),
    }),
  }
}

async function run(log: string[], more: Partial<Searcher>): Promise<unknown[]> {
  const { results } = await simulate({
    trainable: async (config, trial) => {
      await trial.sleep(10)
      return { loss: config.x }
    },
    paramSpace: { x: uniform(0, 1) },
    metric: 'loss',
    mode: 'min',
    numSamples: 4,
    maxConcurrentTrials: 1,
    searcher: slow(log, more),
  })
  return [...results].map(({ config }) => config)
}

describe('a searcher that answers by promise', () => {
  it('is asked ahead when it ignores results, which changes no configuration', async () => {
    const [ahead, inTurn]: [string[], string[]] = [[], []]
    const configs = await run(ahead, { ignoresResults: true })
    expect(configs).toEqual(await run(inTurn, {}))
    expect(ahead.indexOf('ask 1')).toBeLessThan(ahead.indexOf('told 0'))
    expect(inTurn.indexOf('ask 1')).toBeGreaterThan(inTurn.indexOf('told 0'))
  })

  it('goes on the same when it threw meanwhile and was started again', async () => {
    let isBroken = true
    const log: string[] = []
    const { results } = await simulate({
      trainable: (config) => ({ loss: config.x }),
      paramSpace: { x: uniform(0, 1) },
      metric: 'loss',
      mode: 'min',
      numSamples: 4,
      maxConcurrentTrials: 1,
      searcher: {
        ...slow(log, { ignoresResults: true }),
        start(context) {
          const search = slow(log, {}).start(context)
          return {
            ...search,
            async suggest(ask) {
              if (ask.number === 2 && isBroken) {
                isBroken = false
                throw new Error('just once')
              }
              return search.suggest(ask)
            },
          }
        },
      },
    })
    expect([...results].map(({ config }) => config)).toEqual(await run([], {}))
    expect(results.warnings).toMatchObject([{ kind: 'policyRestarted' }])
  })
})
