import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareValues } from '../../src/core/order.ts'
import type { Mode } from '../../src/core/objective.ts'
import { randomStream } from '../../src/random/random.ts'
import { asha } from '../../src/schedulers/asha.ts'
import { rungLevels } from '../../src/schedulers/rungs.ts'
import type { Decision, Evidence } from '../../src/schedulers/scheduler.ts'
import { AshaRun } from './asha-run.ts'
import { Driver, steps } from './driver.ts'

/** What a stranger can conclude from the evidence of a decision, and nothing else. */
function decisionFrom(evidence: Evidence | undefined): { kind: string; outcome?: string } {
  if (evidence === undefined) return { kind: 'continue' }
  if ('maxT' in evidence) {
    const { time, maxT } = evidence as { time: number; maxT: number }
    return time >= maxT ? { kind: 'stop', outcome: 'completed' } : { kind: 'continue' }
  }
  const { value, cutoff, mode } = evidence as { value: number; cutoff: number | null; mode: Mode }
  if (cutoff === null || compareValues(value, cutoff, mode) <= 0) return { kind: 'continue' }
  return { kind: 'stop', outcome: 'pruned' }
}

describe('asha, on any run', () => {
  it('can be checked from the evidence of each decision alone', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const driver = new Driver(asha({ maxT: 9, reductionFactor: 3, brackets: 2 }))
        for (const step of script) {
          const decision = driver.take(step)?.decision
          if (decision === undefined || decision.kind === 'exploit') continue
          expect(decision).toMatchObject(decisionFrom(decision.evidence))
        }
      }),
    )
  })

  it('has the same rungs and next cutoff in whatever order the same scores arrived', () => {
    const scores = fc.array(fc.oneof(fc.integer({ min: -5, max: 5 }), fc.double()), {
      minLength: 1,
      maxLength: 40,
    })
    fc.assert(
      fc.property(scores, fc.integer(), fc.constantFrom(1.5, 2, 3, 4), (values, seed, factor) => {
        const after = (order: readonly number[]): Decision => {
          const run = new AshaRun({ maxT: 8, reductionFactor: factor })
          for (const trial of order) run.report(trial, 1, values[trial] as number)
          return run.report(values.length, 1, 0)
        }
        const order = values.map((_, trial) => trial)
        expect(after(randomStream(seed).shuffle([...order]))).toEqual(after(order))
      }),
    )
  })

  it('decides the same when the metric is turned around', () => {
    const reports = fc.array(fc.tuple(fc.nat({ max: 9 }), fc.integer({ min: -9, max: 9 })), { maxLength: 60 })
    fc.assert(
      fc.property(reports, (all) => {
        const [up, down] = [
          new AshaRun({ maxT: 27, reductionFactor: 3 }),
          new AshaRun({ maxT: 27, reductionFactor: 3 }, 'min'),
        ]
        const times = new Map<number, number>()
        for (const [trial, value] of all) {
          const time = (times.get(trial) ?? 0) + 1
          times.set(trial, time)
          expect(up.report(trial, time, value).kind).toBe(down.report(trial, time, 0 - value).kind)
        }
      }),
    )
  })

  it('decides as the rule does when it is written down naively', () => {
    const reports = fc.array(
      fc.tuple(
        fc.nat({ max: 19 }),
        fc.integer({ min: 1, max: 6 }),
        fc.double({ noNaN: true, min: -9, max: 9 }),
      ),
      {
        maxLength: 120,
      },
    )
    fc.assert(
      fc.property(
        reports,
        fc.constantFrom(1.5, 2, 3, 4),
        fc.boolean(),
        (all, reductionFactor, stopLastTrials) => {
          const run = new AshaRun({ maxT: 27, reductionFactor, stopLastTrials })
          const naive = new NaiveRungs(
            rungLevels({ maxT: 27, gracePeriod: 1, reductionFactor }, 0),
            reductionFactor,
            stopLastTrials,
          )
          const times = new Map<number, number>()
          for (const [trial, ahead, value] of all) {
            const time = (times.get(trial) ?? 0) + ahead
            times.set(trial, time)
            const verdict = stopLastTrials && time >= 27 ? 'stop' : naive.verdict(trial, time, value)
            const { kind } = run.report(trial, time, value)
            expect(verdict === 'close' ? kind : verdict).toBe(kind)
          }
        },
      ),
    )
  })
})

/** Sorts all scores anew at each report. */
class NaiveRungs {
  readonly #rungs: { level: number; scores: Map<number, number> }[]
  readonly #factor: number
  readonly #stopLastTrials: boolean

  constructor(levels: readonly number[], factor: number, stopLastTrials: boolean) {
    this.#rungs = levels.map((level) => ({ level, scores: new Map() }))
    this.#factor = factor
    this.#stopLastTrials = stopLastTrials
  }

  /** `close` when the last bits of the cutoff decide. */
  verdict(trial: number, time: number, score: number): 'stop' | 'continue' | 'close' {
    const reached = this.#rungs.filter(({ level }) => level <= time)
    if (!this.#stopLastTrials && reached[0]?.scores.has(trial) === true) return 'continue'
    const rung = reached.find(({ scores }) => !scores.has(trial))
    if (rung === undefined) return 'continue'
    const sorted = [...rung.scores.values()].toSorted((a, b) => a - b)
    rung.scores.set(trial, score)
    if (sorted.length === 0) return 'continue'
    const position = (sorted.length - 1) * (1 - 1 / this.#factor)
    const [low, high] = [sorted[Math.floor(position)] as number, sorted[Math.ceil(position)] as number]
    const cutoff = low + (high - low) * (position % 1)
    if (low !== high && Math.abs(score - cutoff) < 1e-9) return 'close'
    return score < cutoff ? 'stop' : 'continue'
  }
}
