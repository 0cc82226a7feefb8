// Ray Tune's tutorial with Optuna, in Troupe: a plain search, points to evaluate, conditional spaces, several
// objectives, and all of these together.
//
//   npm run example examples/tutorial.ts
//
// Each trial sleeps 100 times for 0.1 s, as on the tutorial's page, so 1000 of them, four at a time, take 42 minutes:
// of virtual time. `simulate({ trainable, ...options })` is `new Tuner(trainable, options).fit()` but for the clock.
import { branch, choice, concurrencyLimiter, type SuggestTrial, tpe, type Trial, uniform } from 'troupe'
import { simulate } from 'troupe/testing'

// What proposes configurations. Any other searcher takes its place in this one line.
const searchAlgorithm = tpe
const numSamples = 1000

interface Config {
  readonly steps: number
  readonly width: number
  readonly height: number
  readonly activation: 'relu' | 'tanh'
}

function evaluate(step: number, { width, height, activation }: Config): number {
  return 1 / (0.1 + (width * step) / 100) + height * 0.1 + (activation === 'relu' ? 10 : 0)
}

function* objective(config: Config, trial: Trial) {
  for (let step = 0; step < config.steps; step++) {
    yield trial.sleep(100)
    yield { iterations: step, mean_loss: evaluate(step, config) }
  }
}

const paramSpace = {
  steps: 100,
  width: uniform(0, 20),
  height: uniform(-100, 100),
  activation: choice(['relu', 'tanh']),
}

console.log('1. A plain search')
const plain = await simulate({
  trainable: objective,
  paramSpace,
  metric: 'mean_loss',
  mode: 'min',
  searcher: concurrencyLimiter(searchAlgorithm(), { maxConcurrent: 4 }),
  numSamples,
})
console.log(`${plain.results.length} trials took ${plain.elapsedMs / 1000} s of virtual time.`)
console.log('Best hyperparameters found were:', plain.results.getBestResult().config)

console.log('\n2. Providing an initial set of hyperparameters')
const initialParams = [
  { width: 1, height: 2, activation: 'relu' },
  { width: 4, height: 2, activation: 'relu' },
]
const seeded = await simulate({
  trainable: objective,
  paramSpace,
  metric: 'mean_loss',
  mode: 'min',
  searcher: concurrencyLimiter(searchAlgorithm({ pointsToEvaluate: initialParams }), { maxConcurrent: 4 }),
  numSamples,
})
const [first, second] = [...seeded.results].map(({ metrics }) => metrics?.['mean_loss'])
console.log('The losses of these two were:', first, second)
console.log('Best hyperparameters found were:', seeded.results.getBestResult().config)

// The ranges differ between the branches, and the one of tanh has a pole: at width = -10 / step, -0.10101 in the last
// step, the loss divides by zero. Just below it falls without bound, which a good minimiser finds, and at it it is
// Infinity, which Troupe takes as a value like others. So the best loss says little here.
function defineByRun(trial: SuggestTrial) {
  const activation = trial.suggestCategorical('activation', ['relu', 'tanh'])
  if (activation === 'relu') {
    trial.suggestFloat('width', 0, 20)
    trial.suggestFloat('height', -100, 100)
  } else {
    trial.suggestFloat('width', -1, 21)
    trial.suggestFloat('height', -101, 101)
  }
  return { steps: 100 }
}

console.log('\n3. Conditional search spaces: define-by-run')
const conditional = await simulate({
  trainable: objective,
  searcher: concurrencyLimiter(searchAlgorithm({ space: defineByRun, metric: 'mean_loss', mode: 'min' }), {
    maxConcurrent: 4,
  }),
  numSamples,
})
const best = conditional.results.getBestResult('mean_loss', 'min')
console.log('Best hyperparameters for loss found were:', best.config)

console.log('\n   The same space, declared: the compiler knows what each branch has')
const declared = await simulate({
  trainable: objective,
  paramSpace: {
    steps: 100,
    activation: branch({
      relu: { width: uniform(0, 20), height: uniform(-100, 100) },
      tanh: { width: uniform(-1, 21), height: uniform(-101, 101) },
    }),
  },
  metric: 'mean_loss',
  mode: 'min',
  searcher: concurrencyLimiter(searchAlgorithm(), { maxConcurrent: 4 }),
  numSamples,
})
console.log('Best hyperparameters for loss found were:', declared.results.getBestResult().config)

function* multiObjective(config: Config, trial: Trial) {
  for (let step = 0; step < config.steps; step++) {
    yield trial.sleep(100)
    const score = evaluate(step, config)
    yield { iterations: step, loss: score, gain: score * config.width }
  }
}

console.log('\n4. Multi-objective optimization')
const multi = await simulate({
  trainable: multiObjective,
  paramSpace,
  searcher: concurrencyLimiter(searchAlgorithm({ metric: ['loss', 'gain'], mode: ['min', 'max'] }), {
    maxConcurrent: 4,
  }),
  numSamples,
})
console.log('Best hyperparameters for loss found were:', multi.results.getBestResult('loss', 'min').config)
console.log('Best hyperparameters for gain found were:', multi.results.getBestResult('gain', 'max').config)
console.log(`No other trial beats one of these ${multi.results.paretoFront().length} in both.`)

console.log('\n5. Initial hyperparameters, a conditional space and several objectives')
const mixed = await simulate({
  trainable: multiObjective,
  searcher: concurrencyLimiter(
    searchAlgorithm({
      space: defineByRun,
      pointsToEvaluate: initialParams,
      metric: ['loss', 'gain'],
      mode: ['min', 'max'],
    }),
    { maxConcurrent: 4 },
  ),
  numSamples,
})
const [one, two] = mixed.results
console.log('The first two trials were:', one?.config, two?.config)
console.log('Best hyperparameters for loss found were:', mixed.results.getBestResult('loss', 'min').config)
console.log('Best hyperparameters for gain found were:', mixed.results.getBestResult('gain', 'max').config)
