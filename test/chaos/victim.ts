/**
 * The program that is killed: an experiment of 30 trials, four at a time, that goes on with what its store has. It says
 * `up`, then `ack TRIAL ITERATION MS LOSS` for each report that was acknowledged, and in the end `done` and what it has.
 */
import { asha, type Trial, tpe, Tuner, uniform } from 'troupe'

const [, , url = '', name = '', seed = '', durability = ''] = process.argv
const REPORTS = 10

interface Config {
  readonly x: number
}

async function train({ x }: Config, trial: Trial): Promise<void> {
  const from = (trial.checkpoint as { readonly reports: number } | undefined)?.reports ?? 0
  for (let report = from + 1; report <= REPORTS; report++) {
    await trial.sleep(1 + ((trial.number + report) % 3))
    const loss = (x - 0.3) ** 2 + 1 / report
    await trial.report({ loss }, report % 3 === 0 ? { checkpoint: { reports: report } } : undefined)
    process.stdout.write(`ack ${trial.number} ${report} ${Date.now()} ${loss}\n`)
  }
}

const tuner = new Tuner(train, {
  paramSpace: { x: uniform(0, 1) },
  metric: 'loss',
  mode: 'min',
  numSamples: 30,
  maxConcurrentTrials: 4,
  searcher: tpe({ nStartupTrials: 5 }),
  scheduler: asha({ maxT: REPORTS, gracePeriod: 3 }),
  seed,
  name,
  storage: url,
  durability: durability as 'trial',
  resume: true,
})
process.stdout.write('up\n')
const results = await tuner.fit()
const ended = [...results].filter(({ state }) => state === 'completed' || state === 'pruned').length
process.stdout.write(`done ${results.endedBy} ${ended} ${results.warnings.length}\n`)
for (const { message } of results.warnings) process.stderr.write(`${message}\n`)
