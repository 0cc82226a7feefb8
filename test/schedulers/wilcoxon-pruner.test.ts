import { describe, expect, it } from 'vitest'
import { type Mode, orient } from '../../src/core/objective.ts'
import { OptionError } from '../../src/errors.ts'
import { randomStream } from '../../src/random/random.ts'
import type { Decision, TrialReport } from '../../src/schedulers/scheduler.ts'
import { type WilcoxonPrunerOptions, wilcoxonPruner } from '../../src/schedulers/wilcoxon-pruner.ts'
import { randint } from '../../src/space/integers.ts'
import { createStudy } from '../../src/study/create-study.ts'
import { simulate } from '../../src/testing/simulate.ts'
import { obeysSchedulerLaws } from './laws.ts'

// The hardest first, so that no trial looks good by having only easy evaluations behind it.
const HARDNESS = [9, 8, 6, 5, 5, 5, 4, 3, 3, 2, 1, 1]

/** Trials that report evaluation after evaluation, and their mean with their end. */
class Run {
  readonly #scheduler
  readonly #state
  readonly #mode: Mode

  constructor(options: WilcoxonPrunerOptions = {}, mode: Mode = 'min') {
    this.#scheduler = wilcoxonPruner(options)
    this.#state = this.#scheduler.init({
      name: 'test',
      resources: {},
      objectives: [{ metric: 'cost', mode }],
    })
    this.#mode = mode
  }

  /** What was decided at each report. */
  report(trial: number, values: readonly number[], steps = values.map((_, i) => i + 1)): Decision[] {
    return values.map((value, i) =>
      this.#scheduler.onReport(this.#state, this.#reportOf(trial, steps[i] as number, value)),
    )
  }

  complete(trial: number, values: readonly number[], value = average(values)): void {
    this.report(trial, values)
    this.#scheduler.onEnd?.(this.#state, {
      trial,
      state: 'completed',
      last: this.#reportOf(trial, values.length + 1, value),
    })
  }

  #reportOf(trial: number, time: number, value: number): TrialReport {
    const score = orient(value, this.#mode)
    return { trial, time, score, values: [value], metrics: {}, config: {}, hasCheckpoint: false }
  }
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function firstStop(decisions: readonly Decision[]): number | undefined {
  const index = decisions.findIndex(({ kind }) => kind === 'stop')
  return index < 0 ? undefined : index + 1
}

