import { type Row, type Verdict, rowLines } from './report.ts'
import { pLarger, quantile8 } from './statistics.ts'

/** A method on a data set after so many epochs. Regrets are percents missing to 100. */
export interface FidelityRow extends Row {
  /** The recorded method that it must not be worse than. */
  readonly peer?: string
}

/** The recorded method with the best median, and its accuracies. */
export function bestRecorded(
  recorded: Readonly<Record<string, readonly number[]>>,
): readonly [name: string, scores: readonly number[]] {
  const entries = Object.entries(recorded)
  return entries.reduce((best, entry) => (quantile8(entry[1], 0.5) > quantile8(best[1], 0.5) ? entry : best))
}

/** The table, and each comparison: no method may be worse by the one-sided rank-sum test at 0.01. */
export function fidelityLines(rows: readonly FidelityRow[]): Verdict {
  const lines = rowLines(rows)
  let met = true
  for (const { problem, searcher, budget, regrets, peer, peerRegrets } of rows) {
    if (peer === undefined || peerRegrets === undefined) continue
    const p = pLarger(regrets, peerRegrets)
    met &&= p >= 0.01
    const words = p < 0.01 ? 'worse than' : 'not worse than'
    lines.push(`${searcher} on ${problem} at ${budget} epochs: ${words} ${peer} (p = ${p.toPrecision(2)})`)
  }
  return { lines, met }
}
