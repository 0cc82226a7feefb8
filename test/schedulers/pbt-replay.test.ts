import { describe, expect, it } from 'vitest'
import type { LogRecord } from '../../src/core/log.ts'
import { OptionError } from '../../src/errors.ts'
import { defineTrainable } from '../../src/executors/trainable.ts'
import { pbt } from '../../src/schedulers/pbt/pbt.ts'
import { pbtPolicy } from '../../src/schedulers/pbt/pbt-policy.ts'
import { pbtReplay } from '../../src/schedulers/pbt/pbt-replay.ts'
import { uniform } from '../../src/space/numbers.ts'
import { simulate } from '../../src/testing/simulate.ts'
import { obeysSchedulerLaws } from './laws.ts'
import { PopulationRun } from './population-run.ts'

const policy = [
  { iteration: 0, config: { lr: 0.1 } },
  { iteration: 4, config: { lr: 0.2 } },
  { iteration: 6, config: { lr: 0.3 } },
] as const

function created(trial: number): LogRecord {
  return {
    at: 0,
    type: 'trial.created',
    trial,
    id: '',
    source: 'suggested',
    params: {},
    config: { from: trial },
  }
}

function reported(trial: number, iteration: number): LogRecord {
  const metrics = { training_iteration: iteration }
  return { at: 0, type: 'trial.report', trial, attempt: 1, seq: 1, metrics }
}

function exploited(trial: number, donor: number, to: string): LogRecord {
  return { at: 0, type: 'trial.exploited', trial, donor, config: { to } }
}

describe('pbtPolicy', () => {
  const policyOf = (trace: readonly LogRecord[], number = 0) => pbtPolicy(trace, { number, config: {} })

  it('of a trial that exploited nobody is its configuration', () => {
    expect(policyOf([created(0), reported(0, 1)])).toEqual([{ iteration: 0, config: { from: 0 } }])
  })

  it('begins with the trial whose weights are at the bottom, and forgets what the others did before', () => {
    const trace = [
      ...[0, 1, 2].map(created),
      exploited(1, 2, 'a'),
      reported(1, 5),
      reported(0, 5),
      exploited(0, 1, 'b'),
      reported(0, 9),
    ]
    expect(policyOf(trace)).toEqual([
      { iteration: 0, config: { from: 2 } },
      { iteration: 4, config: { to: 'a' } },
      { iteration: 8, config: { to: 'b' } },
    ])
    expect(policyOf(trace, 2)).toEqual([{ iteration: 0, config: { from: 2 } }])
  })

  it('is cut where the checkpoint was older than the last change', () => {
    const trace = [
      created(0),
      created(1),
      exploited(1, 0, 'a'),
      reported(1, 5),
      exploited(0, 1, 'b'),
      reported(0, 5),
    ]
    expect(policyOf(trace)).toEqual([
      { iteration: 0, config: { from: 0 } },
      { iteration: 4, config: { to: 'b' } },
    ])
  })

  it('leaves out a change that nothing was reported with', () => {
    const trace = [
      created(0),
      created(1),
      exploited(0, 1, 'a'),
      exploited(0, 1, 'b'),
      reported(0, 3),
      exploited(0, 1, 'c'),
    ]
    expect(policyOf(trace)).toEqual([
      { iteration: 0, config: { from: 1 } },
      { iteration: 2, config: { to: 'b' } },
    ])
  })

  it('refuses a trace that was not recorded, and a trial that is not in it', () => {
    expect(() => pbtPolicy(undefined, { number: 0, config: {} })).toThrow(/Give the Tuner trace: true/)
    expect(() => policyOf([created(0)], 3)).toThrow(OptionError)
  })
})

