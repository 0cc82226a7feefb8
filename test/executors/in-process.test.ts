import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { inProcess } from '../../src/executors/in-process.ts'
import type { Trainable } from '../../src/executors/trainable.ts'
import { obeysExecutorLaws } from './conformance.ts'
import { begin, play, realStageOf, settle } from './harness.ts'
import { LOOPS } from './loops.ts'

describe('inProcess', () => {
  obeysExecutorLaws(inProcess)

  it('shares functions and instances in a configuration with the trainable', async () => {
    const config = { activate: (x: number) => 2 * x, seen: new Set([1]) }
    const run = await play(inProcess, ({ activate, seen }: typeof config) => ({ y: activate(seen.size) }), {
      config,
    })
    expect(run.metrics).toEqual([{ y: 2 }])
  })

  describe.each(Object.keys(LOOPS))('with reportDelayMs, %s', (form) => {
    const loop = LOOPS[form] as (typeof LOOPS)[string]

    it('lets that much time pass before each report', async () => {
      const asked: unknown[] = []
      const run = await play(inProcess, loop({ sleepMs: 1 }), {
        config: { steps: 3 },
        checkpoint: { value: 0, iteration: 4 },
        reportDelayMs(info) {
          asked.push(info)
          return info.iteration * 10
        },
      })
      expect(asked).toEqual([5, 6, 7].map((iteration) => ({ number: 7, iteration, worker: 2 })))
      expect(run.told.map((told) => told.at)).toEqual([51, 112, 183, 183])
    })

    it('sends nothing when it has to leave meanwhile', async () => {
      const run = await play(inProcess, loop(), {
        config: { steps: 3 },
        reportDelayMs: () => 100,
        afterStart: (watched) => watched.after(150, () => watched.attempt.leave('stopped')),
      })
      expect(run.told.map((told) => [told.kind, told.at])).toEqual([
        ['report', 100],
        ['settled', 150],
      ])
    })

    it('fails the trial when the time is none', async () => {
      for (const ms of [-1, NaN, Infinity, 'soon' as never]) {
        const run = await play(inProcess, loop(), { config: { steps: 3 }, reportDelayMs: () => ms })
        expect(run.error).toMatchObject({ name: 'OptionError', option: 'stepMs' })
      }
    })
  })

  it('sends reports that nobody awaits one after the other, and the end after all of them', async () => {
    const late: Trainable = async (_, trial) => {
      void trial.report({ step: 1 })
      void trial.report({ step: 2 })
      throw new Error('over')
    }
    const scene = { reportDelayMs: ({ iteration }: { iteration: number }) => (iteration === 1 ? 50 : 0) }
    const run = await play(inProcess, late, scene)
    expect(run.told.map((told) => [told.kind, told.at])).toEqual([
      ['report', 50],
      ['report', 50],
      ['settled', 50],
    ])
    expect(run.error.message).toBe('over')
    const left = await play(inProcess, late, {
      ...scene,
      afterStart: (watched) => watched.after(20, () => watched.attempt.leave('stopped')),
    })
    expect(left.told).toEqual([
      { at: 20, kind: 'settled', outcome: { kind: 'left', besides: expect.any(Error) as Error } },
    ])
  })

  it.each(Object.keys(LOOPS))('runs on a real clock too: %s', async (form) => {
    const loop = LOOPS[form] as (typeof LOOPS)[string]
    const trainable = loop({ sleepMs: 0 })
    const run = begin(inProcess, trainable, {
      stage: realStageOf(inProcess, trainable),
      config: { steps: 3 },
    })
    await settle(run)
    expect(run.outcome).toEqual({ kind: 'returned' })
    expect(run.metrics).toEqual([{ step: 1 }, { step: 2 }, { step: 3 }])
  })

  it('lets the signal cut a wait for the real world short', async () => {
    const trainable: Trainable = async (_, trial) => {
      void trial.report({ step: 1 })
      await new Promise((_resolve, reject) => {
        trial.signal.addEventListener('abort', () => reject(trial.signal.reason as Error))
      })
    }
    const run = begin(inProcess, trainable, {
      stage: realStageOf(inProcess, trainable),
      onReport: (_, { attempt }) => attempt.leave('paused'),
    })
    await settle(run)
    expect(run.outcome).toEqual({ kind: 'left' })
  })

  it('never raises an unhandled rejection for a report or a sleep that nobody awaits', async () => {
    const program = fileURLToPath(new URL('unheard.ts', import.meta.url))
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [
      '--conditions=@troupe/source',
      '--import',
      'tsx',
      program,
    ])
    expect(stdout.trim().split('\n')).toEqual(['left', 'left', 'left', 'returned', 'unhandled rejections: 0'])
    expect(stderr).toBe('')
  })
})
