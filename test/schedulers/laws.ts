import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CONTINUE, type Scheduler } from '../../src/schedulers/scheduler.ts'
import { type Answer, Driver, type Step, steps } from './driver.ts'

function takeAll<State>(driver: Driver<State>, script: readonly Step[]): Answer[] {
  return script.map((step) => driver.take(step))
}

/** The laws of the `Scheduler` interface. Call it inside a `describe`, once for each way to make the scheduler. */
export function obeysSchedulerLaws<State>(make: () => Scheduler<State>): void {
  describe('obeys the laws of schedulers', () => {
    it('says what it is', () => {
      const { name, line, timeAttr } = make()
      for (const text of [name, line, timeAttr]) expect(text).toMatch(/\S/)
    })

    it('gives the same answers to the same calls', () => {
      fc.assert(
        fc.property(steps, (script) => {
          expect(takeAll(new Driver(make()), script)).toEqual(takeAll(new Driver(make()), script))
        }),
      )
    })

    it('keeps all it remembers in its state: two runs of one scheduler do not touch each other', () => {
      fc.assert(
        fc.property(steps, steps, (script, other) => {
          const scheduler = make()
          const [one, two] = [new Driver(scheduler), new Driver(scheduler)]
          const mixed = script.map((step, i) => {
            const disturbing = other[i]
            if (disturbing !== undefined) two.take(disturbing)
            return one.take(step)
          })
          expect(mixed).toEqual(takeAll(new Driver(make()), script))
        }),
      )
    })

    it('goes on from a copy of its state as from the state itself', () => {
      fc.assert(
        fc.property(steps, steps, steps, (before, after, elsewhere) => {
          const original = new Driver(make())
          takeAll(original, before)
          const copy = original.copy(make())
          takeAll(original.copy(make()), elsewhere)
          const expected = takeAll(original, after)
          expect(takeAll(copy, after)).toEqual(expected)
        }),
      )
    })

    it('gives reasons in words and evidence that can be copied', () => {
      fc.assert(
        fc.property(steps, (script) => {
          for (const answer of takeAll(new Driver(make()), script)) {
            const decision = answer?.decision ?? CONTINUE
            expect(structuredClone(decision)).toEqual(decision)
            expect(decision.kind === 'continue' ? 'needs none' : decision.reason).toMatch(/\S/)
          }
        }),
      )
    })
  })
}
