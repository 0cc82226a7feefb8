import type { Objective } from '../core/objective.ts'
import { compareRanked, isFeasible } from '../core/order.ts'
import {
  type BestTrial,
  type ExperimentSnapshot,
  type ExperimentStatus,
  summarise,
  type TrialSummary,
} from '../core/snapshot.ts'
import type { TrialRecord } from '../core/trial.ts'

/** What a snapshot is taken of. */
export interface SnapshotSource {
  readonly name: string
  readonly objectives: readonly Objective[]
  readonly location: string
  readonly schedulerLine: string
  readonly searcherName: string
  readonly records: readonly TrialRecord[]
  readonly slotsUsed: () => number
  readonly slotCount: () => number
  readonly resources: ExperimentSnapshot['resources']
  readonly status: () => ExperimentStatus
  readonly elapsedMs: () => number
  readonly waitingFor: () => readonly string[]
}

/** A maker of snapshots that keeps the summaries of ended trials, so that 100,000 of them cost no work again. */
export function snapshotTaker(source: SnapshotSource): () => ExperimentSnapshot {
  const summaries: TrialSummary[] = []
  // Trials below have ended and are summarised; the best of them cannot change any more.
  let settled = 0
  let bestSettled: TrialRecord | undefined

  return () => {
    const { records, objectives, location } = source
    const mode = objectives.length === 1 ? objectives[0]?.mode : undefined
    for (let i = settled; i < records.length; i++) {
      summaries[i] = summarise(records[i] as TrialRecord, location, summaries[i])
    }
    for (; settled < records.length && records[settled]?.endedAt !== undefined; settled++) {
      bestSettled = better(bestSettled, records[settled], mode)
    }
    let best = bestSettled
    for (let i = settled; i < records.length; i++) best = better(best, records[i], mode)
    return {
      status: source.status(),
      name: source.name,
      elapsedMs: source.elapsedMs(),
      best: bestTrial(best, summaries, objectives[0]),
      waitingFor: source.waitingFor(),
      trials: summaries.slice(),
      scheduler: source.schedulerLine,
      searcher: source.searcherName,
      resources: { used: { ...source.resources.used }, total: source.resources.total },
      slots: { used: source.slotsUsed(), total: source.slotCount() },
    }
  }
}

function better(
  best: TrialRecord | undefined,
  record: TrialRecord | undefined,
  mode: Objective['mode'] | undefined,
): TrialRecord | undefined {
  if (record === undefined || mode === undefined || !canLead(record)) return best
  return best === undefined || compareRanked(ranked(record), ranked(best), mode) < 0 ? record : best
}

function canLead({ values, state }: TrialRecord): boolean {
  return values !== undefined && !Number.isNaN(values[0]) && state !== 'failed'
}

function ranked({ number, values, constraints }: TrialRecord): {
  number: number
  value: number | undefined
  feasible: boolean
} {
  return { number, value: values?.[0], feasible: isFeasible(constraints) }
}

function bestTrial(
  record: TrialRecord | undefined,
  summaries: readonly TrialSummary[],
  objective: Objective | undefined,
): BestTrial | undefined {
  const summary = record === undefined ? undefined : summaries[record.number]
  if (record?.values === undefined || summary === undefined || objective === undefined) return undefined
  return { ...summary, ...objective, value: record.values[0] as number }
}
