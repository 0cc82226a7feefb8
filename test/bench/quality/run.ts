/**
 * `npm run bench:quality`: what the searchers reach on problems whose best is known, beside what the peers reached
 * there, over many seeds. The same seeds give the same table on every run. Exit code 1 when a target is missed.
 *
 * npm run bench:quality -- [--searchers tpe,gp] [--problems branin,levy8] [--seeds 20] [--json FILE]
 */
import { fork } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { analyticProblems } from './analytic.ts'
import { CONTESTANTS, type Contestant } from './contestants.ts'
import { lcbenchProblems } from './lcbench.ts'
import { type Play, play } from './play.ts'
import type { Problem } from './problem.ts'
import { comparisonLines, type Row, rankLines, rowLines } from './report.ts'

interface PeerFigures {
  readonly budgets: Readonly<Record<string, { readonly values: readonly (number | null)[] }>>
}
type PeersByProblem = Readonly<Record<string, Readonly<Record<string, PeerFigures>>>>
interface Baseline {
  readonly analytic: PeersByProblem
  readonly lcbench_single_fidelity: PeersByProblem
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

async function allProblems(): Promise<Problem[]> {
  const best = Object.entries(baseline.lcbench_reference).map(([id, { reference_best }]) => [
    id,
    reference_best,
  ])
  const surrogate = await lcbenchProblems(Object.fromEntries(best) as Record<string, number>)
  return [...analyticProblems(), ...(surrogate ?? [])]
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
  const problems = await allProblems()
  process.on('message', (job: Job) => {
    void runJob(job, problems).then((rows) => process.send?.(rows))
  })
  process.send?.('ready')
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      worker: { type: 'boolean', default: false },
      searchers: { type: 'string', default: Object.keys(CONTESTANTS).join(',') },
      problems: { type: 'string' },
      seeds: { type: 'string', default: '20' },
      json: { type: 'string' },
    },
  })
  if (values.worker) return serve()
  const problems = await allProblems()
  if (!problems.some(({ name }) => name.startsWith('lcbench'))) {
    console.log(
      'LCBench is left out: onnxruntime is not installed. npm install --prefix test/bench/quality/surrogate',
    )
  }
  const wanted = values.problems?.split(',') ?? problems.map(({ name }) => name)
  const jobs = values.searchers
    .split(',')
    .flatMap((searcher) =>
      problems
        .filter(
          (problem) => wanted.includes(problem.name) && CONTESTANTS[searcher]?.canRun?.(problem) !== false,
        )
        .map(({ name }) => ({ problem: name, searcher, seeds: Number(values.seeds) })),
    )
  const rows = await runAll(jobs)
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(rows))
  const order = (row: Row): number =>
    jobs.findIndex((job) => job.problem === row.problem && job.searcher === row.searcher)
  rows.sort((a, b) => order(a) - order(b) || a.budget - b.budget)
  const comparison = comparisonLines(rows)
  const ranks = rankLines(rows)
  for (const line of [...rowLines(rows), '', ...comparison.lines, '', ...ranks.lines]) console.log(line)
  process.exitCode = comparison.met && ranks.met ? 0 : 1
}

await main()
