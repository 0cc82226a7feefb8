import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { newTrialRecord, type TrialRecord } from '../../src/core/trial.ts'
import type { Metrics } from '../../src/core/metrics.ts'
import type { Callback, CallbackSession, CallbackView } from '../../src/tuner/callback.ts'

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-callbacks-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The files in a folder and below, by path, without event files' changing names. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .map((path) => path.replace(/tfevents\..*/, 'tfevents'))
    .sort()
}

export function textOf(...parts: string[]): string {
  return readFileSync(join(...parts), 'utf8')
}

/** The lines of a `result.json`, when they hold no NaN. */
export function resultsIn(...parts: string[]): Record<string, unknown>[] {
  const text = textOf(...parts, 'result.json')
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

/** The columns of a `progress.csv` without quotes in it, by name. */
export function columnsIn(...parts: string[]): Record<string, string[]> {
  const [head = [], ...rows] = textOf(...parts, 'progress.csv')
    .split('\r\n')
    .slice(0, -1)
    .map((line) => line.split(','))
  return Object.fromEntries(head.map((name, i) => [name, rows.map((row) => row[i] ?? '')]))
}

/** A trial as it stands after these reports. */
export function trialAfter(
  reports: readonly Metrics[],
  changes: Partial<TrialRecord> & { readonly number?: number } = {},
): TrialRecord {
  const { number = 0, ...rest } = changes
  const record = newTrialRecord({
    number,
    id: `id${number}`,
    name: `train_id${number}`,
    config: { x: 1 },
    params: { x: 1 },
    source: 'suggested',
    resources: {},
    createdAt: 0,
  })
  const last = reports.length
  const iterated = reports.map((report, i) => ({ training_iteration: i + 1, time_total_s: i + 1, ...report }))
  for (const metrics of iterated) record.history.push(metrics)
  return Object.assign(record, {
    status: 'running',
    state: 'running',
    startedAt: 1,
    iteration: last,
    metrics: iterated.at(-1),
    ...rest,
  })
}

/** An experiment `demo`, as callbacks are told of it. */
export function viewOf(changes: Partial<CallbackView> = {}): CallbackView & { readonly warnings: string[] } {
  const warnings: string[] = []
  return {
    name: 'demo',
    objectives: [{ metric: 'loss', mode: 'min' }],
    numSamples: 1,
    parameterNames: ['x'],
    parameters: undefined,
    seed: '1',
    restored: false,
    startedAt: undefined,
    trials: [],
    warn: (message) => void warnings.push(message),
    ...changes,
    warnings,
  }
}

/** A callback at work, with what speaks to it as an experiment does. */
export async function atWork(callback: Callback, view: CallbackView) {
  const session: CallbackSession = (await callback.start?.(view, new AbortController().signal)) ?? {}
  return {
    start: (trial: TrialRecord) => session['trial.start']?.({ trial, attempt: trial.attempt, at: 0 }),
    report(trial: TrialRecord, report: Metrics) {
      const iteration = ++trial.iteration
      const seconds = report['time_total_s'] ?? iteration
      const metrics = { ...report, training_iteration: iteration, time_total_s: seconds }
      trial.history.push(metrics)
      trial.metrics = metrics
      const decision = { kind: 'continue', by: 'scheduler', reason: undefined, evidence: undefined } as const
      session['trial.report']?.({ trial, metrics, decision, at: 0 })
    },
    /** Goes on from where another trial is, in a new attempt. */
    exploit(trial: TrialRecord, donor: TrialRecord) {
      trial.config = { x: 99 }
      session['trial.exploit']?.({ trial, donor: donor.number, config: trial.config, at: 0 })
      trial.attempt++
      trial.iteration = donor.iteration
      session['trial.start']?.({ trial, attempt: trial.attempt, at: 0 })
    },
    /** Starts again from the checkpoint of an earlier report. */
    retry(trial: TrialRecord, iteration: number) {
      trial.attempt++
      trial.iteration = iteration
      session['trial.start']?.({ trial, attempt: trial.attempt, at: 0 })
    },
    complete(trial: TrialRecord) {
      Object.assign(trial, { status: 'terminated', state: 'completed', endedAt: 2 })
      session['trial.complete']?.({ trial, at: 0 })
    },
    end: () => session.end?.({} as never),
  }
}
