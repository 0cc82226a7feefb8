// What would another scheduler have done? Trains small networks on handwritten digits once, to their ends, and then
// asks schedulers about the recorded learning curves: how many epochs each would have saved, and at which regret.
//
//   npm run example examples/what-if.ts
//
// A replay runs no training, so it takes a moment. On the trace of a run without a scheduler its figures are exact;
// where a scheduler asks for an epoch that was never trained, they are intervals.
import { asha, fifo, loguniform, lograndint, type Scheduler, type Trial, uniform } from 'troupe'
import { replay, simulate, Trace } from 'troupe/testing'
import { readDigits } from './digits/data.ts'
import { initialWeights, Network } from './digits/network.ts'

const EPOCHS = 9
const { training, validation } = readDigits(new URL('./data/digits.csv', import.meta.url))

interface Config {
  readonly learningRate: number
  readonly momentum: number
  readonly width: number
}

function record(scheduler: Scheduler) {
  return simulate({
    trainable: async function digits(config: Config, trial: Trial) {
      const network = new Network(initialWeights(config.width, trial.random))
      for (let epoch = 1; epoch <= EPOCHS; epoch++) {
        network.trainEpoch(training, { ...config, batchSize: 32 }, trial.random)
        await trial.report(network.evaluate(validation))
      }
    },
    paramSpace: { learningRate: loguniform(0.001, 1), momentum: uniform(0, 0.99), width: lograndint(8, 32) },
    metric: 'accuracy',
    mode: 'max',
    scheduler,
    numSamples: 24,
    maxConcurrentTrials: 4,
    // Virtual seconds: wider networks would take longer.
    stepMs: 1_000,
    seed: 1,
  })
}

const { trace } = await record(fifo())
// A trace is text, which could have been written to a file, by a Tuner as well: with the option trace: true.
const kept = Trace.fromJSONL(trace.toJSONL())

for (const reductionFactor of [2, 3, 4]) {
  const what = await replay(kept, { scheduler: asha({ maxT: EPOCHS, reductionFactor }) })
  console.log(`\nreductionFactor ${reductionFactor}: ${what.toText()}`)
}

// It is what really happens: the same networks, trained under ASHA.
const asked = await replay(kept, { scheduler: asha({ maxT: EPOCHS, reductionFactor: 3 }) })
const real = await record(asha({ maxT: EPOCHS, reductionFactor: 3 }))
let epochs = 0
for (const { iteration } of real.results) epochs += iteration
console.log(`\nTrained under ASHA with 3 it took ${epochs} epochs; the replay had said ${asked.epochs.low}.`)

// The other way round nobody knows how the stopped networks would have gone on.
const back = await replay(real.trace, { scheduler: fifo() })
console.log(`\n${back.toText()}`)
