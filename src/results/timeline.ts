import type { TrialRecord } from '../core/trial.ts'
import { type Lane, laneOf, type Lanes } from './lanes.ts'
import { timelineMermaid } from './timeline-mermaid.ts'
import { timelineSVG, type TimelineSVGOptions } from './timeline-svg.ts'
import { timelineText, type TimelineTextOptions } from './timeline-text.ts'

/** What was the case when: each trial's states as intervals on the experiment's clock. */
export class Timeline implements Lanes {
  /** One lane a trial, in order of number. */
  readonly lanes: readonly Lane[]
  /** Where the time axis ends: milliseconds since the start of the experiment. */
  readonly elapsedMs: number

  constructor(records: readonly TrialRecord[], elapsedMs: number) {
    this.lanes = records.map(laneOf)
    this.elapsedMs = this.lanes.reduce((latest, { endedAt = 0 }) => Math.max(latest, endedAt), elapsedMs)
  }

  /**
   * One line a trial for a terminal, under a time axis and over a legend.
   * @param options.width - Columns of the widest line. Integer from 40. Default 100.
   * @param options.maxTrials - Lanes that are drawn, from the first trial on. Integer from 1. Default 1000.
   * @throws {OptionError} when an option is out of range.
   */
  toText(options: TimelineTextOptions = {}): string {
    return timelineText(this, options)
  }

  /** A Gantt diagram in Mermaid's language, cut at 50,000 characters, above which Mermaid refuses to draw. */
  toMermaid(): string {
    return timelineMermaid(this)
  }

  /**
   * A drawing on its own, for light and dark pages: one lane a trial, a colour for each status, the outcome at its
   * end, and the facts of each stay as its tooltip.
   * @param options.width - Pixels. Integer from 480. Default 960.
   * @param options.maxTrials - Lanes that are drawn, from the first trial on. Integer from 1. Default 1000.
   * @throws {OptionError} when an option is out of range.
   */
  toSVG(options: TimelineSVGOptions = {}): string {
    return timelineSVG(this, options)
  }
}
