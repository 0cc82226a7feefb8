import type * as FastCheck from 'fast-check'
import type { Mode } from '../../core/objective.ts'
import type { EndState } from '../../core/trial.ts'
import { asError } from '../../errors.ts'
import type { Scheduler } from '../../schedulers/scheduler.ts'
import { fingerprint } from '../fingerprint.ts'
import type { Generators, Law } from './property.ts'
import { Breach } from './breach.ts'
import type { SchedulerStep } from './scheduler-step.ts'
import { type SchedulerAnswer, SchedulerWalk } from './scheduler-walk.ts'

/** What the laws of schedulers are tried on. */
export interface SchedulerCase<State> {
  readonly make: () => Scheduler<State>
  readonly objectiveCounts: readonly number[]
  readonly configOf: (trial: number) => unknown
}

/** A generated experiment. */
export interface SchedulerHistory {
  readonly objectiveCount: number
  readonly mode: Mode
  readonly before: readonly SchedulerStep[]
  readonly after: readonly SchedulerStep[]
  readonly elsewhere: readonly SchedulerStep[]
}

/** The laws that a scheduler obeys, as `Scheduler` states them. */
export function schedulerLaws<State>(given: SchedulerCase<State>): readonly Law<SchedulerHistory>[] {
  const { make, configOf } = given
  const walkOf = (
    { objectiveCount, mode }: SchedulerHistory,
    scheduler = make(),
    frozen = false,
  ): SchedulerWalk<State> => new SchedulerWalk({ scheduler, objectiveCount, mode, configOf, frozen })
  const law = (says: string, check: (history: SchedulerHistory) => void): Law<SchedulerHistory> => ({
    says,
    histories: (fc) => historiesOf(fc, given.objectiveCounts),
    describe: inWords,
    check: async (history) => check(history),
  })

  return [
    law('a scheduler answers as its interface says, whatever happens in whichever order', (history) => {
      walkOf(history).takeAll(history.before)
    }),
    law('a scheduler leaves what it is given as it was', (history) => {
      walkOf(history, make(), true).takeAll(history.before)
    }),
    law('a scheduler gives the same answers to the same calls', (history) => {
      const before = walkOf(history).takeAll(history.before)
      takeAs(before, walkOf(history), history.before, 'it did the same before')
    }),
    law(
      'a scheduler keeps all that it remembers in its state: two runs of one do not touch each other',
      (history) => {
        const alone = walkOf(history).takeAll(history.before)
        const scheduler = make()
        const [one, two] = [walkOf(history, scheduler), walkOf(history, scheduler)]
        takeAs(alone, one, history.before, 'there is no other run', (i) => {
          const disturbing = history.elsewhere[i]
          if (disturbing === undefined || two.take(disturbing) === undefined) return
          one.story.push(`in another run of the same scheduler ${two.story.at(-1)}`)
        })
      },
    ),
    law('a scheduler goes on from a copy of its state as from the state itself', (history) => {
      const original = walkOf(history)
      original.takeAll(history.before)
      const copy = original.copy(make())
      copy.story.push('its state is copied, and goes on')
      original.copy(make()).takeAll(history.elsewhere)
      takeAs(original.takeAll(history.after), copy, history.after, 'it goes on from the state itself')
    }),
    law('a scheduler gives evidence that can be copied', (history) => {
      const walk = walkOf(history)
      for (const step of history.before) {
        const answer = walk.take(step)
        assertCopies([answer?.decision, answer?.commands], walk)
      }
    }),
    law('under a scheduler every trial comes to an end', (history) => {
      const walk = walkOf(history)
      walk.takeAll(history.before)
      walk.finish()
    }),
    law(
      'trials that are tried again, whose reports come again, come to an end like all others',
      (history) => {
        const walk = walkOf(history)
        walk.takeAll(history.before)
        walk.retryAll()
        walk.takeAll(history.after)
        walk.retryAll()
        walk.finish()
      },
    ),
  ]
}

function inWords({ objectiveCount, mode }: SchedulerHistory): string {
  return `with ${objectiveCount === 1 ? 'one objective' : `${objectiveCount} objectives`} (${mode})`
}

/**
 * Takes the steps, and compares each answer with what was answered another time.
 * @param when - When that was, for the message.
 * @param before - Called with the index of a step, before it is taken.
 */
function takeAs<State>(
  expected: readonly SchedulerAnswer[],
  walk: SchedulerWalk<State>,
  steps: readonly SchedulerStep[],
  when: string,
  before: (index: number) => void = () => {},
): void {
  steps.forEach((step, i) => {
    before(i)
    const [here, there] = [walk.take(step), expected[i]]
    if (fingerprint(here) === fingerprint(there)) return
    const [a, b] = [answerInWords(here), answerInWords(there)]
    throw new Breach(undefined, `here the last answer is ${a}, and when ${when} it is ${b}.`, {
      story: walk.story,
    })
  })
}

function answerInWords(answer: SchedulerAnswer): string {
  return fingerprint(answer?.commands.length === 0 ? (answer.decision ?? answer.trial) : answer)
}

function assertCopies<State>(said: unknown, { story }: SchedulerWalk<State>): void {
  let isSame
  try {
    isSame = fingerprint(structuredClone(said)) === fingerprint(said)
  } catch (cause) {
    throw new Breach(undefined, `${asError(cause).message.replace(/\.$/, '')}.`, { story, cause })
  }
  if (!isSame) throw new Breach(undefined, 'a copy of its answer is another.', { story })
}

/** Runs of a few trials as an experiment could drive them: reports jump, values tie, are NaN and infinite. */
export function schedulerSteps(fc: Generators): FastCheck.Arbitrary<SchedulerStep[]> {
  const pick = fc.nat({ max: 7 })
  const value = fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: -3, max: 3 }) },
    { weight: 4, arbitrary: fc.double({ min: -1e3, max: 1e3, noNaN: true }) },
    { weight: 2, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity) },
  )
  return fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('add' as const) }) },
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('run' as const), idle: fc.boolean() }) },
      {
        weight: 16,
        arbitrary: fc.record({
          kind: fc.constant('report' as const),
          pick,
          ahead: fc.integer({ min: 1, max: 5 }),
          values: fc.tuple(value, value),
          checkpoint: fc.boolean(),
        }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('retry' as const), pick }) },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('end' as const),
          pick,
          state: fc.constantFrom<EndState>('completed', 'pruned', 'failed', 'interrupted'),
        }),
      },
    ),
    // Without a size fast-check keeps to ten of them, in which next to nothing is decided.
    { maxLength: 120, size: 'max' },
  )
}

function historiesOf(
  fc: Generators,
  objectiveCounts: readonly number[],
): FastCheck.Arbitrary<SchedulerHistory> {
  const steps = schedulerSteps(fc)
  return fc.record({
    objectiveCount: fc.constantFrom(...objectiveCounts),
    mode: fc.constantFrom<Mode>('min', 'max'),
    before: steps,
    after: steps,
    elsewhere: steps,
  })
}
