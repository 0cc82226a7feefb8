import type { LogRecord } from '../../core/log.ts'
import { metricOf } from '../../core/metrics.ts'
import type { Objective } from '../../core/objective.ts'
import { toJson } from '../../core/plain-json.ts'
import type { Domain } from '../../space/domain.ts'
import { paramsIn } from '../../space/params-in.ts'
import { BranchNames } from './branch-names.ts'
import { followImported, writeImported } from './imported-operations.ts'
import { type LiveTrial, NEW_TRIAL } from './live-trial.ts'
import type { OptunaOperation } from './operation.ts'
import { optunaOutcome } from './optuna-outcome.ts'
import { ASKED_KEY, ENQUEUED_KEY, ERROR_KEY, RECORD_KEY, STATE_KEY, STUDY_KEY } from './own-keys.ts'
import { ParameterNames } from './parameter-names.ts'
import { encodedParams, fixedParams, hold } from './projected-params.ts'
import { type Progress, ProjectionDraft } from './projection-draft.ts'

/** What records come to in Optuna's terms. */
export interface Projected {
  readonly operations: readonly OptunaOperation[]
  /** Says that the records are kept: what is projected next follows from them. */
  keep(): void
}

type RecordOf<Type extends LogRecord['type']> = Extract<LogRecord, { readonly type: Type }>

// PostgreSQL's INTEGER.
const STEP_MAX = 2 ** 31 - 1

// Optuna shows both by itself: as the last step, and as a duration.
const METRICS_LEFT_OUT: ReadonlySet<string> = new Set(['training_iteration', 'time_total_s'])

/**
 * One experiment or study in Optuna's terms: what its records say that Optuna can be told. It keeps no more than what is
 * needed of trials that have not ended.
 *
 * - A trial is there from when it is made, as RUNNING, and stays so while it is paused, retried, given back to be asked for
 *   again, or interrupted in an experiment that may be resumed: Optuna lets no trial go back, and what has ended never
 *   changes. One that failed and is run once more stays FAIL. An enqueued one is WAITING. Of one that is given back all
 *   that it has said is taken back.
 * - Reports are intermediate values of the first objective by `training_iteration`. Steps that are no integers from 0 to
 *   2^31 − 1 are left out, since Optuna has none.
 * - The final value is as told. A pruned trial has its last value of the first objective; one that was interrupted for good,
 *   in a study, is shown as pruned. A completed one without any value, of an experiment without a metric, is pruned too.
 * - The other metrics of an experiment's last report become user attributes of the trial when it ends, but for those whose
 *   name the user has set.
 * - Parameters that Optuna has no equal for are in the user attribute `troupe:params`.
 */
