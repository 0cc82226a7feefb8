import { describe } from '../core/options.ts'
import { TroupeError } from '../errors.ts'
import type { StudyTrialData } from './study-state.ts'

/** Nothing is left to ask for, since all has a result that would be taken over. */
export function allHaveResults(): TroupeError {
  return new TroupeError(
    'finished',
    `Each configuration of the space has a result, so with duplicates: 'reuse' there is none left to try.`,
  )
}

/** So many proposals in a row took over a result. */
export function onlyRepeats(searcher: string, count: number): TroupeError {
  return new TroupeError(
    'duplicates',
    `${searcher} proposed ${count} configurations in a row that have a result already, and none that is new could be drawn. Use duplicates: 'resample'.`,
  )
}

/** The searcher has nothing left. */
export function finished(searcher: string): TroupeError {
  return new TroupeError('finished', `${searcher} has no further configuration to try.`)
}

/** The searcher wants a result first. */
export function waits(searcher: string, running: Iterable<StudyTrialData>): TroupeError {
  const numbers = Array.from(running, ({ number }) => number).join(', ')
  return numbers === ''
    ? new TroupeError(
        'deadlock',
        `${searcher} waits for a result, but no trial is under way that could give one.`,
      )
    : new TroupeError(
        'wait',
        `${searcher} waits for the result of a trial that runs (${numbers}). Tell one first.`,
      )
}

/** What was told is no trial of the study. */
export function unknownTrial(study: string, trial: unknown, count: number): TroupeError {
  return new TroupeError(
    'unknownTrial',
    `${study} has no ${typeof trial === 'object' ? 'such trial' : `trial ${describe(trial)}`}; it has ${count}, numbered from 0. Tell a trial that its ask gave, or one of an earlier process by its number.`,
  )
}

/** A trial is told that waits. */
export function notAsked(trial: number): TroupeError {
  return new TroupeError(
    'notAsked',
    `Trial ${trial} still waits in the queue. Ask for it before you tell how it went.`,
  )
}

/** A trial is told that has ended. */
export function toldBefore({ number, state, values }: StudyTrialData): TroupeError {
  return new TroupeError(
    'told',
    `Trial ${number} was told before: it ${state === 'failed' ? 'failed' : `is ${state} with ${values?.join(', ') ?? 'no value'}`}. A trial is told once.`,
  )
}

/** Something is said of a trial that was given to another process. */
export function superseded(trial: number): TroupeError {
  return new TroupeError(
    'superseded',
    `Trial ${trial} was given back to be asked for again, since its process was not heard of for a lease. What that process still says of it does not count. When it was only busy, give the study a longer leaseMs.`,
  )
}
