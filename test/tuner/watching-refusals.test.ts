import { describe, expect, it } from 'vitest'
import { OptionError, type Reporter, Tuner } from 'troupe'

const LOSS = { metric: 'loss', mode: 'min' } as const
const trainable = (): { loss: number } => ({ loss: 1 })

describe('what cannot watch', () => {
  it.each([
    ['subscribe', /A subscriber must be a function of the snapshot, got "x"/],
    ['inspect', /An inspector must be a function of inspection events, or an observer with next\. Got "x"/],
  ] as const)('is refused by %s', async (method, message) => {
    const tuner = new Tuner(trainable, LOSS)
    const watch = (): unknown => tuner[method]('x' as never)
    expect(watch).toThrow(OptionError)
    expect(watch).toThrow(message)
    expect((await tuner.fit()).warnings).toEqual([])
  })

  it('is refused as a listener of a reporter, where that was given', () => {
    const reporter = { start() {}, update() {}, end() {}, on: { 'trial.begin': () => {} } }
    expect(() => new Tuner(trainable, { ...LOSS, reporter: reporter as never })).toThrow(
      /There is no event trial\.begin/,
    )
  })
})

describe('a reporter that cannot start', () => {
  it('is not called again, and nothing else comes of it', async () => {
    const calls: string[] = []
    const reporter: Reporter = {
      start() {
        throw new Error('shows another experiment')
      },
      update: () => void calls.push('update'),
      end: () => void calls.push('end'),
      on: { 'trial.complete': () => void calls.push('event') },
    }
    const results = await new Tuner(trainable, { ...LOSS, reporter }).fit()
    expect(calls).toEqual([])
    expect(results.warnings).toMatchObject([
      { kind: 'reporter', message: 'The reporter threw: shows another experiment' },
    ])
  })
})

describe('warnings', () => {
  it('beyond a thousand are counted, and the last one says so', async () => {
    const tuner = new Tuner(async (_, trial) => {
      for (let i = 0; i < 1_200; i++) await trial.report({ loss: i })
    }, LOSS)
    const heard: string[] = []
    tuner.on('experiment.warning', ({ message }) => heard.push(message))
    let count = 0
    tuner.on('trial.report', () => {
      throw new Error(`no. ${++count}`)
    })
    const { warnings } = await tuner.fit()
    expect(warnings).toHaveLength(1_001)
    expect(warnings.at(-1)).toMatchObject({
      kind: 'dropped',
      message: '200 more warnings are not kept. All of them were experiment.warning events.',
    })
    expect(heard.at(-1)).toMatch(/no\. 1200$/)
  })
})

describe('a signal that aborts while the experiment starts', () => {
  it.each(['experiment.start', 'trial.created', 'trial.start'] as const)(
    'in a listener of %s ends it',
    async (name) => {
      const controller = new AbortController()
      const tuner = new Tuner(
        async (_, trial) => {
          for (let i = 0; i < 1e6; i++) await trial.report({ loss: i })
        },
        { ...LOSS, numSamples: 3, signal: controller.signal },
      )
      tuner.on(name, () => controller.abort())
      expect((await tuner.fit()).endedBy).toBe('signal')
    },
  )

  it('in a searcher that proposes ends it', async () => {
    const controller = new AbortController()
    const tuner = new Tuner(trainable, {
      ...LOSS,
      signal: controller.signal,
      numSamples: 5,
      searcher: {
        name: 'aborting',
        start: () => ({
          suggest() {
            controller.abort()
            return { kind: 'point', point: {} }
          },
          tell() {},
        }),
      },
    })
    expect((await tuner.fit()).endedBy).toBe('signal')
  })
})

describe('a searcher whose start gives no search', () => {
  it('is refused by new Tuner, as an option', () => {
    const searcher = { name: 'mine', start: () => 5 as never }
    const build = (): unknown => new Tuner(trainable, { ...LOSS, searcher })
    expect(build).toThrow(OptionError)
    expect(build).toThrow(/mine\.start returned 5, which is no search/)
  })
})
