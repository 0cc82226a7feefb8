import type * as FastCheck from 'fast-check'
import type { Mode } from '../../core/objective.ts'
import type { EndState } from '../../core/trial.ts'
import type { Scheduler } from '../../schedulers/scheduler.ts'
import { fingerprint } from '../fingerprint.ts'
import type { Generators, Law } from './property.ts'
import { type SchedulerStep, schedulerStepsInWords } from './scheduler-step.ts'
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
  const law = (
    says: string,
    check: (history: SchedulerHistory) => void,
    describe: Law<SchedulerHistory>['describe'] = inWords,
  ): Law<SchedulerHistory> => ({
    says,
    histories: (fc) => historiesOf(fc, given.objectiveCounts),
    describe,
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
      assertSame(walkOf(history).takeAll(history.before), walkOf(history).takeAll(history.before))
    }),
    law(
      'a scheduler keeps all that it remembers in its state: two runs of one do not touch each other',
      (history) => {
        const scheduler = make()
        const [one, two] = [walkOf(history, scheduler), walkOf(history, scheduler)]
        const mixed = history.before.map((step, i) => {
          const disturbing = history.elsewhere[i]
          if (disturbing !== undefined) two.take(disturbing)
          return one.take(step)
        })
        assertSame(mixed, walkOf(history).takeAll(history.before))
      },
      (history) => `${inWords(history)}; in the other run: ${schedulerStepsInWords(history.elsewhere)}`,
    ),
    law(
      'a scheduler goes on from a copy of its state as from the state itself',
      (history) => {
        const original = walkOf(history)
        original.takeAll(history.before)
        const copy = original.copy(make())
        original.copy(make()).takeAll(history.elsewhere)
        assertSame(original.takeAll(history.after), copy.takeAll(history.after))
      },
      (history) => `${inWords(history)}; then a copy is made; then ${schedulerStepsInWords(history.after)}`,
    ),
    law('a scheduler gives evidence that can be copied', (history) => {
      for (const answer of walkOf(history).takeAll(history.before)) {
        const said = [answer?.decision, answer?.commands]
        if (fingerprint(structuredClone(said)) !== fingerprint(said))
          throw new Error('a copy of its answer is another')
      }
    }),
    law(
      'under a scheduler every trial comes to an end',
      (history) => {
        const walk = walkOf(history)
        walk.takeAll(history.before)
        walk.finish()
      },
      (history) => `${inWords(history)}; then all are let to their ends`,
    ),
  ]
}

function inWords({ before, objectiveCount, mode }: SchedulerHistory): string {
  const objectives = objectiveCount === 1 ? 'one objective' : `${objectiveCount} objectives`
  return `${schedulerStepsInWords(before, objectiveCount)} (${objectives}, ${mode})`
}

function assertSame(once: readonly SchedulerAnswer[], again: readonly SchedulerAnswer[]): void {
  once.forEach((answer, i) => {
    const [a, b] = [fingerprint(answer), fingerprint(again[i])]
    if (a !== b) throw new Error(`answer ${i} is ${a} the one time and ${b} the other`)
  })
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
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('end' as const),
          pick,
          state: fc.constantFrom<EndState>('completed', 'pruned', 'failed', 'interrupted'),
        }),
      },
    ),
    { maxLength: 120 },
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
