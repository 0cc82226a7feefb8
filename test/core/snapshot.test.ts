import { describe, expect, it } from 'vitest'
import { summarise } from '../../src/core/snapshot.ts'
import { losses, recordOf } from '../results/records.ts'

describe('summarise', () => {
  it('says how a trial stands', () => {
    const record = recordOf(
      {
        ...losses(3, 2),
        state: 'pruned',
        constraints: { memory: 1 },
        reason: { by: 'scheduler', text: 'lost rung 3' },
      },
      4,
    )
    expect(summarise(record, 'in process')).toMatchObject({
      id: 'id4',
      number: 4,
      status: 'terminated',
      state: 'pruned',
      location: 'in process',
      metrics: { loss: 2 },
      values: [2],
      iteration: 2,
      timeTotalS: 2,
      feasible: false,
      reason: 'lost rung 3',
      error: undefined,
    })
  })

  it('has no place for a trial that never started', () => {
    expect(
      summarise(recordOf({ state: 'waiting', startedAt: undefined }, 0), 'in process').location,
    ).toBeUndefined()
  })

  it('gives the last summary back while nothing changes', () => {
    const record = recordOf({ ...losses(3), state: 'running' }, 0)
    const first = summarise(record, 'here')
    expect(summarise(record, 'here', first)).toBe(first)
  })

  it.each([
    ['a report', { metrics: { loss: 3 } }],
    ['a change of status', { status: 'stopping' as const }],
    ['an end', { state: 'completed' as const }],
    ['another attempt', { attempt: 2 }],
    ['a failure', { failures: 1 }],
    ['a reason', { reason: { by: 'user', text: 'enough' } as const }],
  ])('notices %s', (_, change) => {
    const record = recordOf({ ...losses(3), state: 'running' }, 0)
    const first = summarise(record, 'here')
    Object.assign(record, change)
    expect(summarise(record, 'here', first)).not.toBe(first)
  })

  it('notices a constraint that no longer holds', () => {
    const record = recordOf({ ...losses(3), state: 'running' }, 0)
    const first = summarise(record, 'here')
    record.constraints['memory'] = 1
    expect(summarise(record, 'here', first)).toMatchObject({ feasible: false })
  })
})
