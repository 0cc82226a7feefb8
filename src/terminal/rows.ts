import type { ExperimentSnapshot, TrialSummary } from '../core/snapshot.ts'
import type { TrialStatus } from '../core/trial.ts'

/** Which trials a table shows, and how many of each status it leaves out. */
export interface ShownTrials {
  readonly rows: readonly TrialSummary[]
  readonly hidden: ReadonlyMap<TrialStatus, number>
}

// Who is shown first when not all can be. Trials that wait for their first start have nothing to tell.
const ORDER: readonly TrialStatus[] = [
  'running',
  'stopping',
  'retrying',
  'paused',
  'terminated',
  'error',
  'pending',
]

/**
 * The trials that a table of `maxRows` shows. All, in order of number, when they fit. Else those that run, then those
 * that wait to go on, the best one and the latest that ended; in this order of groups, each in order of number.
 */
export function shownTrials({ trials, best }: ExperimentSnapshot, maxRows: number): ShownTrials {
  if (trials.length <= maxRows) return { rows: trials, hidden: new Map() }
  const groups = new Map<TrialStatus, TrialSummary[]>(ORDER.map((status) => [status, []]))
  for (const trial of trials) groups.get(trial.status)?.push(trial)
  const champion = best && trials.find(({ number }) => number === best.number)
  let room = maxRows
  const rows: TrialSummary[] = []
  const hidden = new Map<TrialStatus, number>()
  for (const [status, group] of groups) {
    const ended = status === 'terminated' || status === 'error'
    const some = ended ? group.slice(Math.max(0, group.length - room)) : group.slice(0, room)
    if (champion !== undefined && some.length > 0 && champion.status === status && !some.includes(champion)) {
      some[ended ? 0 : some.length - 1] = champion
    }
    room -= some.length
    rows.push(...some)
    if (group.length > some.length) hidden.set(status, group.length - some.length)
  }
  return { rows, hidden }
}

/** How many trials are in each status. */
export function countByStatus(trials: readonly TrialSummary[]): ReadonlyMap<TrialStatus, number> {
  const counts = new Map<TrialStatus, number>()
  for (const { status } of trials) counts.set(status, (counts.get(status) ?? 0) + 1)
  return counts
}
