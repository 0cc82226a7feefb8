import { asha, uniform } from 'troupe'
import { type SimulateOptions, type Simulation, simulate } from 'troupe/testing'
import { describe, expect, it } from 'vitest'
import type { LogRecord } from '../../../src/core/log.ts'
import { expectSameResults } from './same-results.ts'

interface Config {
  readonly x: number
}

/** Trials that lose rungs, and trials that fail and try again. */
function climb(options: Partial<SimulateOptions<Config>> = {}): Promise<Simulation<Config>> {
  return simulate({
    trainable: async ({ x }, trial) => {
      for (let i = 1; i <= 4; i++) {
        await trial.sleep(100 * x)
        await trial.report({ loss: x / i })
        if (x > 0.8 && i === 2) throw new RangeError('too large')
      }
    },
    paramSpace: { x: uniform(0, 1) },
    metric: 'loss',
    mode: 'min',
    numSamples: 8,
    scheduler: asha({ maxT: 4, gracePeriod: 1, reductionFactor: 2 }),
    failure: { maxFailures: 1 },
    maxConcurrentTrials: 3,
    seed: 4,
    ...options,
  })
}

describe('an experiment that went on, read from its log', () => {
  it('is what it gave, wherever it was cut', async () => {
    const whole = await climb()
    const records: LogRecord[] = [...whole.trace]
    for (let cut = 1; cut < records.length; cut += 5) {
      const run = await climb({ resumeFrom: { trace: records.slice(0, cut) } })
      expect(run.results.length).toBe(whole.results.length)
      expectSameResults(run.trace, run.results)
    }
  })

  it('is what it gave, whenever it was stopped', async () => {
    const whole = await climb()
    for (let at = 30; at < whole.elapsedMs; at += 60) {
      const stopped = await climb({ timeBudgetMs: at })
      expect(stopped.results.endedBy).toBe('timeBudget')
      const run = await climb({ resumeFrom: { trace: stopped.trace } })
      expect(run.results.length).toBe(whole.results.length)
      expectSameResults(run.trace, run.results)
    }
  })
})
