// The best configuration among those that keep within limits, which are known only once it has run.
//
//   npm run example examples/constraints.ts
//
// A language model is to answer as many requests a second as it can, on a card with 12 GB, with at most 120 ms for an
// answer. `trial.setConstraint(name, value)` says by how much a limit is broken: up to 0 it is kept. Results rank a
// configuration that breaks one after all that do not, and searchers learn where the limits are.
import { choice, randint, tpe, type Trial, uniform } from 'troupe'
import { simulate } from 'troupe/testing'

const MEMORY_GB = 12
const LATENCY_MS = 120

const paramSpace = {
  batchSize: randint(1, 257),
  replicas: randint(1, 5),
  bits: choice([4, 8, 16]),
  // Share of the prompts whose state is kept for the next request.
  cached: uniform(0, 1),
}

interface Serving {
  readonly batchSize: number
  readonly replicas: number
  readonly bits: 4 | 8 | 16
  readonly cached: number
}

/** A model of the server: fast enough to try here, and with the same trade-offs as a real one. */
async function serve({ batchSize, replicas, bits, cached }: Serving, trial: Trial) {
  const weightsGb = (3 * bits) / 8
  const stateGb = 0.06 * batchSize * (1 + 2 * cached)
  // Batches share the reading of the weights; small numbers have to be unpacked; replicas share the card.
  const batchMs =
    (12 * weightsGb + 0.9 * batchSize * (1 - 0.6 * cached) * (bits === 4 ? 1.4 : 1)) * replicas ** 0.8
  trial.setConstraint('memory', replicas * (weightsGb + stateGb) - MEMORY_GB)
  trial.setConstraint('latency', 2 * batchMs - LATENCY_MS)
  await trial.report({ perSecond: (1000 * replicas * batchSize) / batchMs })
}

const { results } = await simulate({
  trainable: serve,
  paramSpace,
  metric: 'perSecond',
  mode: 'max',
  searcher: tpe(),
  numSamples: 200,
  seed: 1,
})

const all = [...results]
const speed = ({ metrics }: { readonly metrics: Readonly<Record<string, unknown>> | undefined }): number =>
  Number(metrics?.['perSecond'])
const shareFeasible = (trials: typeof all): string =>
  `${trials.filter(({ feasible }) => feasible).length} of ${trials.length}`
console.log(
  `Within the limits: ${shareFeasible(all.slice(0, 50))} trials at first, ${shareFeasible(all.slice(-50))} at last.`,
)

const reckless = all.toSorted((a, b) => speed(b) - speed(a))[0]
if (reckless !== undefined) {
  console.log(`Fastest of all: ${speed(reckless).toFixed(1)} requests a second, with`, reckless.config)
  for (const [name, excess] of Object.entries(reckless.constraints)) {
    console.log(`  ${name}: ${excess > 0 ? `over the limit by ${excess.toFixed(1)}` : 'kept'}`)
  }
}
const best = results.getBestResult()
console.log(`Fastest within the limits: ${speed(best).toFixed(1)} requests a second, with`, best.config)
for (const [name, excess] of Object.entries(best.constraints)) {
  console.log(`  ${name}: ${(-excess).toFixed(1)} to spare`)
}
