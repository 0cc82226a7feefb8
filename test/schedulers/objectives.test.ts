import { describe, expect, it } from 'vitest'
import type { Objective } from '../../src/core/objective.ts'
import { OptionError } from '../../src/errors.ts'
import { asha } from '../../src/schedulers/asha.ts'
import { fifo } from '../../src/schedulers/fifo.ts'
import { schedulerObjectives } from '../../src/schedulers/objectives.ts'

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
      'asha ranks one metric, but 2 are given (loss, memory). Use moAsha(), or name one in asha({ metric }).',
    )
  })

  it('refuses to rank by nothing', () => {
    expect(() => schedulerObjectives(asha(), [])).toThrow(/none is given/)
  })
})
