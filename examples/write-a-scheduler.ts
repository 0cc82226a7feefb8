// A scheduler of one's own, in under 40 lines, and its tests: laws, every order of messages, faults, and a replay.
//
//   npm run example examples/write-a-scheduler.ts
//
// Whatever implements `Scheduler` works everywhere: in a Tuner, in `simulate`, in a study. The schedulers that come with
// Troupe are written on the same interface, and tested with the same kit.
import assert from 'node:assert/strict'
import { type Scheduler, uniform } from 'troupe'
import { checkScheduler, exploreInterleavings, learningCurves, replay, simulate } from 'troupe/testing'

interface PlateauOptions {
  /** Reports without progress after which a trial is stopped. Default 3. */
  readonly patience?: number
  /** What counts as progress, in units of the metric. Default 0.01. */
  readonly minDelta?: number
}

/** All that it remembers: plain data, which is kept, copied and handed in by others. */
type Progress = Map<number, { best: number; since: number }>

/** Stops a trial that has not come on for some reports, however good it is. */
function stopAtPlateau({ patience = 3, minDelta = 0.01 }: PlateauOptions = {}): Scheduler<Progress> {
  return {
    name: 'stopAtPlateau',
    objectives: 'one',
    init: () => new Map(),
    // `score` is larger for better in either mode; NaN is never better.
    onReport(progress, { trial, score }) {
      const { best, since } = progress.get(trial) ?? { best: -Infinity, since: 0 }
      const cameOn = score > best + minDelta
      progress.set(trial, cameOn ? { best: score, since: 0 } : { best, since: since + 1 })
      if (cameOn || since + 1 < patience) return { kind: 'continue' }
      const reason = `no better by ${minDelta} for ${patience} reports`
      return { kind: 'stop', outcome: 'completed', reason, evidence: { best } }
    },
    onEnd: (progress, { trial }) => void progress.delete(trial),
  }
}

// 1. The laws of schedulers, on generated histories. A broken law comes with the shortest history that breaks it.
await checkScheduler(() => stopAtPlateau())
console.log('It keeps to the laws of schedulers.')

// 2. Every order in which the messages of three trials can arrive, with a crash or a stop at any time.
const { orders, states } = await exploreInterleavings({
  scheduler: stopAtPlateau({ patience: 1 }),
  reports: 2,
})
console.log(`It holds in all ${orders} orders of messages, which lead through ${states} states.`)

// 3. A whole experiment on scripted curves, in virtual time, in a bad world: code crashes, reports are late.
const run = await simulate({
  trainable: learningCurves(
    ({ speed }: { readonly speed: number }) =>
      (step) =>
        step > 50 ? undefined : 1 - speed ** step,
    { metric: 'accuracy' },
  ),
  paramSpace: { speed: uniform(0.2, 0.9) },
  metric: 'accuracy',
  mode: 'max',
  scheduler: stopAtPlateau(),
  numSamples: 40,
  stepMs: 1_000,
  faults: { crash: 0.01, delay: [0, 500], duplicateReport: 0.1, lateReport: 0.5 },
  failure: { maxFailures: 3 },
  seed: 1,
})
let epochs = 0
for (const { iteration } of run.results) epochs += iteration
console.log(`It needed ${epochs} of ${40 * 50} epochs. The end of the trace:\n`)
console.log(run.trace.toText().split('\n').slice(-6).join('\n'))

// 4. Told the same again, it decides the same.
const check = await replay(run.trace)
assert(check.same, check.toText())
console.log(`\nReplayed: ${check.toText()}`)
