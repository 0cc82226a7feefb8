import { describe, expect, it } from 'vitest'
import { OptionError, TroupeError } from '../../src/errors.ts'
import { cloned } from '../../src/executors/cloned.ts'
import { errorFromData, errorToData } from '../../src/executors/crossing-errors.ts'
import { inProcess } from '../../src/executors/in-process.ts'
import type { Trainable } from '../../src/executors/trainable.ts'
import { obeysExecutorLaws } from './conformance.ts'
import { begin, type MakeExecutor, play, runDry } from './harness.ts'

const make: MakeExecutor = (options) => cloned(inProcess(options), options.kernel)

describe('cloned(inProcess)', () => {
  obeysExecutorLaws(make)

  it('fails a trial whose configuration cannot be copied, naming the part', async () => {
    const config = { steps: 1, optimizer: { activation: Math.tanh } }
    const run = await play(make, (() => ({ loss: 1 })) as Trainable, { config })
    expect(run.error).toBeInstanceOf(OptionError)
    expect(run.error).toMatchObject({ option: 'config/optimizer/activation' })
    expect(run.error.message).toBe(
      'config/optimizer/activation is the function tanh, which cannot be copied. Put a name in its place and look the rest up in the trainable.',
    )
  })

  it('settles such a trial only once, as left when it had to leave, and not at all when abandoned', async () => {
    const scene = { config: { activation: Math.tanh } }
    const left = await play(make, () => {}, {
      ...scene,
      afterStart: ({ attempt }) => attempt.leave('stopped'),
    })
    expect(left.outcome).toEqual({ kind: 'left' })
    const abandoned = begin(make, () => {}, { ...scene, afterStart: ({ attempt }) => attempt.abandon() })
    await runDry(abandoned.kernel)
    expect(abandoned.told).toEqual([])
  })

  it('shares nothing with the trainable', async () => {
    const config = { seen: new Set([1]) }
    let inside: unknown
    const run = await play(
      make,
      async (own: typeof config, trial) => {
        inside = own.seen
        own.seen.add(2)
        await trial.report({ size: own.seen.size }, { checkpoint: own.seen })
      },
      { config },
    )
    expect(run.metrics).toEqual([{ size: 2 }])
    expect(config.seen.size).toBe(1)
    expect(inside).not.toBe(config.seen)
    expect(run.reports[0]?.checkpoint?.value).toEqual(new Set([1, 2]))
  })
})

describe('an error that crosses', () => {
  const crossed = (error: Error): Error => errorFromData(structuredClone(errorToData(error)))

  it('keeps its name, message, stack and code', () => {
    class QuotaError extends Error {
      override readonly name = 'QuotaError'
      readonly code = 'EQUOTA'
      readonly callback = (): void => {}
    }
    const error = new QuotaError('no room')
    expect(crossed(error)).toMatchObject({
      name: 'QuotaError',
      message: 'no room',
      code: 'EQUOTA',
      stack: error.stack,
    })
  })

  it('is of the same class when it is one of ours', () => {
    const option = crossed(
      new OptionError('asha.maxT', 'asha.maxT: must be above 0.', { received: () => {} }),
    )
    expect(option).toBeInstanceOf(OptionError)
    expect(option).toMatchObject({ name: 'OptionError', code: 'option', option: 'asha.maxT' })
    const thrown = crossed(new TroupeError('thrown', 'A value'))
    expect(thrown).toBeInstanceOf(TroupeError)
    expect(thrown).toMatchObject({ name: 'TroupeError', code: 'thrown' })
  })

  it('keeps its causes, also those that are no errors or go in a circle', () => {
    const circle: Error = new Error('outer')
    circle.cause = new RangeError('inner', { cause: circle })
    expect(crossed(circle).cause).toMatchObject({
      name: 'RangeError',
      message: 'inner',
      cause: { message: 'outer' },
    })
    expect(crossed(new Error('outer', { cause: () => {} })).cause).toMatchObject({ code: 'thrown' })
  })

  it('crosses whatever user code made of its parts', () => {
    const strange = Object.assign(new Error('plain'), { code: Symbol('code') })
    for (const key of ['name', 'message', 'stack']) Object.defineProperty(strange, key, { value: () => {} })
    expect(crossed(strange)).toMatchObject({ name: 'Error', message: '' })
  })
})
