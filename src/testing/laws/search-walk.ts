import type { Objective } from '../../core/objective.ts'
import { describe } from '../../core/options.ts'
import type { EndState, Params } from '../../core/trial.ts'
import { asError, SpaceError, TroupeError } from '../../errors.ts'
import { randomStream } from '../../random/random.ts'
import type { RunningTrial, Searcher, ToldTrial } from '../../searchers/searcher.ts'
import {
  type Answer,
  SearchSession,
  type SearchSessionOptions,
  type TrialAnswer,
} from '../../searchers/session.ts'
import { contains, pointKey } from '../../space/encoding.ts'
import { readSpace } from '../../space/read-space.ts'
import type { SpaceDefinition } from '../../space/space.ts'
import { Breach } from './breach.ts'
import { keptCopy } from './kept-copy.ts'
import { watched } from './watched-searcher.ts'

/** One step of a search: a configuration is asked for, or one of the running trials ends. */
export type SearchStep =
  | { readonly kind: 'ask' }
  | {
      readonly kind: 'tell'
      /** Which of the running trials, from 0, modulo their number. */
      readonly which: number
      readonly state: EndState
      /** How many reports it made, all of the same values. Without any it has no values, and is never completed. */
      readonly reports: number
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
  /** How long a promise of the searcher may take. */
  readonly timeoutMs: number
}

/** The laws that show in one search alone, besides those of its calls. */
export const WALKS = {
  inside: 'a searcher suggests nothing outside of the space',
  waits: 'a searcher waits only while a trial is under way',
} as const

/** Plays the experiment to a searcher: asks, keeps the trials that run, and tells how they ended. */
export class SearchWalk {
  readonly session: SearchSession
  /** What happened so far, in words. */
  readonly story: string[] = []
  readonly #objectives: readonly Objective[]
  readonly #running = new Map<number, TrialAnswer>()
  /** What happened, for another session to be brought to the same place. */
  readonly #past: ((session: SearchSession) => void | Promise<void>)[] = []
  #count = 0
  #isOpen = true

