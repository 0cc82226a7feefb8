import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LogRecord } from '../../src/core/log.ts'
import { TraceRecords } from '../../src/runtime/trace-records.ts'

const head = {
  at: fc.double({ noNaN: true, noDefaultInfinity: true }),
  trial: fc.nat(),
  attempt: fc.nat(),
  seq: fc.nat(),
}
const value = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.string(),
  fc.constant(null),
  fc.constant(1e21),
  fc.constant(-0),
)
const metrics = fc.dictionary(
  fc.oneof(fc.constantFrom('acc', 'loss', '7', '1', '__proto__'), fc.string()),
  value,
  {
    maxKeys: 4,
  },
)

const record = fc.oneof(
  fc
    .record(
      { ...head, metrics, last: fc.constant(true), checkpoint: fc.constant(true) },
      { requiredKeys: ['at', 'trial', 'attempt', 'seq', 'metrics'] },
    )
    .map(({ at, ...rest }) => ({ at, type: 'trial.report', ...rest })),
  fc
    .record(
      { ...head, decision: fc.constantFrom('continue', 'stop'), reason: fc.string(), evidence: metrics },
      { requiredKeys: ['at', 'trial', 'attempt', 'seq', 'decision'] },
    )
    .map(({ at, ...rest }) => ({ at, type: 'trial.decision', ...rest })),
  fc
    .record(
      {
        at: head.at,
        trial: head.trial,
        from: fc.constantFrom('pending', 'running'),
        to: fc.constantFrom('running', 'stopping'),
        cause: fc.oneof(fc.constantFrom('trial.start', '"'), fc.string()),
        attempt: head.attempt,
        error: fc.record({ name: fc.string(), message: fc.string() }),
      },
      { requiredKeys: ['at', 'trial', 'from', 'to', 'cause', 'attempt'] },
    )
    .map(({ at, ...rest }) => ({ at, type: 'trial.transition', ...rest })),
  fc.record({ at: fc.nat(), type: fc.constant('experiment.ended'), by: fc.string() }),
) as fc.Arbitrary<LogRecord>

describe('the records of a trace', () => {
  it('come back as they were, and as the same JSON, however they are kept', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 80 }), (given) => {
        const records = new TraceRecords()
        for (const one of given) records.push(one)
        expect([...records]).toEqual(given)
        expect(records).toHaveLength(given.length)
        for (const i of [-1, 0, given.length - 1, given.length, -given.length - 1, 0.5])
          expect(records.at(i)).toEqual(Number.isInteger(i) ? given.at(i) : undefined)
        given.forEach((one, i) => expect([undefined, JSON.stringify(one)]).toContain(records.jsonAt(i)))
      }),
    )
  })

  it('are kept as numbers where they are reports of numbers', () => {
    const records = new TraceRecords()
    records.push({
      at: 1,
      type: 'trial.report',
      trial: 2,
      attempt: 1,
      seq: 3,
      metrics: { 'a "b"': 0.5, n: 1 },
    })
    records.push({ at: 1, type: 'trial.decision', trial: 2, attempt: 1, seq: 3, decision: 'continue' })
    records.push({ at: 1, type: 'trial.report', trial: 2, attempt: 1, seq: 4, metrics: { n: NaN } })
    expect([0, 1, 2].map((i) => records.jsonAt(i))).toEqual([
      '{"at":1,"type":"trial.report","trial":2,"attempt":1,"seq":3,"metrics":{"a \\"b\\"":0.5,"n":1}}',
      '{"at":1,"type":"trial.decision","trial":2,"attempt":1,"seq":3,"decision":"continue"}',
      undefined,
    ])
  })
})