describe('pbtReplay', () => {
  // The laws' trials each have a configuration of their own, so that all would be refused.
  obeysSchedulerLaws(() => ({
    ...pbtReplay({ policy }),
    onAdd: (state, { trial }) => void state.taken.set(trial, 0),
  }))

  it('changes the configuration when the trial has come to a step, from its own checkpoint', () => {
    const run = new PopulationRun(pbtReplay({ policy })).add(policy[0].config)
    expect(run.report(0, 3, 1)).toEqual({ kind: 'continue' })
    expect(run.report(0, 4, 1)).toEqual({
      kind: 'exploit',
      donor: 0,
      config: { lr: 0.2 },
      reason: 'has reached training_iteration 4, where the schedule changes',
      evidence: { time: 4, step: 1, iteration: 4 },
    })
    expect(run.report(0, 5, 1)).toEqual({ kind: 'continue' })
    expect(run.report(0, 6, 1)).toMatchObject({ kind: 'exploit', config: { lr: 0.3 } })
    expect(run.report(0, 99, 1)).toEqual({ kind: 'continue' })
  })

  it('takes the last of several steps that were passed at once', () => {
    const run = new PopulationRun(pbtReplay({ policy })).add(policy[0].config)
    expect(run.report(0, 9, 1)).toMatchObject({ config: { lr: 0.3 } })
    expect(run.report(0, 10, 1)).toEqual({ kind: 'continue' })
  })

  it('asks once for a change without a checkpoint, and then waits with it until there is one', () => {
    const run = new PopulationRun(pbtReplay({ policy })).add(policy[0].config).withoutCheckpoint(0)
    expect(run.report(0, 4, 1)).toMatchObject({ kind: 'exploit', donor: 0 })
    expect(run.report(0, 5, 1)).toMatchObject({
      kind: 'continue',
      evidence: { declined: 'it has no checkpoint' },
    })
    expect(run.withCheckpoint(0).report(0, 6, 1)).toMatchObject({ kind: 'exploit', config: { lr: 0.3 } })
  })

  it('warns the user once of trials that leave no checkpoints', async () => {
    const { results } = await simulate({
      trainable: defineTrainable({ setup: () => ({}), step: () => ({ acc: 1 }) }),
      paramSpace: { lr: policy[0].config.lr },
      metric: 'acc',
      mode: 'max',
      stop: { training_iteration: 10 },
      stepMs: 1,
      scheduler: pbtReplay({ policy }),
    })
    const said = results.warnings.filter(({ kind }) => kind === 'decision').map(({ message }) => message)
    expect(said).toEqual([expect.stringMatching(/^The scheduler pbtReplay .*which has no checkpoint/)])
  })

  it('asks for checkpoints where the schedule changes, and says what it does', () => {
    expect(pbtReplay({ policy })).toMatchObject({
      saveEvery: 2,
      line: 'Replaying a schedule of population-based training: 2 changes at training_iteration 4, 6.',
    })
    expect(pbtReplay({ policy: [policy[0]] }).saveEvery).toBe(0)
  })

  it('refuses a trial that starts with another configuration', () => {
    const run = new PopulationRun(pbtReplay({ policy }))
    expect(() => run.add({ lr: 0.9 })).toThrow(/Give the experiment paramSpace: policy\[0\]\.config/)
  })

  it('trains the best model of a population once more', async () => {
    const trainable = defineTrainable({
      setup: (config: { lr: number }) => ({ lr: config.lr, weight: 0 }),
      step: (state) => ({ acc: (state.weight += 0.3 * (Math.sin(state.lr) - state.weight)) }),
      save: ({ weight }) => weight,
      load: (state, weight: number) => void (state.weight = weight),
    })
    const base = {
      trainable,
      metric: 'acc',
      mode: 'max',
      stop: { training_iteration: 20 },
      stepMs: 1,
      seed: 2,
    } as const
    const hyperparamMutations = { lr: uniform(0, 2) }
    for (const synch of [true, false]) {
      const trained = await simulate({
        ...base,
        paramSpace: { lr: uniform(0, 0.5) },
        numSamples: 8,
        maxConcurrentTrials: 3,
        scheduler: pbt({ perturbationInterval: 4, synch, hyperparamMutations }),
      })
      const best = trained.results.getBestResult()
      const found = pbtPolicy(trained.trace, best)
      expect(found.length).toBeGreaterThan(1)
      expect(found.at(-1)?.config).toEqual(best.config)
      const replayed = await simulate({
        ...base,
        paramSpace: found[0].config,
        numSamples: 1,
        scheduler: pbtReplay({ policy: found }),
      })
      const [again] = replayed.results
      expect(again?.metrics?.['acc']).toBe(best.metrics?.['acc'])
      expect(again?.config).toEqual(best.config)
      expect(again?.iteration).toBe(20)
    }
  })

  it.each([
    [{}, 'pbtReplay.policy', /needs a policy/],
    [{ policy: [] }, 'pbtReplay.policy', /what pbtPolicy gives/],
    [{ policy: [policy[1]] }, 'pbtReplay.policy', /the first at iteration 0/],
    [{ policy: [policy[0], policy[2], policy[1]] }, 'pbtReplay.policy', /each later/],
    [{ policy: [{ iteration: 0 }] }, 'pbtReplay.policy', /iteration, config/],
    [{ policies: [] }, 'pbtReplay.policies', /Did you mean policy\?/],
  ])('refuses %j where it is given', (options, option, message) => {
    const build = (): unknown => pbtReplay(options as never)
    expect(build).toThrow(OptionError)
    expect(build).toThrow(expect.objectContaining({ option, message: expect.stringMatching(message) }))
  })
})
