import type { ExperimentEvents, TrialInfo } from '../core/events.ts'
import type { Metrics } from '../core/metrics.ts'
import { leavesOf } from '../results/paths.ts'
import { firstLine, formatElapsed, formatValue, plainText } from '../results/text.ts'

/** Values of a report or a configuration that are written out in one line. */
const MOST_VALUES = 8

/** How an event reads as one line of plain text. Each begins with the time since the start of the experiment. */
export const eventLines = {
  ended: ({ trial, at }: { readonly trial: TrialInfo; readonly at: number }): string => {
    const why =
      trial.state === 'completed' || trial.reason === undefined ? '' : ` (${plainText(trial.reason.text)})`
    return line(
      at,
      `${plainText(trial.name)} ${trial.state} after ${reports(trial.iteration)}${why}${values(trial.metrics)}${configOf(trial)}`,
    )
  },
  failed: ({ trial, error, at }: ExperimentEvents['trial.error']): string =>
    line(
      at,
      `${plainText(trial.name)} failed after ${reports(trial.iteration)}: ${said(error)}${configOf(trial)}`,
    ),
  retried: ({ trial, error, at }: ExperimentEvents['trial.retry']): string =>
    line(at, `${plainText(trial.name)} failed and will be tried again: ${said(error)}`),
  reported: ({ trial, metrics, at }: ExperimentEvents['trial.report']): string =>
    line(at, `${plainText(trial.name)} reported${values(metrics)}`),
  logged: ({ trial, level, message, fields, at }: ExperimentEvents['trial.log']): string =>
    line(
      at,
      `${plainText(trial.name)} ${level}: ${plainText(message)}${fields === undefined ? '' : values(fields)}`,
    ),
  warned: ({ at, message }: ExperimentEvents['experiment.warning']): string =>
    line(at, `warning: ${firstLine(message)}`),
} as const

function line(at: number, text: string): string {
  return `${formatElapsed(at)}  ${text}`
}

function reports(iteration: number): string {
  return iteration === 1 ? '1 report' : `${iteration} reports`
}

function said(error: Error): string {
  return firstLine(error.message) || plainText(error.name)
}

function values(metrics: Metrics | undefined): string {
  const text = listed(metrics)
  return text === '' ? '' : `: ${text}`
}

function configOf({ params, config }: TrialInfo): string {
  const text = listed(Object.keys(params).length === 0 ? config : params)
  return text === '' ? '' : ` (${text})`
}

function listed(nested: unknown): string {
  const shown: string[] = []
  for (const [path, leaf] of leavesOf(nested ?? {})) {
    if (shown.length === MOST_VALUES) return `${shown.join(', ')}, …`
    shown.push(`${plainText(path)}=${formatValue(leaf)}`)
  }
  return shown.join(', ')
}
