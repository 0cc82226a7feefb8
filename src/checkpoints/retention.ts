import type { Mode } from '../core/objective.ts'
import { type Metrics, metricOf } from '../core/metrics.ts'
import { type Checks, must } from '../core/options.ts'

/** Which checkpoints of a trial are kept. */
export interface Retention {
  /** So many, and the last one besides when it is none of these. Integer from 1. Default: all. */
  readonly keep?: number | undefined
  /** Metric of the report whose checkpoints are the best. Default: none, so that the newest are. */
  readonly scoreAttribute?: string | undefined
  /** Whether a small or a large score is best. Default `'max'`. */
  readonly mode?: Mode | undefined
}

/** For `readOptions` of whoever takes these options. */
export const RETENTION_CHECKS: Checks<Retention> = {
  keep: must.integerFrom(1),
  scoreAttribute: (name) =>
    typeof name === 'string' && name !== '' ? undefined : 'must be the name of a metric.',
  mode: must.beOneOf('min', 'max'),
}

/** A checkpoint as far as it matters here. */
export interface ScoredCheckpoint {
  /** Undefined when its report did not carry the metric. */
  readonly score: number | undefined
}

/** The score of a checkpoint that came with this report. */
export function scoreOf(metrics: Metrics, { scoreAttribute }: Retention): number | undefined {
  return scoreAttribute === undefined ? undefined : metricOf(metrics, scoreAttribute)
}

/**
 * The checkpoints of a trial that need not be kept any longer: all but the best `keep` and the last one. NaN and missing
 * scores are worse than any other; of equal scores the newer is better. These are the rules of Ray Tune's `CheckpointConfig`,
 * but that there a missing score is the best.
 * @param checkpoints - Those that are kept now, oldest first.
 */
export function expendable<T extends ScoredCheckpoint>(
  checkpoints: readonly T[],
  { keep = Infinity, mode = 'max' }: Retention,
): readonly T[] {
  if (checkpoints.length <= keep) return []
  const sign = mode === 'max' ? 1 : -1
  const rank = ({ score = Number.NaN }: T) => (Number.isNaN(score) ? undefined : sign * score)
  // Sorting is stable, so that of equals the newer stays in front.
  const best = checkpoints.toReversed().sort((a, b) => byRank(rank(a), rank(b)))
  const kept = new Set([...best.slice(0, keep), checkpoints.at(-1)])
  return checkpoints.filter((checkpoint) => !kept.has(checkpoint))
}

/** Greater first, undefined last. Infinities of one sign are equal, which their difference is not. */
function byRank(a: number | undefined, b: number | undefined): number {
  if (a === b) return 0
  if (a === undefined || b === undefined) return a === undefined ? 1 : -1
  return a > b ? -1 : 1
}
