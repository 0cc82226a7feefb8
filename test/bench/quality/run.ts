/**
 * `npm run bench:quality`: what the searchers reach on problems whose best is known, beside what the peers reached
 * there, over many seeds. The same seeds give the same table on every run. Exit code 1 when a target is missed.
 *
 * npm run bench:quality -- [--searchers tpe,gp] [--problems branin,levy8] [--seeds 20] [--json FILE]
 *
 * Problems whose names end in `-epochs` are LCBench with epochs as fidelity; there the searchers are those of
 * `methods.ts`, each with its scheduler.
 */
import { fork } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { analyticProblems } from './analytic.ts'
import { CONTESTANTS, type Contestant } from './contestants.ts'
import { type FidelityPlay, playFidelity } from './fidelity.ts'
import { bestRecorded, type FidelityRow, fidelityLines } from './fidelity-report.ts'
import { lcbenchProblems } from './lcbench.ts'
import { loadSurrogate, MISSING, type Surrogate } from './lcbench-surrogate.ts'
import { BEST, EPOCH_BUDGETS, type MethodContestant, METHODS } from './methods.ts'
import { type Play, play } from './play.ts'
import type { Problem } from './problem.ts'
import { comparisonLines, type Row, rankLines, rowLines, type Verdict } from './report.ts'

interface PeerFigures {
  readonly budgets: Readonly<Record<string, { readonly values: readonly (number | null)[] }>>
}
type PeersByProblem = Readonly<Record<string, Readonly<Record<string, PeerFigures>>>>
interface Baseline {
  readonly analytic: PeersByProblem
  readonly lcbench_single_fidelity: PeersByProblem
  readonly lcbench_multi_fidelity: PeersByProblem
  readonly lcbench_reference: Readonly<Record<string, { readonly reference_best: number }>>
}

interface Job {
  readonly problem: string
  readonly searcher: string
  readonly seeds: number
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../fixtures/bench/${name}`, import.meta.url), 'utf8'))
const baseline = read('baseline.json') as Baseline
const peers: PeersByProblem = {
  ...baseline.analytic,
  ...(read('shifted.json') as PeersByProblem),
  ...Object.fromEntries(
    Object.entries(baseline.lcbench_single_fidelity).map(([instance, figures]) => [
      `lcbench-${instance}`,
      figures,
    ]),
  ),
}

const EPOCHS_SUFFIX = '-epochs'
const epochProblems = Object.keys(baseline.lcbench_multi_fidelity).map(
  (instance) => `lcbench-${instance}${EPOCHS_SUFFIX}`,
)

function allProblems(surrogate: Surrogate | undefined): Problem[] {
  const best = Object.entries(baseline.lcbench_reference).map(([id, { reference_best }]) => [
    id,
    reference_best,
  ])
  if (surrogate === undefined) return analyticProblems()
  return [
    ...analyticProblems(),
    ...lcbenchProblems(surrogate, Object.fromEntries(best) as Record<string, number>),
  ]
}

/** LCBench with epochs as fidelity: a method on one data set. */
async function runEpochs({ problem, searcher, seeds }: Job, surrogate: Surrogate): Promise<FidelityRow[]> {
  const instance = problem.slice('lcbench-'.length, -EPOCHS_SUFFIX.length)
  const method = METHODS[searcher] as MethodContestant
  const plays: FidelityPlay[] = []
  for (let seed = 0; seed < seeds; seed++) {
    plays.push(await playFidelity(surrogate, instance, method, seed, Math.max(...EPOCH_BUDGETS)))
  }
  const recorded = baseline.lcbench_multi_fidelity[instance] ?? {}
  return EPOCH_BUDGETS.map((budget) => {
    const scores = plays.map(({ best }) => best[budget - 1] as number)
    const row = { problem, searcher, budget, scores, regrets: scores.map((score) => 100 - score) }
    const wanted = method.against[budget]
    if (wanted === undefined) return row
    const scoresOf = Object.fromEntries(
      Object.entries(recorded).map(([name, { budgets }]) => [name, budgets[budget]?.values as number[]]),
    )
    const [peer, peerScores] =
      wanted === BEST ? bestRecorded(scoresOf) : [wanted, scoresOf[wanted] as number[]]
    return { ...row, peer, peerScores, peerRegrets: peerScores.map((score) => 100 - score) }
  })
}

async function runJob({ problem: name, searcher, seeds }: Job, problems: readonly Problem[]): Promise<Row[]> {
  const problem = problems.find((candidate) => candidate.name === name) as Problem
  const { make, budgets, peer } = CONTESTANTS[searcher] as Contestant
  const plays: Play[] = []
  for (let seed = 0; seed < seeds; seed++) plays.push(await play(problem, make(), seed, budgets))
  return budgets.map((budget, i) => {
    const scores = plays.map((each) => each.scores[i] as number)
    const recorded = peer === undefined ? undefined : peers[name]?.[peer]?.budgets[budget]
    const peerScores = recorded?.values.map((value) => value ?? Number.NaN)
    return {
      problem: name,
      searcher,
      budget,
      scores,
      regrets: scores.map(problem.regretOf),
      ...(peerScores === undefined ? {} : { peerScores, peerRegrets: peerScores.map(problem.regretOf) }),
    }
  })
}

/** Hands the jobs to one process a core; each asks for the next when it is done. */
function runAll(jobs: readonly Job[]): Promise<Row[]> {
  const waiting = [...jobs]
  const rows: Row[] = []
  const workers = Array.from({ length: Math.min(availableParallelism(), jobs.length) }, async () => {
    const child = fork(new URL(import.meta.url), ['--worker'], { serialization: 'advanced' })
    await new Promise<void>((resolve, reject) => {
      const next = (): void => {
        const job = waiting.shift()
        if (job === undefined) child.disconnect()
        else child.send(job)
      }
      child.on('message', (done: Row[] | 'ready') => {
        if (done !== 'ready') rows.push(...done)
        next()
      })
      child.on('error', reject)
      child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a worker ended with ${code}`))))
    })
  })
  return Promise.all(workers).then(() => rows)
}

