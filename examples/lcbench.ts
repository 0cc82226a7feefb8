// Tuning networks of which most are stopped early, on LCBench: recorded trainings of 2,000 networks a data set, which a
// surrogate model turned into a function of seven hyperparameters and the epoch. So 2,000 epochs take seconds.
//
//   npm run example examples/lcbench.ts
//
// The surrogate needs onnxruntime: npm install --prefix test/bench/quality/surrogate
import { asha, fifo, randomSearch, type Scheduler, type Searcher, tpe } from 'troupe'
import { simulate } from 'troupe/testing'
import { ACCURACY, EPOCHS, loadSurrogate, MISSING } from '../test/bench/quality/lcbench-surrogate.ts'

const DATA_SET = '167161'
const EPOCHS_TO_SPEND = 2_000

const loaded = await loadSurrogate()
if (loaded === undefined) {
  console.log(`Nothing to see: ${MISSING}`)
  process.exit(0)
}
const surrogate = loaded

const epochs = Array.from({ length: EPOCHS }, (_, i) => i + 1)

/** Trains networks, 4 at once, until all epochs are spent. */
async function spend(searcher: Searcher, scheduler: Scheduler) {
  let left = EPOCHS_TO_SPEND
  const { results } = await simulate({
    async trainable(config, trial) {
      // All epochs in one call of the model: what is not reported was never computed, as far as anybody can tell.
      for (const accuracy of await surrogate.accuracies(DATA_SET, config, epochs)) {
        await trial.report({ [ACCURACY]: accuracy })
      }
    },
    paramSpace: surrogate.space,
    metric: ACCURACY,
    mode: 'max',
    searcher,
    scheduler,
    stop: {
      name: 'epochsSpent',
      init: () => null,
      onReport: () => (--left > 0 ? undefined : { scope: 'experiment', reason: 'all epochs are spent' }),
    },
    numSamples: Infinity,
    maxConcurrentTrials: 4,
    stepMs: 1_000,
    seed: 1,
  })
  return results
}

const contestants: readonly (readonly [name: string, searcher: Searcher, scheduler: Scheduler])[] = [
  ['random, each to the end', randomSearch(), fifo()],
  ['random with asha', randomSearch(), asha({ maxT: EPOCHS })],
  ['tpe, each to the end', tpe(), fifo()],
  ['tpe with asha', tpe({ nStartupTrials: 30, countPruned: false }), asha({ maxT: EPOCHS, gracePeriod: 4 })],
]

console.log(`LCBench ${DATA_SET}: best validation accuracy after ${EPOCHS_TO_SPEND} epochs in all.`)
for (const [name, searcher, scheduler] of contestants) {
  const results = await spend(searcher, scheduler)
  const best = Math.max(
    ...[...results].flatMap(({ history }) => history.map((report) => report[ACCURACY] as number)),
  )
  const full = [...results].filter(({ history }) => history.length === EPOCHS).length
  console.log(
    `  ${name.padEnd(24)} ${best.toFixed(2)} %   ${String(results.length).padStart(3)} networks, ${full} of them trained to the end`,
  )
}
