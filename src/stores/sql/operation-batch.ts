import { assertNever } from '../../errors.ts'
import { constraintName } from '../optuna/imported.ts'
import type { OptunaOperation, OptunaParam } from '../optuna/operation.ts'
import { toPythonJson } from '../optuna/python-json.ts'

type Of<Kind extends OptunaOperation['kind']> = OptunaOperation & { readonly kind: Kind }

/** A trial as a batch leaves it. */
export interface MadeTrial {
  readonly number: number
  state: string
  startedAt: number | undefined
  endedAt: number | undefined
}

/** What a batch changes of one trial. */
export class TrialChanges {
  /** Whether all that the trial had goes before what follows comes. */
  readonly isAnew: boolean
  readonly params = new Map<string, OptunaParam>()
  readonly intermediate = new Map<number, number>()
  readonly userAttrs = new Map<string, string>()
  readonly systemAttrs = new Map<string, string>()
  claimedAt: number | undefined
  end: Of<'end'> | undefined

  constructor(isAnew = false) {
    this.isAnew = isAnew
  }
}

/** Operations, gathered by what they leave behind: only that counts in a transaction. */
export class OperationBatch {
  directions: readonly string[] = []
  readonly studyUserAttrs = new Map<string, string>()
  readonly studySystemAttrs = new Map<string, string>()
  readonly made = new Map<number, MadeTrial>()
  readonly trials = new Map<number, TrialChanges>()

  constructor(operations: readonly OptunaOperation[]) {
    for (const operation of operations) this.#add(operation)
  }

  #add(operation: OptunaOperation): void {
    switch (operation.kind) {
      case 'study':
        this.directions = operation.directions
        return
      case 'studyUserAttr':
        this.studyUserAttrs.set(operation.key, toPythonJson(operation.value))
        return
      case 'studySystemAttr':
        this.studySystemAttrs.set(operation.key, toPythonJson(operation.value))
        return
      case 'trial':
        this.#make(operation)
        return
      case 'claim':
        this.#claim(operation)
        return
      case 'anew':
        this.#beginAnew(operation)
        return
      case 'param':
        this.#of(operation).params.set(operation.name, operation)
        return
      case 'intermediate':
        this.#of(operation).intermediate.set(operation.step, operation.value)
        return
      case 'userAttr':
        this.#of(operation).userAttrs.set(operation.key, toPythonJson(operation.value))
        return
      case 'systemAttr':
        this.#of(operation).systemAttrs.set(operation.key, toPythonJson(operation.value))
        return
      case 'end':
        this.#end(operation)
        return
      default:
        assertNever(operation, 'an operation')
    }
  }

  #make({ trial, state, startedAt, params, systemAttrs }: Of<'trial'>): void {
    this.made.set(trial, { number: trial, state, startedAt, endedAt: undefined })
    const changes = this.#of({ trial })
    for (const param of params) changes.params.set(param.name, param)
    for (const [key, value] of Object.entries(systemAttrs)) changes.systemAttrs.set(key, toPythonJson(value))
  }

  #beginAnew({ trial }: Of<'anew'>): void {
    const before = this.#of({ trial })
    const changes = new TrialChanges(true)
    changes.claimedAt = before.claimedAt
    for (const [key, value] of before.systemAttrs)
      if (constraintName(key) === undefined) changes.systemAttrs.set(key, value)
    this.trials.set(trial, changes)
  }

  #claim({ trial, startedAt }: Of<'claim'>): void {
    const made = this.made.get(trial)
    if (made === undefined) this.#of({ trial }).claimedAt = startedAt
    else Object.assign(made, { state: 'RUNNING', startedAt })
  }

  #end(operation: Of<'end'>): void {
    const { trial, state, endedAt } = operation
    const made = this.made.get(trial)
    if (made !== undefined) Object.assign(made, { state, endedAt })
    this.#of(operation).end = operation
  }

  #of({ trial }: { readonly trial: number }): TrialChanges {
    let changes = this.trials.get(trial)
    if (changes === undefined) this.trials.set(trial, (changes = new TrialChanges()))
    return changes
  }
}
