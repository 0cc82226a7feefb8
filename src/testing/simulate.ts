import type { LogRecord } from '../core/log.ts'
import { describe, must } from '../core/options.ts'
import { asError, OptionError, TroupeError } from '../errors.ts'
import type { Executor } from '../executors/executor.ts'
import type { Trainable } from '../executors/trainable.ts'
import { inProcess, type ReportInfo } from '../executors/in-process.ts'
import { randomStream } from '../random/random.ts'
import type { Results } from '../results/results.ts'
import { Trace } from '../runtime/trace.ts'
import { nextMacrotask } from '../runtime/macrotask.ts'
import type { Restore } from '../runtime/restore/restore.ts'
import { pastOf } from '../runtime/restore/past.ts'
import { type VirtualKernel, virtualKernel } from '../runtime/virtual-kernel.ts'
import type { AcceptedBy, CheckedSpace, ConfigOf } from '../space/types.ts'
import { compose, type Surroundings } from '../tuner/compose.ts'
import { type ExecutorFactory, type ExperimentOptions, readExperimentOptions } from '../tuner/options.ts'
import { errorOf, resultsOf } from '../tuner/outcome.ts'
import { type FaultOptions, type Faults, readFaults } from './faults/fault-options.ts'
import { faultyExecutor } from './faults/faulty-executor.ts'
import { rememberRun } from './replay/remembered.ts'

/** What a simulation takes besides the options of a Tuner. */
export interface VirtualTimeOptions {
  /**
   * Virtual milliseconds that pass before each report, from 0: a number, or a function of the report. Default 0: time
   * passes by `trial.sleep` alone.
   */
  readonly stepMs?: number | ((report: ReportInfo) => number)
  /** How fast each worker is, by index; others have 1. A worker of speed 2 takes half of `stepMs`. Above 0. */
  readonly workerSpeeds?: readonly number[]
  /** What goes wrong on purpose, drawn from the seed: crashes, hanging trials, reports that are late or come twice. */
  readonly faults?: FaultOptions
  /** Real milliseconds that user code may take from one call of `trial` to its next. Above 0. Default 10,000. */
  readonly stallMs?: number
  /**
   * Goes on from where the trace of an earlier run ends, or of part of one, as a Tuner goes on from its store: with the
   * same options it comes to the same end as a run that was never cut. Trials that ran are called again, and what they
   * report again is answered from the trace.
   */
  readonly resumeFrom?: ResumeFrom
}

/** What a simulation goes on from. */
export interface ResumeFrom {
  /** A trace, or its first records. */
  readonly trace: Iterable<LogRecord>
  /**
   * The checkpoint that a trial reported with this iteration. What it does not give, undefined, is as if it had been lost:
   * the trial goes on from the one before, or from its beginning. Default: none is there.
   */
  readonly checkpointOf?: (trial: number, iteration: number) => unknown
  /** What becomes of trials that do not do the same again, as in the `resume` option of a Tuner. Default `'fail'`. */
  readonly diverged?: 'fail' | 'accept'
}

/** Options of `simulate`, all but the trainable and the space. */
export type SimulateOptions<Config> = ExperimentOptions<Config> & VirtualTimeOptions

/** An experiment that was run in virtual time. */
export interface Simulation<Config> {
  readonly results: Results<Config>
  /** Every message and decision, in order. */
  readonly trace: Trace
  /** SHA-256 of `trace.toJSONL()`, in hexadecimal digits: equal for equal runs. */
  readonly hash: string
  /** Virtual milliseconds from the start to the end. */
  readonly elapsedMs: number
}

const DEFAULTS = {
  trainable: undefined,
  stepMs: 0 as number | ((report: ReportInfo) => number),
  workerSpeeds: [] as readonly number[],
  faults: undefined,
  stallMs: 10_000,
  resumeFrom: undefined,
}

/**
 * Runs a whole experiment in virtual time: the same machines, searchers and schedulers as `Tuner.fit`, with nothing
 * replaced but the clock, which stands still while user code works and jumps to what comes next when it waits.
 *
 * The same options give the same trace, bit for bit, in every process with the same major version of Node: whatever
 * the machine does meanwhile, and whatever harmless things the trainable awaits. It covers what goes through `trial`:
 * a trainable that reads `Date.now()` or `Math.random()` itself, or has two branches at work at once of which one
 * waits for the outside world, is not repeatable.
 *
 * Takes every option of the Tuner but `reporter`, `callbacks` and `storage`. Without a seed it is 0; four trials run
 * at once unless said otherwise, whatever the machine; resources have no limit.
 * @throws {ExperimentError} (rejects) as `fit` does; with code `'deadlock'` or `'stalled'`, and the virtual time, when
 * nothing can happen any more, user code neither calls back nor ends, or much happens and no virtual time passes.
 * @throws {OptionError} (rejects) for options that cannot be used.
 * @example
 * const run = await simulate({ trainable, paramSpace, metric: 'acc', mode: 'max', scheduler: asha(), numSamples: 100 })
 * expect(run.hash).toBe('…')
 */
