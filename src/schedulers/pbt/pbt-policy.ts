import type { LogRecord } from '../../core/log.ts'
import { OptionError } from '../../errors.ts'

/** From some iteration on, a trial trained with this configuration. */
export interface PbtStep<Config = unknown> {
  /** Reports that were there before, over all trials that led here: 0 for the configuration at the start. */
  readonly iteration: number
  readonly config: Config
}

/** A schedule: its steps by iteration, the first at 0. */
export type PbtPolicy<Config = unknown> = readonly [PbtStep<Config>, ...PbtStep<Config>[]]

/**
 * The schedule that a trial's model was trained by, read from a trace of population-based training: the configurations
 * of the trial and of those that it took its checkpoints from, each with the iteration from which it held. What
 * `pbtReplay` follows; plain data where configurations are.
 *
 * What a trial did before it exploited another is no part of it, as it is lost. A configuration that nothing was reported
 * with is left out. Cost: one pass over the trace.
 * @param trace - `tuner.trace` of an experiment with `trace: true`, or that of `simulate`.
 * @param trial - The trial: its result, such as `results.getBestResult()`.
 * @returns Steps by iteration, the first at 0.
 * @throws {OptionError} when there is no trace, or it does not know the trial.
 * @example const policy = pbtPolicy(run.trace, run.results.getBestResult())
 */
export function pbtPolicy<Config>(
  trace: Iterable<LogRecord> | undefined,
  trial: { readonly number: number; readonly config: Config },
): PbtPolicy<Config> {
  if (trace === undefined) {
    throw new OptionError('pbtPolicy.trace', 'pbtPolicy needs a trace. Give the Tuner trace: true.')
  }
  const policy = policiesIn(trace).get(trial.number)
  // All configurations of an experiment come from one space.
  if (policy !== undefined) return policy as PbtPolicy<Config>
  throw new OptionError(
    'pbtPolicy.trial',
    `pbtPolicy: the trace knows no trial ${trial.number}. Give a result of the experiment that it is of.`,
    { received: trial.number },
  )
}

/** The schedule of each trial. */
function policiesIn(trace: Iterable<LogRecord>): Map<number, PbtPolicy> {
  const policies = new Map<number, PbtPolicy>()
  /** Those that have a new configuration and have not reported with it: what they took over, and what they go on with. */
  const taken = new Map<number, { readonly policy: PbtPolicy; readonly config: unknown }>()
  for (const record of trace) {
    if (record.type === 'trial.created') {
      policies.set(record.trial, [{ iteration: 0, config: record.config }])
    } else if (record.type === 'trial.exploited') {
      const policy = policies.get(record.donor)
      if (policy !== undefined) taken.set(record.trial, { policy, config: record.config })
    } else if (record.type === 'trial.report') {
      const change = taken.get(record.trial)
      if (change === undefined) continue
      taken.delete(record.trial)
      // The first report after a checkpoint is one iteration further than it.
      const iteration = (record.metrics['training_iteration'] as number) - 1
      const [start, ...steps] = change.policy
      const step = { iteration, config: change.config }
      const before = steps.filter((earlier) => earlier.iteration < iteration)
      policies.set(record.trial, iteration > 0 ? [start, ...before, step] : [step])
    }
  }
  return policies
}
