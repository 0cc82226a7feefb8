import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultChoice } from '../../src/schedulers/default-choice.ts'
import { OptionError } from '../../src/errors.ts'
import { fifo } from '../../src/schedulers/fifo.ts'
import { Driver, steps } from './driver.ts'
import { obeysSchedulerLaws } from './laws.ts'

describe('fifo', () => {
  obeysSchedulerLaws(fifo)

  it('lets every trial go on, whatever it reports', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const driver = new Driver(fifo())
        for (const step of script) expect(driver.take(step)?.decision?.kind ?? 'continue').toBe('continue')
      }),
    )
  })

  it('serves any number of objectives', () => {
    expect(fifo()).toMatchObject({
      objectives: 'any',
      objective: {},
      line: 'Using FIFO scheduling algorithm.',
    })
  })
})

describe('the options of fifo', () => {
  it.each([{ metric: 3 }, null, 5, []])('are none: %j is refused', (options) => {
    expect(() => fifo(options as never)).toThrow(OptionError)
    expect(() => fifo(options as never)).toThrow(/fifo takes no options, got .*\. Write fifo\(\)\./)
  })
})

describe('the default choice', () => {
  it('is the lowest number of those that never ran', () => {
    expect(
      defaultChoice([
        { trial: 1, status: 'paused' },
        { trial: 4, status: 'pending' },
        { trial: 7, status: 'pending' },
      ]),
    ).toBe(4)
  })

  it('is the lowest paused one when all have run', () => {
    expect(
      defaultChoice([
        { trial: 3, status: 'paused' },
        { trial: 5, status: 'paused' },
      ]),
    ).toBe(3)
  })

  it('is nobody when nobody waits', () => {
    expect(defaultChoice([])).toBeUndefined()
  })
})
