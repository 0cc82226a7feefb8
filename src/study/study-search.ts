import type { LogRecord } from '../core/log.ts'
import type { Searcher } from '../searchers/searcher.ts'
import type { Answer, GivenTrial, SearchSession, TrialAnswer } from '../searchers/session.ts'
import { pointKey } from '../space/encoding.ts'
import type { Space } from '../space/space.ts'
import { recall, runningFor } from './recall.ts'
import type { StudyLog } from './study-log.ts'
import { StudyState } from './study-state.ts'

// So many suggestions in a row are given up for what others did meanwhile.
const LOST_MAX = 8

/** A suggestion, and what it was made for. */
interface Ahead {
  readonly answer: TrialAnswer
  readonly number: number
  readonly space: Space | undefined
}

interface SearchParts {
  readonly state: StudyState
  readonly searcher: Searcher
  readonly session: SearchSession
  readonly startSession: () => SearchSession
}

/**
 * The search of a study, kept where the log is: what was suggested for a trial that was not made, since another process
 * was first or the store failed, is undone before the next suggestion.
 */
export class StudySearch {
  readonly #parts: SearchParts
  readonly #log: StudyLog
  #session: SearchSession
  // What it gave for a trial that is not made yet.
  #ahead: Ahead | undefined
  // How often others took its turn, in a row.
  #lostCount = 0
  // Of what the searcher hears from others.
  #heardCount = 0

  constructor(parts: SearchParts, log: StudyLog) {
    this.#parts = parts
    this.#log = log
    this.#session = parts.session
  }

  get session(): SearchSession {
    return this.#session
  }

  /** The next result that came with the searcher, and has no trial yet. */
  given(): GivenTrial | undefined {
    return this.#session.given()[0]
  }

  /** There is a trial for this result, made by this process. */
  takeGiven({ params }: GivenTrial): void {
    void this.#session.recall({ number: 0, source: 'given', params, running: [] })
  }

  /**
   * What the searcher says to a request. When that becomes a trial, `settle` follows.
   * @returns Undefined when others were heard first: whether there is such a trial has to be looked at again.
   */
  async suggest(number: number, space: Space | undefined): Promise<Answer | undefined> {
    const ahead = this.#ahead
    if (ahead !== undefined) {
      this.#lostCount++
      if (this.#isKept(ahead, space)) return ahead.answer
      const isBack = this.#session.retract(ahead.answer)
      if (!isBack) await this.#rebuild()
      this.#ahead = undefined
      if (!isBack) {
        // That took its time, in which others may have gone on.
        await this.#log.poll()
        return undefined
      }
    }
    const session = this.#session
    const answer = await session.suggest({ number, running: runningFor(session, this.#parts.state), space })
    if (answer.kind === 'trial') this.#ahead = { answer, number, space }
    else this.#lostCount = 0
    return answer
  }

  /** What was suggested last has become a trial. */
  settle(): void {
    this.#ahead = undefined
    this.#lostCount = 0
  }

  /**
   * Whether a suggestion stands although others were first. One that takes long to make would never come to its turn
   * among others that are faster; but what they did in its place may be the same.
   */
  #isKept({ answer, number, space }: Ahead, wanted: Space | undefined): boolean {
    if (this.#lostCount < LOST_MAX || space !== wanted || answer.source === 'reused') return false
    const key = pointKey(answer.params)
    return this.#parts.state.trials.slice(number).every(({ params }) => pointKey(params) !== key)
  }

  /** Takes note of what another process did. */
  hear({ type }: LogRecord): void {
    const isObserved = type === 'trial.intermediate' && this.#session.observes
    if (isObserved || type === 'trial.ended' || type === 'trial.imported') this.#heardCount++
  }

  /**
   * Says, as others go on, whether a suggestion made now is still that which the log leads to. One that a searcher makes
   * of what it was told is as good as before, when others tell it more; but one that goes from step to step has to go the
   * way of the log.
   */
  turn(): () => boolean {
    if (this.#parts.searcher.isRebuiltByTells === true || this.#lostCount >= LOST_MAX) return () => true
    const heardCount = this.#heardCount
    return () => heardCount === this.#heardCount
  }

  async #rebuild(): Promise<void> {
    const records = await this.#log.records()
    const session = this.#parts.startSession()
    await recall(records, { state: new StudyState(), session, pruner: undefined })
    for (const note of this.#log.notes) {
      if (note.type !== 'trial.intermediate' || !session.observes) continue
      session.observe({ number: note.trial, step: note.step, values: note.values })
    }
    this.#session.close()
    this.#session = session
  }
}
