import type { Objective } from '../core/objective.ts'
import type { ExperimentSnapshot, TrialSummary } from '../core/snapshot.ts'
import type { ExperimentView } from '../results/reporter.ts'
import { formatNumber } from '../core/format-number.ts'
import { counted } from '../core/options.ts'
import { compareRanked } from '../core/order.ts'
import { paretoFront } from '../core/pareto.ts'
import { plainText } from '../results/text.ts'

/** Above so many trials the front is not looked for: the display is drawn several times a second. */
const FRONT_MAX = 5_000

/** Who leads, in a few words: `best loss=2 by train_0`; `''` while nobody does. Of several objectives, each. */
export function leaderWords({ objectives }: ExperimentView, { best, trials }: ExperimentSnapshot): string {
  if (best !== undefined) {
    return `best ${plainText(best.metric)}=${formatNumber(best.value)} by ${plainText(best.name)}`
  }
  if (objectives.length < 2) return ''
  const ranked = trials.filter(isRanked)
  if (ranked.length === 0) return ''
  const leaders = objectives.map((objective, i) => {
    const leader = leaderOf(ranked, objective, i)
    return `${plainText(objective.metric)}=${formatNumber(leader.values[i] as number)} by ${plainText(leader.name)}`
  })
  return `best ${leaders.join(', ')}${frontWords(ranked, objectives)}`
}

type RankedTrial = TrialSummary & { readonly values: readonly number[] }

function isRanked(trial: TrialSummary): trial is RankedTrial {
  return trial.state !== 'failed' && trial.values !== undefined && !trial.values.some(Number.isNaN)
}

function leaderOf(ranked: readonly RankedTrial[], { mode }: Objective, i: number): RankedTrial {
  const place = ({ number, values, feasible }: RankedTrial) => ({ number, value: values[i], feasible })
  return ranked.reduce((leader, trial) =>
    compareRanked(place(trial), place(leader), mode) < 0 ? trial : leader,
  )
}

function frontWords(ranked: readonly RankedTrial[], objectives: readonly Objective[]): string {
  if (ranked.length > FRONT_MAX) return ''
  const candidates = ranked.map(({ number, state, values, feasible }) => {
    // A summary says only whether all constraints hold.
    return { number, state, values, constraints: feasible ? {} : { broken: 1 } }
  })
  return `; ${counted(paretoFront(candidates, objectives).length, 'trial')} in the Pareto front`
}
