import json from '../fixtures/tutorial/rows.json' with { type: 'json' }

/** One trial of the tutorial's page. */
export interface TutorialRow {
  readonly name: string
  readonly status: string
  readonly loc: string
  readonly config: {
    readonly steps: number
    readonly width: number
    readonly height: number
    readonly activation: string
  }
  /** The last report. */
  readonly metrics: Readonly<Record<string, number>>
  /** The row as the page prints it. */
  readonly cells: readonly string[]
}

/** One of the four runs on the tutorial's page. */
export interface TutorialPart {
  readonly part: string
  readonly currentTime: string
  readonly runningFor: string
  readonly memory: string
  readonly schedulerLine: string
  readonly resourceLine: string
  readonly columns: readonly string[]
  readonly rows: readonly TutorialRow[]
  readonly best: readonly {
    readonly metric: string
    readonly mode: string
    readonly config: TutorialRow['config']
  }[]
}

/** What the tutorial's page shows, as it prints it. */
export const tutorial: readonly TutorialPart[] = json
