import { describe, expect, it } from 'vitest'
import { asha, fifo, maximumIteration, OptionError, type Scheduler, Tuner, uniform } from 'troupe'
import { learningCurves, replay, simulate, Trace } from 'troupe/testing'
import { SCHEDULERS } from '../runtime/plays.ts'
import { schedulerOf } from '../runtime/stage.ts'

interface Config {
  x: number
}

const EPOCHS = 9

const settings = {
  trainable: learningCurves<Config>(
    ({ x }) =>
      (step) =>
        step > EPOCHS ? undefined : x / step + ((7.7 * x * step) % 0.3),
    { metric: 'loss' },
  ),
  paramSpace: { x: uniform(0, 1) },
  metric: 'loss',
  mode: 'min',
  numSamples: 30,
  maxConcurrentTrials: 3,
  stepMs: ({ number }: { number: number }) => 7 + (number % 5),
  seed: 5,
} as const

const halving = (): Scheduler => asha({ maxT: EPOCHS, reductionFactor: 3 })
const run = (scheduler: Scheduler, more: object = {}) => simulate({ ...settings, scheduler, ...more })

describe('replay of a trace', () => {
  const schedulers: Readonly<Record<string, () => Scheduler>> = SCHEDULERS

  it.each(Object.keys(schedulers))('finds that the same decisions come again, by %s', async (name) => {
    const { trace } = await run((schedulers[name] as () => Scheduler)())
    const check = await replay(trace)
    expect(check.toText()).toMatch(/answers as it did, \d+ times\.$/)
    expect(check).toMatchObject({ kind: 'check', same: true, difference: undefined })
    expect(check.compared).toBeGreaterThan(30)
  })

  it.each(Object.keys(schedulers))(
    'needs the scheduler for a trace read from text, and then does the same, by %s',
    async (name) => {
      const make = schedulers[name] as () => Scheduler
      const { trace } = await run(make())
      const read = Trace.fromJSONL(trace.toJSONL())
      await expect(replay(read)).rejects.toThrow(/does not remember its scheduler .* mode: 'check'/)
      expect(await replay(read, { scheduler: make(), mode: 'check' })).toMatchObject({ same: true })
    },
  )

  it('holds with faults, retries and time limits', async () => {
    const faults = { crash: 0.05, delay: [0, 30], duplicateReport: 0.2, lateReport: 0.5, hang: 0.02 } as const
    const { trace } = await run(halving(), { faults, trialTimeoutMs: 200, failure: { maxFailures: 1 } })
    expect((await replay(trace)).toText()).toMatch(/answers as it did/)
  })

  it('holds where a stopper, a budget or a returned value ended trials and the scheduler was not asked', async () => {
    const stopped = await run(halving(), { stop: maximumIteration(4) })
    expect((await replay(stopped.trace)).toText()).toMatch(/answers as it did/)
    const cut = await run(halving(), { timeBudgetMs: 150 })
    expect((await replay(cut.trace)).toText()).toMatch(/answers as it did/)
    const returned = await simulate({
      ...settings,
      trainable: ({ x }: Config) => ({ loss: x }),
      scheduler: halving(),
    })
    expect((await replay(returned.trace)).toText()).toMatch(/answers as it did/)
  })

  it('shows the first difference, with what led to it', async () => {
    const { trace } = await run(halving())
    const scheduler = asha({ maxT: EPOCHS, reductionFactor: 2 })
    const check = await replay(trace, { scheduler, mode: 'check' })
    const { difference } = check
    expect(check.same).toBe(false)
    expect(trace.at(difference?.index ?? -1)).toMatchObject({
      type: 'trial.decision',
      trial: difference?.trial,
    })
    expect(check.toText()).toMatch(
      /differs about trial \d+, at [\d.]+ ms \(record \d+\):\n.*\n[^]*recorded: .*\n {2}replayed: /,
    )
    // And nothing before it differs.
    const before = new Trace()
    for (const record of [...trace].slice(0, difference?.index)) before.add(record)
    expect((await replay(before, { scheduler, mode: 'check' })).same).toBe(true)
  })

  it('begins the scheduler as it was begun: with the objectives, and how many trials there will be', async () => {
    const telling = schedulerOf({
      init: ({ budget, objectives }) => ({ budget, objectives }),
      onReport: ({ budget, objectives }) => ({ kind: 'continue', evidence: { budget, objectives } }),
    })
    const { trace } = await run(telling)
    expect(trace.toText()).toMatch(/: continue +\(budget 30, /)
    expect((await replay(trace)).same).toBe(true)
    const read = Trace.fromJSONL(trace.toJSONL())
    expect((await replay(read, { scheduler: telling, mode: 'check' })).same).toBe(true)
  })

  it('finds a scheduler that is not repeatable', async () => {
    let calls = 0
    const moody = schedulerOf({
      init: () => ({}),
      onReport: () =>
        ++calls === 40 ? { kind: 'stop', outcome: 'pruned', reason: 'in a bad mood' } : { kind: 'continue' },
    })
    const check = await replay((await run(moody)).trace)
    expect(check.difference).toMatchObject({ recorded: 'stop: in a bad mood', replayed: 'continue' })
  })

  it('finds a scheduler that chooses another trial, and one that commands other ends', async () => {
    const waiting = (place: number): Scheduler =>
      schedulerOf({
        init: () => ({}),
        onReport: (_state, { time }) =>
          time === 1 ? { kind: 'pause', reason: 'waits for the others' } : { kind: 'continue' },
        choose: (_state, { candidates, idle }) =>
          candidates.find(({ status }) => status === 'pending')?.trial ??
          (idle ? candidates.at(place)?.trial : undefined),
      })
    const { trace: chosen } = await run(waiting(0), { numSamples: 5 })
    expect((await replay(chosen)).same).toBe(true)
    const other = await replay(chosen, { scheduler: waiting(-1), mode: 'check' })
    expect(other.difference).toMatchObject({ recorded: 'runs trial 0', replayed: 'runs trial 4' })
    const { trace: commanded } = await run(SCHEDULERS.cutting())
    const harsh = { ...SCHEDULERS.cutting(), commands: () => [] } as Scheduler
    const ends = await replay(commanded, { scheduler: harsh, mode: 'check' })
    expect(ends.difference).toMatchObject({ recorded: 'pruned: lost', replayed: 'no command' })
  })

  it('reads the trace of a real run', async () => {
    const { stepMs: _, trainable, ...rest } = settings
    const tuner = new Tuner(trainable, { ...rest, scheduler: halving(), trace: true })
    await tuner.fit()
    const check = await replay(tuner.trace as Trace, { scheduler: halving(), mode: 'check' })
    expect(check.toText()).toMatch(/answers as it did/)
  })
})

describe('replay of a trace under another scheduler', () => {
  it('is exact on a trace of fifo: what a simulation under that scheduler does', async () => {
    const { trace } = await run(fifo())
    const real = await run(halving())
    const what = await replay(trace, { scheduler: halving() })
    const epochs = [...real.results].map(({ iteration }) => iteration)
    expect(what).toMatchObject({ kind: 'whatIf', scheduler: 'asha', instead: 'fifo', isExact: true })
    expect(what.trials.map((trial) => trial.epochs)).toEqual(epochs)
    expect(what.trials.map(({ reason }) => reason)).toEqual(
      [...real.results].map(({ reason }) => reason?.text),
    )
    const used = epochs.reduce((sum, count) => sum + count, 0)
    expect(what.epochs).toEqual({ low: used, high: used })
    expect(what.epochsRecorded).toBe(30 * EPOCHS)
    expect(what.epochsSaved).toEqual({ low: 270 - used, high: 270 - used })
    const losses = (of: { results: Iterable<{ history: Iterable<Readonly<Record<string, unknown>>> }> }) =>
      [...of.results].flatMap(({ history }) => [...history].map((metrics) => Number(metrics['loss'])))
    expect(what.bestReached).toBe(Math.min(...losses(real)))
    expect(what.regret?.low).toBe((what.bestReached as number) - (what.bestRecorded as number))
    expect(what.toText()).toMatch(
      /asha instead of fifo, on 30 recorded trials:\n {2}epochs \d+ in place of 270: \d+ saved/,
    )
  })

  it('gives intervals that hold the truth where it asks for reports that were never made', async () => {
    const { trace } = await run(asha({ maxT: EPOCHS, reductionFactor: 4 }))
    const what = await replay(trace, { scheduler: fifo() })
    expect(what.isExact).toBe(false)
    // Under fifo each trial has all its epochs.
    expect(what.epochs.low).toBe(what.epochsRecorded)
    expect(what.epochs.high).toBe(270)
    expect(what.regret?.low).toBe(0)
    for (const { isUnknown, epochs, recorded } of what.trials)
      expect(isUnknown ? recorded : epochs).toBe(isUnknown ? epochs : EPOCHS)
    expect(what.toText()).toMatch(/epochs \d+ to 270 in place of \d+: -\d+ to 0 saved/)
  })

  it('costs and loses nothing under the scheduler that was recorded', async () => {
    const { trace } = await run(halving())
    const what = await replay(trace, { scheduler: halving() })
    expect(what).toMatchObject({
      isExact: true,
      epochsSaved: { low: 0, high: 0 },
      regret: { low: 0, high: 0 },
    })
  })

  it('keeps failures, and the configurations that a scheduler may look at', async () => {
    const { trace } = await run(fifo(), { faults: { crash: 0.1 } })
    const seen: unknown[] = []
    const looking = schedulerOf({
      init: () => ({}),
      onAdd: (_state, { config }) => void seen.push((config as Config).x),
      onReport: () => ({ kind: 'continue' }),
    })
    const what = await replay(trace, { scheduler: looking })
    expect(what.isExact).toBe(true)
    expect(what.epochsSaved).toEqual({ low: 0, high: 0 })
    expect(seen).toEqual(
      [...trace].flatMap((record) => (record.type === 'trial.created' ? [(record.config as Config).x] : [])),
    )
  })

  it('works on a trace read from text, and on one whose trials are all but one unknown to it', async () => {
    const { trace } = await run(fifo())
    const what = await replay(Trace.fromJSONL(trace.toJSONL()), { scheduler: halving() })
    expect(what.epochs).toEqual((await replay(trace, { scheduler: halving() })).epochs)
    const one = await run(fifo(), { numSamples: 1 })
    expect((await replay(one.trace, { scheduler: halving() })).epochs).toEqual({ low: EPOCHS, high: EPOCHS })
  })

  it('knows nothing of a trial from where the scheduler lets it exploit another', async () => {
    const { trace } = await run(fifo())
    const what = await replay(trace, { scheduler: SCHEDULERS.exploiting() })
    expect(what.trials.some(({ isUnknown }) => isUnknown)).toBe(true)
  })
})

describe('replay', () => {
  it('refuses what it cannot replay', async () => {
    await expect(replay([] as never)).rejects.toThrow(/takes a trace, got an empty array/)
    await expect(replay(new Trace())).rejects.toMatchObject({ code: 'trace' })
    const { trace } = await run(fifo(), { numSamples: 1 })
    await expect(replay(trace, { scheduler: asha as never })).rejects.toThrow(OptionError)
    await expect(replay(trace, { schedular: fifo() } as never)).rejects.toThrow(/Did you mean scheduler/)
    await expect(replay(trace, { mode: 'what' as never })).rejects.toThrow(/must be one of 'check', 'whatIf'/)
  })
})

describe('the text of a trace', () => {
  it('comes back from JSON lines as it was, with all that JSON has no word for', async () => {
    const { trace, hash } = await simulate({
      trainable: () => ({ loss: NaN, best: -Infinity }),
      paramSpace: { f: Math.tanh as never, big: 12n as never },
      numSamples: 1,
    })
    const read = Trace.fromJSONL(trace.toJSONL())
    expect(await read.hash()).toBe(hash)
    expect(read.at(4)).toMatchObject({ metrics: { loss: NaN, best: -Infinity } })
    expect(read.at(2)).toMatchObject({ config: { big: 12n } })
  })

  it('is refused where it is none, naming the line', () => {
    expect(() => Trace.fromJSONL('')).toThrow(/Line 1 cannot be read/)
    expect(() => Trace.fromJSONL('{"type":"trace","schema":9}')).toThrow(
      /its schema is 9, and this version reads schema 1/,
    )
    expect(() => Trace.fromJSONL('{"type":"trace","schema":1}\n{"type":"x"}')).toThrow(
      /Line 2 .* no type and time/,
    )
    expect(() => Trace.fromJSONL('{"type":"trace","schema":1}\n{"type":')).toThrow(/Line 2 .* no JSON/)
  })

  it('reads as a timeline: a line for each record, with decisions, reasons and evidence', async () => {
    const { trace } = await run(halving(), { numSamples: 6 })
    const lines = trace.toText().split('\n')
    expect(String(trace)).toBe(trace.toText())
    expect(lines).toHaveLength(trace.length)
    expect(lines[0]).toMatch(/^ *0 ms +starts +curves, seed 5: randomSearch, asha, min loss$/)
    expect(lines.at(-1)).toMatch(/ ends +by finished$/)
    const stop = lines.find((line) => line.includes(': stop'))
    expect(stop).toMatch(/^ *\d+ ms {2}trial \d +: stop +\S.* \(.*\)$/)
    expect(lines.find((line) => line.includes('is pruned'))).toMatch(
      /is pruned +with [\d.]+; scheduler: loss/,
    )
    // In columns.
    const columns = new Set(
      lines.filter((line) => line.includes('trial ')).map((line) => line.indexOf('trial ')),
    )
    expect(columns.size).toBe(1)
  })
})
