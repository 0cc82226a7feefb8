import { TroupeError } from '../errors.ts'

/**
 * What an objective throws to end its trial as pruned, with the value that it reported last.
 * @example await study.optimize(
 *   async (trial) => {
 *     for (let step = 1; step <= 100; step++) {
 *       trial.report(step, await train(trial.config))
 *       if (trial.shouldPrune()) throw new TrialPruned()
 *     }
 *     return evaluate(trial.config)
 *   },
 *   { nTrials: 50 },
 * )
 */
export class TrialPruned extends TroupeError {
  override readonly name = 'TrialPruned'

  constructor(message = 'This trial was pruned. Let this error pass: study.optimize expects it.') {
    super('trialPruned', message)
  }
}
