import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Scheduler } from '../../src/schedulers/scheduler.ts'
import { traitsOf } from '../../src/schedulers/traits.ts'
import type { CheckSchedulerOptions } from '../../src/testing/check-scheduler.ts'
import { lawsOf } from '../../src/testing/laws/scheduler-case.ts'
import { uphold } from '../../src/testing/laws/property.ts'

/**
 * The laws of the `Scheduler` interface, of which `checkScheduler` tries the same: one test each. Call it inside a
 * `describe`, once for each way to make the scheduler.
 */
export function obeysSchedulerLaws<State>(
  make: () => Scheduler<State>,
  { configOf, runs = 100, seed = 0 }: CheckSchedulerOptions = {},
): void {
  describe('obeys the laws of schedulers', () => {
    it('says what it is', () => {
      const { name, line, timeAttr } = traitsOf(make())
      for (const text of [name, line, timeAttr]) expect(text).toMatch(/\S/)
    })

    it.each(lawsOf(make, configOf))('$says', async (law) => {
      await expect(uphold(fc, make().name, law, { runs, seed })).resolves.toBeUndefined()
    })
  })
}
