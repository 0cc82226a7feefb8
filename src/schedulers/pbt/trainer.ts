import { TroupeError } from '../../errors.ts'
import type { RandomStream } from '../../random/random.ts'
import type { Explored } from './explore.ts'
import type { Member, Population } from './population.ts'
import type { Timing } from './save-every.ts'
import type { Keys } from './unread.ts'

/** How a population is trained. */
export interface TrainingOptions extends Timing {
  readonly quantileFraction: number
  readonly synch: boolean
  readonly logConfig: boolean
}

/** What an explorer goes by. */
export interface Occasion {
  /** The configuration of the trial that is exploited. Never to be changed. */
  readonly config: unknown
  /** The number of that trial. */
  readonly donor: number
  /** The trial that exploits it. */
  readonly trial: number
  readonly random: RandomStream
}

/** Finds configurations. What it remembers is plain data, kept with the population. */
export interface Explorer<Data> {
  /** The option that names what may be changed, for messages. */
  readonly option: string
  /** What may be changed, besides by the user's own function. */
  readonly hyperparameters: readonly Keys[]
  init(): Data
  /** A member was ranked: its score and how far it is are new. */
  onRanked?(data: Data, member: Member): void
  explore(data: Data, occasion: Occasion): Explored
  /** A member has ended. */
  onParted?(data: Data, member: Member): void
}

/** All that a scheduler of this kind remembers. */
export interface TrainingState<Data = unknown> extends Population {
  /** Whether the population is there, so that its first trials can start. */
  isGathered: boolean
  /** How many trials make a population; it may be that fewer come. */
  readonly size: number
  /** Hyperparameters that no trial so far has. */
  unread: readonly Keys[]
  /** Whether it was asked once to exploit a trial without a checkpoint, of which the user is warned. */
  hasAsked: boolean
  /** Waiting trials that have yet to be told to exploit. */
  ordered: number[]
  readonly data: Data
}

/** What trains a population. */
export interface Trainer<Data> {
  /** The scheduler's name, for messages. */
  readonly name: string
  readonly options: TrainingOptions
  readonly explorer: Explorer<Data>
}

/** @throws {TroupeError} `internal` for one that is not, or no longer, of the population. */
export function memberOf({ members }: Population, trial: number): Member {
  const member = members.get(trial)
  if (member !== undefined) return member
  throw new TroupeError(
    'internal',
    `Trial ${trial} was told of, but never joined the population or has left it.`,
  )
}
