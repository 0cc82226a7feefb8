import { holm, pLarger, quantile8, ranksOf } from './statistics.ts'

/** One problem, searcher and budget, over all seeds. */
export interface Row {
  readonly problem: string
  readonly searcher: string
  readonly budget: number
  /** By seed; NaN where there was nothing feasible yet. */
  readonly scores: readonly number[]
  readonly regrets: readonly number[]
  /** The same of the peer that it is compared with. */
  readonly peerScores?: readonly number[]
  readonly peerRegrets?: readonly number[]
}

/** Lines to print, and whether the target is met. */
export interface Verdict {
  readonly lines: readonly string[]
  readonly met: boolean
}

// A regret below this is as good as none: it keeps ratios of two very good results from counting most.
const REGRET_MIN = 1e-6

/** The table: median [quartiles] of the best, ours and the peer's. */
export function rowLines(rows: readonly Row[]): string[] {
  const head = `${'problem'.padEnd(23)}${'searcher'.padEnd(12)}${'budget'.padStart(6)}  ${'median [quartiles]'.padEnd(34)}${'peer'.padEnd(34)}p`
  const lines = rows.map(({ problem, searcher, budget, scores, regrets, peerScores, peerRegrets }) => {
    const p = peerRegrets === undefined ? '' : pLarger(regrets, peerRegrets).toPrecision(2)
    const peer = peerScores === undefined ? '-' : spread(peerScores)
    return `${problem.padEnd(23)}${searcher.padEnd(12)}${String(budget).padStart(6)}  ${spread(scores).padEnd(34)}${peer.padEnd(34)}${p}`
  })
  return [head, ...lines]
}

function spread(scores: readonly number[]): string {
  const [q1, median, q3] = [0.25, 0.5, 0.75].map((q) => Number(quantile8(scores, q).toPrecision(4)))
  return `${median} [${q1}, ${q3}]`
}

/**
 * Each searcher against its peer: no row may be worse by the one-sided rank-sum test at 0.01, Holm-corrected over the
 * searcher's rows, and the mean over rows of the logarithm of the ratio of median regrets must be below 0.
 */
export function comparisonLines(rows: readonly Row[]): Verdict {
  const lines: string[] = []
  let met = true
  for (const searcher of new Set(rows.map((row) => row.searcher))) {
    const compared = rows.filter((row) => row.searcher === searcher && row.peerRegrets !== undefined)
    if (compared.length === 0) continue
    const corrected = holm(compared.map((row) => pLarger(row.regrets, row.peerRegrets as number[])))
    const worse = compared.filter((_, i) => (corrected[i] as number) < 0.01)
    const ratios = compared.map((row) => {
      const mine = Math.max(quantile8(row.regrets, 0.5), REGRET_MIN)
      return Math.log(mine / Math.max(quantile8(row.peerRegrets as number[], 0.5), REGRET_MIN))
    })
    const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length
    const names = worse.map(({ problem, budget }) => `${problem} at ${budget}`)
    lines.push(
      `${searcher}: ${compared.length} rows, ${worse.length} worse than the peer${names.length > 0 ? ` (${names.join(', ')})` : ''}; mean log-ratio of regret ${mean.toFixed(3)}`,
    )
    met &&= worse.length === 0 && mean < 0
  }
  return { lines, met }
}

/** Mean rank by median regret over the rows that auto can run; auto must have the best. */
export function rankLines(rows: readonly Row[]): Verdict {
  const ranks = new Map<string, number[]>()
  for (const row of rows.filter(({ searcher }) => searcher === 'auto')) {
    const beside = rows.filter(({ problem, budget }) => problem === row.problem && budget === row.budget)
    const ranked = ranksOf(beside.map(({ regrets }) => quantile8(regrets, 0.5)))
    beside.forEach(({ searcher }, i) => {
      // In fifths of the way from first to last, since not every row has as many contestants.
      const share = beside.length === 1 ? 0 : ((ranked[i] as number) - 1) / (beside.length - 1)
      ranks.set(searcher, [...(ranks.get(searcher) ?? []), share])
    })
  }
  const means = Array.from(ranks, ([searcher, all]) => ({
    searcher,
    rows: all.length,
    mean: all.reduce((sum, rank) => sum + rank, 0) / all.length,
  })).toSorted((a, b) => a.mean - b.mean)
  return {
    lines: means.map(
      ({ searcher, rows: count, mean }) =>
        `${searcher.padEnd(9)} mean rank ${mean.toFixed(3)} (0 is first, 1 is last) over ${count} rows`,
    ),
    met: means.length < 2 || means[0]?.searcher === 'auto',
  }
}
