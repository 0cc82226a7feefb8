import { describe, expect, it } from 'vitest'
import type { Objective } from '../../src/core/objective.ts'
import { OptionError } from '../../src/errors.ts'
import { asha } from '../../src/schedulers/asha.ts'
import { fifo } from '../../src/schedulers/fifo.ts'
import { moAsha } from '../../src/schedulers/mo-asha.ts'
import { schedulerObjectives } from '../../src/schedulers/objectives.ts'
import { resourceChanging } from '../../src/schedulers/resource-changing.ts'
import { uniform } from '../../src/space/numbers.ts'
import { createStudy } from '../../src/study/create-study.ts'
import { simulate } from '../../src/testing/simulate.ts'
import { Tuner } from '../../src/tuner/tuner.ts'

const loss: Objective = { metric: 'loss', mode: 'min' }
const memory: Objective = { metric: 'memory', mode: 'min' }

describe('the objective of a scheduler', () => {
  it('is the experiment’s when the factory was given none', () => {
    expect(schedulerObjectives(asha(), [loss])).toEqual([loss])
    expect(schedulerObjectives(fifo(), [loss, memory])).toEqual([loss, memory])
    expect(schedulerObjectives(fifo(), [])).toEqual([])
  })

  it('is the factory’s own when it was given one', () => {
    const own = asha({ metric: 'acc', mode: 'max' })
    expect(schedulerObjectives(own, [loss, memory])).toEqual([{ metric: 'acc', mode: 'max' }])
  })

  it('takes the mode from the experiment when only the metric was named', () => {
    expect(schedulerObjectives(asha({ metric: 'memory' }), [loss, memory])).toEqual([memory])
  })

  it('refuses a metric whose mode nobody gave', () => {
    expect(() => schedulerObjectives(asha({ metric: 'acc' }), [loss])).toThrow(
      /metric is given but mode is not/,
    )
  })

  it('refuses several objectives for a scheduler of one, and names both ways out', () => {
    expect(() => schedulerObjectives(asha(), [loss, memory])).toThrow(OptionError)
    expect(() => schedulerObjectives(asha(), [loss, memory])).toThrow(
      "asha ranks one metric, but 2 are given (loss, memory). What ranks by several is moAsha(). Or name one where the scheduler that ranks is made, as in asha({ metric: 'loss' }).",
    )
  })

  it('refuses to rank by nothing what needs something', () => {
    const evenly = resourceChanging()
    expect(schedulerObjectives(evenly, [])).toEqual([])
    for (const scheduler of [
      asha(),
      moAsha(),
      resourceChanging({ resourcesAllocation: 'distributeToTop' }),
      resourceChanging({ wrapped: moAsha() }),
    ]) {
      expect(() => schedulerObjectives(scheduler, [])).toThrow(/none is given/)
    }
  })

  it('refuses another mode than the experiment has for the metric', () => {
    for (const objectives of [
      [{ metric: 'loss', mode: 'max' }],
      [memory, { metric: 'loss', mode: 'max' }],
    ] as const) {
      expect(() => schedulerObjectives(asha({ metric: 'loss', mode: 'min' }), objectives)).toThrow(
        'asha ranks by loss (min), but loss (max) is optimised. Give metric and mode in one place, or the same in both.',
      )
    }
    expect(() =>
      schedulerObjectives(moAsha({ metric: ['memory', 'loss'], mode: ['min', 'max'] }), [loss, memory]),
    ).toThrow(expect.objectContaining({ option: 'moAsha.mode', received: 'max' }))
    expect(schedulerObjectives(asha({ metric: 'loss', mode: 'min' }), [loss])).toEqual([loss])
  })

  it('is checked where the experiment or the study is made', async () => {
    const paramSpace = { x: uniform(0, 1) }
    const options = {
      paramSpace,
      metric: 'acc',
      mode: 'max',
      scheduler: asha({ metric: 'acc', mode: 'min' }),
    } as const
    const trainable = (): { acc: number } => ({ acc: 1 })
    expect(() => new Tuner(trainable, options)).toThrow(/acc \(max\) is optimised/)
    await expect(simulate({ trainable, ...options })).rejects.toThrow(/acc \(max\) is optimised/)
    const { scheduler } = options
    await expect(createStudy({ paramSpace, direction: 'maximize', scheduler })).rejects.toThrow(
      /acc \(max\) is optimised/,
    )
  })
})
