import { expect } from 'vitest'
import type { Checkpoint } from '../../src/core/trial.ts'
import type {
  Assignment,
  Attempt,
  Executor,
  LogEntry,
  OutgoingReport,
  Settled,
} from '../../src/executors/executor.ts'
import type { InProcessOptions } from '../../src/executors/in-process.ts'
import type { Trainable } from '../../src/executors/trainable.ts'
import { realKernel } from '../../src/runtime/real-kernel.ts'
import { type VirtualKernel, virtualKernel } from '../../src/runtime/virtual-kernel.ts'

export type MakeExecutor = <Config>(options: InProcessOptions<Config>) => Executor

/** What a listener was told, in order, with the virtual time. */
export type Told = { readonly at: number } & (
  | { readonly kind: 'report'; readonly report: OutgoingReport }
  | { readonly kind: 'userAttr'; readonly key: string; readonly value: unknown }
  | { readonly kind: 'constraint'; readonly key: string; readonly value: number }
  | { readonly kind: 'log'; readonly entry: LogEntry }
  | { readonly kind: 'saved'; readonly checkpoint: { readonly value: unknown } | undefined }
  | { readonly kind: 'settled'; readonly outcome: Settled }
)

/** One attempt as a controller sees it. */
export class Watched {
  readonly kernel: VirtualKernel
  readonly told: Told[] = []
  attempt: Attempt = { answer() {}, save() {}, leave() {}, abandon() {} }

  constructor(kernel: VirtualKernel) {
    this.kernel = kernel
  }

  get reports(): OutgoingReport[] {
    return this.told.flatMap((told) => (told.kind === 'report' ? [told.report] : []))
  }

  get metrics(): OutgoingReport['metrics'][] {
    return this.reports.map((report) => report.metrics)
  }

  get outcome(): Settled | undefined {
    return this.told.flatMap((told) => (told.kind === 'settled' ? [told.outcome] : []))[0]
  }

  get error(): Error {
    if (this.outcome?.kind !== 'threw') throw new Error(`It did not throw, but ${this.outcome?.kind}`)
    return this.outcome.error
  }

  get kinds(): string[] {
    return this.told.map((told) => told.kind)
  }

  /** Calls `fn` after so much virtual time. */
  after(ms: number, fn: () => void): void {
    this.kernel.setTimeout(fn, ms)
  }
}

export interface Scene {
  readonly config?: unknown
  readonly checkpoint?: Checkpoint
  readonly attempt?: number
  readonly saveEvery?: number
  readonly saveAtEnd?: boolean
  readonly reportDelayMs?: InProcessOptions<unknown>['reportDelayMs']
  /** What the controller does about a report. Default: answers at once. */
  readonly onReport?: (report: OutgoingReport, run: Watched) => void
  readonly onSaved?: (checkpoint: { readonly value: unknown } | undefined, run: Watched) => void
  /** What the controller does right after the start. */
  readonly afterStart?: (run: Watched) => void
  /** Goes on with this executor and kernel, as the next attempt of the same experiment. */
  readonly stage?: Stage
  readonly trial?: number
}

/** An executor with the kernel that it runs on. */
export interface Stage {
  readonly executor: Executor
  readonly kernel: VirtualKernel
}

export function stageOf<Config>(
  make: MakeExecutor,
  trainable: Trainable<Config>,
  reportDelayMs?: Scene['reportDelayMs'],
): Stage {
  const kernel = virtualKernel({ stallMs: 5000 })
  return { kernel, executor: make({ trainable, kernel, reportDelayMs }) }
}

/** The same on the machine's clock: `run` waits, turn after turn of the event loop. */
export function realStageOf<Config>(make: MakeExecutor, trainable: Trainable<Config>): Stage {
  const kernel: VirtualKernel = {
    ...realKernel(),
    flush() {},
    async run(isDone) {
      while (!isDone()) await new Promise((resolve) => void setImmediate(resolve))
    },
  }
  return { kernel, executor: make({ trainable, kernel }) }
}

/** Starts an attempt and runs nothing yet. */
export function begin<Config>(make: MakeExecutor, trainable: Trainable<Config>, scene: Scene = {}): Watched {
  const { kernel, executor } = scene.stage ?? stageOf(make, trainable, scene.reportDelayMs)
  const run = new Watched(kernel)
  const tell = (told: DistributiveOmit<Told, 'at'>): void => void run.told.push({ at: kernel.now(), ...told })
  const assignment: Assignment = {
    trial: scene.trial ?? 7,
    id: 'abc',
    attempt: scene.attempt ?? 1,
    config: scene.config ?? {},
    resources: { cpu: 1 },
    checkpoint: scene.checkpoint,
    randomPath: 'seed/trial/7',
    worker: 2,
    saveEvery: scene.saveEvery ?? 0,
    saveAtEnd: scene.saveAtEnd ?? false,
  }
  run.attempt = executor.start(assignment, {
    report(report) {
      tell({ kind: 'report', report })
      if (scene.onReport === undefined) run.attempt.answer(report.seq)
      else scene.onReport(report, run)
    },
    setUserAttr: (key, value) => tell({ kind: 'userAttr', key, value }),
    setConstraint: (key, value) => tell({ kind: 'constraint', key, value }),
    log: (entry) => tell({ kind: 'log', entry }),
    saved(checkpoint) {
      tell({ kind: 'saved', checkpoint })
      scene.onSaved?.(checkpoint, run)
    },
    settled: (outcome) => tell({ kind: 'settled', outcome }),
  })
  expect(run.told).toEqual([])
  scene.afterStart?.(run)
  return run
}

type DistributiveOmit<T, Key extends PropertyKey> = T extends unknown ? Omit<T, Key> : never

/** Runs an attempt until it has settled, and sees to it that it settles once, last, and leaves no timer behind. */
export async function play<Config>(
  make: MakeExecutor,
  trainable: Trainable<Config>,
  scene: Scene = {},
): Promise<Watched> {
  const run = begin(make, trainable, scene)
  await settle(run)
  await expectQuiet(run)
  expect(run.kinds.indexOf('settled')).toBe(run.kinds.length - 1)
  return run
}

/** Runs an attempt until it has settled. */
export function settle(run: Watched): Promise<void> {
  return run.kernel.run(
    () => run.outcome !== undefined,
    () => false,
  )
}

/** Lets everything happen that is left to, and expects that to be nothing that can be heard or takes time. */
export async function expectQuiet(run: Watched): Promise<void> {
  const { length } = run.told
  const now = run.kernel.now()
  await runDry(run.kernel)
  expect(run.told).toHaveLength(length)
  expect(run.kernel.now()).toBe(now)
}

/** Runs until nothing is left to happen. */
export async function runDry(kernel: VirtualKernel): Promise<void> {
  await expect(
    kernel.run(
      () => false,
      () => false,
    ),
  ).rejects.toMatchObject({ code: 'deadlock' })
}
