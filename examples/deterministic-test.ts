// Tests a scheduler in virtual time: 45 minutes of training pass in a moment, and the same seed gives the same messages
// and decisions, bit for bit, however busy the machine is.
//
//   npm run example examples/deterministic-test.ts
import assert from 'node:assert/strict'
import { setTimeout as realTime } from 'node:timers/promises'
import { asha, type Trial, uniform } from 'troupe'
import { simulate } from 'troupe/testing'

function run(seed: number, realMs: number) {
  return simulate({
    trainable: async function curve(config: { readonly limit: number }, trial: Trial) {
      for (let epoch = 1; epoch <= 9; epoch++) {
        // Waiting for the outside world takes no virtual time, and changes nothing.
        if (realMs > 0) await realTime(realMs * Math.random())
        const noise = 0.05 * (trial.random() - 0.5)
        await trial.report({ accuracy: config.limit * (1 - 0.7 ** epoch) + noise })
      }
    },
    paramSpace: { limit: uniform(0.5, 1) },
    metric: 'accuracy',
    mode: 'max',
    scheduler: asha({ maxT: 9, reductionFactor: 3 }),
    numSamples: 16,
    maxConcurrentTrials: 4,
    // An epoch takes five minutes, but only one on the last worker.
    stepMs: 300_000,
    workerSpeeds: [1, 1, 1, 5],
    seed,
  })
}

const first = await run(7, 0)
const again = await run(7, 3)
const other = await run(8, 0)

console.log(first.results.timeline().toText())
console.log(`\nseed 7  ${first.hash}\nagain   ${again.hash}\nseed 8  ${other.hash}`)
assert.equal(again.hash, first.hash)
assert.notEqual(other.hash, first.hash)

// A decision carries what it rests on, so a test can ask whether it was right.
let stopped = 0
for (const record of first.trace) {
  if (record.type !== 'trial.decision' || record.decision !== 'stop') continue
  const { value, cutoff } = record.evidence ?? {}
  // The others were stopped at their full length, where nothing is compared.
  if (cutoff === undefined) continue
  assert(Number(value) < Number(cutoff))
  stopped++
}
console.log(
  `\n${first.trace.length} records; each of the ${stopped} trials that ASHA stopped was under the cutoff.`,
)
