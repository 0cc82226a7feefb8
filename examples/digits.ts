// Tunes a small neural network that reads handwritten digits, and shows it live in the terminal.
//
//   npm start
//
// 60 networks differ in learning rate, momentum, batch size and width. After each epoch a network reports how well it
// does on digits that it did not learn from, and ASHA stops those that fall behind, so that most of the time goes into
// the promising ones. At the end the best one reads digits that no decision was based on.
import { asha, choice, lograndint, loguniform, Tuner, uniform } from 'troupe'
import { terminal } from 'troupe/terminal'
import { readDigits } from './digits/data.ts'
import { initialWeights, Network, type Weights } from './digits/network.ts'

const EPOCHS = 27
const { training, validation, test } = readDigits(new URL('./data/digits.csv', import.meta.url))

const tuner = new Tuner(
  async function digits(config, trial) {
    const network = new Network(initialWeights(config.width, trial.random))
    for (let epoch = 1; epoch <= EPOCHS; epoch++) {
      network.trainEpoch(training, config, trial.random)
      await trial.report(network.evaluate(validation), { checkpoint: network.weights })
    }
  },
  {
    paramSpace: {
      learningRate: loguniform(0.001, 1),
      momentum: uniform(0, 0.99),
      batchSize: choice([8, 16, 32, 64]),
      width: lograndint(8, 96),
    },
    metric: 'accuracy',
    mode: 'max',
    numSamples: 60,
    maxConcurrentTrials: 8,
    scheduler: asha({ maxT: EPOCHS, reductionFactor: 3 }),
    reporter: terminal(),
    seed: 1,
  },
)
const results = await tuner.fit()

const best = results.getBestResult()
const { accuracy } = new Network(best.checkpoint as Weights).evaluate(test)
let epochs = 0
for (const { iteration } of results) epochs += iteration
const allEpochs = results.length * EPOCHS

console.log('\nBest hyperparameters found were:', best.config)
console.log(`Accuracy on ${test.length} digits kept back: ${(100 * accuracy).toFixed(1)} %`)
console.log(`ASHA saved ${allEpochs - epochs} of ${allEpochs} epochs.`)