  constructor({ searcher, definition, objectiveCount, seed, timeoutMs, ...more }: WalkPlan) {
    this.#objectives = Array.from({ length: objectiveCount }, (_, i) => ({
      metric: `m${i}`,
      mode: i % 2 === 0 ? 'min' : 'max',
    }))
    this.session = new SearchSession({
      searcher: watched(searcher, timeoutMs),
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
    this.story.push(...other.story)
    return this
  }

  /** Goes through what happened to another walk, as when a study is loaded, and takes over from there. */
  async recall(other: SearchWalk): Promise<void> {
    this.goOnFrom(other).story.push('a new search is told all of that again')
    for (const again of other.#past) await this.#guard(() => again(this.session))
  }

  /** What another process would read of the saved search; undefined when there is nothing to go on from. */
  save(): Promise<unknown> {
    return this.#guard(() => keptCopy(this.session.save()))
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

  /**
   * Does the steps, and compares what is answered.
   * @param expected - What was answered another time.
   * @param differs - What to say of the first answer that is another.
   * @throws {Breach} of the law that the answers are the same.
   */
  async runAs(
    expected: readonly Answer[],
    steps: readonly SearchStep[],
    law: string,
    differs: (here: string, there: string) => string,
  ): Promise<void> {
    let count = 0
    for (const step of steps) {
      const [answer] = await this.run([step])
      if (answer === undefined) continue
      const other = expected[count++] as Answer
      if (keyOf(answer) === keyOf(other)) continue
      throw new Breach(law, differs(answerInWords(answer), answerInWords(other)), { story: this.story })
    }
  }

  /** Lets all that runs complete, asks once more, and closes the search. */
  async end(): Promise<void> {
    while (this.#running.size > 0) await this.#tell(COMPLETE)
    await this.#ask()
    this.story.push('the search is closed')
    this.#isOpen = false
    await this.#guard(() => this.session.close())
  }

  /** Closes what is still open, such as threads; whether that goes well is `end`'s concern. */
  release(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    try {
      this.session.close()
    } catch {
      // The walk has said what is broken, or found nothing.
    }
  }

  async #ask(): Promise<Answer> {
    const number = this.#count
    const running: RunningTrial[] = Array.from(this.#running, ([trial, { params }]) => ({
      number: trial,
      params,
    }))
    this.story.push(`trial ${number} is asked for`)
    const answer = await this.#guard(() => this.session.suggest({ number, running }))
    this.story[this.story.length - 1] = `trial ${number} is asked for: ${answerInWords(answer)}`
    if (answer.kind === 'wait' && running.length === 0)
      throw this.#breach(WALKS.waits, `it waits, though no trial is under way of which it could be told.`)
    if (answer.kind !== 'trial') return answer
    this.#assertInside(number, answer)
    this.#running.set(this.#count++, answer)
    const { source, params } = answer
    this.#past.push((session) => session.recall({ number, running, source, params }))
    return answer
  }

  async #tell({ which, state, reports, values, constraint }: Tell): Promise<void> {
    const numbers = [...this.#running.keys()]
    const number = numbers[which % numbers.length]
    if (number === undefined) return
    const { params, domains } = this.#running.get(number) as TrialAnswer
    this.#running.delete(number)
    const count = state === 'completed' ? Math.max(1, reports) : reports
    const reported = count === 0 ? undefined : values.slice(0, this.#objectives.length)
    const told: ToldTrial = {
      number,
      params,
      domains,
      state,
      values: state === 'failed' ? undefined : reported,
      step: state === 'failed' || reported === undefined ? undefined : count,
      intermediate: Array.from({ length: count }, (_, i) => [i + 1, values[0] as number]),
      constraints: constraint === undefined ? {} : { limit: constraint },
    }
    this.story.push(endInWords(told))
    const tell = (session: SearchSession): void | Promise<void> => {
      if (reported !== undefined && session.observes)
        session.observe({ number, step: count, values: reported })
      return session.tell(told)
    }
    this.#past.push(tell)
    await this.#guard(() => tell(this.session))
  }

  #assertInside(number: number, { params, domains }: TrialAnswer): void {
    for (const [path, value] of Object.entries(params)) {
      const domain = domains[path]
      if (domain !== undefined && contains(domain, value)) continue
      throw this.#breach(
        WALKS.inside,
        `trial ${number} has ${path} = ${describe(value)}, which is not in the space.`,
      )
    }
  }

  /** What a call to the session gives; when it throws, with the story of how it came to that. */
  async #guard<T>(call: () => T | Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (error) {
      if (error instanceof Breach) {
        const { says, message, shrinks, cause } = error
        throw new Breach(says, message, { shrinks, cause, story: this.story })
      }
      const isOutside = error instanceof TroupeError && error.code === 'searcher'
      if (isOutside || error instanceof SpaceError)
        throw this.#breach(WALKS.inside, asError(error).message, error)
      throw error
    }
  }

  #breach(law: string, message: string, cause?: unknown): Breach {
    return new Breach(law, message, { story: this.story, cause })
  }
}

type Tell = Extract<SearchStep, { kind: 'tell' }>

/** The first of the running trials completes. */
export const COMPLETE: Tell = {
  kind: 'tell',
  which: 0,
  state: 'completed',
  reports: 1,
  values: Array<number>(9).fill(1),
  constraint: undefined,
}

function keyOf(answer: Answer): string {
  return answer.kind === 'trial' ? pointKey(answer.params) : answer.kind
}

// More would fill the screen, and tell no more.
const PARAMS_MAX = 6

function answerInWords(answer: Answer): string {
  return answer.kind === 'trial' ? paramsInWords(answer.params) : `'${answer.kind}'`
}

function paramsInWords(params: Params): string {
  const entries = Object.entries(params)
  if (entries.length === 0) return 'the one point that there is'
  const shown = entries.slice(0, PARAMS_MAX).map(([path, value]) => `${path} = ${describe(value)}`)
  return `${shown.join(', ')}${entries.length > PARAMS_MAX ? `, … (${entries.length} in all)` : ''}`
}

function endInWords({ number, state, values, step, constraints }: ToldTrial): string {
  const what = `trial ${number} ${state === 'pruned' || state === 'interrupted' ? `is ${state}` : state}`
  const reported =
    values === undefined
      ? state === 'failed'
        ? ''
        : ' before its first report'
      : ` at step ${step} with ${values.join(' and ')}`
  const { limit } = constraints
  const constrained =
    limit === undefined ? '' : `, its constraint ${limit <= 0 ? 'kept' : 'broken'} (${limit})`
  return `${what}${reported}${constrained}`
}
