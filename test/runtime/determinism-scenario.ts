import {
  choice,
  type Decision,
  loguniform,
  type Scheduler,
  type Trainable,
  type Trial,
  uniform,
} from 'troupe'
import { simulate, type Simulation } from 'troupe/testing'

// One experiment in which trials do all that they can do, for tests that run it in many ways and expect the same.

export interface Config {
  readonly rate: number
  readonly width: number
  readonly kind: 'a' | 'b'
}

const STEPS = 50

/** How long a step takes, and what comes of it: both from the trial's own stream of chance. */
function outcome(config: Config, trial: Trial, step: number): { loss: number; noise: number } {
  const noise = trial.random()
  const loss = (config.rate * config.width) / step + (config.kind === 'a' ? 1 : 2) * noise
  return { loss: step % 17 === 0 ? NaN : loss, noise }
}

function pauseBefore(trial: Trial): number {
  return 1 + Math.floor(trial.random() * 10)
}

/** One trial in 50 fails in its first attempt, one in 100 in each. */
function breaks(trial: Trial, step: number): boolean {
  return step === 10 && (trial.number % 100 === 7 || (trial.number % 50 === 3 && trial.attempt === 1))
}

/** What an async form may do on its way, without any effect on the experiment. */
export type Distraction = (trial: Trial, step: number) => PromiseLike<unknown> | undefined

const nothing: Distraction = () => undefined

/** The same trainable in each of its forms. */
export const forms: Record<
  'async' | 'asyncGenerator' | 'generator',
  (distract?: Distraction) => Trainable<Config>
> = {
  async:
    (distract = nothing) =>
    async (config, trial) => {
      for (let step = 1; step <= STEPS; step++) {
        await trial.sleep(pauseBefore(trial))
        await distract(trial, step)
        await trial.report(outcome(config, trial, step))
        if (breaks(trial, step)) throw new Error(`broke at ${step}`)
      }
    },
  asyncGenerator: (distract = nothing) =>
    async function* (config, trial) {
      for (let step = 1; step <= STEPS; step++) {
        yield trial.sleep(pauseBefore(trial))
        await distract(trial, step)
        yield outcome(config, trial, step)
        if (breaks(trial, step)) throw new Error(`broke at ${step}`)
      }
    },
  generator: () =>
    function* (config, trial) {
      for (let step = 1; step <= STEPS; step++) {
        yield trial.sleep(pauseBefore(trial))
        yield outcome(config, trial, step)
        if (breaks(trial, step)) throw new Error(`broke at ${step}`)
      }
    },
}

/** Stops one trial in 20 when it is worse than the mean of all, and pauses one in 10 for a while. */
function opinionated(): Scheduler<{ sum: number; count: number }> {
  return {
    name: 'opinionated',
    objectives: 'one',
    objective: {},
    timeAttr: 'training_iteration',
    line: 'Opinionated.',
    init: () => ({ sum: 0, count: 0 }),
    onReport(state, { trial, time, score }): Decision {
      if (!Number.isNaN(score)) {
        state.sum += score
        state.count++
      }
      const mean = state.sum / state.count
      if (trial % 10 === 4 && time === 20)
        return { kind: 'pause', reason: 'takes a break', evidence: { mean } }
      if (trial % 20 === 6 && time > 25 && score < mean) {
        return {
          kind: 'stop',
          outcome: 'pruned',
          reason: 'is worse than the mean',
          evidence: { mean, score },
        }
      }
      return { kind: 'continue' }
    },
  }
}

/** 1,000 trials of 50 reports on 100 virtual workers, unless said otherwise. */
export function runScenario(
  trainable: Trainable<Config>,
  {
    numSamples = 1000,
    maxConcurrentTrials = 100,
  }: { numSamples?: number; maxConcurrentTrials?: number } = {},
): Promise<Simulation<Config>> {
  return simulate({
    trainable,
    paramSpace: { rate: loguniform(1e-4, 1), width: uniform(0, 10), kind: choice(['a', 'b'] as const) },
    metric: 'loss',
    mode: 'min',
    numSamples,
    maxConcurrentTrials,
    failure: { maxFailures: 1, backoffMs: 5 },
    scheduler: opinionated(),
    seed: 11,
    name: 'scenario',
  })
}