async function serve(): Promise<void> {
  const surrogate = await loadSurrogate()
  const problems = allProblems(surrogate)
  const run = (job: Job): Promise<Row[]> =>
    surrogate !== undefined && job.searcher in METHODS ? runEpochs(job, surrogate) : runJob(job, problems)
  process.on('message', (job: Job) => void run(job).then((rows) => process.send?.(rows)))
  process.send?.('ready')
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      worker: { type: 'boolean', default: false },
      searchers: { type: 'string', default: Object.keys({ ...CONTESTANTS, ...METHODS }).join(',') },
      problems: { type: 'string' },
      seeds: { type: 'string', default: '20' },
      json: { type: 'string' },
    },
  })
  if (values.worker) return serve()
  const surrogate = await loadSurrogate()
  if (surrogate === undefined) console.log(`LCBench is left out: ${MISSING}`)
  const problems = allProblems(surrogate)
  const names = [...problems.map(({ name }) => name), ...(surrogate === undefined ? [] : epochProblems)]
  const wanted = values.problems?.split(',') ?? names
  const canRun = (searcher: string, name: string): boolean => {
    if (name.endsWith(EPOCHS_SUFFIX)) return searcher in METHODS
    const contestant = CONTESTANTS[searcher]
    const problem = problems.find((candidate) => candidate.name === name) as Problem
    return contestant !== undefined && contestant.canRun?.(problem) !== false
  }
  const jobs = values.searchers
    .split(',')
    .flatMap((searcher) =>
      names
        .filter((name) => wanted.includes(name) && canRun(searcher, name))
        .map((name) => ({ problem: name, searcher, seeds: Number(values.seeds) })),
    )
  const rows = await runAll(jobs)
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(rows))
  const order = (row: Row): number =>
    jobs.findIndex((job) => job.problem === row.problem && job.searcher === row.searcher)
  rows.sort((a, b) => order(a) - order(b) || a.budget - b.budget)
  const byTrials = rows.filter(({ problem }) => !problem.endsWith(EPOCHS_SUFFIX))
  const verdicts: Verdict[] = []
  if (byTrials.length > 0) {
    verdicts.push({ lines: rowLines(byTrials), met: true }, comparisonLines(byTrials), rankLines(byTrials))
  }
  if (byTrials.length < rows.length) {
    verdicts.push(fidelityLines(rows.filter(({ problem }) => problem.endsWith(EPOCHS_SUFFIX))))
  }
  console.log(verdicts.map(({ lines }) => lines.join('\n')).join('\n\n'))
  process.exitCode = verdicts.every(({ met }) => met) ? 0 : 1
}

await main()
