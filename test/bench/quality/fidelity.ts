import type { Searcher } from '../../../src/searchers/searcher.ts'
import type { Scheduler } from '../../../src/schedulers/scheduler.ts'
import type { Stopper } from '../../../src/stoppers/stopper.ts'
import { simulate } from '../../../src/testing/simulate.ts'
import { ACCURACY, EPOCHS, type Surrogate } from './lcbench-surrogate.ts'

/** A searcher with a scheduler, made anew for each run. */
export interface Method {
  readonly searcher: () => Searcher
  readonly scheduler: () => Scheduler
}

/** What a method reached. */
export interface FidelityPlay {
  /** Highest accuracy after each epoch spent, over all trials. */
  readonly best: readonly number[]
  /** How many trials ended, and how many of them after all their epochs. */
  readonly trials: number
  readonly full: number
}

const EPOCH_NUMBERS = Array.from({ length: EPOCHS }, (_, i) => i + 1)

/**
 * Trains networks on the surrogate until `budget` epochs are spent, 4 at once, each epoch one unit of virtual time. The
 * same seed gives the same trials.
 */
export async function playFidelity(
  surrogate: Surrogate,
  instance: string,
  { searcher, scheduler }: Method,
  seed: number,
  budget: number,
): Promise<FidelityPlay> {
  const best: number[] = []
  const counter: Stopper<null> = {
    name: 'counter',
    init: () => null,
    onReport(_, { metrics }) {
      best.push(Math.max(best.at(-1) ?? -Infinity, metrics[ACCURACY] as number))
      return best.length < budget ? undefined : { scope: 'experiment', reason: 'all epochs are spent' }
    },
  }
  const { results } = await simulate({
    async trainable(config, trial) {
      for (const accuracy of await surrogate.accuracies(instance, config, EPOCH_NUMBERS)) {
        await trial.report({ [ACCURACY]: accuracy })
      }
    },
    paramSpace: surrogate.space,
    metric: ACCURACY,
    mode: 'max',
    searcher: searcher(),
    scheduler: scheduler(),
    stop: counter,
    numSamples: Infinity,
    maxConcurrentTrials: 4,
    stepMs: 1,
    seed,
  })
  const ended = [...results].filter(({ state }) => state === 'completed' || state === 'pruned')
  return { best, trials: ended.length, full: ended.filter(({ history }) => history.length === EPOCHS).length }
}
