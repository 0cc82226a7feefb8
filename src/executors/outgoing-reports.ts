import { isPlainObject, plainMetrics } from '../core/metrics.ts'
import { describe } from '../core/options.ts'
import { asError, OptionError } from '../errors.ts'
import type { Kernel } from '../runtime/kernel.ts'
import { copiedCheckpoint } from './copies.ts'
import { DelayLine } from './delay-line.ts'
import type { Assignment, OutgoingReport } from './executor.ts'
import type { ReportOptions } from './trainable.ts'
import { Wait } from './wait.ts'

interface Outlet {
  readonly kernel: Kernel
  readonly assignment: Assignment
  readonly send: (report: OutgoingReport) => void
  /** Milliseconds that pass before the report of an iteration is sent. */
  readonly delayMs: ((iteration: number) => number) | undefined
}

/** The reports of one attempt: numbers them, sends them in order, and knows which wait for an answer. */
export class OutgoingReports {
  readonly #outlet: Outlet
  readonly #line: DelayLine<OutgoingReport> | undefined
  // Those that wait for an answer, by their numbers: seldom more than one, so that a Map would cost more.
  readonly #pendingSeqs: number[] = []
  readonly #pendingWaits: Wait<'report'>[] = []
  readonly #refused: Wait<'report'>[] = []
  #seq = 0
  /** The iteration of the checkpoint that was made last, or that the attempt goes on from. */
  checkpointAt: number | undefined

  constructor(outlet: Outlet) {
    this.#outlet = outlet
    this.checkpointAt = outlet.assignment.checkpoint?.iteration
    this.#line = outlet.delayMs && new DelayLine(outlet.kernel, outlet.send)
  }

  /** How many this attempt has made. */
  get count(): number {
    return this.#seq
  }

  /** The iteration of the last report. */
  get iteration(): number {
    return (this.#outlet.assignment.checkpoint?.iteration ?? 0) + this.#seq
  }

  get areSent(): boolean {
    return this.#line === undefined || this.#line.isEmpty
  }

  get areAnswered(): boolean {
    return this.#pendingSeqs.length === 0
  }

  get pending(): Wait<'report'>[] {
    return [...this.#pendingWaits]
  }

  /** What was wrong with a report that could not be sent, if nobody even listened: the trial must not look well. */
  get unheardError(): Error | undefined {
    return this.#refused.find((report) => !report.isHeard)?.error
  }

  /** Never throws: what cannot be sent is refused. */
  add(metrics: unknown, options: ReportOptions | undefined, last: boolean): Wait<'report'> {
    let report: OutgoingReport
    let delayMs: number
    try {
      const checkpoint = attachedTo(options)
      report = { seq: this.#seq + 1, metrics: plainMetrics(metrics), last, ...(checkpoint && { checkpoint }) }
      delayMs = this.#delayOfNext()
    } catch (error) {
      const refused = Wait.refused('report', asError(error))
      this.#refused.push(refused)
      return refused
    }
    this.#seq = report.seq
    if (report.checkpoint !== undefined) this.checkpointAt = this.iteration
    const wait = new Wait('report')
    // Before it is sent: the answer may come while it is.
    this.#pendingSeqs.push(report.seq)
    this.#pendingWaits.push(wait)
    if (this.#line === undefined || (delayMs === 0 && this.#line.isEmpty)) this.#outlet.send(report)
    else this.#line.push(delayMs, report)
    return wait
  }

  /** The report that an answer is for; undefined when it was answered before. */
  take(seq: number): Wait<'report'> | undefined {
    return this.#takeAt(this.#pendingSeqs.indexOf(seq))
  }

  refuse(report: Wait<'report'>, error: Error): void {
    this.#takeAt(this.#pendingWaits.indexOf(report))
    report.reject(error)
  }

  /** Sends nothing more, and waits for no answer. */
  clear(): void {
    this.#line?.clear()
    this.#pendingSeqs.length = 0
    this.#pendingWaits.length = 0
  }

  #takeAt(index: number): Wait<'report'> | undefined {
    const report = this.#pendingWaits[index]
    if (index === 0) {
      this.#pendingSeqs.shift()
      this.#pendingWaits.shift()
    } else if (index > 0) {
      this.#pendingSeqs.splice(index, 1)
      this.#pendingWaits.splice(index, 1)
    }
    return report
  }

  #delayOfNext(): number {
    const ms = this.#outlet.delayMs?.(this.iteration + 1) ?? 0
    if (typeof ms === 'number' && ms >= 0 && ms < Infinity) return ms
    throw new OptionError('stepMs', `stepMs must give milliseconds from 0, got ${describe(ms)}.`, {
      received: ms,
    })
  }
}

function attachedTo(options: unknown): { readonly value: unknown } | undefined {
  if (options === undefined) return undefined
  if (!isPlainObject(options) || Object.keys(options).some((key) => key !== 'checkpoint')) {
    throw new OptionError(
      'report.options',
      `report takes { checkpoint } after the metrics, got ${describe(options)}. Put everything else into the metrics.`,
      { received: options },
    )
  }
  const value = copiedCheckpoint(options['checkpoint'])
  return value === undefined ? undefined : { value }
}
