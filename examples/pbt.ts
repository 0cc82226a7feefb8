// Population-based training: networks that fall behind take over the weights of those that lead, and change how they
// learn while they learn.
//
//   npm run example examples/pbt.ts
//
// 12 networks begin with learning rates, momenta and batch sizes at random, most of them poor. Every third epoch all are
// compared; the worst three go on from checkpoints of the best three, with learning rate and momentum a little higher or
// lower and a smaller or larger batch. What comes of it is one good network, and the schedule that it was trained by,
// which is printed at the end and used once more to train a network on its own.
import { choice, defineTrainable, loguniform, pbt, pbtPolicy, pbtReplay, Tuner, uniform } from 'troupe'
import { readDigits } from './digits/data.ts'
import { initialWeights, type Learning, Network, type Weights } from './digits/network.ts'

const EPOCHS = 24
const WIDTH = 32
const { training, validation, test } = readDigits(new URL('./data/digits.csv', import.meta.url))

const digits = defineTrainable({
  setup: (config: Learning, trial) => ({ config, network: new Network(initialWeights(WIDTH, trial.random)) }),
  step: ({ network, config }, trial) => {
    network.trainEpoch(training, config, trial.random)
    return network.evaluate(validation)
  },
  save: ({ network }) => network.weights,
  load: (state, weights: Weights) => void (state.network = new Network(weights)),
})

const tuner = new Tuner(digits, {
  paramSpace: {
    learningRate: loguniform(0.0003, 1),
    momentum: uniform(0, 0.99),
    batchSize: choice([8, 16, 32, 64, 128]),
  },
  metric: 'loss',
  mode: 'min',
  numSamples: 12,
  stop: { training_iteration: EPOCHS },
  scheduler: pbt({
    perturbationInterval: 3,
    synch: true,
    hyperparamMutations: {
      learningRate: loguniform(0.0003, 1),
      momentum: uniform(0, 0.99),
      batchSize: [8, 16, 32, 64, 128],
    },
  }),
  trace: true,
  seed: 1,
})
tuner.on('trial.exploit', ({ trial, donor }) => {
  console.log(
    `epoch ${String(trial.iteration).padStart(2)}: network ${trial.number} goes on from network ${donor}`,
  )
})
const results = await tuner.fit()

const best = results.getBestResult()
const policy = pbtPolicy(tuner.trace, best)
console.log(`\nNetwork ${best.number} was trained by this schedule:`)
for (const { iteration, config } of policy) {
  const { learningRate, momentum, batchSize } = config
  console.log(
    `after epoch ${String(iteration).padStart(2)}: learning rate ${learningRate.toPrecision(3)}, momentum ${momentum.toPrecision(3)}, batches of ${batchSize}`,
  )
}

const replayed = await new Tuner(digits, {
  paramSpace: policy[0].config,
  metric: 'loss',
  mode: 'min',
  numSamples: 1,
  stop: { training_iteration: EPOCHS },
  scheduler: pbtReplay({ policy }),
  seed: 2,
}).fit()

console.log()
for (const [name, { checkpoint }] of [
  ['of the population', best],
  ['of the replay', replayed.getBestResult()],
] as const) {
  const { accuracy } = new Network(checkpoint as Weights).evaluate(test)
  console.log(`Accuracy ${name} on ${test.length} digits kept back: ${(100 * accuracy).toFixed(1)} %`)
}
