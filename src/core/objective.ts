import { OptionError } from '../errors.ts'
import { counted, describe } from './options.ts'

/** Whether a metric should become small or large. */
export type Mode = 'min' | 'max'

/** One thing to optimise: a metric of the reports, and which way. */
export interface Objective {
  readonly metric: string
  readonly mode: Mode
}

/** `metric` and `mode` as users give them: one of each, or arrays of equal length. */
export interface ObjectiveOptions {
  /** Metric to optimise; an array for several objectives. */
  readonly metric?: string | readonly string[] | undefined
  /** `'min'` or `'max'`; an array, one for each metric, for several objectives. */
  readonly mode?: Mode | readonly Mode[] | undefined
}

/**
 * The objectives that a `metric` and a `mode` name. None when neither is given.
 * @param owner - Who was given them, for messages.
 * @throws {OptionError} when only one of the two is given, their lengths differ, or one is not usable.
 */
export function readObjectives(owner: string, { metric, mode }: ObjectiveOptions): readonly Objective[] {
  if (metric === undefined && mode === undefined) return []
  if (metric === undefined || mode === undefined) {
    const [given, missing] = metric === undefined ? ['mode', 'metric'] : ['metric', 'mode']
    throw new OptionError(
      `${owner}.${missing}`,
      `${owner}: ${given} is given but ${missing} is not. Give both.`,
    )
  }
  const metrics = typeof metric === 'string' ? [metric] : metric
  const modes = typeof mode === 'string' ? [mode] : mode
  if (
    !Array.isArray(metrics) ||
    metrics.length === 0 ||
    metrics.some((name) => typeof name !== 'string' || name === '')
  ) {
    throw new OptionError(
      `${owner}.metric`,
      `${owner}.metric must be the name of a metric, or an array of names, got ${describe(metric)}.`,
      {
        received: metric,
      },
    )
  }
  if (!Array.isArray(modes) || modes.some((word) => word !== 'min' && word !== 'max')) {
    throw new OptionError(
      `${owner}.mode`,
      `${owner}.mode must be 'min' or 'max', or an array of these, got ${describe(mode)}.${modeHint(modes)}`,
      {
        received: mode,
      },
    )
  }
  if (metrics.length !== modes.length) {
    throw new OptionError(
      `${owner}.mode`,
      `${owner}: ${counted(metrics.length, 'metric')} (${metrics.join(', ')}) but ${counted(modes.length, 'mode')}. Give one mode for each metric.`,
      { received: mode },
    )
  }
  const twice = metrics.find((name, i) => metrics.indexOf(name) !== i)
  if (twice !== undefined) {
    throw new OptionError(`${owner}.metric`, `${owner}.metric names ${twice} twice. Name each metric once.`, {
      received: metric,
    })
  }
  return metrics.map((name: string, i: number) => ({ metric: name, mode: modes[i] as Mode }))
}

// Optuna's word for it.
function modeHint(modes: unknown): string {
  const words: readonly unknown[] = Array.isArray(modes) ? modes : []
  if (words.includes('minimize')) return " Did you mean 'min'?"
  return words.includes('maximize') ? " Did you mean 'max'?" : ''
}

/** Whether two lists of objectives are the same, in order. */
export function sameObjectives(a: readonly Objective[], b: readonly Objective[]): boolean {
  return (
    a.length === b.length && a.every(({ metric, mode }, i) => metric === b[i]?.metric && mode === b[i]?.mode)
  )
}

/** A value turned so that larger is better in either mode. NaN stays NaN. */
export function orient(value: number, mode: Mode): number {
  return mode === 'max' ? value : -value
}
