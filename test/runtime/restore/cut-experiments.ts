import {
  asha,
  choice,
  cmaes,
  concurrencyLimiter,
  defineTrainable,
  fifo,
  hyperband,
  medianStopping,
  pbt,
  randomSearch,
  tpe,
  type Trainable,
  type Trial,
  uniform,
} from '../../../src/index.ts'
import type { LogRecord } from '../../../src/core/log.ts'
import type { Assignment, Executor, OutgoingReport } from '../../../src/executors/executor.ts'
import { inProcess, type InProcessOptions } from '../../../src/executors/in-process.ts'
import {
  type ResumeFrom,
  type Simulation,
  type SimulateOptions,
  simulate,
} from '../../../src/testing/simulate.ts'

type Options = SimulateOptions<unknown> & { readonly trainable: Trainable<unknown> }
export interface Config {
  readonly x: number
}

export const base = {
  paramSpace: { x: uniform(0, 1), k: choice(['a', 'b']) },
  metric: 'loss',
  mode: 'min',
  numSamples: 8,
  maxConcurrentTrials: 3,
  seed: 3,
} as const

export const noisy = async ({ x }: Config, trial: Trial): Promise<void> => {
  for (let epoch = 0; epoch < 9; epoch++) {
    await trial.sleep(5 + 10 * x)
    await trial.report({ loss: (x - 0.3) ** 2 + 1 / (epoch + 1) + 0.1 * trial.random() })
  }
}

// All at the same instants, so that who comes first is decided by order alone.
const inStep = async ({ x }: Config, trial: Trial): Promise<void> => {
  for (let epoch = 0; epoch < 9; epoch++)
    await trial.report({ loss: x + 1 / (epoch + 1) + 0.1 * trial.random() })
}

const saving = async ({ x }: Config, trial: Trial): Promise<void> => {
  let { epoch, w } = (trial.checkpoint ?? { epoch: 0, w: 0 }) as { epoch: number; w: number }
  for (; epoch < 9; epoch++) {
    w += x * trial.random()
    trial.setUserAttr('w', w)
    await trial.sleep(1)
    await trial.report({ loss: -w }, epoch % 3 === 2 ? { checkpoint: { epoch: epoch + 1, w } } : undefined)
  }
}

const failing = async ({ x }: Config, trial: Trial): Promise<void> => {
  for (let epoch = 0; epoch < 5; epoch++) {
    await trial.sleep(3)
    if (epoch === 3 && x > 0.5) throw new Error('no luck')
    await trial.report({ loss: x / (epoch + 1) })
  }
}

const stepped = defineTrainable({
  setup: (config: Config, trial) => ({ w: 0, config, trial }),
  step: (state) => ({ loss: -(state.w += state.config.x * state.trial.random()) }),
  save: ({ w }) => w,
  load(state, w) {
    state.w = w
  },
})

const mutations = { hyperparamMutations: { x: uniform(0, 1) } }
const population = { ...base, numSamples: 4, trainable: stepped, stepMs: 7, stop: { training_iteration: 9 } }

