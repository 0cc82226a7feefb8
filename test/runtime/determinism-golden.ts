import {
  asha,
  branch,
  choice,
  concurrencyLimiter,
  gridSearch,
  loguniform,
  quniform,
  randint,
  randn,
  randomSearch,
  uniform,
} from 'troupe'
import { simulate, type Trace } from 'troupe/testing'

/**
 * SHA-256 of the trace of `goldenRun`, by major version of Node, since `Math.exp` and the like may change with V8.
 *
 * A hash may change when, and only when, a change means to alter what users get from the same seed: other draws, ids,
 * configurations, orders, decisions, or another form of traces. Such a change has a line in CHANGELOG.md; refactoring,
 * tuning for speed and new features that are not used here leave every hash as it is.
 * To pin anew, for each major: `node --conditions=@troupe/source --import tsx test/runtime/determinism-child.ts golden`.
 */
export const GOLDEN: Readonly<Record<number, string>> = {
  20: 'c4762d1a019e033eb12e5e9e16fe2e5ed22e3cfa0b392ebd4c1328a293c534fa',
  22: 'c4762d1a019e033eb12e5e9e16fe2e5ed22e3cfa0b392ebd4c1328a293c534fa',
  24: '09df2244b4f696f5ac386accf48e0bceb7b5c3e522ceaca08b34611378133fc9',
}

/** An experiment that goes through most of what a trace can say. */
export async function goldenRun(): Promise<{ readonly trace: Trace; readonly hash: string }> {
  return await simulate({
    trainable: async (config, trial) => {
      const { width, seedling } = config
      const scale = config.optimizer === 'sgd' ? config.momentum : Math.exp(-config.decay)
      trial.setUserAttr('worker', { width, seedling })
      for (let step = 1; step <= 27; step++) {
        await trial.sleep(1 + width / 8)
        trial.setConstraint('memory', width * step - 400)
        const loss = scale * Math.pow(step, -config.rate) + Math.sin(seedling) * trial.random()
        await trial.report(
          { loss: trial.number % 13 === 5 && step > 2 ? NaN : loss, rate: config.rate, tag: `step ${step}` },
          { checkpoint: { step } },
        )
        if (trial.number % 9 === 4 && trial.attempt === 1 && step === 3) throw new Error('breaks once')
        if (trial.number % 17 === 8) throw new Error('breaks always')
      }
    },
    paramSpace: {
      rate: loguniform(1e-3, 1),
      width: randint(8, 64),
      dropout: quniform(0, 0.5, 0.1),
      seedling: randn(0, 1),
      layers: [choice([16, 32]), choice([16, 32, 64])],
      batch: gridSearch([32, 64]),
      optimizer: branch({
        sgd: { momentum: uniform(0.5, 1) },
        adam: { decay: uniform(0, 2), warmup: choice([true, false]) },
      }),
    },
    metric: 'loss',
    mode: 'min',
    numSamples: 30,
    searcher: concurrencyLimiter(
      randomSearch({ pointsToEvaluate: [{ optimizer: 'sgd', momentum: 0.9 }, { width: 8 }] }),
      { maxConcurrent: 6 },
    ),
    scheduler: asha({ maxT: 27, gracePeriod: 1, reductionFactor: 3, brackets: 2 }),
    where: ({ width, layers }) => width + layers[0] < 90,
    failure: { maxFailures: 1, backoffMs: 7 },
    stepMs: ({ iteration, worker }) => 0.25 * iteration + worker,
    workerSpeeds: [1, 2, 0.5],
    seed: 'golden',
    name: 'golden',
  })
}