describe('wilcoxonPruner', () => {
  obeysSchedulerLaws(() => wilcoxonPruner())
  describe('with other options', () =>
    obeysSchedulerLaws(() => wilcoxonPruner({ pThreshold: 0.9, nStartupSteps: 0 })))

  it('stops a trial that is worse in every evaluation as soon as that is no chance, and says why', () => {
    const run = new Run()
    run.complete(0, HARDNESS)
    const decisions = run.report(
      1,
      HARDNESS.map((value, i) => value + 1 + 0.1 * i),
    )
    // Worse k times of k has a p-value of 2⁻ᵏ.
    expect(firstStop(decisions)).toBe(4)
    expect(decisions[2]).toMatchObject({ kind: 'continue', evidence: { p: 0.125 } })
    expect(decisions[3]).toEqual({
      kind: 'stop',
      outcome: 'pruned',
      reason: 'worse than trial 0 over 4 common steps: p = 0.0625, under 0.1',
      evidence: { p: 0.0625, pThreshold: 0.1, best: 0, steps: 4 },
    })
  })

  it('compares by evaluation, not by level: hard ones are hard for all', () => {
    const run = new Run()
    run.complete(0, HARDNESS)
    expect(
      firstStop(
        run.report(
          1,
          HARDNESS.map((value, i) => value + (i % 2 === 0 ? 0.1 : -0.1)),
        ),
      ),
    ).toBeUndefined()
  })

  it('turns with the mode', () => {
    const worse = HARDNESS.map((value) => value - 1)
    const run = new Run({}, 'max')
    run.complete(0, HARDNESS)
    expect(firstStop(run.report(1, worse))).toBeDefined()
    expect(
      firstStop(
        run.report(
          2,
          HARDNESS.map((value) => value + 1),
        ),
      ),
    ).toBeUndefined()
  })

  it('spares a trial whose mean is as good as the best one’s, whatever the test says', () => {
    const run = new Run({ pThreshold: 0.3 })
    run.complete(0, [1, 1, 1, 1, 100])
    expect(firstStop(run.report(1, [1.1, 1.1, 1.1, 1.1]))).toBeUndefined()
  })

  it('compares with the best of the completed trials, and of equally good ones with the first to complete', () => {
    const run = new Run()
    run.complete(3, [5, 5, 5, 5])
    run.complete(4, [1, 1, 1, 1])
    run.complete(2, [1, 1, 1, 1])
    run.complete(5, [3, 3, 3, 3])
    expect(run.report(6, [2, 2]).at(-1)).toMatchObject({ evidence: { best: 4 } })
  })

  it('ranks a trial that ended without a value of its own by the mean of its reports', async () => {
    const run = await simulate({
      trainable: async (config: { quality: number }, trial) => {
        for (const hardness of HARDNESS) await trial.report({ cost: hardness + config.quality })
      },
      paramSpace: { quality: randint(0, 10) },
      metric: 'cost',
      mode: 'min',
      numSamples: 30,
      maxConcurrentTrials: 1,
      seed: 1,
      scheduler: wilcoxonPruner(),
    })
    const results = [...run.results]
    const best = Math.min(...results.map(({ config }) => config.quality))
    let least = Infinity
    for (const { config, state } of results) {
      const { quality } = config
      expect(state).toBe(quality > least ? 'pruned' : 'completed')
      least = Math.min(least, quality)
    }
    expect(least).toBe(best)
  })

  it('waits for nStartupSteps evaluations in common with the best, and for two at least', () => {
    for (const [nStartupSteps, step] of [
      [0, 2],
      [1, 2],
      [2, 2],
      [7, 7],
    ] as const) {
      const run = new Run({ nStartupSteps, pThreshold: 0.3 })
      run.complete(0, HARDNESS)
      expect(
        firstStop(
          run.report(
            1,
            HARDNESS.map((value) => value + 1),
          ),
        ),
      ).toBe(step)
    }
  })

  it('does not count evaluations that the best lacks', () => {
    const run = new Run({ pThreshold: 0.3 })
    run.complete(0, [1, 1, 1])
    const decisions = run.report(1, [9, 9, 9, 9], [10, 11, 3, 2])
    expect(firstStop(decisions)).toBe(4)
    expect(decisions[3]).toMatchObject({ evidence: { steps: 2 } })
  })

  it('takes the first of two reports of one step', () => {
    const run = new Run({ pThreshold: 0.3 })
    run.complete(0, [1, 1, 1])
    const again = run.report(1, [0, 9, 9, 9], [1, 1, 1, 2])
    expect(again.at(-1)).toMatchObject({ kind: 'continue', evidence: { best: 0, p: 0.5, steps: 2 } })
  })

  it('never stops a trial with a NaN or infinite evaluation, nor against a best that has one', () => {
    for (const odd of [Number.NaN, Infinity, -Infinity]) {
      const run = new Run()
      run.complete(0, HARDNESS)
      expect(firstStop(run.report(1, [odd, ...HARDNESS.map((value) => value + 10)]))).toBeUndefined()
      const strange = new Run()
      strange.complete(0, [odd, ...HARDNESS], 1)
      expect(
        firstStop(
          strange.report(
            1,
            HARDNESS.map((value) => value + 10),
          ),
        ),
      ).toBeUndefined()
    }
  })

  it('stops nobody before a trial has completed, or for one that only failed or was pruned', () => {
    const run = new Run()
    expect(firstStop(run.report(0, HARDNESS))).toBeUndefined()
    expect(
      firstStop(
        run.report(
          1,
          HARDNESS.map((value) => value + 10),
        ),
      ),
    ).toBeUndefined()
  })

  it('stops few by chance when all trials are alike', () => {
    const random = randomStream('alike')
    let stopped = 0
    for (let i = 0; i < 400; i++) {
      const run = new Run({ nStartupSteps: 12 })
      run.complete(
        0,
        HARDNESS.map(() => random.normal()),
      )
      if (
        firstStop(
          run.report(
            1,
            HARDNESS.map(() => random.normal()),
          ),
        ) !== undefined
      )
        stopped++
    }
    // One test at the level 0.1 each.
    expect(stopped).toBeGreaterThan(15)
    expect(stopped).toBeLessThan(65)
  })

  it('prunes in a study', async () => {
    const study = await createStudy({ direction: 'minimize', scheduler: wilcoxonPruner({ pThreshold: 0.1 }) })
    const states: string[] = []
    for (const quality of [2, 1, 3, 0.5, 4]) {
      const trial = await study.ask()
      const costs: number[] = []
      for (const [i, hardness] of HARDNESS.entries()) {
        costs.push(hardness + quality)
        trial.report(i, hardness + quality)
        if (trial.shouldPrune()) break
      }
      const told = await study.tell(trial, trial.shouldPrune() ? { state: 'pruned' } : average(costs))
      states.push(told.state)
    }
    expect(states).toEqual(['completed', 'completed', 'pruned', 'completed', 'pruned'])
    expect(study.trials[2]?.intermediateValues).toHaveLength(4)
  })

  it('refuses thresholds that are no probabilities, and a mode without its metric', () => {
    expect(() => wilcoxonPruner({ pThreshold: 1.5 })).toThrow(OptionError)
    expect(() => wilcoxonPruner({ nStartupSteps: -1 })).toThrow(/integer from 0/)
    expect(() => wilcoxonPruner({ mode: 'min' })).toThrow(/metric is not/)
    expect(() => wilcoxonPruner({ pTreshold: 0.1 } as object)).toThrow(/Did you mean pThreshold\?/)
  })
})
