import { describe, expect, it } from 'vitest'
import { type Trial, Tuner, uniform } from '../../../src/index.ts'
import type { LogRecord } from '../../../src/core/log.ts'
import { readRecorded } from '../../../src/results/recorded/read-recorded.ts'
import { memoryStore } from '../../../src/stores/memory.ts'
import type { Store } from '../../../src/stores/store.ts'
import type { Simulation } from '../../../src/testing/simulate.ts'
import { base, CASES, type Change, type Config, isSame, playing } from './cut-experiments.ts'

const ACCEPT = { diverged: 'accept' } as const

/** Every other trial does otherwise from its third report on. */
const shifted: Change = ({ trial }, iteration, report) => {
  if (trial % 2 > 0 || iteration < 3) return report
  const loss = (report.metrics['loss'] as number) + 0.07 * (trial % 3) - 0.05
  return { ...report, metrics: { ...report.metrics, loss } }
}

const iterationOf = ({ metrics }: LogRecord & { readonly type: 'trial.report' }): unknown =>
  metrics['training_iteration']

const rewound = (trace: Iterable<LogRecord>): number[] =>
  [...trace].flatMap((record) => (record.type === 'trial.rewound' ? [record.trial] : []))

describe('trials that do otherwise after a break, which is accepted', { timeout: 120_000 }, () => {
  it.each([
    'asha and tpe',
    'asha and tpe, trials in step',
    'hyperband',
    'trials that fail and are tried again',
    'checkpoints',
    'trials that exploit others',
    'trials that wait and exploit others',
  ])('are the same when it is cut once more, anywhere: %s', async (name) => {
    const options = CASES[name] as object
    const made = new Map<string, unknown>()
    const records = [...(await playing(options, { made })()).trace]
    const cut = 1 + records.findIndex((record) => record.type === 'trial.report' && iterationOf(record) === 5)
    const first = await playing(options, { change: shifted, made })(records.slice(0, cut), ACCEPT)
    const all = [...first.trace]
    expect(rewound(all)).not.toEqual([])
    const different: number[] = []
    for (let at = cut + 1; at < all.length; at++) {
      const run = playing(options, { change: shifted, made: new Map(made) })
      if (!isSame(first, await run(all.slice(0, at), ACCEPT))) different.push(at)
    }
    expect(different).toEqual([])
  })

  /** Trials of so many epochs, which tell the parity of the call. */
  function epochs(counts: readonly number[]): {
    readonly run: (records?: readonly LogRecord[]) => Promise<Simulation<unknown>>
    readonly calls: () => number
  } {
    let calls = 0
    let process = -1
    const trainable = async ({ x }: Config, trial: Trial): Promise<void> => {
      calls++
      const count = counts[Math.min(process, counts.length - 1)] as number
      for (let epoch = 0; epoch < count; epoch++) {
        trial.setUserAttr('epochs', `${epoch} of ${count}`)
        await trial.sleep(10)
        await trial.report({ loss: x + (epoch === 3 ? count / 100 : epoch) })
      }
    }
    const play = playing({ ...base, numSamples: 3, trainable })
    return {
      run(records) {
        process++
        calls = 0
        return play(records, ACCEPT)
      },
      calls: () => calls,
    }
  }

  it('count with what they do now, and are called once', async () => {
    const { run, calls } = epochs([9, 6])
    const records = [...(await run()).trace]
    const cut = records.findIndex(({ at }) => at === 70)
    const { results, trace } = await run(records.slice(0, cut))
    expect(calls()).toBe(3)
    for (const { history, state, userAttrs } of results) {
      expect(state).toBe('completed')
      expect(history).toHaveLength(6)
      expect(history[3]?.['training_iteration']).toBe(4)
      expect(userAttrs).toEqual({ epochs: '5 of 6' })
    }
    expect(rewound(trace).toSorted()).toEqual([0, 1, 2])
    const warnings = results.warnings.filter(({ kind }) => kind === 'divergence')
    expect(warnings.map(({ trial }) => trial).toSorted()).toEqual([0, 1, 2])
    expect(warnings[0]?.message).toContain('report 4 was')
  })

  it('end with what they reported when they end sooner', async () => {
    const { run } = epochs([3, 2])
    const whole = [...(await run()).trace]
    const cut = whole.findIndex(({ at, type }) => at === 30 && type === 'trial.report') + 2
    const first = await run(whole.slice(0, cut))
    expect([...first.results].map(({ history }) => history.length)).toEqual([2, 2, 2])
    const all = [...first.trace]
    for (let at = cut + 1; at < all.length; at++)
      expect(isSame(first, await run(all.slice(0, at)))).toBe(true)
  })

  it('are read from the log as they were', async () => {
    const { run } = epochs([9, 6])
    const records = [...(await run()).trace]
    const { results, trace } = await run(
      records.slice(
        0,
        records.findIndex(({ at }) => at === 70),
      ),
    )
    const recorded = readRecorded([...trace]).trials
    expect(recorded.map(({ history }) => history.toArray())).toEqual(
      [...results].map(({ history }) => history),
    )
  })
})

describe('a Tuner whose trials do otherwise after a break', () => {
  const options = { paramSpace: { x: uniform(0, 1) }, metric: 'loss', mode: 'min', seed: 1 } as const
  const NAP_MS = 20

  function train(version: number): (config: Config, trial: Trial) => Promise<void> {
    return async ({ x }, trial) => {
      for (let epoch = 0; epoch < 6; epoch++) {
        await trial.sleep(NAP_MS)
        await trial.report({ loss: epoch < 2 ? x : x + version })
      }
    }
  }

  /** A store with an experiment that was cut off after its trial's fourth report. */
  async function cutOff(): Promise<{ readonly storage: Store; readonly before: readonly LogRecord[] }> {
    const storage = memoryStore()
    await new Tuner(train(0), { ...options, name: 'demo', storage }).fit()
    const records = (await storage.read('demo')) ?? []
    const at = records.findIndex((record) => record.type === 'trial.report' && record.seq === 4)
    const kept = memoryStore()
    const before = records.slice(0, at + 2)
    const log = await kept.open('demo')
    await log.append(before)
    await log.close()
    return { storage: kept, before }
  }

  it('fails them unless it is told otherwise, and says by what they count', async () => {
    const { storage } = await cutOff()
    const results = await Tuner.restore(storage, { name: 'demo', trainable: train(1) }).fit()
    expect(results.at(0)?.error?.name).toBe('DivergenceError')
    expect(results.at(0)?.error?.message).toContain("resume: { diverged: 'accept' }")
  })

  it('lets what they do now count, and take its time, when it is told to', async () => {
    const { storage, before } = await cutOff()
    const restored = Tuner.restore(storage, { name: 'demo', trainable: train(1), resume: ACCEPT })
    const results = await restored.fit()
    expect(results.warnings.map(({ kind }) => kind)).toEqual(['divergence'])
    const history = results.at(0)?.history ?? []
    const [{ config: { x } } = { config: { x: Number.NaN } }] = [...results]
    expect(history.map(({ loss }) => loss)).toEqual([x, x, x + 1, x + 1, x + 1, x + 1])
    const after = ((await storage.read('demo')) ?? []).slice(before.length)
    const reports = after.filter((record) => record.type === 'trial.report')
    expect(reports.map(({ seq }) => seq)).toEqual([3, 4, 5, 6])
    const [first, , , last] = reports
    expect((last?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(2.5 * NAP_MS)
    const again = await Tuner.restore(storage, { name: 'demo', trainable: train(1) }).fit()
    expect(again.at(0)?.history).toEqual(history)
  })
})
