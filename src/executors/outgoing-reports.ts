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
  readonly #pending = new Map<number, Wait<'report'>>()
  readonly #refused: Wait<'report'>[] = []
  #seq = 0

  constructor(outlet: Outlet) {
    this.#outlet = outlet
    this.#line = outlet.delayMs && new DelayLine(outlet.kernel, outlet.send)
  }

  /** The iteration of the last report. */
  get iteration(): number {
    return (this.#outlet.assignment.checkpoint?.iteration ?? 0) + this.#seq
  }

  get areSent(): boolean {
    return this.#line === undefined || this.#line.isEmpty
  }

  get areAnswered(): boolean {
    return this.#pending.size === 0
  }

  get pending(): Wait<'report'>[] {
    return [...this.#pending.values()]
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
    const wait = new Wait('report')
    // Before it is sent: the answer may come while it is.
    this.#pending.set(report.seq, wait)
    if (this.#line === undefined || (delayMs === 0 && this.#line.isEmpty)) this.#outlet.send(report)
    else this.#line.push(delayMs, report)
    return wait
  }

  /** The report that an answer is for; undefined when it was answered before. */
  take(seq: number): Wait<'report'> | undefined {
    const report = this.#pending.get(seq)
    this.#pending.delete(seq)
    return report
  }

  refuse(report: Wait<'report'>, error: Error): void {
    for (const [seq, pending] of this.#pending) if (pending === report) this.#pending.delete(seq)
    report.reject(error)
  }

  /** Sends nothing more, and waits for no answer. */
  clear(): void {
    this.#line?.clear()
    this.#pending.clear()
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
