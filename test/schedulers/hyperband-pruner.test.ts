import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { crc32 } from '../../src/math/crc32.ts'
import { type HyperbandPrunerOptions, hyperbandPruner } from '../../src/schedulers/hyperband-pruner.ts'
import type { Decision } from '../../src/schedulers/scheduler.ts'
import { obeysSchedulerLaws } from './laws.ts'
import { SchedulerRun } from './scheduler-run.ts'

// SchedulerRun calls its experiment so.
const NAME = 'test'

/** Numbers of the first trials that fall into a bracket, by its first and last share of the whole. */
function trialsIn(first: number, last: number, total: number, count: number): number[] {
  const numbers: number[] = []
  for (let trial = 0; numbers.length < count; trial++) {
    const share = crc32(`${NAME}_${trial}`) % total
    if (share >= first && share < last) numbers.push(trial)
  }
  return numbers
}

function bracketOf(decision: Decision): unknown {
  return decision.kind === 'exploit' ? undefined : decision.evidence?.['bracket']
}

describe('hyperbandPruner', () => {
  obeysSchedulerLaws(() => hyperbandPruner())
  describe('with a known length', () => {
    obeysSchedulerLaws(() => hyperbandPruner({ maxResource: 9, reductionFactor: 2, bootstrapCount: 1 }))
  })

  // Shares of the brackets: 9, 5 and 3 of 17.
  const options: HyperbandPrunerOptions = { maxResource: 9 }

  it('puts a trial into a bracket by the checksum of the experiment’s name and its number', () => {
    const run = new SchedulerRun(hyperbandPruner(options))
    for (const [bracket, [first, last]] of (
      [
        [0, 9],
        [9, 14],
        [14, 17],
      ] as const
    ).entries())
      for (const trial of trialsIn(first, last, 17, 5))
        expect(bracketOf(run.report(trial, 0, 1))).toBe(bracket)
  })

  it('gives more trials to the brackets that judge earlier', () => {
    const run = new SchedulerRun(hyperbandPruner({ maxResource: 27 }))
    const brackets = Array.from({ length: 500 }, (_, trial) => bracketOf(run.report(trial, 0, 1)))
    const counts = [0, 1, 2, 3].map((bracket) => brackets.filter((own) => own === bracket).length)
    expect(counts.toSorted((a, b) => b - a)).toEqual(counts)
    expect(Math.min(...counts)).toBeGreaterThan(0)
  })

  it('compares a trial with those of its bracket alone', () => {
    const run = new SchedulerRun(hyperbandPruner(options))
    const [early, second] = trialsIn(0, 9, 17, 2) as [number, number]
    const [late] = trialsIn(9, 14, 17, 1) as [number]
    run.report(early, 1, 9)
    expect(run.report(late, 1, 1)).toMatchObject({ kind: 'continue', evidence: { bracket: 1, rungs: 0 } })
    expect(run.report(late, 3, 1)).toMatchObject({ kind: 'continue', evidence: { bracket: 1, rungs: 1 } })
    expect(run.report(second, 1, 5)).toEqual({
      kind: 'stop',
      outcome: 'pruned',
      reason: 'acc 5 is worse than 9, the least of the best 1 in 3 of 2 trials at rung 1 of bracket 0',
      evidence: { bracket: 0, rungs: 1, rung: 1, value: 5, mode: 'max', cutoff: 9, competitors: 2 },
    })
  })

  it('learns the full length from the trials that have completed, and stops nobody before', () => {
    const run = new SchedulerRun(hyperbandPruner())
    const [trial, other] = trialsIn(0, 9, 17, 3).filter((number) => number > 1) as [number, number]
    run.report(0, 8, 1)
    expect(run.report(1, 8, -9)).toEqual({ kind: 'continue' })
    run.end(0)
    run.report(trial, 1, 9)
    expect(run.report(other, 1, 5)).toMatchObject({ kind: 'stop', evidence: { bracket: 0 } })
  })

  it('never stops anybody when the first to complete are shorter than minResource', () => {
    const run = new SchedulerRun(hyperbandPruner({ minResource: 5 }))
    run.report(0, 1, 1)
    run.end(0)
    run.report(1, 9, 9)
    expect(run.report(2, 9, 1)).toEqual({ kind: 'continue' })
    run.end(1)
    expect(run.report(3, 9, 0)).toEqual({ kind: 'continue' })
  })
})

describe('the options of hyperbandPruner', () => {
  it.each([
    [{ minResource: 0 }, 'hyperbandPruner.minResource', /integer from 1/],
    [{ maxResource: 'none' }, 'hyperbandPruner.maxResource', /or 'auto'.*Got "none"/],
    [{ minResource: 9, maxResource: 3 }, 'hyperbandPruner.maxResource', /at least minResource, which is 9/],
    [{ reductionFactor: 1 }, 'hyperbandPruner.reductionFactor', /integer from 2/],
    [{ bootstrapCount: 1 }, 'hyperbandPruner.bootstrapCount', /maxResource is 'auto'/],
    [{ mode: 'max' }, 'hyperbandPruner.metric', /metric is not/],
    [{ maxT: 81 }, 'hyperbandPruner.maxT', /no option maxT/],
  ])('refuses %j where it is given', (options, option, message) => {
    const build = (): unknown => hyperbandPruner(options as HyperbandPrunerOptions)
    expect(build).toThrow(OptionError)
    expect(build).toThrow(expect.objectContaining({ option, message: expect.stringMatching(message) }))
  })

  it('are by default those that the docstrings give', () => {
    expect(hyperbandPruner().line).toBe(
      'Using hyperbandPruner: the best 1 in 3 pass each rung from training_iteration 1 on, brackets as the first completed trial is long.',
    )
    expect(hyperbandPruner({ maxResource: 81 }).line).toMatch(/in 5 brackets/)
  })
})
