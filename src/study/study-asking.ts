import { asError } from '../errors.ts'
import type { TrialAnswer } from '../searchers/session.ts'
import type { Resolved, Space } from '../space/space.ts'
import type { Lease } from './lease.ts'
import { recoveries } from './recovery.ts'
import { allHaveResults, finished, onlyRepeats, waits } from './refusals.ts'
import type { StudyLog } from './study-log.ts'
import type { StudyParts } from './study-parts.ts'
import type { StudySearch } from './study-search.ts'
import { isFurtherAttempt, type StudyTrialData } from './study-state.ts'
import { AskedTrial, type TrialDesk } from './study-trial.ts'

// So many trials in a row may take over results, before one is drawn that is new.
const REUSED_MAX = 100

/** What the asking for trials has from the rest of a study. */
interface AskingPorts {
  readonly desk: TrialDesk
  readonly log: StudyLog
  readonly lease: Lease
  readonly search: StudySearch
  /** Whether other processes have trials that run. */
  readonly othersRun: () => boolean
  readonly idOf: (number: number) => string
  readonly tellSearcher: (trial: StudyTrialData) => Promise<void>
}

/**
 * How a study comes to its next trial: one that waits, again or for the first time, else one that the searcher suggests.
 * Whatever others did first is looked at, and done with, before.
 */
export class StudyAsking {
  readonly #parts: StudyParts
  readonly #ports: AskingPorts

  constructor(parts: StudyParts, ports: AskingPorts) {
    this.#parts = parts
    this.#ports = ports
  }

  async ask<Config>(space: Space | undefined): Promise<AskedTrial<Config>> {
    await this.#ports.log.poll()
    await this.#ports.lease.hold()
    if (this.#ports.othersRun()) await this.#recover()
    const { state } = this.#parts
    let unseen: TrialAnswer | undefined
    for (let reused = 0; ;) {
      const waiting = state.firstWaiting
      const number = waiting?.number ?? state.trials.length
      let answer =
        waiting === undefined ? await this.#suggest(number, space) : await this.#dequeue(waiting, space)
      if (answer === undefined) continue
      if (waiting === undefined && answer.source === 'reused') {
        if (reused === 0) {
          // Before anything is taken over: where all have a result, nothing is left to ask for.
          const found = this.#ports.search.session.unseen({ number, space })
          if (found === 'none') throw allHaveResults()
          unseen = found
        }
        if (reused >= REUSED_MAX) {
          if (unseen === undefined) throw onlyRepeats(this.#parts.searcher.name, REUSED_MAX)
          answer = unseen
        }
        reused++
      }
      const trial = await this.#begin<Config>(number, answer, space)
      if (trial !== undefined) return trial
    }
  }

  /** Trials of processes that are gone wait again. */
  async #recover(): Promise<void> {
    const { log, leaseMs, state } = this.#parts
    if (log.deadWriters === undefined) return
    const dead = new Set(await log.deadWriters(leaseMs))
    // However long it was busy.
    if (log.writer !== undefined) dead.delete(log.writer)
    if (dead.size === 0) return
    const kept = await this.#ports.log.keep(() => recoveries(state.running, dead, Date.now()))
    for (const record of kept ?? [])
      if (record.type === 'trial.ended') await this.#ports.tellSearcher(this.#at(record.trial))
  }

  /**
   * Undefined when another one is to be asked for: this one was taken by another process, or took over the result of a
   * third.
   */
  async #begin<Config>(
    number: number,
    answer: TrialAnswer,
    space: Space | undefined,
  ): Promise<AskedTrial<Config> | undefined> {
    const { log, state, random } = this.#parts
    const { source, duplicateOf } = answer
    const before = state.trials[number]
    const again = isFurtherAttempt(before) ? before?.asked : undefined
    // Without a space the parameters are only those that the trial then suggests.
    const isOpen = (space ?? this.#parts.space) === undefined
    const { config, params, domains } = again ?? (isOpen ? { config: {}, params: {}, domains: {} } : answer)
    const id = before?.id ?? this.#ports.idOf(number)
    const isFree = this.#freedom(before)
    const kept = await this.#ports.log.keep(() => {
      if (!isFree()) return undefined
      const at = Date.now()
      const asked = {
        at,
        type: 'trial.asked',
        trial: number,
        id,
        source,
        params,
        domains,
        config,
        ...(log.writer !== undefined && { writer: log.writer }),
      } as const
      if (duplicateOf === undefined) return [asked]
      const values = state.trials[duplicateOf]?.values
      return [asked, { at, type: 'trial.ended', trial: number, state: 'completed', values }]
    })
    if (kept === undefined) return undefined
    this.#ports.search.settle()
    const data = this.#at(number)
    if (duplicateOf !== undefined) {
      await this.#ports.tellSearcher(data)
      return undefined
    }
    const isGuess = again !== undefined || (isOpen && source === 'suggested')
    return new AskedTrial(data, this.#ports.desk, {
      point: answer.params,
      strict: !isGuess,
      declared: domains as Resolved['domains'],
      random: random.fork('suggest').fork(number),
    })
  }

  /** Says, as others go on, whether what is known now of a number may still be taken. */
  #freedom(before: StudyTrialData | undefined): () => boolean {
    const { state } = this.#parts
    if (before !== undefined) {
      const { number, attempt } = before
      return () => state.trials[number]?.state === 'waiting' && before.attempt === attempt
    }
    const { length } = state.trials
    const isInTurn = this.#ports.search.turn()
    return () => state.trials.length === length && isInTurn()
  }

  /** Undefined when others did something meanwhile, which is to be looked at first. */
  async #suggest(number: number, space: Space | undefined): Promise<TrialAnswer | undefined> {
    const answer = await this.#ports.search.suggest(number, space)
    if (answer === undefined || answer.kind === 'trial') return answer
    const { searcher, state } = this.#parts
    throw answer.kind === 'finished' ? finished(searcher.name) : waits(searcher.name, state.running)
  }

  /** Undefined when another process took it first. */
  async #dequeue(waiting: StudyTrialData, space: Space | undefined): Promise<TrialAnswer | undefined> {
    const { number, source, asked, params } = waiting
    if (isFurtherAttempt(waiting) && asked !== undefined) {
      const { config, domains } = asked as Resolved
      return { kind: 'trial', source, config, params: { ...params }, domains }
    }
    try {
      return this.#ports.search.session.complete({ number, space }, waiting.config)
    } catch (error) {
      // It would be in the way of all that come after it.
      const { message } = asError(error)
      const isFree = this.#freedom(waiting)
      const kept = await this.#ports.log.keep(() => {
        if (!isFree()) return undefined
        const at = Date.now()
        return [
          { at, type: 'trial.ended', trial: number, state: 'failed', values: undefined, error: message },
        ]
      })
      if (kept === undefined) return undefined
      throw error
    }
  }

  #at(trial: number): StudyTrialData {
    return this.#parts.state.trials[trial] as StudyTrialData
  }
}
