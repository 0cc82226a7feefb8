import { describe } from '../core/options.ts'
import { asError, OptionError, TroupeError } from '../errors.ts'
import type { Kernel } from '../runtime/kernel.ts'
import type { Executor } from './executor.ts'
import type { KeptStates } from './stepped-form.ts'
import { isTrainable, type Trainable } from './trainable.ts'
import { UserRun } from './user-run.ts'

/** The report that is about to be sent. */
export interface ReportInfo {
  /** Number of the trial. */
  readonly number: number
  /** Its `training_iteration`, from 1. */
  readonly iteration: number
  /** Index of the slot it runs in, from 0. */
  readonly worker: number
}

export interface InProcessOptions<Config> {
  readonly trainable: Trainable<Config>
  readonly kernel: Kernel
  /** Milliseconds that pass on the kernel's clock before a report is sent, from 0: `stepMs` of `simulate`. Default none. */
  readonly reportDelayMs?: ((report: ReportInfo) => number) | undefined
}

/**
 * Runs trials in this process, on this thread: any number at once as long as they wait, one after the other as far as
 * they compute. A synchronous endless loop in a trainable cannot be stopped from here; threads and processes can.
 * @throws {OptionError} when `trainable` is neither a function nor made by `defineTrainable`.
 */
export function inProcess<Config>({ trainable, kernel, reportDelayMs }: InProcessOptions<Config>): Executor {
  if (!isTrainable(trainable)) {
    throw new OptionError(
      'trainable',
      `A trainable must be a function of (config, trial), or come from defineTrainable, got ${describe(trainable)}.`,
      { received: trainable },
    )
  }
  const kept: KeptStates<Config> = new Map()
  return {
    name: 'inProcess',
    location: 'in-process',
    start(assignment, listener) {
      const { trial, worker } = assignment
      return new UserRun({
        trainable,
        kernel,
        assignment,
        listener,
        kept,
        reportDelayMs: reportDelayMs && ((iteration) => reportDelayMs({ number: trial, iteration, worker })),
      })
    },
    async close() {
      const states = [...kept.values()]
      kept.clear()
      const cleanups = await Promise.allSettled(states.map(async (state) => await state.cleanup?.()))
      const failed = cleanups.find((cleanup) => cleanup.status === 'rejected')
      if (failed === undefined) return
      // Their trials have ended, so it is nobody's but the executor's.
      const { message } = asError(failed.reason)
      throw new TroupeError('cleanup', `a cleanup that was put off threw: ${message}`, {
        cause: failed.reason,
      })
    },
  }
}
