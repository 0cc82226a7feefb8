import process from 'node:process'
import { randomSearch } from '../../src/searchers/random-search.ts'
import { sqliteStore } from '../../src/stores/sqlite/sqlite-store.ts'
import { loadStudy } from '../../src/study/create-study.ts'

/** What a process is to do with a study, as arguments of its command. */
export interface StudyProcessOrder {
  readonly path: string
  readonly name: string
  readonly leaseMs: number
  /** Trials to run. */
  readonly trialCount: number
  /** Trials that it asks for afterwards, and never tells. */
  readonly heldCount: number
}

/** What it says, in order. */
export type StudyProcessMessage =
  | { readonly kind: 'told'; readonly number: number; readonly attempt: number; readonly value: number }
  | { readonly kind: 'holds'; readonly numbers: readonly number[] }

const order = JSON.parse(process.argv[2] as string) as StudyProcessOrder

const say = (message: StudyProcessMessage): Promise<void> =>
  new Promise((resolve, reject) => {
    process.send?.(message, (error: Error | null) => (error === null ? resolve() : reject(error)))
  })

const { path, name, leaseMs, trialCount, heldCount } = order
const study = await loadStudy({
  storage: sqliteStore({ path }),
  name,
  leaseMs,
  searcher: randomSearch(),
})
for (let i = 0; i < trialCount; i++) {
  const trial = await study.ask()
  const value = Number(trial.config['x'])
  trial.report(1, value)
  await study.tell(trial, value)
  await say({ kind: 'told', number: trial.number, attempt: trial.attempt, value })
}
const numbers: number[] = []
while (numbers.length < heldCount) numbers.push((await study.ask()).number)
if (heldCount > 0) {
  await say({ kind: 'holds', numbers })
  // Until it is killed.
  setInterval(() => {}, 60_000)
} else {
  // Nothing is left that would keep the process.
  await study.close()
}
