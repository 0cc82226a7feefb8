import { uniform } from 'troupe'
import { simulate } from 'troupe/testing'

/** Virtual reports a second of a plain generator under fifo, `stepMs` giving its time; the trace and its hash included. */
export async function simulationRate(
  trials: number,
  reportsPerTrial: number,
  atOnce: number,
): Promise<number> {
  const started = performance.now()
  const { results } = await simulate({
    *trainable(config) {
      for (let i = 0; i < reportsPerTrial; i++) yield { acc: config.x * i }
    },
    paramSpace: { x: uniform(0, 1) },
    metric: 'acc',
    mode: 'max',
    numSamples: trials,
    maxConcurrentTrials: atOnce,
    stepMs: 10,
    seed: 7,
  })
  const seconds = (performance.now() - started) / 1000
  if (results.length !== trials) throw new Error(`${results.length} of ${trials} trials came back.`)
  return (trials * reportsPerTrial) / seconds
}
