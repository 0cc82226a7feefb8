import type { EndedBy } from '../../core/events.ts'
import type { Objective } from '../../core/objective.ts'
import type { TrialRecord } from '../../core/trial.ts'
import type { WallClock } from './wall-clock.ts'

/** An experiment or a study as its log tells it. */
export interface Recorded {
  readonly kind: 'experiment' | 'study'
  readonly name: string
  readonly seed: string
  readonly objectives: readonly Objective[]
  /** Undefined for a study, which does not say. */
  readonly searcher: string | undefined
  readonly scheduler: string | undefined
  /** Milliseconds since 1970 at 0 of its clock; undefined where the log does not say. */
  readonly startedAt: number | undefined
  /** Its clock, and that of the world. */
  readonly clock: WallClock
  /** Milliseconds on its clock of the last record. */
  readonly lastAt: number
  /** How it ended; undefined when it has not, or was cut off without a word, and for studies, which have no end. */
  readonly endedBy: EndedBy | undefined
  /** How often it was resumed. */
  readonly resumptions: number
  /** Trials that it is to have in all; Infinity when the searcher alone decides, undefined for a study. */
  readonly trialCount: number | undefined
  /** The file that the command line made it from last, as it was kept. */
  readonly file: string | undefined
  /** The numSamples that the command line was given last. */
  readonly numSamples: number | undefined
  /** Attributes of a study. */
  readonly userAttrs: Readonly<Record<string, unknown>>
  /** The declared space, as plain data; undefined when it is not kept. */
  readonly space: unknown
  /** All trials, in order of number. */
  readonly trials: readonly TrialRecord[]
}
