import type { LogRecord } from '../core/log.ts'
import type { Objective } from '../core/objective.ts'
import type { RandomStream } from '../random/random.ts'
import type { Searcher } from '../searchers/searcher.ts'
import type { SearchSession } from '../searchers/session.ts'
import type { Space } from '../space/space.ts'
import type { OpenLog } from '../stores/store.ts'
import type { Pruner } from './pruner.ts'
import type { StudyState } from './study-state.ts'

/** What a study is made of, once it was read. */
export interface StudyParts {
  readonly name: string
  readonly objectives: readonly Objective[]
  readonly log: OpenLog
  /** How many records the log held when the study was opened. */
  readonly recordCount: number
  /** What the log holds now. */
  readonly read: () => Promise<readonly LogRecord[]>
  /** Lets go of the store, when nobody else has it. */
  readonly release: () => Promise<void>
  /** Milliseconds after which a writer that was not heard of is taken for dead. */
  readonly leaseMs: number
  readonly state: StudyState
  readonly searcher: Searcher
  readonly session: SearchSession
  /** Starts another one, that was asked and told nothing. */
  readonly startSession: () => SearchSession
  readonly pruner: Pruner | undefined
  /** Undefined when each trial says by itself what it needs. */
  readonly space: Space | undefined
  readonly random: RandomStream
}