export function simulate<const Space = undefined, Config = ConfigOf<Space>>(
  options: SimulateOptions<NoInfer<Config>> & {
    readonly trainable: Trainable<Config>
    readonly paramSpace?: Space & CheckedSpace<Space> & AcceptedBy<Config, Space>
  },
): Promise<Simulation<Config>>
export async function simulate(
  options: { readonly trainable: unknown } & VirtualTimeOptions,
): Promise<Simulation<unknown>> {
  if (typeof options !== 'object' || options === null) {
    throw new OptionError('simulate', `simulate takes one object of options, got ${describe(options)}.`, {
      received: options,
    })
  }
  const {
    trainable,
    stepMs = DEFAULTS.stepMs,
    workerSpeeds = DEFAULTS.workerSpeeds,
    stallMs = DEFAULTS.stallMs,
  } = options
  const delay = reportDelay(stepMs, workerSpeeds)
  checkStall(stallMs)
  const faults = options.faults === undefined ? undefined : readFaults(options.faults)
  const read = readExperimentOptions('simulate', options, DEFAULTS)
  const executor = faults === undefined ? read.executor : withFaults(read.executor, faults, read.seed)
  const kernel = virtualKernel({ stallMs })
  const { resumeFrom } = options
  const restore = resumeFrom && restoreFrom(resumeFrom, kernel)
  const composition = compose(trainable, { ...read, executor }, VIRTUAL, restore)
  const trace = new Trace()
  rememberRun(trace, composition)
  const experiment = composition.build(kernel, (record) => trace.add(record), delay)
  // An event of its own, so that it never cuts into another; before the start, so that no trial is even made.
  const onAbort = (): void => kernel.post(() => experiment.stop('signal', false))
  read.signal?.addEventListener('abort', onAbort)
  if (read.signal?.aborted === true) experiment.stop('signal', false)
  if (restore === undefined) experiment.start()
  else for (const record of resumeFrom?.trace ?? []) trace.add(record)
  try {
    if (restore !== undefined) {
      await experiment.replay()
      await experiment.goOn()
    }
    await kernel.run(
      () => experiment.isClosed,
      () => experiment.waitsForUser,
    )
  } catch (thrown) {
    const { waitingFor } = experiment.snapshot()
    const whom = waitingFor.length === 0 ? '' : ` It waits for ${waitingFor.join(', and for ')}.`
    const remedy = faults !== undefined && faults.hang > 0 ? HANG_REMEDY : ''
    const message = asError(thrown).message + whom + remedy
    experiment.abort({ code: codeOf(thrown), message, cause: thrown })
  }
  kernel.flush()
  await nextMacrotask()
  experiment.giveUpClosing()
  read.signal?.removeEventListener('abort', onAbort)
  const ending = await experiment.ended
  const results = resultsOf<unknown>(experiment, composition, ending)
  const error = errorOf(ending.failure, results)
  if (error !== undefined) throw error
  return { results, trace, hash: await trace.hash(), elapsedMs: experiment.elapsedMs }
}

function restoreFrom({ trace, checkpointOf, diverged }: ResumeFrom, kernel: VirtualKernel): Restore {
  return {
    ...pastOf([...trace]),
    rewinds: true,
    mayDiffer: diverged === 'accept',
    async turn() {
      kernel.flush()
      await nextMacrotask()
    },
    async loadCheckpoint(marks) {
      for (const mark of marks) {
        const value = checkpointOf?.(mark.trial, mark.iteration)
        if (value !== undefined) return { mark, value }
      }
      return undefined
    },
  }
}

/** What surrounds an experiment in virtual time, whatever the machine. */
export const VIRTUAL: Surroundings = {
  owner: 'simulate',
  defaultSeed: '0',
  defaultConcurrency: 4,
  unlimitedResources: true,
}

const HANG_REMEDY = ' Trials hang by faults.hang: give trialTimeoutMs or reportTimeoutMs, which end them.'

/** The executor, which is made as before, on a wire with these faults. */
function withFaults(
  make: ExecutorFactory | undefined,
  faults: Faults,
  seed: string | number | undefined,
): ExecutorFactory {
  const random = randomStream(String(seed ?? VIRTUAL.defaultSeed)).fork('faults')
  return (context) => {
    const inner: Executor = make === undefined ? inProcess(context) : make(context)
    // What is no executor is refused where all of them are.
    if (typeof (inner as Partial<Executor> | null | undefined)?.start !== 'function') return inner
    return faultyExecutor(inner, { faults, kernel: context.kernel, random })
  }
}

/** Virtual time stands still, or an event broke, which is a fault of the runtime. */
function codeOf(thrown: unknown): 'stalled' | 'deadlock' | 'internal' {
  if (!(thrown instanceof TroupeError)) return 'internal'
  return thrown.code === 'stalled' || thrown.code === 'deadlock' ? thrown.code : 'internal'
}

function reportDelay(
  stepMs: NonNullable<VirtualTimeOptions['stepMs']>,
  workerSpeeds: readonly number[],
): ((report: ReportInfo) => number) | undefined {
  if (
    !Array.isArray(workerSpeeds) ||
    workerSpeeds.some((speed) => must.above(0)(speed as number) !== undefined)
  ) {
    throw new OptionError(
      'simulate.workerSpeeds',
      `simulate.workerSpeeds must be an array of numbers above 0, got ${describe(workerSpeeds)}.`,
      {
        received: workerSpeeds,
      },
    )
  }
  if (typeof stepMs !== 'function') {
    const problem = must.from(0)(stepMs)
    if (problem !== undefined) {
      throw new OptionError(
        'simulate.stepMs',
        `simulate.stepMs: ${problem} Or give a function. Got ${describe(stepMs)}.`,
        { received: stepMs },
      )
    }
    if (stepMs === 0) return undefined
    if (workerSpeeds.length === 0) return () => stepMs
  }
  return (report) =>
    (typeof stepMs === 'function' ? stepMs(report) : stepMs) / (workerSpeeds[report.worker] ?? 1)
}

function checkStall(stallMs: number): void {
  const problem = must.above(0)(stallMs)
  if (problem === undefined) return
  throw new OptionError('simulate.stallMs', `simulate.stallMs: ${problem} Got ${describe(stallMs)}.`, {
    received: stallMs,
  })
}
