import { afterEach, describe, expect, it, vi } from 'vitest'
import { type Callback, type CallbackEnd, type CallbackView, Tuner, uniform } from '../../src/index.ts'

const paramSpace = { x: uniform(0, 1) }
const options = { paramSpace, metric: 'loss', mode: 'min', numSamples: 2, name: 'demo', seed: 5 } as const
const train = async ({ x }: { readonly x: number }) => ({ loss: x })
const soon = () => new Promise<void>((resolve) => void setImmediate(resolve))

describe('a callback', () => {
  it('is told of the experiment before the first trial is made', async () => {
    const heard: string[] = []
    let seen: CallbackView | undefined
    const callback: Callback = {
      async start(view) {
        seen = view
        await soon()
        heard.push('started')
      },
      'trial.created': () => void heard.push('created'),
    }
    await new Tuner(train, { ...options, callbacks: [callback] }).fit()
    expect(heard).toEqual(['started', 'created', 'created'])
    expect(seen).toMatchObject({
      name: 'demo',
      objectives: [{ metric: 'loss', mode: 'min' }],
      numSamples: 2,
      parameterNames: ['x'],
      parameters: [{ path: 'x', domain: { kind: 'float', low: 0, high: 1 } }],
      seed: '5',
      restored: false,
      trials: [],
    })
  })

  it('is waited for at the end, and told of the results', async () => {
    let told: CallbackEnd | undefined
    let isWritten = false
    const callback: Callback = {
      async end(end) {
        told = end
        await soon()
        isWritten = true
      },
    }
    const results = await new Tuner(train, { ...options, callbacks: [callback] }).fit()
    expect(isWritten).toBe(true)
    expect(told?.error).toBeUndefined()
    expect(told?.results.getBestResult().trialId).toBe(results.getBestResult().trialId)
  })

  it('is told of the error that fit is about to reject with', async () => {
    let told: CallbackEnd | undefined
    const failing = async () => {
      throw new Error('no data')
    }
    const tuner = new Tuner(failing, {
      ...options,
      failure: { failFast: true },
      callbacks: [{ end: (end) => void (told = end) }],
    })
    const error: unknown = await tuner.fit().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'failFast' })
    expect(told?.error).toMatchObject({ code: 'failFast' })
  })

  it('keeps what start returns for each experiment alone, when it is given to two', async () => {
    const lines: string[] = []
    const counting: Callback = {
      async start({ name }) {
        let reports = 0
        await soon()
        return {
          'trial.report': () => void reports++,
          end: () => void lines.push(`${name}: ${reports} reports`),
        }
      },
    }
    const callbacks = [counting]
    await Promise.all([
      new Tuner(train, { ...options, callbacks, name: 'small', numSamples: 2 }).fit(),
      new Tuner(train, { ...options, callbacks, name: 'large', numSamples: 7 }).fit(),
    ])
    expect(lines.sort()).toEqual(['large: 7 reports', 'small: 2 reports'])
  })

  it('may be an instance of a class, with fields of its own', async () => {
    class Losses implements Callback {
      readonly name = 'losses'
      readonly found: unknown[] = []

      'trial.complete'({ trial }: Parameters<NonNullable<Callback['trial.complete']>>[0]) {
        this.found.push(trial.metrics?.['loss'])
      }
    }
    const losses = new Losses()
    const results = await new Tuner(train, { ...options, callbacks: [losses] }).fit()
    expect(losses.found).toHaveLength(2)
    expect(results.warnings).toEqual([])
  })

  it('hears each event in order', async () => {
    const steps: unknown[] = []
    const stepping = async (_: unknown, trial: { report(metrics: object): Promise<unknown> }) => {
      for (let i = 0; i < 5; i++) await trial.report({ loss: i })
    }
    await new Tuner(stepping, {
      ...options,
      numSamples: 1,
      callbacks: [
        {
          'trial.start': () => void steps.push('start'),
          'trial.report': ({ metrics }) => void steps.push(metrics['loss']),
          'trial.complete': () => void steps.push('complete'),
          end: () => void steps.push('end'),
        },
      ],
    }).fit()
    expect(steps).toEqual(['start', 0, 1, 2, 3, 4, 'complete', 'end'])
  })
})

