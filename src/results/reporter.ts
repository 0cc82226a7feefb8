import type { ExperimentEventName, ExperimentEvents } from '../core/events.ts'
import type { Objective } from '../core/objective.ts'
import type { ExperimentSnapshot } from '../core/snapshot.ts'
import type { Results } from './results.ts'

/** What does not change while an experiment runs. */
export interface ExperimentView {
  readonly name: string
  readonly objectives: readonly Objective[]
  /** Trials that will be made; undefined when the searcher alone decides. */
  readonly numSamples: number | undefined
  /**
   * Paths of the declared space's parameters. Undefined for define-by-run, where they are read off the trials'
   * configurations, constants included.
   */
  readonly parameterNames: readonly string[] | undefined
}

/** How an experiment came to its end, as a reporter hears it. */
export interface ExperimentEnd {
  readonly snapshot: ExperimentSnapshot
  readonly results: Results<unknown>
  /** What `fit()` is about to reject with. */
  readonly error: Error | undefined
}

/**
 * Shows an experiment to people while it runs. Laws: `start` comes first and `end` last, once each; a reporter that
 * throws harms nobody. It is the only thing an experiment prints through.
 */
export interface Reporter {
  start(view: ExperimentView): void
  /** Called at most a few times a second, however much happens. */
  update(snapshot: ExperimentSnapshot): void
  end(end: ExperimentEnd): void
  /** Listeners for single events, put up before `start` and taken down after `end`. An event that is not listed costs nothing. */
  readonly on?: { readonly [Name in ExperimentEventName]?: (event: ExperimentEvents[Name]) => void }
}
