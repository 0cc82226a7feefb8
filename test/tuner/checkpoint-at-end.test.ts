import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { fileCheckpoints } from '../../src/checkpoints/file-checkpoints.ts'
import type { LogRecord } from '../../src/core/log.ts'
import { cloned } from '../../src/executors/cloned.ts'
import { inProcess } from '../../src/executors/in-process.ts'
import { defineTrainable, type SteppedTrainable } from '../../src/executors/trainable.ts'
import { recordedResults } from '../../src/results/recorded/read-recorded.ts'
import { asha } from '../../src/schedulers/asha.ts'
import { uniform } from '../../src/space/numbers.ts'
import { functionStopper } from '../../src/stoppers/function-stopper.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { simulate } from '../../src/testing/simulate.ts'
import { Tuner } from '../../src/tuner/tuner.ts'

const root = await mkdtemp(join(tmpdir(), 'troupe-at-end-'))
afterAll(() => rm(root, { recursive: true }))

let folders = 0
const freshPath = (): string => join(root, `${++folders}`)

interface Config {
  readonly x: number
}

interface State {
  epoch: number
  readonly x: number
}

/** Climbs for 12 epochs, unless it is ended before. */
function climbing(save: (state: State) => unknown = ({ epoch }) => ({ epoch })): SteppedTrainable<Config> {
  return defineTrainable({
    setup: ({ x }: Config): State => ({ epoch: 0, x }),
    async step(state, trial) {
      await trial.sleep(1)
      state.epoch++
      return { loss: state.x / state.epoch, done: state.epoch === 12 }
    },
    save,
    load(state, checkpoint) {
      state.epoch = (checkpoint as { epoch: number }).epoch
    },
  })
}

const base = {
  paramSpace: { x: uniform(0, 1) },
  metric: 'loss',
  mode: 'min',
  numSamples: 6,
  maxConcurrentTrials: 3,
  name: 'digits',
  seed: 1,
  checkpoint: { atEnd: true },
} as const

const rungs = { scheduler: asha({ maxT: 8, gracePeriod: 2, reductionFactor: 2 }) }

