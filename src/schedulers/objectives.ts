import type { Objective } from '../core/objective.ts'
import { readObjectives } from '../core/objective.ts'
import { OptionError } from '../errors.ts'
import type { Scheduler } from './scheduler.ts'
import { traitsOf } from './traits.ts'

/**
 * What a scheduler ranks by: the metric that its factory was given, else the experiment's objectives. A metric given
 * without a mode takes the mode that the experiment has for it.
 * @throws {OptionError} when a scheduler would get fewer or more metrics than it can rank by, a mode is missing, or one is
 *   not the experiment's for that metric.
 */
export function schedulerObjectives(
  scheduler: Pick<Scheduler, 'name' | 'objectives' | 'objective'>,
  experiment: readonly Objective[],
): readonly Objective[] {
  const { name, objectives, objective } = traitsOf(scheduler)
  const own = readObjectives(name, {
    metric: objective.metric,
    mode: objective.mode ?? modesOf(objective.metric, experiment),
  })
  refuseOtherModes(name, own, experiment)
  const ranked = own.length > 0 ? own : experiment
  if (objectives === 'any' || ranked.length === 1) return ranked
  if (ranked.length === 0) {
    throw new OptionError(
      `${name}.metric`,
      `${name} ranks trials by a metric, but none is given. Give metric and mode.`,
    )
  }
  if (objectives === 'some') return ranked
  const metrics = ranked.map(({ metric }) => metric)
  throw new OptionError(
    `${name}.metric`,
    `${name} ranks one metric, but ${metrics.length} are given (${metrics.join(', ')}). What ranks by several is moAsha(). Or name one where the scheduler that ranks is made, as in asha({ metric: '${metrics[0]}' }).`,
    { received: metrics },
  )
}

// By a metric of its own it may rank either way; what is optimised goes one way only.
function refuseOtherModes(name: string, own: readonly Objective[], experiment: readonly Objective[]): void {
  for (const { metric, mode } of own) {
    const optimised = experiment.find((objective) => objective.metric === metric)?.mode ?? mode
    if (optimised === mode) continue
    throw new OptionError(
      `${name}.mode`,
      `${name} ranks by ${metric} (${mode}), but ${metric} (${optimised}) is optimised. Give metric and mode in one place, or the same in both.`,
      { received: mode },
    )
  }
}

function modesOf(
  metric: string | readonly string[] | undefined,
  experiment: readonly Objective[],
): readonly Objective['mode'][] | undefined {
  if (metric === undefined) return undefined
  const names = typeof metric === 'string' ? [metric] : metric
  const known = names.map((name) => experiment.find((objective) => objective.metric === name)?.mode)
  return known.every((mode) => mode !== undefined) ? known : undefined
}
