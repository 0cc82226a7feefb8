import type { Params } from '../../core/trial.ts'
import type { RandomStream } from '../../random/random.ts'
import { pointKey } from '../../space/encoding.ts'
import { KnownSpace } from '../known-space.ts'
import { lossesOf, violationOf } from '../losses.ts'
import { Portable } from '../portable.ts'
import type { Ask, Search, SearchContext, ToldTrial } from '../searcher.ts'
import type { FrontCut } from './elite.ts'
import { Offspring } from './offspring.ts'
import { crossoverOf, mutationOf } from './operators.ts'
import type { EvolutionOptions } from './options.ts'
import { type PackedMember, packMember, unpackMember } from './packed-member.ts'
import { type Member, Population } from './population.ts'
import { RecentPoints } from './recent-points.ts'

/** What is decided beside the options. */
export interface EvolutionRules {
  /** Who survives of a front that does not fit whole. @param random - Of its own for each new member. */
  cut(random: RandomStream): FrontCut
  /** Whether widely spaced parents are preferred. */
  readonly isCrowdingCompared: boolean
}

/** `EvolutionOptions` with their defaults. */
export type EvolutionSettings = Required<
  Pick<EvolutionOptions, 'mutationProb'> & {
    readonly [
      K in 'populationSize' | 'parentShare' | 'crossover' | 'crossoverProb' | 'swappingProb' | 'mutation'
    ]: NonNullable<EvolutionOptions[K]>
  }
>

// The least number of parents for a choice of three to be one.
const PARENTS_MIN = 4

// How often a child is made anew because it repeats a recent or running trial.
const TRIES_MAX = 20

/**
 * An evolutionary search: the first trials are drawn from the prior; once as many have completed as members can live,
 * each trial is a child of the best. None repeats a recent trial: where no other child is found, it is drawn as well.
 * Pruned, failed and interrupted trials, and those with NaN, have no children. A child depends on the trials told so far and on its own number alone.
 */
export function evolve(
  { parameters, objectives, random, saved }: SearchContext,
  settings: EvolutionSettings,
  rules: EvolutionRules,
): Search {
  const { populationSize, parentShare, swappingProb } = settings
  const isLearned = parameters.length === 0
  const space = new KnownSpace(parameters)
  const crossover = crossoverOf(settings.crossover, swappingProb, objectives.length > 1)
  const offspring = new Offspring(space, parameters, {
    ...settings,
    crossover,
    mutation: mutationOf(settings.mutation),
  })
  let born = 0
  const survival = random.fork('survival')
  const population = new Population({
    size: populationSize,
    parentCount: Math.min(populationSize, Math.max(PARENTS_MIN, Math.round(parentShare * populationSize))),
    // Drawn anew for each new member: who survives must not depend on how often parents were asked for.
    cut: (...front) => rules.cut(survival.fork(born))(...front),
    isCrowdingCompared: rules.isCrowdingCompared,
  })
  const before = saved as Saved | undefined
  const recent = new RecentPoints(new Portable(parameters), before?.recent)
  if (before !== undefined) {
    born = before.born
    population.restore(before.members.map((packed) => unpackMember(packed, parameters)))
  }

  return {
    suggest({ number, retry, running }: Ask) {
      if (!population.isFull) return { kind: 'point', point: {} }
      const draws = random.fork(retry === 0 ? number : `${number}/${retry}`)
      const busy = new Set(running.map(({ params }) => pointKey(params)))
      const isTaken = (point: Params): boolean => recent.has(point) || busy.has(pointKey(point))
      for (let i = 0; i < TRIES_MAX; i++) {
        // Where all crossings of the parents have been tried, numbers are mutated more and more.
        const point = offspring.child(population.parents, draws, 1 + i)
        if (!isTaken(point)) return { kind: 'point', point }
      }
      return { kind: 'point', point: {} }
    },
    tell(trial: ToldTrial) {
      space.learn(trial)
      recent.add(trial.params)
      const losses = trial.state === 'completed' ? lossesOf(trial, objectives) : undefined
      if (losses === undefined || losses.length === 0 || losses.some(Number.isNaN)) return
      born++
      const { params, domains } = trial
      const member: Member = { params, domains, losses, violation: violationOf(trial) }
      // As it would be saved, so that a search that is started again goes on the same.
      population.add(isLearned ? member : unpackMember(packMember(member, parameters), parameters))
    },
    save() {
      // What was learned of a define-by-run space is as long as the history: better told again.
      if (isLearned) return undefined
      const members = population.members.map((member) => packMember(member, parameters))
      return { born, members, recent: recent.save() } satisfies Saved
    },
  }
}

interface Saved {
  readonly born: number
  readonly members: readonly PackedMember[]
  readonly recent: readonly number[]
}