describe('the checkpoint at the end of a stepped trial', () => {
  it.each([
    ['a bound', { stop: { training_iteration: 4 } }],
    ['a stopper', { stop: functionStopper((_, { loss }) => (loss as number) < 0.1) }],
    ['the end of the last rung, or a lost one', rungs],
    ['its own end', {}],
  ])('is that of its last report, when %s ends it', async (_, options) => {
    const { results } = await simulate({ trainable: climbing(), ...base, ...options } as never)
    expect(results.length).toBe(6)
    for (const { checkpoint, checkpointIteration, iteration } of results) {
      expect(checkpoint).toEqual({ epoch: iteration })
      expect(checkpointIteration).toBe(iteration)
    }
    expect(results.warnings).toEqual([])
  })

  it('is there when the user ends a trial that waits at a report, and none is in the middle of a step', async () => {
    const options = { ...base, numSamples: 2, maxConcurrentTrials: 2 }
    const tuner = new Tuner(climbing(), options)
    tuner.on('trial.report', ({ trial, metrics }) => {
      if (trial.number === 0 && metrics.training_iteration === 3) tuner.pauseTrial(trial.id)
      if (trial.number === 1 && metrics.training_iteration === 3) tuner.stopTrial(trial.id)
    })
    tuner.on('trial.pause', ({ trial }) => tuner.stopTrial(trial.id))
    const [paused, running] = await tuner.fit()
    expect(paused).toMatchObject({ state: 'pruned', iteration: 4, checkpoint: { epoch: 4 } })
    expect(running).toMatchObject({ state: 'pruned', checkpoint: undefined })
  })

  it('is not made twice', async () => {
    let saves = 0
    const trainable = climbing(({ epoch }) => {
      saves++
      return { epoch }
    })
    const options = { ...base, numSamples: 1, stop: { training_iteration: 4 } }
    await simulate({ trainable, ...options, checkpoint: { every: 2, atEnd: true } })
    expect(saves).toBe(2)
  })

  it('comes over a wall that only copies pass', async () => {
    const { results } = await simulate({
      trainable: climbing(),
      ...base,
      ...rungs,
      executor: (context) => cloned(inProcess(context), context.kernel),
    })
    for (const { checkpoint, iteration } of results) expect(checkpoint).toEqual({ epoch: iteration })
  })

  it('is none of a function, which is asked in vain', async () => {
    const { results } = await simulate({
      ...base,
      trainable: async ({ x }: Config, trial) => {
        for (;;) await trial.report({ loss: x })
      },
      stop: { training_iteration: 3 },
    })
    for (const result of results) expect(result).toMatchObject({ state: 'completed', checkpoint: undefined })
  })

  it('is kept with the others, named in the log, and there when the experiment goes on', async () => {
    const storage = memoryStore()
    const directory = freshPath()
    const options = {
      ...base,
      ...rungs,
      storage,
      directory,
      checkpoint: { every: 2, keep: 1, scoreAttribute: 'loss', mode: 'max', atEnd: true },
    } as const
    const results = [...(await new Tuner(climbing(), options).fit())]
    for (const { checkpoints, iteration, number } of results) {
      expect(checkpoints.map((one) => one.iteration)).toEqual([...new Set([2, iteration])])
      expect(checkpoints.at(-1)?.metrics['training_iteration']).toBe(iteration)
      expect(await checkpoints.at(-1)?.load()).toEqual({ epoch: iteration })
      const keys = await fileCheckpoints({ folder: directory }).list(`digits/trial-${number}/`)
      expect(keys).toHaveLength(checkpoints.length)
    }
    const log = (await storage.read('digits')) as readonly LogRecord[]
    const saved = log.flatMap((record, i) => (record.type === 'trial.saved' ? [[log[i - 1], record]] : []))
    for (const [before, record] of saved)
      expect(before).toEqual({ ...before, ...record, type: 'trial.checkpoint' })
    expect([...recordedResults(log)].map(({ checkpointIteration }) => checkpointIteration)).toEqual(
      results.map(({ iteration }) => iteration),
    )
    const { storage: _, name: __, ...rest } = options
    const after = await Tuner.restore(storage, {
      name: 'digits',
      trainable: climbing(),
      ...rest,
      numSamples: 8,
    }).fit()
    for (const { checkpoint, checkpoints, iteration } of after) {
      expect(checkpoint).toEqual({ epoch: iteration })
      expect(checkpoints.at(-1)?.iteration).toBe(iteration)
    }
  })

  it('comes again when an experiment goes on from its trace, cut anywhere after it', async () => {
    const options = { trainable: climbing(), ...base, numSamples: 2, stop: { training_iteration: 2 } }
    const whole = await simulate(options)
    const trace = [...whole.trace]
    const savedAt = trace.findIndex(({ type }) => type === 'trial.saved')
    expect(savedAt).toBeGreaterThan(0)
    for (let cut = savedAt + 1; cut <= trace.length; cut++) {
      const run = await simulate({
        ...options,
        resumeFrom: { trace: trace.slice(0, cut), checkpointOf: (_, epoch) => ({ epoch }) },
      })
      const states = [...run.results].map(({ state, iteration }) => [state, iteration])
      expect(states).toEqual([...whole.results].map(({ state, iteration }) => [state, iteration]))
      const first = run.results.get((trace[savedAt] as { trial: number }).trial)
      expect(first?.checkpoint).toEqual({ epoch: 2 })
    }
  })

  it('that cannot be made is a warning, and harms no trial', async () => {
    const thrown = climbing(() => {
      throw new Error('no room for weights')
    })
    const options = { ...base, stop: { training_iteration: 2 }, numSamples: 1 }
    const { results } = await simulate({ trainable: thrown, ...options })
    expect(results.at(0)).toMatchObject({ state: 'completed', iteration: 2, checkpoint: undefined })
    expect(results.warnings).toMatchObject([{ message: expect.stringContaining('no room for weights') }])

    const unkept = climbing(() => ({ weights: () => 1 }))
    const kept = { ...options, storage: memoryStore(), directory: freshPath() }
    const [result, ...others] = [await new Tuner(unkept, kept).fit()]
    expect(others).toEqual([])
    expect(result?.at(0)).toMatchObject({ state: 'completed', checkpoint: undefined })
    expect(result?.warnings).toHaveLength(1)
  })

  it('is not waited for longer than a trial may take to leave', async () => {
    const never = climbing(() => new Promise(() => {}))
    const options = { ...base, stop: { training_iteration: 2 }, numSamples: 1, stopGraceMs: 30 }
    const results = await new Tuner(never, options).fit()
    expect(results.at(0)).toMatchObject({ state: 'completed', checkpoint: undefined })
    expect(results.warnings).toMatchObject([{ kind: 'abandoned' }])
  })
})
