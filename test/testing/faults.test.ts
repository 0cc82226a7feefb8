import { describe, expect, it } from 'vitest'
import { asha, OptionError, type Trial, uniform } from 'troupe'
import { type FaultOptions, learningCurves, type ReportInfo, simulate } from 'troupe/testing'
import { endOf } from '../runtime/stage.ts'

const settings = {
  trainable: learningCurves<{ x: number }>(
    ({ x }) =>
      (step) =>
        step > 10 ? undefined : x / step,
    {
      metric: 'loss',
    },
  ),
  paramSpace: { x: uniform(0, 1) },
  metric: 'loss',
  mode: 'min',
  numSamples: 40,
  seed: 3,
  stepMs: 10,
} as const

const run = (faults: FaultOptions, more: object = {}) => simulate({ ...settings, ...more, faults })

describe('faults in a simulation', () => {
  it('are the same for the same seed, and others for another', async () => {
    const faults: FaultOptions = {
      crash: 0.05,
      delay: [0, 30],
      duplicateReport: 0.2,
      lateReport: 0.5,
      hang: 0.01,
    }
    const more = { trialTimeoutMs: 1_000, failure: { maxFailures: 2 } }
    const { hash } = await run(faults, more)
    expect((await run(faults, more)).hash).toBe(hash)
    expect((await run(faults, { ...more, seed: 4 })).hash).not.toBe(hash)
  })

  it('change nothing when none of them can happen', async () => {
    expect((await run({ crash: 0, hang: 0 })).hash).toBe((await simulate(settings)).hash)
  })

  it('crash a share of the trials, at a report that is then not sent', async () => {
    const { results } = await run({ crash: 0.05 })
    const failed = [...results].filter(({ status }) => status === 'error')
    // 10 reports each: 1 - 0.95¹⁰ = 0.40 of 40 trials.
    expect(failed.length).toBeGreaterThan(8)
    expect(failed.length).toBeLessThan(24)
    for (const { error, number, iteration } of failed) {
      expect(error?.message).toBe(
        `Trial ${number} crashed at report ${iteration + 1} of attempt 1, as faults.crash wants some to.`,
      )
    }
  })

  it('let the code of a trial that crashes clean up', async () => {
    let cleaned = 0
    const trainable = async (_config: object, trial: Trial) => {
      try {
        for (let step = 1; step <= 3; step++) await trial.report({ loss: step })
      } finally {
        cleaned++
      }
    }
    const { results } = await simulate({ ...settings, trainable, faults: { crash: 1 } })
    expect([...results].every(({ status }) => status === 'error')).toBe(true)
    expect(cleaned).toBe(40)
  })

  it('crash a trial again and again, which retries make good from its checkpoint', async () => {
    const { results } = await run({ crash: 0.1 }, { failure: { maxFailures: Infinity } })
    expect([...results].map(({ status }) => status)).toEqual(Array(40).fill('terminated'))
    expect([...results].every(({ iteration }) => iteration === 10)).toBe(true)
    expect([...results].reduce((sum, { history }) => sum + history.length, 0)).toBe(400)
  })

  it('hold reports up, by a number, a range or a function of the report', async () => {
    const { elapsedMs } = await simulate({ ...settings, numSamples: 1 })
    const late = async (delay: FaultOptions['delay']) =>
      (await run({ ...(delay !== undefined && { delay }) }, { numSamples: 1 })).elapsedMs - elapsedMs
    expect(await late(7)).toBe(70)
    expect(await late([5, 5])).toBe(50)
    expect(await late(({ iteration }: ReportInfo) => (iteration === 3 ? 100 : 0))).toBe(100)
    const ranged = await late([0, 20])
    expect(ranged).toBeGreaterThan(20)
    expect(ranged).toBeLessThan(180)
  })

  it('let a report arrive twice, which counts once', async () => {
    const twice = await run({ duplicateReport: 1 }, { scheduler: asha({ maxT: 10 }) })
    const once = await simulate({ ...settings, scheduler: asha({ maxT: 10 }) })
    expect(twice.hash).toBe(once.hash)
  })

  it('let a report of an attempt that is over arrive in the next one, which is not counted there', async () => {
    const failing = { ...settings, numSamples: 5, failure: { maxFailures: 3 } }
    let refused = 0
    const trainable = learningCurves<{ x: number }>(
      ({ x }, number) =>
        (step) => {
          // Thrown after the third report of the first attempt.
          if (step === 4 && refused++ < 5) throw new Error(`broke ${number}`)
          return step > 6 ? undefined : x / step
        },
      { metric: 'loss', checkpoint: false },
    )
    const { results, trace } = await simulate({ ...failing, trainable, faults: { lateReport: 1 } })
    expect([...results].map(({ iteration, attempt }) => [iteration, attempt])).toEqual(
      Array.from({ length: 5 }, () => [6, 2]),
    )
    const reports = [...trace].filter(({ type }) => type === 'trial.report')
    expect(reports).toHaveLength(5 * (3 + 6))
  })

  it('let a trial hang, which its time limit ends, and a retry makes good', async () => {
    const more = { trialTimeoutMs: 500, failure: { maxFailures: 9 } }
    const { results, elapsedMs } = await run({ hang: 0.05 }, more)
    expect([...results].every(({ status, iteration }) => status === 'terminated' && iteration === 10)).toBe(
      true,
    )
    expect(elapsedMs).toBeGreaterThan((await run({}, more)).elapsedMs + 500)
    const { results: given } = await run({ hang: 0.05 }, { trialTimeoutMs: 500 })
    const hung = [...given].filter(({ status }) => status === 'error')
    expect(hung.length).toBeGreaterThan(8)
    for (const { error } of hung) expect(error?.message).toMatch(/has run for 500 ms/)
  })

  it('end a simulation whose trials hang and have no time limit, and say what to give', async () => {
    const { error } = await endOf(run({ hang: 1 }))
    expect(error).toMatchObject({ code: 'deadlock' })
    expect(error?.message).toMatch(/waits for 4 trials to report.*give trialTimeoutMs or reportTimeoutMs/)
  })

  it('leave every trial with one end that the scheduler and the searcher can live with', async () => {
    const faults: FaultOptions = {
      crash: 0.1,
      delay: [0, 50],
      duplicateReport: 0.3,
      lateReport: 1,
      hang: 0.03,
    }
    const { results } = await run(faults, {
      scheduler: asha({ maxT: 10, reductionFactor: 2 }),
      trialTimeoutMs: 300,
      failure: { maxFailures: 1 },
    })
    expect(results).toHaveLength(40)
    for (const { status } of results) expect(['terminated', 'error']).toContain(status)
  })

  it('are refused where they cannot be', async () => {
    await expect(run({ crash: 1.5 })).rejects.toThrow(/simulate\.faults\.crash: must be a number from 0 to 1/)
    await expect(run({ delay: [5, 1] })).rejects.toThrow(/simulate\.faults\.delay: must be milliseconds/)
    await expect(run({ crahs: 0.1 } as never)).rejects.toThrow(/Did you mean crash/)
    await expect(run({ hang: NaN })).rejects.toThrow(OptionError)
    await expect(simulate({ ...settings, faults: 0.3 as never })).rejects.toThrow(/takes one object/)
  })

  it('fail the trial whose delay is none', async () => {
    const { results } = await run({ delay: () => -1 }, { numSamples: 1 })
    expect(results.at(0)?.error?.message).toMatch(
      /must give milliseconds from 0, got -1 for report 1 of trial 0/,
    )
  })
})
