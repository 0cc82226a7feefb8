import { choice, concurrencyLimiter, randomSearch, type Trial, Tuner, uniform } from 'troupe'
import { simulate } from 'troupe/testing'

const STEPS = 100
const STEP_MS = 100
const TRIALS = 10
const AT_ONCE = 4

interface Config {
  readonly steps: number
  readonly width: number
  readonly height: number
  readonly activation: 'relu' | 'tanh'
}

const options = {
  paramSpace: {
    steps: STEPS,
    width: uniform(0, 20),
    height: uniform(-100, 100),
    activation: choice(['relu', 'tanh']),
  },
  metric: 'mean_loss',
  mode: 'min',
  searcher: concurrencyLimiter(randomSearch(), { maxConcurrent: AT_ONCE }),
  numSamples: TRIALS,
  seed: 1,
} as const

function score(step: number, { width, height, activation }: Config): number {
  return 1 / (0.1 + (width * step) / 100) + height * 0.1 + (activation === 'relu' ? 10 : 0)
}

async function objective(config: Config, trial: Trial): Promise<void> {
  for (let step = 0; step < config.steps; step++) {
    await trial.sleep(STEP_MS)
    await trial.report({ iterations: step, mean_loss: score(step, config) })
  }
}

/** Seconds that the tutorial's run takes: with Troupe, with a storage too, and written by hand with `Promise.all`. */
export interface TutorialSeconds {
  readonly troupe: number
  readonly kept: number
  readonly byHand: number
}

/** All of them at the same time. */
export async function tutorialWall(storage: string): Promise<TutorialSeconds> {
  const seconds = async (work: () => Promise<unknown>): Promise<number> => {
    const started = performance.now()
    await work()
    return (performance.now() - started) / 1000
  }
  const [troupe, kept, byHand] = await Promise.all([
    seconds(() => new Tuner(objective, options).fit()),
    seconds(() => new Tuner(objective, { ...options, name: 'tutorial', storage }).fit()),
    seconds(runByHand),
  ])
  return { troupe, kept, byHand }
}

async function runByHand(): Promise<void> {
  const waiting = Array.from({ length: TRIALS }, (_, i): Config => ({
    steps: STEPS,
    width: i,
    height: i,
    activation: 'tanh',
  }))
  let best = Infinity
  const worker = async (): Promise<void> => {
    for (let config = waiting.pop(); config !== undefined; config = waiting.pop()) {
      for (let step = 0; step < config.steps; step++) {
        await new Promise((resolve) => setTimeout(resolve, STEP_MS))
        best = Math.min(best, score(step, config))
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

/** Virtual seconds of the same run. */
export async function tutorialVirtual(): Promise<number> {
  return (await simulate({ trainable: objective, ...options })).elapsedMs / 1000
}
