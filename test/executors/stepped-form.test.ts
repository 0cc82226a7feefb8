import { describe, expect, it } from 'vitest'
import { inProcess } from '../../src/executors/in-process.ts'
import { cloned } from '../../src/executors/cloned.ts'
import {
  defineTrainable,
  type SteppedTrainable,
  type TrainableDefinition,
} from '../../src/executors/trainable.ts'
import { begin, type MakeExecutor, play, realStageOf, type Scene, settle, stageOf } from './harness.ts'

const CLONED: MakeExecutor = (options) => cloned(inProcess(options), options.kernel)

interface Config {
  readonly steps: number
  readonly lr: number
}

interface State {
  lr: number
  steps: number
  weight: number
  calls: string[]
}

/** Adds `lr` to its weight at each step, and notes what it is called with. */
function counting(
  calls: string[],
  changes: Partial<TrainableDefinition<Config, State, number>> = {},
): SteppedTrainable<Config> {
  return defineTrainable<Config, State, number>({
    setup({ lr, steps }) {
      calls.push(`setup ${lr}`)
      return { lr, steps, weight: 0, calls }
    },
    step(state) {
      state.weight += state.lr
      return { weight: state.weight, done: state.weight >= state.steps }
    },
    save(state) {
      calls.push(`save ${state.weight}`)
      return state.weight
    },
    load(state, value) {
      calls.push(`load ${value}`)
      state.weight = value
    },
    cleanup: () => void calls.push('cleanup'),
    ...changes,
  })
}

const CONFIG: Config = { steps: 5, lr: 1 }