/** Small experiments, each with something else that has to come again. */
export const CASES: Readonly<Record<string, object>> = {
  'asha and tpe': {
    ...base,
    trainable: noisy,
    scheduler: asha({ maxT: 9, reductionFactor: 3 }),
    searcher: tpe({ nStartupTrials: 4 }),
  },
  'asha and tpe, trials in step': {
    ...base,
    trainable: inStep,
    stepMs: 10,
    scheduler: asha({ maxT: 9, reductionFactor: 3 }),
    searcher: tpe({ nStartupTrials: 4 }),
  },
  'trials that wait to be promoted': {
    ...base,
    trainable: inStep,
    stepMs: 10,
    scheduler: asha({ type: 'promotion', maxT: 9, reductionFactor: 3 }),
  },
  hyperband: {
    ...base,
    trainable: inStep,
    stepMs: 10,
    scheduler: hyperband({ maxT: 9, reductionFactor: 3 }),
  },
  'median stopping': {
    ...base,
    trainable: noisy,
    scheduler: medianStopping({ gracePeriod: 2, minSamplesRequired: 2 }),
    searcher: randomSearch(),
  },
  'trials that fail and are tried again': {
    ...base,
    trainable: failing,
    failure: { maxFailures: 1, backoffMs: 5 },
    searcher: cmaes(),
  },
  checkpoints: { ...base, trainable: saving, scheduler: asha({ maxT: 9, gracePeriod: 2 }) },
  'trials that exploit others': {
    ...population,
    maxConcurrentTrials: 4,
    scheduler: pbt({ perturbationInterval: 3, ...mutations }),
  },
  'trials that wait and exploit others': {
    ...population,
    maxConcurrentTrials: 2,
    scheduler: pbt({ synch: true, perturbationInterval: 3, ...mutations }),
  },
  'batches of a limiter': {
    ...base,
    maxConcurrentTrials: undefined,
    trainable: inStep,
    stepMs: ({ number }: { readonly number: number }) => 1 + number,
    scheduler: fifo(),
    searcher: concurrencyLimiter(tpe({ nStartupTrials: 4 }), { maxConcurrent: 3, batch: true }),
  },
  'trials that run out of time': {
    ...base,
    reportTimeoutMs: 50,
    trainable: async ({ x }: Config, trial: Trial) => {
      for (let epoch = 0; epoch < 4; epoch++) {
        await trial.sleep(epoch === 2 && x > 0.7 ? 1e6 : 5)
        await trial.report({ loss: x / (epoch + 1) })
      }
    },
  },
}

/** What a report is changed to, on its way from user code. */
export type Change = (assignment: Assignment, iteration: number, report: OutgoingReport) => OutgoingReport

/**
 * Runs it, and goes on with it from part of its trace.
 * @param made - Checkpoints that its trials make, and that those of earlier runs made.
 */
export function playing(
  options: object,
  { change, made = new Map() }: { readonly change?: Change; readonly made?: Map<string, unknown> } = {},
): (records?: readonly LogRecord[], how?: Pick<ResumeFrom, 'diverged'>) => Promise<Simulation<unknown>> {
  const executor = (context: InProcessOptions<never>): Executor => {
    const inner = inProcess(context)
    return {
      ...inner,
      start: (assignment, listener) =>
        inner.start(assignment, {
          ...listener,
          report(report) {
            const { trial, attempt, checkpoint } = assignment
            const iteration = (checkpoint?.iteration ?? 0) + report.seq
            if (report.checkpoint !== undefined)
              made.set(`${trial}/${attempt}/${iteration}`, report.checkpoint.value)
            listener.report(change === undefined ? report : change(assignment, iteration, report))
          },
        }),
    }
  }
  const whole = { ...options, executor } as Options
  return (trace, how) => {
    if (trace === undefined) return simulate(whole)
    const checkpointOf = (trial: number, iteration: number): unknown => {
      const report = trace.findLast(
        (record) =>
          record.type === 'trial.report' &&
          record.trial === trial &&
          record.checkpoint === true &&
          record.metrics['training_iteration'] === iteration,
      )
      return report?.type === 'trial.report' ? made.get(`${trial}/${report.attempt}/${iteration}`) : undefined
    }
    return simulate({ ...whole, resumeFrom: { trace, checkpointOf, ...how } })
  }
}

/** All that happened: what was cut off is in another attempt, and nothing else may differ. */
export function story({ trace }: { readonly trace: Iterable<LogRecord> }): string[] {
  return [...trace]
    .filter(({ type }) => type !== 'experiment.resumed')
    .map((record) => JSON.stringify({ ...record, attempt: undefined }))
    .filter((line, i, lines) => line !== lines[i - 1])
}

/** Whether all of it happened; of what happened at the very same instant the order may be the other one. */
export function isSame(one: Simulation<unknown>, other: Simulation<unknown>): boolean {
  return JSON.stringify(story(one).toSorted()) === JSON.stringify(story(other).toSorted())
}
