import { asha, fifo, type Scheduler, type TrainableFunction, uniform } from 'troupe'
import { simulate } from 'troupe/testing'

/** What is simulated: how many trials, of how many reports each, how many at once. */
export interface SimulationSize {
  readonly trials: number
  readonly reports: number
  readonly atOnce: number
}

/** Virtual reports a second of plain generators, `stepMs` giving their time; the trace and its hash included. */
export function generatorRate(size: SimulationSize, scheduler: Scheduler = fifo()): Promise<number> {
  return rateOf(size, scheduler, function* (config) {
    for (let i = 0; i < size.reports; i++) yield { acc: config.x * i }
  })
}

/** The same under ASHA, which stops most of them early. */
export function ashaRate(size: SimulationSize): Promise<number> {
  return generatorRate(size, asha({ maxT: size.reports, gracePeriod: 5 }))
}

/** The same of async functions. */
export function asyncRate(size: SimulationSize): Promise<number> {
  return rateOf(size, fifo(), async (config, trial) => {
    for (let i = 0; i < size.reports; i++) await trial.report({ acc: config.x * i })
  })
}

/** What async functions are measured against: a loop that awaits a turn of the event loop, so many times a second. */
export async function turnRate(turns: number): Promise<number> {
  const started = performance.now()
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve))
  return turns / ((performance.now() - started) / 1000)
}

async function rateOf(
  { trials, atOnce }: SimulationSize,
  scheduler: Scheduler,
  trainable: TrainableFunction<{ readonly x: number }>,
): Promise<number> {
  const started = performance.now()
  const { results } = await simulate({
    trainable,
    paramSpace: { x: uniform(0, 1) },
    metric: 'acc',
    mode: 'max',
    numSamples: trials,
    maxConcurrentTrials: atOnce,
    scheduler,
    stepMs: 10,
    seed: 7,
  })
  const seconds = (performance.now() - started) / 1000
  if (results.length !== trials) throw new Error(`${results.length} of ${trials} trials came back.`)
  let reports = 0
  for (const { history } of results) reports += history.length
  return reports / seconds
}
