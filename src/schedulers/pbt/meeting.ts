/**
 * One of the worst of a population meets one of the best, drawn, and goes on from there where that one can be exploited.
 */
import { formatNumber } from '../../core/format-number.ts'
import { orient } from '../../core/objective.ts'
import { chanceOf, type Exploit, type Member, quantilesOf, setTime, trialAt } from './population.ts'
import { memberOf, type Trainer, type TrainingState } from './trainer.ts'

/** What came of it. */
export interface Meeting {
  readonly donor: number
  /** To be carried out, or to be asked for though it cannot be. */
  readonly exploit: Exploit | undefined
  /** Why the donor cannot be exploited; undefined when it can. */
  readonly declined: string | undefined
}

// Ray Tune has no bound. A trial that exploits one that stands still, since it hangs or the user paused it, would go back
// to the same point for ever. In runs where all move, there are a handful in a row.
const RETURNS_MAX = 20

/**
 * Lets a member meet one of the best. The first time in an experiment that only a checkpoint is missing, the exploit is
 * asked for nevertheless: who carries it out leaves the trial as it is and warns the user, who else would never know.
 * @param index - How many are worse than the member.
 */
export function meet<Data>(
  trainer: Trainer<Data>,
  state: TrainingState<Data>,
  member: Member,
  index: number,
): Meeting {
  const { explorer, options } = trainer
  const population = state.ranking.count
  const chance = chanceOf(member)
  member.draws++
  const { lowerEnd, upperStart } = quantilesOf(population, options.quantileFraction)
  const donor = memberOf(state, trialAt(state, upperStart + chance.donor.below(population - upperStart)))
  const refusal = isGoingRound(member) ? GOES_ROUND : refusalOf(donor)
  const declined = refusal ?? (donor.hasCheckpoint ? undefined : 'it has no checkpoint')
  if (refusal !== undefined || (declined !== undefined && state.hasAsked)) {
    return { donor: donor.trial, exploit: undefined, declined }
  }
  const { config, changes } = explorer.explore(state.data, {
    config: donor.config,
    donor: donor.trial,
    trial: member.trial,
    random: chance.explore,
  })
  const value = valueOf(state, member)
  const donorValue = valueOf(state, donor)
  // Written out, since every decision costs: to spread one object into another is slow.
  const standing = {
    time: member.time,
    value,
    rank: population - index,
    population,
    donor: donor.trial,
    donorTime: donor.time,
    donorValue,
  }
  const evidence = options.logConfig
    ? { ...standing, oldConfig: donor.config, newConfig: config, changes }
    : standing
  if (declined === undefined) {
    setTime(state, member, donor.time)
    member.perturbedAt = donor.perturbedAt
  } else state.hasAsked = true
  const how =
    changes.length === 0 ? '' : `, with ${changes.map(({ path, by }) => `${path} ${by}`).join(', ')}`
  const reason = `${state.metric} ${formatNumber(value)} is among the worst ${lowerEnd} of ${population}: goes on from trial ${donor.trial}, which has ${formatNumber(donorValue)}${how}`
  return {
    donor: donor.trial,
    exploit: { kind: 'exploit', donor: donor.trial, config, reason, evidence },
    declined,
  }
}

/** Where a member stands, for the evidence. */
export function standingOf<Data>(state: TrainingState<Data>, member: Member, index: number) {
  const population = state.ranking.count
  return { time: member.time, value: valueOf(state, member), rank: population - index, population }
}

/** As it was reported. Of 0 there is one sign. */
function valueOf<Data>({ mode }: TrainingState<Data>, { score }: Member): number {
  return orient(score as number, mode) + 0
}

const GOES_ROUND = `it went back ${RETURNS_MAX} times without coming farther`

/** Counts how often a trial has come no farther than before, and whether that was too often. */
function isGoingRound(member: Member): boolean {
  if (member.time > member.metAt) member.returns = 0
  else member.returns++
  member.metAt = Math.max(member.metAt, member.time)
  return member.returns > RETURNS_MAX
}

/** Why nobody is to exploit a trial, whether it has a checkpoint or not. */
function refusalOf({ isBest, score }: Member): string | undefined {
  if (!isBest) return 'it was not among the best when it was last considered'
  return Number.isNaN(score) ? 'it has no value' : undefined
}
