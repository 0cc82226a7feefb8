import { describe, expect, it } from 'vitest'
import {
  OptionError,
  type Scheduler,
  Tuner,
  asha,
  hyperband,
  hyperbandForBohb,
  loadStudy,
  medianStopping,
  patientPruner,
  pb2,
  pbt,
  pbtReplay,
  resourceChanging,
  uniform,
} from 'troupe'
import { simulate } from 'troupe/testing'
import { memoryStore } from '../../src/stores/memory.ts'
import { createStudy } from '../../src/study/create-study.ts'

/** No more than the message asks for: name, init and onReport. With private state, as a class may have. */
class Halver implements Scheduler<number[]> {
  readonly name = 'halver'
  readonly #limit = 0.5
  init(): number[] {
    return []
  }
  onReport(seen: number[], { score }: { readonly score: number }): ReturnType<Scheduler['onReport']> {
    seen.push(score)
    return score < -this.#limit
      ? { kind: 'stop', reason: 'too large', outcome: 'pruned' }
      : { kind: 'continue' }
  }
}

const paramSpace = { x: uniform(0, 1) }
const objective = { metric: 'loss', mode: 'min' } as const

function* trainable({ x }: { x: number }): Generator<{ loss: number }> {
  for (let i = 0; i < 3; i++) yield { loss: x }
}

describe('a scheduler with name, init and onReport alone', () => {
  it('stops trials in virtual time', async () => {
    const { results } = await simulate({
      trainable,
      paramSpace,
      ...objective,
      numSamples: 10,
      scheduler: new Halver(),
    })
    for (const { values, state } of results) {
      expect(state).toBe((values?.[0] ?? NaN) > 0.5 ? 'pruned' : 'completed')
    }
    expect(new Set([...results].map(({ state }) => state))).toEqual(new Set(['pruned', 'completed']))
  })

  it('has a line of its own in a real experiment', async () => {
    const tuner = new Tuner(trainable, { paramSpace, ...objective, scheduler: new Halver() })
    expect(tuner.getSnapshot().scheduler).toBe('Using halver.')
    expect((await tuner.fit()).length).toBe(1)
  })

  it('prunes in a study', async () => {
    const study = await createStudy({ paramSpace, scheduler: new Halver() })
    const trial = await study.ask()
    trial.report(1, 0.75)
    expect(trial.shouldPrune()).toBe(true)
  })

  it('ranks nothing when nothing is to be ranked', async () => {
    const { results } = await simulate({ trainable, paramSpace, numSamples: 2, scheduler: new Halver() })
    expect([...results].map(({ state }) => state)).toEqual(['completed', 'completed'])
  })
})

describe('what is no scheduler', () => {
  const bare = { name: 'mine', init: (): null => null, onReport: () => ({ kind: 'continue' }) }

  it.each([
    [null, /must be a scheduler such as asha\(\) or fifo\(\), got null/],
    [{ name: 'mine', init: (): null => null }, /One of your own needs name, init and onReport/],
    [Halver, /Did you mean Halver\(\)\?/],
    [
      { ...bare, objectives: 'two' },
      /mine has "two" as its objectives\. Give 'one', 'some' or 'any', or leave it out/,
    ],
    [{ ...bare, objective: 'loss' }, /mine has "loss" as its objective\. Give an object/],
    [{ ...bare, timeAttr: '' }, /mine has "" as its timeAttr\. Give the name of a metric/],
    [{ ...bare, pauses: 'often' }, /mine has "often" as its pauses\. Give true or false/],
    [{ ...bare, line: 5 }, /mine has 5 as its line/],
  ])('is refused by a Tuner, a simulation and a study: %j', async (scheduler, message) => {
    const options = { paramSpace, ...objective, scheduler } as never
    const build = (): unknown => new Tuner(trainable, options)
    expect(build).toThrow(message)
    expect(build).toThrow(OptionError)
    await expect(simulate({ trainable, ...(options as object) } as never)).rejects.toThrow(message)
    await expect(createStudy({ paramSpace, scheduler } as never)).rejects.toThrow(message)
  })
})

describe('a scheduler that says that it pauses trials', () => {
  const mutations = { x: uniform(0, 1) }

  it.each([
    hyperband(),
    hyperbandForBohb(),
    asha({ type: 'promotion' }),
    medianStopping({ hardStop: false }),
    pbt({ hyperparamMutations: mutations }),
    pb2({ hyperparamBounds: { x: [0, 1] } }),
    pbtReplay({ policy: [{ iteration: 0, config: { x: 0 } }] }),
    resourceChanging(),
  ])('is refused by a study before it begins, and by patientPruner: $name', async (scheduler) => {
    const storage = memoryStore()
    await createStudy({ paramSpace, storage, name: 'kept' })
    const refusal = new RegExp(`^${scheduler.name} may pause trials .* or a Tuner\\.$`)
    await expect(createStudy({ paramSpace, storage, name: 'new', scheduler })).rejects.toThrow(refusal)
    await expect(loadStudy({ storage, name: 'kept', scheduler })).rejects.toThrow(refusal)
    expect(await storage.names()).toEqual(['kept'])
    expect(() => patientPruner({ wrapped: scheduler, patience: 1 })).toThrow(
      expect.objectContaining({
        option: 'patientPruner.wrapped',
        message: expect.stringContaining('Wrap one that'),
      }),
    )
  })

  it('is none that only makes room for those that wait: in a study none waits', async () => {
    const scheduler = medianStopping({ gracePeriod: 1 })
    expect(() => patientPruner({ wrapped: scheduler, patience: 1 })).not.toThrow()
    const study = await createStudy({ paramSpace, scheduler })
    const trials = [await study.ask(), await study.ask(), await study.ask()]
    for (const trial of trials) {
      trial.report(1, 1)
      expect(trial.shouldPrune()).toBe(false)
    }
  })
})
