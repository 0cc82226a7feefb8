import { isPlainObject } from '../../../core/metrics.ts'
import { kindOf, type Kind, readDistribution, sameKind } from '../distributions.ts'
import type { OptunaParam } from '../operation.ts'
import { DIRECTIONS, type JournalLine, OP, readTime, STATES } from './journal-line.ts'
import { hasEnded, type JournalStudy, type JournalTrial } from './journal-trial.ts'

/** What a line was about, when it counts. */
export interface Applied {
  readonly study: JournalStudy
  readonly trial?: JournalTrial
}

/**
 * All studies of a journal, by Optuna's rules: a line that comes too late does not count, so that of two who claim a
 * trial the first has it, of two studies of one name the second is none, and nothing about a trial that has ended, or of
 * a parameter of another kind than before, is heard.
 */
export class JournalState {
  readonly #studies = new Map<number, JournalStudy>()
  readonly #trials: JournalTrial[] = []
  #nextStudy = 0

  /** The studies that are there, in order of creation. */
  get studies(): Iterable<JournalStudy> {
    return this.#studies.values()
  }

  /** The id of the study that is made next. */
  get nextStudyId(): number {
    return this.#nextStudy
  }

  /** The id of the trial that is made next. */
  get nextTrialId(): number {
    return this.#trials.length
  }

  study(name: string): JournalStudy | undefined {
    for (const study of this.#studies.values()) if (study.name === name) return study
    return undefined
  }

  /** @returns Undefined when the line does not count. */
  apply(line: JournalLine): Applied | undefined {
    switch (line.op_code) {
      case OP.createStudy:
        return this.#createStudy(line)
      case OP.deleteStudy: {
        const study = this.#studyOf(line)
        if (study === undefined) return undefined
        this.#studies.delete(study.id)
        return { study }
      }
      case OP.studyUserAttr:
      case OP.studySystemAttr: {
        const study = this.#studyOf(line)
        if (study === undefined) return undefined
        if (line.op_code === OP.studyUserAttr) assign(study.userAttrs, line['user_attr'])
        else assign(study.systemAttrs, line['system_attr'])
        return { study }
      }
      case OP.createTrial:
        return this.#createTrial(line)
      default:
        return this.#changeTrial(line)
    }
  }

  #studyOf(line: JournalLine): JournalStudy | undefined {
    return this.#studies.get(line['study_id'] as number)
  }

  #createStudy(line: JournalLine): Applied | undefined {
    const name = line['study_name']
    const directions = line['directions']
    if (typeof name !== 'string' || !Array.isArray(directions) || this.study(name) !== undefined)
      return undefined
    const study: JournalStudy = {
      id: this.#nextStudy++,
      name,
      directions: directions.map((code: unknown) => DIRECTIONS[code as number] ?? 'NOT_SET'),
      userAttrs: {},
      systemAttrs: {},
      trials: [],
    }
    this.#studies.set(study.id, study)
    return { study }
  }

  #createTrial(line: JournalLine): Applied | undefined {
    const study = this.#studyOf(line)
    if (study === undefined) return undefined
    const trial: JournalTrial = {
      id: this.#trials.length,
      study,
      number: study.trials.length,
      state: STATES[(line['state'] as number | undefined) ?? 0] ?? 'RUNNING',
      values: valuesOf(line),
      params: new Map(paramsOf(line).map((param) => [param.name, param])),
      intermediate: new Map(
        Object.entries(objectOf(line['intermediate_values'])).map(([step, value]) => [
          Number(step),
          value as number,
        ]),
      ),
      userAttrs: { ...objectOf(line['user_attrs']) },
      systemAttrs: { ...objectOf(line['system_attrs']) },
      startedAt: readTime(line['datetime_start']),
      endedAt: readTime(line['datetime_complete']),
    }
    this.#trials.push(trial)
    study.trials.push(trial)
    return { study, trial }
  }

  #changeTrial(line: JournalLine): Applied | undefined {
    const trial = this.#trials[line['trial_id'] as number]
    if (trial === undefined || hasEnded(trial) || !change(trial, line)) return undefined
    return { study: trial.study, trial }
  }
}

/** @returns Whether it counts. */
function change(trial: JournalTrial, line: JournalLine): boolean {
  switch (line.op_code) {
    case OP.param:
      return setParam(trial, line)
    case OP.state:
      return setState(trial, line)
    case OP.intermediate:
      trial.intermediate.set(line['step'] as number, line['intermediate_value'] as number)
      return true
    case OP.userAttr:
      assign(trial.userAttrs, line['user_attr'])
      return true
    case OP.systemAttr:
      assign(trial.systemAttrs, line['system_attr'])
      return true
    default:
      // Operations of later versions, and one that Optuna itself passes over.
      return false
  }
}

function setParam(trial: JournalTrial, line: JournalLine): boolean {
  const name = line['param_name'] as string
  const distribution = line['distribution'] as string
  const first = trial.study.trials.find(({ params }) => params.has(name))?.params.get(name)
  if (first !== undefined && first.distribution !== distribution) {
    const [was, is] = [kindIn(first.distribution), kindIn(distribution)]
    if (was === undefined || is === undefined || !sameKind(was, is)) return false
  }
  trial.params.set(name, { name, value: line['param_value_internal'] as number, distribution })
  return true
}

function kindIn(distribution: string): Kind | undefined {
  return kindOf(readDistribution(distribution))
}

function setState(trial: JournalTrial, line: JournalLine): boolean {
  const state = STATES[line['state'] as number] ?? 'RUNNING'
  if (state === 'RUNNING') {
    if (trial.state === 'RUNNING') return false
    trial.startedAt = readTime(line['datetime_start'])
  } else if (state !== 'WAITING') trial.endedAt = readTime(line['datetime_complete'])
  trial.state = state
  if (Array.isArray(line['values'])) trial.values = line['values'] as number[]
  return true
}

function paramsOf(line: JournalLine): readonly OptunaParam[] {
  const distributions = objectOf(line['distributions'])
  return Object.entries(objectOf(line['params'])).map(([name, value]) => ({
    name,
    value: value as number,
    distribution: distributions[name] as string,
  }))
}

function valuesOf(line: JournalLine): readonly number[] | undefined {
  const { value, values } = line
  if (Array.isArray(values)) return values as number[]
  return typeof value === 'number' ? [value] : undefined
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return isPlainObject(value) ? value : {}
}

// One key, and it may be called __proto__.
function assign(attrs: Record<string, unknown>, added: unknown): void {
  for (const [key, value] of Object.entries(objectOf(added)))
    Object.defineProperty(attrs, key, { value, enumerable: true, writable: true, configurable: true })
}
