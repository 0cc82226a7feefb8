import { describe, must, readOptions } from '../../core/options.ts'
import { OptionError } from '../../errors.ts'
import type { ReportInfo } from '../../executors/in-process.ts'

/**
 * What goes wrong on purpose in a simulation. Everything is drawn from the experiment's seed, for each trial by itself:
 * the same options give the same faults, and a fault that is switched on moves no other.
 */
export interface FaultOptions {
  /** Chance that the code of a trial throws at a report, which is then not sent. From 0 to 1. Default 0. */
  readonly crash?: number
  /**
   * Milliseconds that a report is under way besides: a number from 0, a range `[from, to]` that it is drawn from, or a
   * function of the report and a stream of chance. What a trial says after a report waits behind it. Default 0.
   */
  readonly delay?: FaultDelay
  /** Chance that a report arrives twice. From 0 to 1. Default 0. */
  readonly duplicateReport?: number
  /**
   * Chance, for each attempt that reported, that one more report of it arrives when it is over: in the midst of the
   * trial's next attempt if that begins at once, else a millisecond later. From 0 to 1. Default 0.
   */
  readonly lateReport?: number
  /**
   * Chance, at each report, that the trial hangs: neither this report nor anything after it arrives, until the trial is
   * told to leave. Give `trialTimeoutMs` or `reportTimeoutMs`, which end it. From 0 to 1. Default 0.
   */
  readonly hang?: number
}

/** Milliseconds that a report is under way: see `FaultOptions.delay`. */
export type FaultDelay =
  | number
  | readonly [number, number]
  | ((report: ReportInfo, random: () => number) => number)

/** Faults as they are carried out. */
export type Faults = ReturnType<typeof readFaults>

const DEFAULTS = { crash: 0, delay: 0 as FaultDelay, duplicateReport: 0, lateReport: 0, hang: 0 }

const CHECKS = {
  crash: must.within(0, 1),
  delay: (delay: FaultDelay) => (isDelay(delay) ? undefined : `must be ${DELAY_WORDS}.`),
  duplicateReport: must.within(0, 1),
  lateReport: must.within(0, 1),
  hang: must.within(0, 1),
}

const DELAY_WORDS = 'milliseconds from 0, a range [from, to] of them, or a function of the report'

/**
 * Reads the option `faults` of `simulate`.
 * @throws {OptionError} for an unknown fault, a chance that is none, or a delay that no report can have.
 */
export function readFaults(given: FaultOptions) {
  return readOptions('simulate.faults', given, DEFAULTS, CHECKS)
}

/** @throws {OptionError} when a function gives what is no delay. */
export function delayOf(delay: FaultDelay, report: ReportInfo, random: () => number): number {
  if (typeof delay === 'number') return delay
  if (typeof delay !== 'function') return delay[0] + (delay[1] - delay[0]) * random()
  const ms: unknown = delay(report, random)
  if (isMs(ms)) return ms
  throw new OptionError(
    'simulate.faults.delay',
    `simulate.faults.delay must give milliseconds from 0, got ${describe(ms)} for report ${report.iteration} of trial ${report.number}.`,
    { received: ms },
  )
}

function isDelay(delay: unknown): boolean {
  if (typeof delay === 'function' || isMs(delay)) return true
  if (!Array.isArray(delay) || delay.length !== 2) return false
  const [from, to] = delay as readonly unknown[]
  return isMs(from) && isMs(to) && from <= to
}

function isMs(ms: unknown): ms is number {
  return must.from(0)(ms as number) === undefined
}
