import type { Objective } from '../../core/objective.ts'
import type { Params } from '../../core/trial.ts'
import type { Domain } from '../../space/domain.ts'
import { encodedParam, type Kind, kindOf } from './distributions.ts'
import type { LiveTrial } from './live-trial.ts'
import type { OptunaOperation, OptunaParam } from './operation.ts'
import { NAMES_KEY, type ParameterNames } from './parameter-names.ts'

/** What is known of an experiment or a study. */
export interface Progress {
  /** Whether trials that were interrupted may go on. */
  readonly isResumable: boolean
  readonly objectives: readonly Objective[]
  /** Milliseconds since 1970 at which the clock of its records stood at 0, had it never stood still. */
  readonly zero: number
  readonly names: ParameterNames
  /** The trials that have not ended, by number. */
  readonly live: Map<number, LiveTrial>
  /** One more than the greatest number of a trial so far. */
  readonly trialCount: number
}

/** A study as it will be once some records are kept: until then nothing of it is true. */
export class ProjectionDraft {
  readonly operations: OptunaOperation[] = []
  readonly #base: Progress
  readonly #isSilent: boolean
  readonly #changed = new Map<number, LiveTrial | undefined>()
  isResumable: boolean
  objectives: readonly Objective[]
  zero: number
  #trialCount: number
  #names: ParameterNames
  #ownsNames = false

  /** @param isSilent - Whether nobody wants to know the operations. */
  constructor(base: Progress, isSilent: boolean) {
    this.#base = base
    this.#isSilent = isSilent
    this.isResumable = base.isResumable
    this.objectives = base.objectives
    this.zero = base.zero
    this.#trialCount = base.trialCount
    this.#names = base.names
  }

  do(operation: OptunaOperation): void {
    if (!this.#isSilent) this.operations.push(operation)
  }

  trial(number: number): LiveTrial | undefined {
    return this.#changed.has(number) ? this.#changed.get(number) : this.#base.live.get(number)
  }

  /** @param trial - Undefined for one that has ended. */
  setTrial(number: number, trial: LiveTrial | undefined): void {
    this.#changed.set(number, trial)
    this.#trialCount = Math.max(this.#trialCount, number + 1)
  }

  /** Whether there was such a trial before: one that is not there any more has ended. */
  hasHadTrial(number: number): boolean {
    return number < this.#trialCount
  }

  setNames(names: ParameterNames): void {
    this.#names = names
    this.#ownsNames = true
  }

  seen(name: string, domain: Domain): void {
    const kind = kindOf(domain)
    if (kind !== undefined) this.#ownNames().seen(name, kind)
  }

  pathOf(name: string): string {
    return this.#names.pathOf(name)
  }

  /** A parameter as Optuna has it; undefined when Optuna has no equal. */
  param(path: string, value: unknown, domain: Domain | undefined, params: Params): OptunaParam | undefined {
    const kind = domain && kindOf(domain)
    const encoded = domain && encodedParam(domain, value)
    if (encoded === undefined || kind === undefined) return undefined
    return { name: this.#names.known(path, kind, params) ?? this.#newName(path, kind, params), ...encoded }
  }

  /** Optuna's names for values that are given before their domains are known. */
  guessedName(path: string, params: Params): string {
    return this.#names.guess(path, params)
  }

  /** The study as it is now that the records are kept. */
  settled(): Progress {
    const { live } = this.#base
    for (const [number, trial] of this.#changed) {
      if (trial === undefined) live.delete(number)
      else live.set(number, trial)
    }
    const { isResumable, objectives, zero } = this
    return { isResumable, objectives, zero, names: this.#names, live, trialCount: this.#trialCount }
  }

  #newName(path: string, kind: Kind, params: Params): string {
    const names = this.#ownNames()
    const name = names.give(path, kind, params)
    if (name !== path) this.do({ kind: 'studySystemAttr', key: NAMES_KEY, value: names.aliases })
    return name
  }

  #ownNames(): ParameterNames {
    if (!this.#ownsNames) this.setNames(this.#names.copy())
    return this.#names
  }
}