export class Projection {
  readonly #isAlone: boolean
  #progress: Progress = {
    isResumable: false,
    objectives: [],
    zero: 0,
    names: new ParameterNames(new BranchNames(undefined)),
    live: new Map(),
    trialCount: 0,
  }

  /**
   * @param options.alone - Whether Optuna's storage is all that there is, so that what a study needs to go on has to be
   * in it too. Default false: the records themselves are kept elsewhere.
   */
  constructor({ alone = false }: { readonly alone?: boolean } = {}) {
    this.#isAlone = alone
  }

  /**
   * What these records come to, after all that was kept. Changes nothing yet. An imported trial among them, as the copy of
   * a study has it, is written too.
   */
  project(records: readonly LogRecord[]): Projected {
    return this.#projected(records, false)
  }

  /** Takes in records that are kept already, and about which nothing is to be done. */
  follow(records: readonly LogRecord[]): void {
    this.#projected(records, true).keep()
  }

  #projected(records: readonly LogRecord[], isKept: boolean): Projected {
    const draft = new ProjectionDraft(this.#progress, isKept)
    for (const record of records) this.#apply(record, draft, isKept)
    return {
      operations: draft.operations,
      keep: () => void (this.#progress = draft.settled()),
    }
  }

  #apply(record: LogRecord, draft: ProjectionDraft, isKept: boolean): void {
    switch (record.type) {
      case 'experiment.started':
        draft.isResumable = true
        draft.zero = record.startedAt ?? 0
        return this.#begin(record, draft)
      case 'experiment.resumed':
        // Its clock stood still meanwhile.
        if (record.resumedAt !== undefined) draft.zero = record.resumedAt - record.at
        return undefined
      case 'study.created':
        return this.#begin(record, draft)
      case 'study.attr':
        return draft.do({ kind: 'studyUserAttr', key: record.key, value: record.value })
      case 'trial.created':
        return this.#create(record, draft)
      case 'trial.asked':
        return this.#start(record, draft)
      case 'trial.enqueued':
        return this.#enqueue(record, draft)
      case 'trial.imported':
        return isKept ? followImported(record, draft) : writeImported(record, draft)
      default:
        if ('trial' in record) this.#change(record, draft)
    }
  }

  #change(record: LogRecord & { readonly trial: number }, draft: ProjectionDraft): void {
    const { trial } = record
    const live = draft.trial(trial)
    // Of one that has ended there is nothing more to tell Optuna.
    if (live === undefined) return
    switch (record.type) {
      case 'trial.requeued':
        draft.setTrial(trial, NEW_TRIAL)
        return draft.do({ kind: 'anew', trial })
      case 'trial.suggested':
        return this.#suggest(record, live, draft)
      case 'trial.exploited':
        return exploit(record, live, draft)
      case 'trial.report':
        draft.setTrial(trial, { ...live, metrics: record.metrics })
        return report(record, draft)
      case 'trial.intermediate':
        return this.#intermediate(record, draft)
      case 'trial.attr':
        if (!live.attrs.has(record.key))
          draft.setTrial(trial, { ...live, attrs: new Set([...live.attrs, record.key]) })
        return draft.do({ kind: 'userAttr', trial, key: record.key, value: record.value })
      case 'trial.constraint':
        return draft.do({ kind: 'systemAttr', trial, key: `constraints:${record.key}`, value: record.value })
      case 'trial.ended':
        return end(record, live, draft)
      default:
    }
  }

  #begin(record: RecordOf<'experiment.started'> | RecordOf<'study.created'>, draft: ProjectionDraft): void {
    const { name, seed, objectives, space } = record
    draft.objectives = objectives
    draft.setNames(new ParameterNames(new BranchNames(space)))
    const directions = objectives.map(({ mode }) => (mode === 'min' ? 'MINIMIZE' : 'MAXIMIZE'))
    // Optuna has no study without a direction.
    draft.do({ kind: 'study', name, directions: directions.length === 0 ? ['MINIMIZE'] : directions })
    const metrics = objectives.map(({ metric }) => metric)
    if (metrics.length > 0) draft.do({ kind: 'studySystemAttr', key: 'study:metric_names', value: metrics })
    if (!this.#isAlone) return
    draft.do({ kind: 'studySystemAttr', key: STUDY_KEY, value: toJson({ seed, space }) })
  }

  #enqueue(record: RecordOf<'trial.enqueued'>, draft: ProjectionDraft): void {
    const { trial, config } = record
    const fixed = fixedParams(config, draft)
    draft.setTrial(trial, { ...NEW_TRIAL, isWaiting: true })
    draft.do({
      kind: 'trial',
      trial,
      state: 'WAITING',
      startedAt: undefined,
      params: [],
      systemAttrs: { fixed_params: fixed, ...(this.#isAlone && { [ENQUEUED_KEY]: toJson(record) }) },
    })
  }

  #create({ begins, ...created }: RecordOf<'trial.created'>, draft: ProjectionDraft): void {
    this.#start({ ...created, type: 'trial.asked', domains: created.domains ?? {} }, draft)
    if (begins === undefined) return
    // What another one reported is its own too.
    const { at, trial } = created
    for (const [i, metrics] of begins.reports.entries())
      this.#change({ at, type: 'trial.report', trial, attempt: 1, seq: i + 1, metrics }, draft)
    for (const [key, value] of Object.entries(begins.userAttrs))
      this.#change({ at, type: 'trial.attr', trial, key, value }, draft)
    for (const [key, value] of Object.entries(begins.constraints))
      this.#change({ at, type: 'trial.constraint', trial, key, value }, draft)
  }

  #start(record: RecordOf<'trial.asked'>, draft: ProjectionDraft): void {
    const { trial, params, at } = record
    const domains = record.domains as Readonly<Record<string, Domain>>
    const before = draft.trial(trial)
    const { encoded, held } = encodedParams(params, domains, draft)
    draft.setTrial(trial, { ...(before ?? NEW_TRIAL), isWaiting: false, params, domains, held })
    const startedAt = draft.zero + at
    // With a time that means the same to whoever reads it.
    const systemAttrs = this.#isAlone ? { [ASKED_KEY]: toJson({ ...record, at: startedAt }) } : {}
    if (before === undefined) {
      draft.do({ kind: 'trial', trial, state: 'RUNNING', startedAt, params: encoded, systemAttrs })
    } else {
      // Before the claim, so that whoever reads the one has read the other.
      for (const [key, value] of Object.entries(systemAttrs))
        draft.do({ kind: 'systemAttr', trial, key, value })
      if (before.isWaiting) draft.do({ kind: 'claim', trial, startedAt })
      for (const param of encoded) draft.do({ kind: 'param', trial, ...param })
    }
    hold(trial, held, draft)
  }

  #suggest(record: RecordOf<'trial.suggested'>, live: LiveTrial, draft: ProjectionDraft): void {
    const { trial, path, value } = record
    const domain = record.domain as Domain
    const params = { ...live.params, [path]: value }
    const param = draft.param(path, value, domain, params)
    const held = param === undefined ? { ...live.held, [path]: value } : live.held
    draft.setTrial(trial, { ...live, params, domains: { ...live.domains, [path]: domain }, held })
    if (param !== undefined) return draft.do({ kind: 'param', trial, ...param })
    hold(trial, held, draft)
    this.#keepRecord(path, record, draft)
  }

  #intermediate(record: RecordOf<'trial.intermediate'>, draft: ProjectionDraft): void {
    const { trial, step, values } = record
    if (isStep(step)) draft.do({ kind: 'intermediate', trial, step, value: values[0] as number })
    if (!isStep(step) || values.length !== 1) this.#keepRecord(String(step), record, draft)
  }

  #keepRecord(key: string, record: LogRecord & { readonly trial: number }, draft: ProjectionDraft): void {
    if (!this.#isAlone) return
    const { trial } = record
    draft.do({ kind: 'systemAttr', trial, key: `${RECORD_KEY}${key}`, value: toJson(record) })
  }
}