describe('a callback that goes wrong', () => {
  afterEach(() => void vi.useRealTimers())

  const kinds: [string, (error: Error) => unknown][] = [
    [
      'throws',
      (error) => {
        throw error
      },
    ],
    [
      'rejects',
      async (error) => {
        throw error
      },
    ],
  ]

  it.each(kinds)('%s in start is switched off with a warning, and the others go on', async (_, fail) => {
    const heard: string[] = []
    const broken: Callback = {
      name: 'broken',
      start: () => fail(new Error('no disk')) as never,
      'trial.complete': () => void heard.push('broken'),
      end: () => void heard.push('broken end'),
    }
    const other: Callback = { 'trial.complete': () => void heard.push('other') }
    const { length, warnings } = await new Tuner(train, { ...options, callbacks: [broken, other] }).fit()
    expect(length).toBe(2)
    expect(heard).toEqual(['other', 'other'])
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatchObject({
      kind: 'callback',
      message: 'The callback broken did not start, and is switched off: no disk',
    })
  })

  it.each(kinds)('%s in end is a warning among the results', async (_, fail) => {
    const callback: Callback = { end: () => fail(new Error('no disk')) }
    const { length, warnings } = await new Tuner(train, { ...options, callbacks: [callback] }).fit()
    expect(length).toBe(2)
    expect(warnings.map(({ kind, message }) => [kind, message])).toEqual([
      ['callback', 'A callback did not end well: no disk'],
    ])
  })

  it.each(kinds)('%s in a listener is a warning', async (_, fail) => {
    const callback: Callback = { start: () => ({ 'trial.complete': () => fail(new Error('no disk')) }) }
    const { length, warnings } = await new Tuner(train, {
      ...options,
      numSamples: 1,
      callbacks: [callback],
    }).fit()
    expect(length).toBe(1)
    expect(warnings.map(({ kind, message }) => [kind, message])).toEqual([
      ['callback', 'A callback of trial.complete threw: no disk'],
    ])
  })

  it('may say so itself', async () => {
    const callback: Callback = { start: ({ warn }) => warn('the disk is nearly full') }
    const { warnings } = await new Tuner(train, { ...options, callbacks: [callback] }).fit()
    expect(warnings.map(({ kind, message }) => [kind, message])).toEqual([
      ['callback', 'the disk is nearly full'],
    ])
  })

  it.each(['start', 'end'] as const)(
    'never answers %s is waited for 30 seconds, and no longer',
    async (call) => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      let isAborted = false
      let onAsked = () => {}
      const asked = new Promise<void>((resolve) => (onAsked = resolve))
      const never = () => {
        onAsked()
        return new Promise<never>(() => {})
      }
      const callback: Callback = {
        name: 'stuck',
        start(_, signal) {
          signal.addEventListener('abort', () => (isAborted = true))
          return call === 'start' ? never() : undefined
        },
        ...(call === 'end' ? { end: never } : {}),
      }
      let isOver = false
      const fitting = new Tuner(train, { ...options, callbacks: [callback] })
        .fit()
        .finally(() => (isOver = true))
      await asked
      await vi.advanceTimersByTimeAsync(29_999)
      expect([isOver, isAborted]).toEqual([false, false])
      await vi.advanceTimersByTimeAsync(1)
      const { length, warnings } = await fitting
      expect(length).toBe(2)
      expect(isAborted).toBe(true)
      expect(warnings.map(({ message }) => message).join()).toContain(`${call}() has not answered for 30 s.`)
      expect(vi.getTimerCount()).toBe(0)
    },
  )

  it('is waited for 5 seconds once the experiment was told to stop', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const tuner = new Tuner(train, { ...options, callbacks: [{ start: () => new Promise<never>(() => {}) }] })
    const fitting = tuner.fit()
    const stopped = tuner.stop()
    await vi.advanceTimersByTimeAsync(5000)
    await stopped
    expect((await fitting).endedBy).toBe('stop')
  })

  it.each<[string, unknown]>([
    ['a name that is no text', { name: 5 }],
    ['a start that is no function', { start: 'now' }],
    ['an end that is no function', { end: true }],
  ])('has %s, and is refused', (_, callback) => {
    expect(() => new Tuner(train, { ...options, callbacks: [callback as Callback] })).toThrow(
      /callbacks: must be an array of objects of listeners/,
    )
  })
})
