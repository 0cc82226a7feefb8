// A program of its own, since a test runner listens for unhandled rejections itself: trials whose reports and sleeps
// are rejected while nobody awaits them.
import type { Assignment } from '../../src/executors/executor.ts'
import { inProcess } from '../../src/executors/in-process.ts'
import type { Trainable, Trial } from '../../src/executors/trainable.ts'
import { realKernel } from '../../src/runtime/real-kernel.ts'

let unhandled = 0
process.on('unhandledRejection', () => unhandled++)

function careless(trial: Trial): void {
  void trial.report({ loss: 1 })
  void trial.report({ loss: 2 })
  void trial.sleep(1000)
}

const reachesForMore = (later: (trial: Trial) => void): Trainable =>
  async function run(_, trial) {
    careless(trial)
    await new Promise((resolve) => trial.signal.addEventListener('abort', resolve))
    later(trial)
  }

const trainables: readonly Trainable[] = [
  reachesForMore(() => {}),
  reachesForMore((trial) => careless(trial)),
  function* run(_, trial) {
    careless(trial)
    yield trial.sleep(1000)
  },
  (_, trial) => {
    void Promise.resolve().then(() => careless(trial))
  },
]

const ASSIGNMENT: Assignment = {
  trial: 0,
  id: 'a',
  attempt: 1,
  config: {},
  resources: {},
  checkpoint: undefined,
  randomPath: 's',
  worker: 0,
  saveEvery: 0,
  saveAtEnd: false,
}

for (const trainable of trainables) {
  const executor = inProcess({ trainable, kernel: realKernel() })
  const outcome = await new Promise<string>((resolve) => {
    const attempt = executor.start(ASSIGNMENT, {
      report: (report) => report.seq === 2 && attempt.leave('stopped'),
      setUserAttr() {},
      setConstraint() {},
      log() {},
      saved() {},
      settled: ({ kind }) => resolve(kind),
    })
  })
  console.log(outcome)
}
// Rejections are found unhandled when all promise reactions of a turn have run.
await new Promise((resolve) => void setImmediate(resolve))
console.log(`unhandled rejections: ${unhandled}`)
