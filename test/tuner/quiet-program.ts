// A program of its own, since a test runner prints, keeps timers and listens for rejections itself: experiments that
// come to every kind of end, and what each leaves behind. Prints one line of JSON.
import { type ExperimentOptions, randint, type Trainable, Tuner, type TunerOptions } from 'troupe'
import { memoryStore } from 'troupe/stores'
import { schedulerOf } from '../runtime/stage.ts'

type Config = { x: number }

let unhandled = 0
process.on('unhandledRejection', () => unhandled++)
process.on('uncaughtException', () => unhandled++)

const train: Trainable<Config> = async ({ x }, trial) => {
  for (let step = 1; step <= 5; step++) {
    await trial.sleep(1)
    await trial.report({ loss: x / step }, { checkpoint: step })
  }
}
const failing: Trainable<Config> = async (config, trial) => {
  await trial.report({ loss: 1 })
  if (trial.number % 2 === trial.attempt % 2) throw new Error('no')
}
const stuck: Trainable<Config> = async (_config, trial) => {
  await trial.report({ loss: 1 })
  await new Promise(() => {})
}
const careless: Trainable<Config> = async (_config, trial) => {
  for (let loss = 0; loss < 5; loss++) void trial.report({ loss })
  void trial.sleep(1e6)
}
const generator: Trainable<Config> = function* ({ x }, trial) {
  for (let step = 1; step <= 5; step++) {
    yield trial.sleep(1)
    yield { loss: x / step }
  }
}

const broken = (): never => {
  throw new Error('broken')
}

const pausing = schedulerOf({
  init: () => null,
  onReport: (_, { time }) => (time === 2 ? { kind: 'pause', reason: 'takes turns' } : { kind: 'continue' }),
})

/** An hour, for timers that must not outlive their experiment. */
const HOUR = 3_600_000

const scenes: Record<
  string,
  [Trainable<Config>, (TunerOptions<Config> & ExperimentOptions<Config>)?, ((tuner: Tuner<Config>) => void)?]
> = {
  finished: [train, { trialTimeoutMs: HOUR, reportTimeoutMs: HOUR, timeBudgetMs: HOUR, stopGraceMs: HOUR }],
  generator: [generator, { trialTimeoutMs: HOUR, reportTimeoutMs: HOUR }],
  failed: [failing, { trialTimeoutMs: HOUR, reportTimeoutMs: HOUR }],
  retried: [failing, { failure: { maxFailures: 2, backoffMs: 1 }, reportTimeoutMs: HOUR }],
  'stopped while it backs off': [
    failing,
    { failure: { maxFailures: 9, backoffMs: HOUR } },
    (tuner) => tuner.on('trial.retry', () => void tuner.stop()),
  ],
  'fails fast': [failing, { failure: { failFast: true }, trialTimeoutMs: HOUR }],
  'too slow': [stuck, { trialTimeoutMs: 5, reportTimeoutMs: HOUR, stopGraceMs: 1 }],
  'out of time': [stuck, { timeBudgetMs: 5, stopGraceMs: 1, reportTimeoutMs: HOUR }],
  stopped: [train, {}, (tuner) => tuner.once('trial.report', () => void tuner.stop())],
  'stopped gracefully': [
    train,
    { scheduler: pausing },
    (tuner) => tuner.once('trial.report', () => void tuner.stop({ graceful: true })),
  ],
  'stopped by its signal': [train, { signal: AbortSignal.timeout(3) }],
  'stopped before it began': [train, {}, (tuner) => queueMicrotask(() => void tuner.stop())],
  paused: [train, { scheduler: pausing }],
  'held and released': [
    train,
    {},
    (tuner) => {
      tuner.once('trial.report', ({ trial }) => tuner.pauseTrial(trial.id))
      tuner.on('trial.pause', ({ trial }) => setImmediate(() => tuner.resumeTrial(trial.id)))
    },
  ],
  'one trial stopped': [
    train,
    {},
    (tuner) => tuner.once('trial.start', ({ trial }) => tuner.stopTrial(trial.id)),
  ],
  pruned: [train, { stop: { training_iteration: 2 } }],
  careless: [careless],
  'careless and cut': [careless, { stop: { training_iteration: 2 }, scheduler: pausing }],
  watched: [
    train,
    { callbacks: [{ 'trial.report': broken }], inspect: broken, storage: memoryStore(), trace: true },
    (tuner) => {
      tuner.subscribe(broken)
      void (async () => {
        for await (const event of tuner.events()) if (event.type === 'experiment.end') break
      })()
    },
  ],
  'searcher thinks': [
    train,
    {
      searcher: {
        name: 'thinking',
        start: () => ({
          suggest: async ({ number }) => {
            await Promise.resolve()
            return { kind: 'point', point: { x: number } }
          },
          tell: async () => {},
        }),
      },
    },
  ],
  'searcher never answers': [
    train,
    {
      stopGraceMs: 1,
      searcher: { name: 'never', start: () => ({ suggest: () => new Promise(() => {}), tell() {} }) },
    },
    (tuner) => tuner.on('experiment.start', () => setImmediate(() => void tuner.stop())),
  ],
  'searcher answers too late': [
    train,
    {
      stopGraceMs: 0,
      searcher: {
        name: 'late',
        start: () => ({
          suggest: () => new Promise((_, reject) => void setTimeout(() => reject(new Error('too late')), 20)),
          tell() {},
        }),
      },
    },
    (tuner) => tuner.on('experiment.start', () => setImmediate(() => void tuner.stop())),
  ],
  'scheduler breaks': [
    train,
    { scheduler: schedulerOf({ init: () => null, onReport: broken, onEnd: broken }) },
  ],
  deadlock: [train, { scheduler: schedulerOf({ init: () => null, choose: () => undefined }) }],
}

const left: Record<string, string[]> = {}
const ends: Record<string, string> = {}
for (const [name, [trainable, options, steer]] of Object.entries(scenes)) {
  const before = process.getActiveResourcesInfo()
  const tuner = new Tuner(trainable, {
    paramSpace: { x: randint(0, 1_000_000) },
    metric: 'loss',
    mode: 'min',
    numSamples: 4,
    maxConcurrentTrials: 2,
    ...options,
  })
  steer?.(tuner)
  const end = await tuner.fit().then(
    ({ endedBy }) => endedBy,
    (error: { code: string }) => error.code,
  )
  ends[name] = end
  // An immediate is over with this turn of the event loop.
  const now = process.getActiveResourcesInfo().filter((resource) => resource !== 'Immediate')
  for (const resource of before) if (now.includes(resource)) now.splice(now.indexOf(resource), 1)
  if (now.length > 0) left[name] = now
}
await new Promise((resolve) => void setTimeout(resolve, 30))
const doneAt = performance.now()
process.on('exit', () => {
  const exitedAfterMs = Math.round(performance.now() - doneAt)
  console.log(JSON.stringify({ unhandled, left, ends, exitedAfterMs }))
})
