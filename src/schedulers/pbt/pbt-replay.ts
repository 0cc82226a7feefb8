import { formatNumber } from '../../core/format-number.ts'
import { isPlainObject } from '../../core/metrics.ts'
import { type Checks, counted, readOptions } from '../../core/options.ts'
import { OptionError, TroupeError } from '../../errors.ts'
import { sameValue } from '../../space/same-value.ts'
import { CONTINUE, type Scheduler } from '../scheduler.ts'
import type { PbtPolicy, PbtStep } from './pbt-policy.ts'
import { greatestDivisor } from './save-every.ts'

/** Options of `pbtReplay`. */
export interface PbtReplayOptions {
  /** The schedule to follow, by iteration, the first step at 0: what `pbtPolicy` gives. */
  readonly policy: PbtPolicy
}

const DEFAULTS = { policy: undefined }

const CHECKS: Checks<PbtReplayOptions> = {
  policy: (policy) => (isPolicy(policy) ? undefined : `must be what pbtPolicy gives: ${FORM}.`),
}

const FORM = 'steps { iteration, config }, the first at iteration 0, each later than the one before'

/** All that `pbtReplay` remembers. */
export interface PbtReplayState {
  /** How many steps each trial has taken. */
  readonly taken: Map<number, number>
  /** Whether a trial without a checkpoint was asked once to go on from there, of which the user is warned. */
  hasAsked: boolean
}

/**
 * Trains by a schedule that population-based training found: a trial that has come to the iteration of a step goes on
 * from its own checkpoint with the step's configuration. So the best model of a population can be trained again, alone,
 * with more data or another seed. Ray Tune's `PopulationBasedTrainingReplay`, which reads the schedule from a file.
 *
 * The trial has to start with the first configuration of the schedule: give it as `paramSpace`, with `numSamples: 1`.
 * Several trials, where Ray Tune refuses a second one, follow the schedule each for itself. A trial needs a checkpoint at
 * the iteration of each step: `defineTrainable` with `save` and `load` leaves them by itself, a function at each report.
 * Where it has none yet, it goes on as it is until it does; the first time a warning says so. What it reports decides nothing; of several steps that it has
 * come to at once, the last one counts.
 * Source: Jaderberg et al. 2017, arXiv:1711.09846 (the schedule); the replay is Ray Tune's. Cost of a decision: O(1).
 * @param options.policy - Steps by iteration, the first at 0.
 * @throws {OptionError} when an option is unknown, or `policy` is missing or no schedule.
 * @example
 * const policy = pbtPolicy(run.trace, run.results.getBestResult())
 * new Tuner(train, { paramSpace: policy[0].config, numSamples: 1, scheduler: pbtReplay({ policy }) })
 */
export function pbtReplay(options: PbtReplayOptions): Scheduler<PbtReplayState> {
  const { policy } = readOptions('pbtReplay', options, DEFAULTS, CHECKS)
  if (policy === undefined) {
    throw new OptionError('pbtReplay.policy', `pbtReplay needs a policy: ${FORM}. Take it from pbtPolicy.`)
  }
  const [start, ...steps] = policy
  return {
    name: 'pbtReplay',
    objectives: 'any',
    pauses: true,
    line: `Replaying a schedule of population-based training: ${counted(steps.length, 'change')}${steps.length === 0 ? '' : ` at training_iteration ${steps.map(({ iteration }) => formatNumber(iteration)).join(', ')}`}.`,
    saveEvery: steps.reduce((divisor, { iteration }) => greatestDivisor(divisor, iteration), 0),

    init: () => ({ taken: new Map(), hasAsked: false }),

    onAdd(state, { trial, config }) {
      if (!sameValue(config, start.config)) {
        throw new TroupeError(
          'badConfig',
          `pbtReplay: trial ${trial} starts with another configuration than the schedule. Give the experiment paramSpace: policy[0].config, and no searcher.`,
        )
      }
      state.taken.set(trial, 0)
    },

    onReport(state, { trial, time, hasCheckpoint }) {
      const done = state.taken.get(trial) ?? 0
      let reached = done
      while (reached < steps.length && time >= (steps[reached] as PbtStep).iteration) reached++
      if (reached === done) return CONTINUE
      const { iteration, config } = steps[reached - 1] as PbtStep
      const evidence = { time, step: reached, iteration }
      if (!hasCheckpoint && state.hasAsked)
        return { kind: 'continue', evidence: { ...evidence, declined: 'it has no checkpoint' } }
      // Who carries it out leaves a trial without a checkpoint as it is, and warns.
      if (hasCheckpoint) state.taken.set(trial, reached)
      else state.hasAsked = true
      const reason = `has reached training_iteration ${formatNumber(iteration)}, where the schedule changes`
      return { kind: 'exploit', donor: trial, config, reason, evidence }
    },

    onEnd: (state, { trial }) => void state.taken.delete(trial),
  }
}

function isPolicy(policy: unknown): boolean {
  return (
    Array.isArray(policy) &&
    policy.length > 0 &&
    policy.every(
      (step, i) =>
        isPlainObject(step) &&
        'config' in step &&
        Number.isSafeInteger(step['iteration']) &&
        (i === 0 ? step['iteration'] === 0 : (step['iteration'] as number) > policy[i - 1].iteration),
    )
  )
}
