import { describe, must, readOptions } from '../core/options.ts'
import { OptionError } from '../errors.ts'
import type { Scheduler } from '../schedulers/scheduler.ts'
import { mustBeScheduler } from '../schedulers/traits.ts'
import { loadGenerators, uphold } from './laws/property.ts'
import { lawsOf, NUMBERED } from './laws/scheduler-case.ts'

/** Options of `checkScheduler`. */
export interface CheckSchedulerOptions {
  /** What a trial is configured with, by its number; for schedulers that change configurations. Default: `{ x: trial }`. */
  readonly configOf?: ((trial: number) => unknown) | undefined
  /** Generated histories for each law. Integer from 1. Default 100. */
  readonly runs?: number | undefined
  /** Which histories are generated. Integer. Default 0. */
  readonly seed?: number | undefined
}

const DEFAULTS = { configOf: NUMBERED, runs: 100, seed: 0 }

const CHECKS = {
  configOf: must.beFunction,
  runs: must.integerFrom(1),
  seed: must.integerFrom(-0x80000000),
}

/**
 * Tries a scheduler against the laws that the shipped ones obey, on generated histories (trials are added, chosen,
 * report, fail and are tried again, end in every way; values tie, are NaN and infinite): it decides with reasons, and
 * commands only trials that wait; it leaves what it is given as it was; the same calls give the same answers; all that it remembers is in its
 * state, from a copy of which it goes on the same; and every trial comes to an end: when nothing else can happen, it
 * chooses one of those that wait. A scheduler that can is tried with one objective and with two.
 *
 * @param make - Makes the scheduler, for each history anew.
 * @throws {TroupeError} (rejects) with code `'law'`: which law is broken, and the shortest history that breaks it.
 * @throws {OptionError} (rejects) when `make` gives no scheduler, or fast-check, an optional peer, is not installed.
 * @example await checkScheduler(() => stopAtPlateau({ patience: 3 }))
 */
export async function checkScheduler<State>(
  make: () => Scheduler<State>,
  options: CheckSchedulerOptions = {},
): Promise<void> {
  const { configOf, runs, seed } = readOptions('checkScheduler', options, DEFAULTS, CHECKS)
  if (typeof make !== 'function') {
    throw new OptionError(
      'checkScheduler',
      `checkScheduler takes a function that makes the scheduler, got ${describe(make)}. Write checkScheduler(() => myScheduler()).`,
      { received: make },
    )
  }
  const scheduler = make()
  mustBeScheduler('checkScheduler', scheduler)
  const fc = await loadGenerators('checkScheduler')
  for (const law of lawsOf(make, configOf)) await uphold(fc, scheduler.name, law, { runs, seed })
}
