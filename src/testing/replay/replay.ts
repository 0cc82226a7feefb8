import { describe, must, readOptions } from '../../core/options.ts'
import { OptionError } from '../../errors.ts'
import { Trace } from '../../runtime/trace.ts'
import type { Scheduler } from '../../schedulers/scheduler.ts'
import { mustBeScheduler } from '../../schedulers/traits.ts'
import { checkTrace, type ReplayCheck } from './check-trace.ts'
import { startOf } from './recorded-experiment.ts'
import { rememberedRun } from './remembered.ts'
import { whatIf, type WhatIf } from './what-if.ts'

/** Options of `replay`. */
export interface ReplayOptions {
  /**
   * The scheduler to ask. Default: the one that the trace was recorded with, which a trace remembers that comes from
   * `simulate` in this process.
   */
  readonly scheduler?: Scheduler | undefined
  /**
   * `'check'` compares the scheduler's decisions with the recorded ones; `'whatIf'` runs the recorded curves under it.
   * Default: `'whatIf'` when a scheduler is given, else `'check'`.
   */
  readonly mode?: 'check' | 'whatIf' | undefined
  /** Trials that run at once, for `'whatIf'`. Integer from 1. Default: as many as were recorded at once. */
  readonly maxConcurrentTrials?: number | undefined
}

const DEFAULTS = { scheduler: undefined, mode: undefined, maxConcurrentTrials: undefined }

const CHECKS = {
  mode: must.beOneOf<'check' | 'whatIf'>('check', 'whatIf'),
  maxConcurrentTrials: must.integerFrom(1),
}

/**
 * Replays the trace of an experiment to its scheduler, or to another; no user code runs.
 *
 * - `replay(trace)` tells the scheduler again all that it was told, report by report, and compares each decision,
 *   choice and command with the recorded one. The first difference is given with what led to it. A trace that was read
 *   from text cannot remember its scheduler: `replay(trace, { scheduler: asha(…), mode: 'check' })`.
 * - `replay(trace, { scheduler })` runs the recorded configurations and learning curves under another scheduler, in
 *   virtual time: how many epochs it would have saved, and at which regret. Where it wants a report that was never made
 *   the trial is unknown from that step, the others are decided upon as if it had failed there, and the figures are
 *   intervals. On a trace of `fifo`, whose trials ended by themselves, they are exact.
 *
 * That a scheduler chose none of those that waited is not recorded, nor which of them there was room for: one that
 * counts such questions, or whose trials take different resources, may show differences that are none.
 * @throws {OptionError} (rejects) for what is no trace, options that cannot be used, or a scheduler that is not known.
 * @throws {TroupeError} (rejects) with code `'trace'` for a trace that does not begin with the start of an experiment.
 * @example expect((await replay(run.trace)).difference).toBeUndefined()
 * @example console.log((await replay(run.trace, { scheduler: asha({ maxT: 27 }) })).toText())
 */
export function replay(
  trace: Trace,
  options?: ReplayOptions & { readonly scheduler?: undefined },
): Promise<ReplayCheck>
export function replay(
  trace: Trace,
  options: ReplayOptions & { readonly mode: 'check' },
): Promise<ReplayCheck>
export function replay(
  trace: Trace,
  options: ReplayOptions & { readonly scheduler: Scheduler; readonly mode?: 'whatIf' | undefined },
): Promise<WhatIf>
export async function replay(trace: Trace, options: ReplayOptions = {}): Promise<ReplayCheck | WhatIf> {
  if (!(trace instanceof Trace)) {
    throw new OptionError(
      'replay.trace',
      `replay takes a trace, got ${describe(trace)}. Give run.trace, or read one with Trace.fromJSONL(text).`,
      { received: trace },
    )
  }
  const {
    scheduler: given,
    mode: asked,
    maxConcurrentTrials,
  } = readOptions('replay', options, DEFAULTS, CHECKS)
  const remembered = rememberedRun(trace)
  const scheduler = given ?? remembered?.settings.scheduler
  const { scheduler: recorded } = startOf(trace)
  if (scheduler === undefined) {
    throw new OptionError(
      'replay.scheduler',
      `This trace does not remember its scheduler ${recorded}: it was read from text, or recorded by a Tuner. Give it, made with the same options: replay(trace, { scheduler: ${recorded}(…), mode: 'check' }).`,
    )
  }
  mustBeScheduler('replay', scheduler)
  const mode = asked ?? (given === undefined ? 'check' : 'whatIf')
  if (mode === 'check') return checkTrace(trace, scheduler, remembered)
  return whatIf(trace, scheduler, maxConcurrentTrials ?? remembered?.settings.plan.slotCount)
}
