import { Tuner, uniform } from 'troupe'

const REPORTS_PER_TRIAL = 10

/** What running many trials that do nothing but report costs. */
export interface Churn {
  readonly trialsPerSecond: number
  /**
   * Time per trial of the last fifth over that of the fifth after the first tenth, which is the compiler's. Wide, since
   * one tenth differs from the next by a third for no reason but where a collection of garbage falls.
   */
  readonly slowdown: number
  /** Largest resident set of the process, in MB. */
  readonly residentMB: number
}

/** Runs `count` no-op trials of ten reports to their ends, in real time. */
export async function churn(count: number): Promise<Churn> {
  const tenth = Math.floor(count / 10)
  const marks: number[] = []
  let ended = 0
  let residentMB = 0
  const tuner = new Tuner(
    async (config, trial) => {
      for (let i = 0; i < REPORTS_PER_TRIAL; i++) await trial.report({ loss: config.x * i })
    },
    {
      paramSpace: { x: uniform(0, 1) },
      metric: 'loss',
      mode: 'min',
      numSamples: count,
      maxConcurrentTrials: 4,
      seed: 1,
    },
  )
  tuner.on('trial.complete', () => {
    if (++ended % tenth !== 0) return
    marks.push(performance.now())
    residentMB = Math.max(residentMB, process.memoryUsage.rss() / 2 ** 20)
  })
  const started = performance.now()
  const results = await tuner.fit()
  const seconds = (performance.now() - started) / 1000
  if (results.length !== count) throw new Error(`${results.length} of ${count} trials came back.`)
  // A mark stands at the end of each tenth.
  const fifthTo = (tenths: number): number => (marks[tenths - 1] ?? NaN) - (marks[tenths - 3] ?? NaN)
  return { trialsPerSecond: count / seconds, slowdown: fifthTo(10) / fifthTo(3), residentMB }
}
