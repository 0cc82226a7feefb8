import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Mode, Objective } from '../../src/core/objective.ts'
import { compareRanked, isFeasible } from '../../src/core/order.ts'
import type { TrialRecord } from '../../src/core/trial.ts'
import { snapshotTaker } from '../../src/runtime/snapshots.ts'
import { losses, recordOf } from '../results/records.ts'

function taker(
  records: readonly TrialRecord[],
  objectives: readonly Objective[] = [{ metric: 'loss', mode: 'min' }],
) {
  return snapshotTaker({
    name: 'demo',
    objectives,
    location: 'in-process',
    schedulerLine: 'Using FIFO scheduling algorithm.',
    searcherName: 'randomSearch',
    records,
    slotsUsed: () => 1,
    slotCount: () => 4,
    resources: { used: { cpu: 1 }, total: { cpu: 4 } },
    status: () => 'running',
    elapsedMs: () => 70,
    waitingFor: () => [],
  })
}

/** Does what the controller does with a report. */
function report(record: TrialRecord, loss: number): void {
  record.metrics = { loss, training_iteration: ++record.iteration }
  record.values = [loss]
}

describe('snapshots', () => {
  it('say how the experiment stands', () => {
    expect(taker([recordOf({ ...losses(3), state: 'running' }, 0)])()).toMatchObject({
      status: 'running',
      name: 'demo',
      elapsedMs: 70,
      best: { number: 0, value: 3, metric: 'loss', mode: 'min', id: 'id0' },
      trials: [{ number: 0, metrics: { loss: 3 } }],
      scheduler: 'Using FIFO scheduling algorithm.',
      searcher: 'randomSearch',
      resources: { used: { cpu: 1 }, total: { cpu: 4 } },
      slots: { used: 1, total: 4 },
    })
  })

  it('have the best by the last value, so that it can be lost again', () => {
    const [a, b] = [
      recordOf({ ...losses(5), state: 'running' }, 0),
      recordOf({ ...losses(4), state: 'running' }, 1),
    ]
    const take = taker([a, b])
    expect(take().best).toMatchObject({ number: 1, value: 4 })
    report(a, 1)
    expect(take().best).toMatchObject({ number: 0, value: 1 })
    report(a, 9)
    expect(take().best).toMatchObject({ number: 1, value: 4 })
  })

  it('forget the best that failed', () => {
    const [a, b] = [recordOf({ ...losses(1), state: 'running' }, 0), recordOf(losses(2), 1)]
    const take = taker([a, b])
    expect(take().best?.number).toBe(0)
    Object.assign(a, { state: 'failed', status: 'error', endedAt: 9 })
    expect(take().best?.number).toBe(1)
  })

  it('keep the best that ended, however many come after', () => {
    const records = [recordOf(losses(1), 0)]
    const take = taker(records)
    take()
    for (let i = 1; i < 20; i++) {
      records.push(recordOf(losses(i + 1), i))
      expect(take().best).toMatchObject({ number: 0, value: 1 })
    }
  })

  it('keep an earlier snapshot as it was, and share what has not changed', () => {
    const records = [recordOf(losses(2), 0), recordOf({ ...losses(3), state: 'running' }, 1)]
    const take = taker(records)
    const before = take()
    report(records[1] as TrialRecord, 1)
    records.push(recordOf({ state: 'waiting' }, 2))
    const after = take()
    expect(before.trials).toMatchObject([{ number: 0 }, { number: 1, metrics: { loss: 3 } }])
    expect(before.best?.number).toBe(0)
    expect(after.trials[0]).toBe(before.trials[0])
    expect(after.trials[1]).toMatchObject({ metrics: { loss: 1 } })
    expect(after.trials).toHaveLength(3)
  })

  it.each([
    [
      'several objectives',
      [
        { metric: 'loss', mode: 'min' },
        { metric: 'acc', mode: 'max' },
      ],
    ],
    ['none', []],
  ] as [string, Objective[]][])('have no best with %s', (_, objectives) => {
    expect(taker([recordOf(losses(1), 0, objectives)], objectives)().best).toBeUndefined()
  })

  it('have no best while no trial has a value', () => {
    expect(taker([])().best).toBeUndefined()
    expect(taker([recordOf({ state: 'running' }, 0), recordOf(losses(Number.NaN), 1)])().best).toBeUndefined()
  })

  it('find the same best as sorting all trials does, at each step of any experiment', () => {
    const move = fc.record({
      kind: fc.constantFrom('create', 'report', 'report', 'complete', 'prune', 'fail', 'break', 'look'),
      which: fc.nat(),
      loss: fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(Number.NaN, Infinity, -Infinity)),
    })
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), fc.constantFrom<Mode>('min', 'max'), (moves, mode) => {
        const records: TrialRecord[] = []
        const take = taker(records, [{ metric: 'loss', mode }])
        for (const { kind, which, loss } of moves) {
          const live = records.filter(({ endedAt }) => endedAt === undefined)
          const record = live[which % live.length]
          if (kind === 'create') records.push(recordOf({ state: 'running' }, records.length))
          else if (record === undefined) continue
          else if (kind === 'report') report(record, loss)
          else if (kind === 'break') record.constraints['limit'] = loss
          else if (kind === 'complete')
            Object.assign(record, { state: 'completed', status: 'terminated', endedAt: 1 })
          else if (kind === 'prune')
            Object.assign(record, { state: 'pruned', status: 'terminated', endedAt: 1 })
          else if (kind === 'fail') Object.assign(record, { state: 'failed', status: 'error', endedAt: 1 })
          else expect(take().best?.number).toBe(bestOf(records, mode))
        }
        expect(take().best?.number).toBe(bestOf(records, mode))
        expect(take().trials.map(({ number }) => number)).toEqual(records.map(({ number }) => number))
      }),
      { numRuns: 300 },
    )
  })
})

function bestOf(records: readonly TrialRecord[], mode: Mode): number | undefined {
  return records
    .filter(({ state, values }) => state !== 'failed' && values !== undefined && !Number.isNaN(values[0]))
    .map(({ number, values, constraints }) => ({
      number,
      value: values?.[0],
      feasible: isFeasible(constraints),
    }))
    .toSorted((a, b) => compareRanked(a, b, mode))[0]?.number
}
