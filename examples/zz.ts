import { concurrencyLimiter, randomSearch, uniform, choice } from 'troupe'
import { simulate } from 'troupe/testing'
const t0 = performance.now()
const run = await simulate({
  trainable: async (config, trial) => {
    for (let step = 0; step < config.steps; step++) {
      await trial.sleep(100)
      const loss = 1 / (0.1 + (config.width * step) / 100) + config.height * 0.1 + (config.activation === 'relu' ? 10 : 0)
      await trial.report({ iterations: step, mean_loss: loss })
    }
  },
  paramSpace: { steps: 100, width: uniform(0, 20), height: uniform(-100, 100), activation: choice(['relu', 'tanh']) },
  metric: 'mean_loss', mode: 'min',
  searcher: concurrencyLimiter(randomSearch(), { maxConcurrent: 4 }),
  numSamples: 1000,
})
console.log(run.results.getBestResult().config, run.elapsedMs, performance.now() - t0, run.results.length)
