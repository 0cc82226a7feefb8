import { isPlainObject } from '../../core/metrics.ts'
import type { Params } from '../../core/trial.ts'
import type { Domain } from '../../space/domain.ts'

/** What has to be known of a trial until it has ended. Never changed: a changed trial is another one. */
export interface LiveTrial {
  readonly isWaiting: boolean
  readonly params: Params
  readonly domains: Readonly<Record<string, Domain>>
  /** Those of `params` that Optuna has no equal for. */
  readonly held: Params
  /** Names of its user attributes. */
  readonly attrs: ReadonlySet<string>
  /** The last report of an experiment's trial. */
  readonly metrics: Readonly<Record<string, unknown>>
}

/** A trial that was made just now. */
export const NEW_TRIAL: LiveTrial = {
  isWaiting: false,
  params: {},
  domains: {},
  held: {},
  attrs: new Set(),
  metrics: {},
}

/** The values of a configuration, perhaps partial, by path. What is no single value stays out. */
export function leavesOf(config: unknown): Record<string, unknown> {
  const leaves: Record<string, unknown> = {}
  collect(config, '', leaves)
  return leaves
}

function collect(value: unknown, path: string, leaves: Record<string, unknown>): void {
  if (Array.isArray(value) || isPlainObject(value)) {
    for (const [key, item] of Object.entries(value))
      collect(item, path === '' ? key : `${path}/${key}`, leaves)
  } else if (path !== '' && isSingle(value)) leaves[path] = value
}

function isSingle(value: unknown): boolean {
  return value === null || ['number', 'string', 'boolean'].includes(typeof value)
}
