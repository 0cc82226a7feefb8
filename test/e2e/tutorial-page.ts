import {
  branch,
  choice,
  concurrencyLimiter,
  randomSearch,
  type Result,
  type Searcher,
  type SearcherOptions,
  type SuggestTrial,
  type Trial,
  uniform,
} from 'troupe'

// What the page of Ray Tune's tutorial with Optuna defines.

/** A configuration of the page's space. */
export interface Config {
  readonly steps: number
  readonly width: number
  readonly height: number
  readonly activation: 'relu' | 'tanh'
}

/** The page's score, unchanged. */
export function evaluate(step: number, { width, height, activation }: Config): number {
  return 1 / (0.1 + (width * step) / 100) + height * 0.1 + (activation === 'relu' ? 10 : 0)
}

/** The page's objective. */
export async function objective(config: Config, trial: Trial) {
  for (let step = 0; step < config.steps; step++) {
    await trial.sleep(100)
    await trial.report({ iterations: step, mean_loss: evaluate(step, config) })
  }
}

/** The same without the sleep, and in the quickest form. */
export function* quickObjective(config: Config) {
  for (let step = 0; step < config.steps; step++) {
    yield { iterations: step, mean_loss: evaluate(step, config) }
  }
}

/** The page's objective with two metrics, as quick. */
export function* quickMultiObjective(config: Config) {
  for (let step = 0; step < config.steps; step++) {
    const score = evaluate(step, config)
    yield { iterations: step, loss: score, gain: score * config.width }
  }
}

/** The page's plain space. */
export const paramSpace = {
  steps: 100,
  width: uniform(0, 20),
  height: uniform(-100, 100),
  activation: choice(['relu', 'tanh']),
}

/** The page's conditional space, declared. */
export const branchedSpace = {
  steps: 100,
  activation: branch({
    relu: { width: uniform(0, 20), height: uniform(-100, 100) },
    tanh: { width: uniform(-1, 21), height: uniform(-101, 101) },
  }),
}

/** The page's conditional space. */
export function defineByRun(trial: SuggestTrial) {
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

export const MIN_LOSS = { metric: 'mean_loss', mode: 'min' } as const
export const LOSS_AND_GAIN = { metric: ['loss', 'gain'], mode: ['min', 'max'] } as const
/** The page's points to evaluate. */
export const initialParams = [
  { width: 1, height: 2, activation: 'relu' },
  { width: 4, height: 2, activation: 'relu' },
]

/** The page's searcher: any one, at most four at a time. */
export const fourAtATime = (options?: SearcherOptions): Searcher =>
  concurrencyLimiter(randomSearch(options), { maxConcurrent: 4 })

/** How many trials ran at each change of any of them. */
export function runningCounts(results: Iterable<Result>): number[] {
  const changes = [...results].flatMap(({ startedAt, endedAt }) => [
    { at: startedAt as number, by: 1 },
    { at: endedAt as number, by: -1 },
  ])
  let count = 0
  // At one moment slots are given back before they are taken.
  return changes.sort((a, b) => a.at - b.at || a.by - b.by).map(({ by }) => (count += by))
}
