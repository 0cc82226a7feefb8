import type { Resources } from '../core/trial.ts'
import { type Standings, bestFirst } from './standings.ts'

/** What a trial holds, and what it began with. */
export interface Share {
  readonly base: Resources
  readonly held: Resources
}

/** What an allocation sees when a trial has reported. */
export interface AllocationContext {
  readonly trial: number
  /** What the trial began with. */
  readonly base: Resources
  /** What it holds now. */
  readonly held: Resources
  /** What there is in all for trials, less `reserveResources`. A kind that is not limited is not named. */
  readonly total: Resources
  /** Of that, what no trial holds or waits to begin with. Below 0 where trials wait for what others hold. */
  readonly free: Resources
  /** Trials that run, or wait for their first start. */
  readonly liveCount: number
}

/** The step by which shares grow and shrink, and how many steps at most. */
export interface Steps {
  /** Undefined: one gpu for trials that began with some, else one cpu. */
  readonly increaseBy: Resources | undefined
  readonly increaseByTimes: number
}

/**
 * An equal share of what is free: a trial grows as far as all could, and shrinks when trials wait for what it holds.
 * Source: Ray Tune's `DistributeResources`, without bundles.
 * @param basesOfAll - The sum of what all live trials began with.
 */
export function distributeEvenly(context: AllocationContext, basesOfAll: Resources, steps: Steps): Resources {
  const { total, free, liveCount } = context
  const step = stepOf(context, steps)
  const spare = Object.fromEntries(
    Object.keys(total).map((kind) => [kind, (total[kind] as number) - (basesOfAll[kind] ?? 0)]),
  )
  // Dealt out in turn, one step at a time: this is what the first of them gets.
  const fairSteps = Math.ceil(Math.max(0, wholeSteps(spare, step)) / liveCount)
  return grown(context, step, wholeSteps(free, step), Math.min(fairSteps, steps.increaseByTimes))
}

/**
 * All that is free goes to the best trial that may still grow; others keep what they have, and shrink when trials wait
 * for what they hold. Source: Ray Tune's `DistributeResourcesToTopJob`, without bundles.
 * @param standings - Live trials by their latest score.
 */
export function distributeToTop(
  context: AllocationContext,
  shares: ReadonlyMap<number, Share>,
  standings: Standings,
  steps: Steps,
): Resources {
  const step = stepOf(context, steps)
  const count = wholeSteps(context.free, step)
  if (count >= 0 && topTrial(shares, standings, step, steps) !== context.trial) return context.held
  return grown(context, step, count, steps.increaseByTimes)
}

/** The best trial that has not grown as far as it may; when there is none, the best. */
function topTrial(
  shares: ReadonlyMap<number, Share>,
  standings: Standings,
  step: Resources,
  { increaseByTimes }: Steps,
): number | undefined {
  let best: number | undefined
  for (const { trial } of bestFirst(standings)) {
    best ??= trial
    const { base, held } = shares.get(trial) as Share
    const mayGrow = kindsOf(step).some(
      (kind) => (held[kind] ?? 0) - (base[kind] ?? 0) < (step[kind] as number) * increaseByTimes,
    )
    if (mayGrow) return trial
  }
  return best
}

function grown({ base, held }: AllocationContext, step: Resources, count: number, most: number): Resources {
  if (count === 0) return held
  const grownTo = { ...held }
  for (const kind of kindsOf(step)) {
    const [size, least] = [step[kind] as number, base[kind] ?? 0]
    const added = Math.max(0, (held[kind] ?? 0) - least + count * size)
    grownTo[kind] = least + (count > 0 ? Math.min(added, size * most) : added)
  }
  return grownTo
}

function stepOf({ base }: AllocationContext, { increaseBy }: Steps): Resources {
  return increaseBy ?? ((base['gpu'] ?? 0) > 0 ? { gpu: 1 } : { cpu: 1 })
}

/** How many whole steps fit; negative when some are lacking; 0 when a kind is not limited, so that none can be short. */
function wholeSteps(amounts: Resources, step: Resources): number {
  let least = Infinity
  for (const kind of kindsOf(step)) {
    const amount = amounts[kind]
    if (amount === undefined) return 0
    // Sums of fractions drift by rounding.
    least = Math.min(least, Math.floor(amount / (step[kind] as number) + 1e-9))
  }
  return Number.isFinite(least) ? least : 0
}

function kindsOf(step: Resources): string[] {
  return Object.keys(step).filter((kind) => (step[kind] as number) > 0)
}
