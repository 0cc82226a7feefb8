import { encodable } from '../core/plain-json.ts'
import type { Recorded } from '../results/recorded/recorded.ts'
import type { Result } from '../results/result.ts'
import { conditionOf, countByState } from './condition.ts'
import type { Kept } from './kept.ts'
import { leadersOf } from './leading.ts'
import type { Results } from '../results/results.ts'

/**
 * JSON for programs. NaN and ±Infinity, which it has no word for, are `{ "$number": "NaN" }` and so on, as in traces.
 * @param indent - Spaces a level; 0 for one line.
 */
export function jsonText(value: unknown, indent = 2): string {
  return JSON.stringify(encodable(value), null, indent)
}

/** An experiment or a study as data. */
export function keptJson(kept: Kept, results: Results): object {
  const { recorded, holder } = kept
  const { kind, name, objectives, searcher, scheduler, seed, startedAt, lastAt, endedBy } = recorded
  const { resumptions, file, userAttrs, trials } = recorded
  return {
    name,
    kind,
    status: conditionOf(kept).word,
    endedBy,
    runBy: holder,
    objectives,
    searcher,
    scheduler,
    seed,
    startedAt: isoOf(startedAt),
    elapsedMs: lastAt,
    resumptions,
    file,
    userAttrs,
    trials: { total: trials.length, ...Object.fromEntries(countByState(trials)) },
    best: leadersOf(results, recorded).map(({ best, ...trial }) => ({
      metric: best.metric,
      mode: best.mode,
      value: best.value,
      trial: trial.number,
      trialId: trial.trialId,
      iteration: best.iteration,
      config: trial.config,
    })),
  }
}

/**
 * A trial as data. `startedAt` and `endedAt` are in milliseconds on the experiment's clock, whose 0 is the experiment's
 * own `startedAt`.
 */
export function trialJson(result: Result, { withHistory }: { readonly withHistory: boolean }): object {
  const { trialId, number, name, state, status, source, config, params, metrics, values, iteration } = result
  const { feasible, constraints, userAttrs, reason, error, attempt, failures } = result
  const { startedAt, endedAt, ranMs } = result
  return {
    number,
    trialId,
    name,
    state,
    status,
    source,
    config,
    params,
    values,
    metrics,
    iteration,
    feasible,
    constraints,
    userAttrs,
    reason,
    error: error && { name: error.name, message: error.message, stack: error.stack },
    attempt,
    failures,
    startedAt,
    endedAt,
    ranMs,
    ...(withHistory ? { history: result.history } : {}),
  }
}

function isoOf(time: Recorded['startedAt']): string | undefined {
  return time === undefined ? undefined : new Date(time).toISOString()
}
