import type { Objective } from '../core/objective.ts'
import { readObjectives } from '../core/objective.ts'
import { OptionError } from '../errors.ts'
import type { Scheduler } from './scheduler.ts'
import { traitsOf } from './traits.ts'

/**
 * What a scheduler ranks by: the metric that its factory was given, else the experiment's objectives. A metric given
 * without a mode takes the mode that the experiment has for it.
 * @throws {OptionError} when a scheduler that ranks by one metric would get none or several, or a mode is missing.
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
  const ranked = own.length > 0 ? own : experiment
  if (objectives === 'any' || ranked.length === 1) return ranked
  if (ranked.length === 0) {
    throw new OptionError(
      `${name}.metric`,
      `${name} ranks trials by a metric, but none is given. Give metric and mode.`,
    )
  }
  const metrics = ranked.map(({ metric }) => metric)
  throw new OptionError(
    `${name}.metric`,
    `${name} ranks one metric, but ${metrics.length} are given (${metrics.join(', ')}). Use moAsha(), or name one in ${name}({ metric }).`,
    { received: metrics },
  )
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
