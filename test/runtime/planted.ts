import type { ExperimentOptions, Trainable } from 'troupe'
import { type experimentChart, experimentMachine, type ExperimentMessage } from 'troupe/machines'
import type { Failure } from '../../machines/protocol.ts'
import type { LogRecord } from '../../src/core/log.ts'
import type { Executor } from '../../src/executors/executor.ts'
import { inProcess, type InProcessOptions } from '../../src/executors/in-process.ts'
import { Experiment } from '../../src/runtime/experiment.ts'
import { virtualKernel } from '../../src/runtime/virtual-kernel.ts'
import { compose } from '../../src/tuner/compose.ts'
import { readExperimentOptions } from '../../src/tuner/options.ts'

/** What became of an experiment with a fault in it. */
export interface Aftermath {
  readonly experiment: Experiment
  readonly failure: Failure | undefined
  readonly log: readonly LogRecord[]
  /** Timers that somebody set and nobody cleared, husks left out. */
  readonly timersLeft: number
  readonly states: readonly string[]
}

/** The chart of an experiment, without its fast path, so that each of its actions can be replaced. */
export type Chart = typeof experimentChart

/** Runs an experiment in virtual time, with parts of its inside replaced. */
export async function runPlanted<Config>(
  options: {
    readonly trainable: Trainable<Config>
    readonly paramSpace?: object
  } & ExperimentOptions<Config>,
  plant: {
    readonly chart?: Chart
    readonly executor?: (context: InProcessOptions<never>) => Executor
    /** Messages to send at virtual times. */
    readonly messages?: readonly (readonly [atMs: number, message: ExperimentMessage])[]
  } = {},
): Promise<Aftermath> {
  const { trainable, ...rest } = options
  const composition = compose(trainable, readExperimentOptions('simulate', rest), {
    owner: 'simulate',
    defaultSeed: '0',
    defaultConcurrency: 2,
    unlimitedResources: true,
  })
  const inner = virtualKernel({ stallMs: 1000 })
  const timers = new Set<unknown>()
  const kernel: typeof inner = {
    ...inner,
    setTimeout(fn, ms) {
      const timer = inner.setTimeout(() => {
        timers.delete(timer)
        fn()
      }, ms)
      timers.add(timer)
      return timer
    },
    clearTimeout(timer) {
      timers.delete(timer)
      inner.clearTimeout(timer)
    },
  }
  const context: InProcessOptions<never> = { trainable: trainable, kernel }
  const log: LogRecord[] = []
  const experiment = new Experiment(
    { ...composition.settings, log: (record) => void log.push(record) },
    kernel,
    plant.executor?.(context) ?? inProcess(context),
    { machine: plant.chart ?? experimentMachine },
  )
  for (const [at, message] of plant.messages ?? []) inner.setTimeout(() => experiment.send(message), at)
  experiment.start()
  await kernel.run(
    () => experiment.isClosed,
    () => experiment.waitsForUser,
  )
  kernel.flush()
  await new Promise((resolve) => void setImmediate(resolve))
  const { failure } = await experiment.ended
  return {
    experiment,
    failure,
    log,
    timersLeft: timers.size,
    states: experiment.records.map(({ state }) => state),
  }
}