describe.each([
  ['inProcess', inProcess],
  ['cloned', CLONED],
] as const)('defineTrainable, %s', (_name, make) => {
  it('sets up, steps and cleans up, and keeps done out of the metrics', async () => {
    const calls: string[] = []
    const run = await play(make, counting(calls), { config: CONFIG })
    expect(run.metrics).toEqual([1, 2, 3, 4, 5].map((weight) => ({ weight })))
    expect(run.reports.map((report) => report.last)).toEqual([false, false, false, false, true])
    expect(run.reports.some((report) => 'checkpoint' in report)).toBe(false)
    expect(calls).toEqual(['setup 1', 'cleanup'])
  })

  it('saves where saveEvery divides the iteration', async () => {
    const run = await play(make, counting([]), { config: CONFIG, saveEvery: 2 })
    expect(run.reports.map((report) => report.checkpoint)).toEqual([
      undefined,
      { value: 2 },
      undefined,
      { value: 4 },
      undefined,
    ])
  })

  it('saves at the last report when told so', async () => {
    const run = await play(make, counting([]), { config: CONFIG, saveAtEnd: true })
    expect(run.reports.flatMap((report) => report.checkpoint ?? [])).toEqual([{ value: 5 }])
    expect(run.reports.at(-1)).toMatchObject({ last: true, checkpoint: { value: 5 } })
  })

  it('loads the checkpoint after setting up, and counts iterations on from it', async () => {
    const calls: string[] = []
    const run = await play(make, counting(calls), {
      config: CONFIG,
      checkpoint: { value: 3, iteration: 3 },
      saveEvery: 2,
    })
    expect(run.metrics).toEqual([{ weight: 4 }, { weight: 5 }])
    expect(run.reports.map((report) => report.checkpoint)).toEqual([{ value: 4 }, undefined])
    expect(calls).toEqual(['setup 1', 'load 3', 'save 4', 'cleanup'])
  })

  it('gives a checkpoint when asked while its report waits', async () => {
    const run = await play(make, counting([]), {
      config: CONFIG,
      onReport: (report, { attempt }) => (report.seq === 2 ? attempt.save() : attempt.answer(report.seq)),
      onSaved: (_, { attempt }) => attempt.leave('paused'),
    })
    expect(run.kinds).toEqual(['report', 'report', 'saved', 'settled'])
    expect(run.told[2]).toMatchObject({ checkpoint: { value: 2 } })
    expect(run.outcome).toEqual({ kind: 'left' })
  })

  /** Saves in two turns of the event loop, and sees whether the state was left alone meanwhile. */
  const savingSlowly = (calls: string[]): SteppedTrainable<Config> =>
    counting(calls, {
      async save(state) {
        const { weight } = state
        await new Promise((resolve) => void setImmediate(resolve))
        await new Promise((resolve) => void setImmediate(resolve))
        calls.push('saved')
        return state.weight === weight ? weight : NaN
      },
    })

  it('sees no virtual time pass while it saves', async () => {
    const run = await play(make, savingSlowly([]), {
      config: CONFIG,
      onReport(_, watched) {
        watched.attempt.save()
        watched.after(1, () => watched.attempt.leave('stopped'))
      },
    })
    expect(run.told.map(({ at, kind }) => [at, kind])).toEqual([
      [0, 'report'],
      [0, 'saved'],
      [1, 'settled'],
    ])
  })

  it('takes no step and does not clean up while it saves, even when it is told to go on or leave', async () => {
    const calls: string[] = []
    const trainable = savingSlowly(calls)
    const run = begin(make, trainable, {
      stage: realStageOf(make, trainable),
      config: CONFIG,
      onReport(report, { attempt }) {
        attempt.save()
        // In an event of its own, when saving is under way.
        setImmediate(() => (report.seq === 2 ? attempt.leave('paused') : attempt.answer(report.seq)))
      },
    })
    await settle(run)
    expect(run.kinds).toEqual(['report', 'saved', 'report', 'saved', 'settled'])
    expect(run.told.flatMap((told) => (told.kind === 'saved' ? [told.checkpoint] : []))).toEqual([
      { value: 1 },
      { value: 2 },
    ])
    expect(calls).toEqual(['setup 1', 'saved', 'saved', 'cleanup'])
  })

  it('answers each request, and with nothing when no report waits or there is no save', async () => {
    const twice = await play(make, counting([]), {
      config: { steps: 1, lr: 1 },
      onReport(report, { attempt }) {
        attempt.save()
        attempt.save()
        attempt.answer(report.seq)
      },
    })
    expect(twice.kinds).toEqual(['report', 'saved', 'saved', 'settled'])
    const without = await play(make, counting([], { save: undefined }), {
      config: { steps: 1, lr: 1 },
      saveEvery: 1,
      saveAtEnd: true,
      onReport(report, { attempt }) {
        attempt.save()
        attempt.answer(report.seq)
      },
    })
    expect(without.told[1]).toMatchObject({ kind: 'saved', checkpoint: undefined })
    expect(without.reports[0]).not.toHaveProperty('checkpoint')
    const slow = counting([], {
      async step(_, trial) {
        await trial.sleep(10)
        return { weight: 1, done: true }
      },
    })
    const early = await play(make, slow, {
      config: CONFIG,
      afterStart: (watched) => watched.after(5, () => watched.attempt.save()),
    })
    expect(early.told[0]).toEqual({ at: 5, kind: 'saved', checkpoint: undefined })
  })

  const broken: readonly (readonly [
    string,
    Partial<TrainableDefinition<Config, State, number>>,
    Scene,
    string[],
  ])[] = [
    ['setup', { setup: () => fail('setup') }, {}, []],
    ['load', { load: () => fail('load') }, { checkpoint: { value: 1, iteration: 1 } }, ['cleanup']],
    ['step', { step: () => fail('step') }, {}, ['cleanup']],
    ['a save that was due', { save: () => fail('save') }, { saveEvery: 1 }, ['cleanup']],
    [
      'a save that was asked for',
      { save: async () => fail('save') },
      { onReport: (_, { attempt }) => attempt.save() },
      ['cleanup'],
    ],
    ['cleanup', { cleanup: () => fail('cleanup') }, {}, []],
  ]

  it.each(broken)(
    'fails when %s throws, and still cleans up what was set up',
    async (what, changes, scene, after) => {
      const calls: string[] = []
      const run = await play(make, counting(calls, changes), { config: CONFIG, ...scene })
      expect(run.error.message).toBe(`${what.split(' ').at(1) === 'save' ? 'save' : what} broke`)
      expect(calls.filter((call) => !call.startsWith('setup'))).toEqual(after)
    },
  )

  it('says what went wrong first when cleaning up throws too', async () => {
    const both = counting([], { step: () => fail('step'), cleanup: () => fail('cleanup') })
    expect((await play(make, both, { config: CONFIG })).outcome).toMatchObject({
      kind: 'threw',
      error: { message: 'step broke' },
      besides: { message: 'cleanup broke' },
    })
  })

  it('tells what cleaning up threw when it had to leave', async () => {
    const trainable = counting([], { cleanup: () => fail('cleanup') })
    const run = await play(make, trainable, {
      config: CONFIG,
      onReport: (_, { attempt }) => attempt.leave('stopped'),
    })
    expect(run.outcome).toMatchObject({ kind: 'left', besides: { message: 'cleanup broke' } })
  })

  it('refuses a state that cannot be copied, naming the part', async () => {
    const trainable = defineTrainable({
      setup: () => ({ model: { predict: (x: number) => x } }),
      step: () => ({ loss: 1, done: true }),
      save: (state) => state,
      load: () => {},
    })
    for (const scene of [
      { saveAtEnd: true },
      { onReport: (_: unknown, { attempt }) => attempt.save() },
    ] as Scene[]) {
      const run = await play(make, trainable, scene)
      expect(run.error).toMatchObject({ code: 'option', option: 'checkpoint/model/predict' })
    }
  })

  it('takes no step when it had to leave while it was set up', async () => {
    const calls: string[] = []
    const trainable = counting(calls, {
      async setup({ lr, steps }, trial) {
        await trial.sleep(10).catch(() => {})
        return { lr, steps, weight: 0, calls }
      },
      step: () => fail('step'),
    })
    const run = await play(make, trainable, {
      config: CONFIG,
      checkpoint: { value: 1, iteration: 1 },
      afterStart: (watched) => watched.after(5, () => watched.attempt.leave('stopped')),
    })
    expect(run.told).toEqual([{ at: 5, kind: 'settled', outcome: { kind: 'left' } }])
    expect(calls).toEqual(['cleanup'])
  })

  it('fails when a step gives no metrics', async () => {
    const run = await play(make, defineTrainable({ setup: () => null, step: () => 0.3 as never }))
    expect(run.error).toMatchObject({ code: 'option', option: 'report' })
  })

  describe('reset', () => {
    const withReset = (calls: string[]): SteppedTrainable<Config> =>
      counting(calls, {
        reset(state, { lr }) {
          calls.push(`reset ${lr}`)
          state.lr = lr
        },
      })
    const exploitAt2: Scene['onReport'] = (report, { attempt }) =>
      report.seq === 2 ? attempt.leave('exploited') : attempt.answer(report.seq)

    it('takes the place of cleanup and setup when the trial exploits another', async () => {
      const calls: string[] = []
      const stage = stageOf(make, withReset(calls))
      const first = await play(make, withReset(calls), { stage, config: CONFIG, onReport: exploitAt2 })
      expect(first.outcome).toEqual({ kind: 'left' })
      const second = await play(make, withReset(calls), {
        stage,
        config: { steps: 20, lr: 5 },
        attempt: 2,
        checkpoint: { value: 10, iteration: 8 },
      })
      expect(second.metrics).toEqual([{ weight: 15 }])
      expect(calls).toEqual(['setup 1', 'reset 5', 'load 10', 'cleanup'])
    })

    it('is not called for another trial, for another reason, or without an exploit', async () => {
      const calls: string[] = []
      const stage = stageOf(make, withReset(calls))
      await play(make, withReset(calls), { stage, config: CONFIG, trial: 1, onReport: exploitAt2 })
      await play(make, withReset(calls), { stage, config: CONFIG, trial: 2 })
      await play(make, withReset(calls), {
        stage,
        config: CONFIG,
        trial: 3,
        onReport: (_, { attempt }) => attempt.leave('paused'),
      })
      await play(make, withReset(calls), { stage, config: CONFIG, trial: 3, attempt: 2 })
      expect(calls).toEqual(['setup 1', ...Array.from({ length: 3 }, () => ['setup 1', 'cleanup']).flat()])
    })

    it('that throws fails the attempt, which then cleans up', async () => {
      const calls: string[] = []
      const trainable = counting(calls, { reset: () => fail('reset') })
      const stage = stageOf(make, trainable)
      await play(make, trainable, { stage, config: CONFIG, onReport: exploitAt2 })
      const second = await play(make, trainable, { stage, config: CONFIG, attempt: 2 })
      expect(second.error.message).toBe('reset broke')
      expect(calls).toEqual(['setup 1', 'cleanup'])
    })

    it('never gets a state that was left in the middle of a step', async () => {
      const calls: string[] = []
      const trainable = counting(calls, {
        async step(_, trial) {
          await trial.sleep(10)
          return { weight: 1 }
        },
        reset: () => void calls.push('reset'),
      })
      await play(make, trainable, {
        config: CONFIG,
        afterStart: (watched) => watched.after(5, () => watched.attempt.leave('exploited')),
      })
      expect(calls).toEqual(['setup 1', 'cleanup'])
    })

    it('leaves nothing behind when its next attempt never comes, and says what went wrong with that', async () => {
      const calls: string[] = []
      const trainable = counting(calls, {
        reset: () => {},
        cleanup(state) {
          calls.push('cleanup')
          if (state.lr === 1) throw new Error('the file was gone')
        },
      })
      const stage = stageOf(make, trainable)
      for (const lr of [1, 2]) {
        await play(make, trainable, { stage, config: { steps: 9, lr }, trial: lr, onReport: exploitAt2 })
      }
      await expect(stage.executor.close()).rejects.toThrow(
        'a cleanup that was put off threw: the file was gone',
      )
      await stage.executor.close()
      expect(calls).toEqual(['setup 1', 'setup 2', 'cleanup', 'cleanup'])
    })
  })

  it('keeps no report waiting for code that is abandoned while it saves', async () => {
    const run = begin(make, counting([], { save: () => new Promise<number>(() => {}) }), {
      config: CONFIG,
      onReport: (_, watched) => watched.attempt.save(),
    })
    setTimeout(() => run.attempt.abandon(), 5)
    await expect(
      run.kernel.run(
        () => false,
        () => false,
      ),
    ).rejects.toMatchObject({ code: 'deadlock' })
    expect(run.kinds).toEqual(['report'])
  })
})

function fail(what: string): never {
  throw new Error(`${what} broke`)
}
