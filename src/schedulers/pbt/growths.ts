import type { TimeVaryingParameters } from '../../math/gaussian-process/time-varying.ts'

/** What is known between two rankings of a trial with one configuration. */
export interface Row {
  /** When the second one was. */
  readonly time: number
  /** The score at the first one. */
  readonly before: number
  readonly values: readonly number[]
  /** Of the score, in a unit of time. */
  readonly growth: number
}

/** Where a trial stood when it was last ranked, or when it took over another. */
export interface Mark {
  readonly time: number
  readonly score: number
  readonly values: readonly number[]
}

/** All that the bandit remembers. Plain data. */
export interface BanditData {
  /** The newest, oldest first. */
  readonly rows: Row[]
  readonly marks: Map<number, Mark>
  /** How many rows there have been. */
  rowCount: number
  /** The model of them, and how many there had been when it was fitted. */
  fitted: { readonly parameters: TimeVaryingParameters; readonly rowCount: number } | undefined
  /** How far the farthest trial was. */
  newest: number
  /** Values, each from 0 to 1, that were chosen when the farthest was where it is. */
  pending: number[][]
  pendingAt: number
  /** Of each parameter, whether all values seen of it were whole. */
  readonly isWhole: boolean[]
}

// Each costs a row and a column of a matrix to be inverted. Ray Tune keeps 200 to 1,000, as the likelihood says.
const ROWS_MAX = 200

/** Nothing is known yet. */
export function noData(parameterCount: number): BanditData {
  return {
    rows: [],
    marks: new Map(),
    rowCount: 0,
    fitted: undefined,
    newest: -Infinity,
    pending: [],
    pendingAt: -Infinity,
    isWhole: Array.from({ length: parameterCount }, () => true),
  }
}

/** A trial was ranked. A score or a value that is no finite number starts it anew. */
export function addRanking(data: BanditData, trial: number, mark: Mark): void {
  const last = data.marks.get(trial)
  if (mark.time > data.newest) data.newest = mark.time
  if (!Number.isFinite(mark.score) || !mark.values.every(Number.isFinite)) {
    data.marks.delete(trial)
    return
  }
  data.marks.set(trial, mark)
  mark.values.forEach((value, j) => {
    if (!Number.isInteger(value)) data.isWhole[j] = false
  })
  if (last === undefined || !(mark.time > last.time)) return
  if (!mark.values.every((value, j) => value === last.values[j])) return
  const growth = (mark.score - last.score) / (mark.time - last.time)
  if (!Number.isFinite(growth)) return
  data.rows.push({ time: mark.time, before: last.score, values: mark.values, growth })
  data.rowCount++
  if (data.rows.length > ROWS_MAX) data.rows.shift()
}
