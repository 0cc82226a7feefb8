import type { Objective } from '../../core/objective.ts'
import type { EndState } from '../../core/trial.ts'
import type { RunningTrial, Searcher, ToldTrial } from '../../searchers/searcher.ts'
import {
  type Answer,
  SearchSession,
  type SearchSessionOptions,
  type TrialAnswer,
} from '../../searchers/session.ts'
import { randomStream } from '../../random/random.ts'
import { readSpace } from '../../space/read-space.ts'
import type { SpaceDefinition } from '../../space/space.ts'

/** One step of a search: a configuration is asked for, or one of the running trials ends. */
export type SearchStep =
  | { readonly kind: 'ask' }
  | {
      readonly kind: 'tell'
      /** Which of the running trials, from 0, modulo their number. */
      readonly which: number
      readonly state: EndState
      /** One for each objective that there may be. */
      readonly values: readonly number[]
      /** Undefined when the trial sets no constraint. */
      readonly constraint: number | undefined
    }

/** What a walk is made from. */
export interface WalkPlan extends Partial<SearchSessionOptions> {
  readonly searcher: Searcher
  readonly definition: SpaceDefinition
  readonly objectiveCount: number
  readonly seed: string
}

/** Plays the experiment to a searcher: asks, keeps the trials that run, and tells how they ended. */
export class SearchWalk {
  readonly session: SearchSession
  readonly #objectives: readonly Objective[]
  readonly #running = new Map<number, TrialAnswer>()
  #count = 0

  constructor({ searcher, definition, objectiveCount, seed, ...more }: WalkPlan) {
    this.#objectives = Array.from({ length: objectiveCount }, (_, i) => ({
      metric: `m${i}`,
      mode: i % 2 === 0 ? 'min' : 'max',
    }))
    this.session = new SearchSession({
      searcher,
      space: readSpace(definition),
      objectives: this.#objectives,
      random: randomStream(seed),
      ...more,
    })
  }

  /** Takes over where another walk is: the same trials run, and the same number comes next. */
  goOnFrom(other: SearchWalk): this {
    this.#count = other.#count
    for (const [number, answer] of other.#running) this.#running.set(number, answer)
    return this
  }

  /** Does the steps, one after the other. Gives what was answered. */
  async run(steps: readonly SearchStep[]): Promise<Answer[]> {
    const answers: Answer[] = []
    for (const step of steps) {
      if (step.kind === 'ask') answers.push(await this.#ask())
      else await this.#tell(step)
    }
    return answers
  }

  async #ask(): Promise<Answer> {
    const running: RunningTrial[] = Array.from(this.#running, ([number, { params }]) => ({ number, params }))
    const answer = await this.session.suggest({ number: this.#count, running })
    if (answer.kind === 'wait' && running.length === 0)
      throw new Error('it waits, though nothing is under way')
    if (answer.kind === 'trial') this.#running.set(this.#count++, answer)
    return answer
  }

  async #tell({ which, state, values, constraint }: Extract<SearchStep, { kind: 'tell' }>): Promise<void> {
    const numbers = [...this.#running.keys()]
    const number = numbers[which % numbers.length]
    if (number === undefined) return
    const { params, domains } = this.#running.get(number) as TrialAnswer
    this.#running.delete(number)
    const reported = state === 'failed' ? undefined : values.slice(0, this.#objectives.length)
    const told: ToldTrial = {
      number,
      params,
      domains,
      state,
      values: reported,
      step: reported === undefined ? undefined : 3,
      intermediate: [[3, values[0] as number]],
      constraints: constraint === undefined ? {} : { limit: constraint },
    }
    await this.session.tell(told)
  }
}

/** Steps in words, in order. */
export function stepsInWords(steps: readonly SearchStep[]): string {
  return steps
    .map((step) =>
      step.kind === 'ask'
        ? 'ask'
        : `tell running trial ${step.which} ${step.state}${step.state === 'failed' ? '' : ` with ${step.values.join(', ')}`}`,
    )
    .join('; ')
}
