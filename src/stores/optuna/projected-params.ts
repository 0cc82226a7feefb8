import { toJson } from '../../core/plain-json.ts'
import type { Params } from '../../core/trial.ts'
import type { Domain } from '../../space/domain.ts'
import { leavesOf } from './live-trial.ts'
import type { OptunaParam } from './operation.ts'
import { PARAMS_KEY } from './own-keys.ts'
import type { ProjectionDraft } from './projection-draft.ts'

/** Parameters as Optuna has them, and those that it has no equal for. */
export interface EncodedParams {
  readonly encoded: readonly OptunaParam[]
  readonly held: Params
}

/** The parameters of a trial in Optuna's terms. */
export function encodedParams(
  params: Params,
  domains: Readonly<Record<string, Domain>>,
  draft: ProjectionDraft,
): EncodedParams {
  const encoded: OptunaParam[] = []
  const held: Record<string, unknown> = {}
  for (const [path, value] of Object.entries(params)) {
    const param = draft.param(path, value, domains[path], params)
    if (param === undefined) held[path] = value
    else encoded.push(param)
  }
  return { encoded, held }
}

/** Keeps what Optuna has no equal for, if there is any. */
export function hold(trial: number, held: Params, draft: ProjectionDraft): void {
  if (Object.keys(held).length === 0) return
  // Choices may be anything, functions too.
  draft.do({ kind: 'userAttr', trial, key: PARAMS_KEY, value: JSON.parse(toJson(held)) })
}

/** What Optuna keeps of the configuration, perhaps partial, with which a trial waits. */
export function fixedParams(config: object, draft: ProjectionDraft): Readonly<Record<string, unknown>> {
  const leaves = leavesOf(config)
  return Object.fromEntries(
    Object.entries(leaves).map(([path, value]) => [draft.guessedName(path, leaves), value]),
  )
}
