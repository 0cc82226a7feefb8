import type { LogRecord } from '../../core/log.ts'
import { sameValue } from '../../space/same-value.ts'
import type { Domain } from '../../space/domain.ts'
import { type LiveTrial, NEW_TRIAL } from './live-trial.ts'
import type { OptunaOperation } from './operation.ts'
import { optunaOutcome } from './optuna-outcome.ts'
import { STATE_KEY } from './own-keys.ts'
import { encodedParams, fixedParams, hold } from './projected-params.ts'
import type { ProjectionDraft } from './projection-draft.ts'

type Imported = LogRecord & { readonly type: 'trial.imported' }

/** What another program has written is there already: it is only learned from. */
export function followImported(record: Imported, draft: ProjectionDraft): void {
  const { params } = record
  for (const [path, domain] of Object.entries(domainsOf(record)))
    draft.seen(draft.guessedName(path, params), domain)
  draft.setTrial(record.trial, liveAs(record))
}

/**
 * What another program has written elsewhere, as the copy of a study has it: all of it is written here. Said again, a trial
 * that has ended stays as it is.
 */
export function writeImported(record: Imported, draft: ProjectionDraft): void {
  const { trial, state, params, config, at } = record
  const before = draft.trial(trial)
  if (before === undefined && draft.hasHadTrial(trial)) return
  const isWaiting = state === 'waiting'
  const startedAt = isWaiting ? undefined : (record.startedAt ?? record.endedAt ?? at)
  const { encoded, held } = encodedParams(params, domainsOf(record), draft)
  if (before === undefined) {
    draft.do({
      ...{ kind: 'trial', trial, state: isWaiting ? 'WAITING' : 'RUNNING', startedAt, params: encoded },
      systemAttrs: isWaiting ? { fixed_params: fixedParams(config, draft) } : {},
    })
  } else {
    if (before.isWaiting && startedAt !== undefined) draft.do({ kind: 'claim', trial, startedAt })
    for (const [path, value] of Object.entries(params)) {
      if (Object.hasOwn(before.params, path) && sameValue(before.params[path], value)) continue
      const param = draft.param(path, value, domainsOf(record)[path], params)
      if (param !== undefined) draft.do({ kind: 'param', trial, ...param })
    }
  }
  hold(trial, held, draft)
  for (const operation of said(record)) draft.do(operation)
  const live = liveAs(record)
  draft.setTrial(trial, live && { ...live, held })
}

/** Beside its parameters. */
function* said(record: Imported): Iterable<OptunaOperation> {
  const { trial, state, at } = record
  for (const [step, value] of record.intermediate) yield { kind: 'intermediate', trial, step, value }
  for (const [key, value] of Object.entries(record.userAttrs)) yield { kind: 'userAttr', trial, key, value }
  for (const [name, value] of Object.entries(record.constraints))
    yield { kind: 'systemAttr', trial, key: `constraints:${name}`, value }
  if (state === 'waiting' || state === 'running') return
  if (state === 'interrupted') yield { kind: 'systemAttr', trial, key: STATE_KEY, value: state }
  const outcome = optunaOutcome({ state, values: record.values })
  yield { kind: 'end', trial, ...outcome, endedAt: record.endedAt ?? at }
}

function domainsOf({ domains }: Imported): Readonly<Record<string, Domain>> {
  return domains as Readonly<Record<string, Domain>>
}

/** Undefined when it has ended. */
function liveAs(record: Imported): LiveTrial | undefined {
  const { state, params, userAttrs } = record
  if (state !== 'waiting' && state !== 'running') return undefined
  const attrs = new Set(Object.keys(userAttrs))
  return { ...NEW_TRIAL, isWaiting: state === 'waiting', params, domains: domainsOf(record), attrs }
}