/** The trial goes on with the configuration of another one, which it may have changed. */
function exploit(
  { trial, config }: RecordOf<'trial.exploited'>,
  live: LiveTrial,
  draft: ProjectionDraft,
): void {
  const params = paramsIn(config, live.params)
  const { encoded, held } = encodedParams(params, live.domains, draft)
  draft.setTrial(trial, { ...live, params, held })
  for (const param of encoded) draft.do({ kind: 'param', trial, ...param })
  hold(trial, held, draft)
}

function report({ trial, seq, metrics }: RecordOf<'trial.report'>, draft: ProjectionDraft): void {
  const objective = draft.objectives[0]
  const value = objective && metricOf(metrics, objective.metric)
  const step = metricOf(metrics, 'training_iteration') ?? seq
  if (value !== undefined && isStep(step)) draft.do({ kind: 'intermediate', trial, step, value })
}

function end(record: RecordOf<'trial.ended'>, live: LiveTrial, draft: ProjectionDraft): void {
  const { trial, state, at, error } = record
  if (state === 'interrupted' && draft.isResumable) return
  draft.setTrial(trial, undefined)
  for (const [key, value] of otherMetrics(live, draft.objectives))
    draft.do({ kind: 'userAttr', trial, key, value })
  if (state === 'interrupted') draft.do({ kind: 'systemAttr', trial, key: STATE_KEY, value: state })
  if (error !== undefined) draft.do({ kind: 'systemAttr', trial, key: ERROR_KEY, value: error })
  draft.do({ kind: 'end', trial, ...optunaOutcome(record), endedAt: draft.zero + at })
}

function* otherMetrics(
  { metrics, attrs }: LiveTrial,
  objectives: readonly Objective[],
): Iterable<readonly [string, unknown]> {
  for (const [key, value] of Object.entries(metrics)) {
    if (METRICS_LEFT_OUT.has(key) || attrs.has(key) || objectives.some(({ metric }) => metric === key))
      continue
    yield [key, value]
  }
}

function isStep(step: number): boolean {
  return Number.isInteger(step) && step >= 0 && step <= STEP_MAX
}
