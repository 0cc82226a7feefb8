import { TroupeError } from '../errors.ts'
import type { RandomStream } from '../random/random.ts'
import { type RungOptions, bracketProbabilities, rungLevels } from './rungs.ts'

/** Levels of the rungs of each bracket, highest first; each bracket begins one rung later than the one before. */
export function rungLevelsOf(options: RungOptions & { readonly brackets: number }): number[][] {
  return Array.from({ length: options.brackets }, (_, s) => rungLevels(options, s))
}

/**
 * How the bracket of a trial is drawn: by the softmax of how many rungs each has.
 * @param levels - Of each bracket's rungs.
 * @returns The index of a bracket, from one number of the stream where there are several.
 */
export function bracketLaw(levels: readonly (readonly number[])[]): (random: RandomStream) => number {
  const probabilities = bracketProbabilities(levels.map(({ length }) => length))
  return (random) => {
    // The first number of a stream costs more than all the rest of what is done for a trial.
    if (probabilities.length === 1) return 0
    const u = random.next()
    let sum = 0
    const index = probabilities.findIndex((probability) => (sum += probability) > u)
    // Rounding can leave the sum a last bit under 1.
    return index === -1 ? probabilities.length - 1 : index
  }
}

/**
 * What is remembered of a trial that has not ended.
 * @param owner - The scheduler's name, for messages.
 * @param climbers - By trial.
 */
export function climberOf<Climber>(
  owner: string,
  climbers: readonly (Climber | undefined)[],
  trial: number,
): Climber {
  const climber = climbers[trial]
  if (climber !== undefined) return climber
  throw new TroupeError('internal', `${owner}: trial ${trial} was told of, but was never added or has ended.`)
}
