import { deserialize, serialize } from 'node:v8'
import { describe, expect, it } from 'vitest'
import {
  asha,
  auto,
  bohb,
  bruteForce,
  choice,
  cmaes,
  concurrencyLimiter,
  dehb,
  gp,
  gridSearch,
  nsga2,
  nsga3,
  partialFixed,
  qmc,
  randint,
  randomSearch,
  repeater,
  type Searcher,
  tpe,
  type Trial,
  uniform,
} from '../../../src/index.ts'
import type { LogRecord } from '../../../src/core/log.ts'
import { randomStream } from '../../../src/random/random.ts'
import { nextMacrotask } from '../../../src/runtime/macrotask.ts'
import { pastOf } from '../../../src/runtime/restore/past.ts'
import { virtualKernel } from '../../../src/runtime/virtual-kernel.ts'
import type { SearchState } from '../../../src/searchers/session.ts'
import { VIRTUAL } from '../../../src/testing/simulate.ts'
import { compose } from '../../../src/tuner/compose.ts'
import { readExperimentOptions } from '../../../src/tuner/options.ts'

const base = {
  paramSpace: { x: uniform(0, 1), y: uniform(0, 1), k: choice(['a', 'b']) },
  metric: 'loss',
  mode: 'min',
  numSamples: 70,
  maxConcurrentTrials: 3,
  seed: 3,
} as const

const train = async ({ x, y = 0 }: { x: number; y?: number }, trial: Trial): Promise<void> => {
  for (let epoch = 1; epoch <= 2; epoch++) {
    await trial.sleep(5 + 10 * x)
    await trial.report({ loss: (x - 0.3) ** 2 + y / epoch + 0.1 * trial.random(), size: x + y })
  }
}

const numeric = { x: uniform(0, 1), y: uniform(0, 1) }
const many = Object.fromEntries(
  Array.from({ length: 21 }, (_, i) => [['x', 'y'][i] ?? `z${i}`, uniform(0, 1)]),
)
const finite = { x: randint(0, 9), y: randint(0, 9), k: choice([Math.sin, Math.cos]) }
/** The same, which takes its time. */
const pondering = (searcher: Searcher): Searcher => ({
  ...searcher,
  start(context) {
    const search = searcher.start(context)
    return {
      async suggest(ask) {
        await nextMacrotask()
        return search.suggest(ask)
      },
      tell: (trial) => search.tell(trial),
      save: () => search.save?.(),
    }
  },
})
const two = { metric: ['loss', 'size'], mode: ['min', 'max'] }
const points = [{ x: 0.1, y: 0.1, k: 'a' }, { x: 0.2, y: 0.3 }, { y: 0.5 }]

/** Searchers that would have to be asked again in another process, each with what else a session has to remember. */
const ASKED_AGAIN: Readonly<Record<string, object>> = {
  cmaes: { searcher: cmaes() },
  'cmaes that answers by promise': { searcher: pondering(cmaes()) },
  'cmaes with points of the user': { searcher: cmaes({ pointsToEvaluate: points, evaluatedRewards: [1] }) },
  'cmaes, nothing twice': {
    searcher: cmaes(),
    paramSpace: { x: randint(0, 12), y: randint(0, 12) },
    duplicates: 'resample',
  },
  'cmaes, results taken over': {
    searcher: cmaes(),
    paramSpace: { x: randint(0, 5), y: randint(0, 5) },
    duplicates: 'reuse',
  },
  'cmaes, half of the space forbidden': { searcher: cmaes(), where: ({ x }: { x: number }) => x < 0.5 },
  bohb: { searcher: bohb(), scheduler: asha({ maxT: 2, reductionFactor: 2 }) },
  dehb: { searcher: dehb({ maxT: 2 }) },
  qmc: { searcher: qmc(), paramSpace: numeric },
  'bruteForce among functions': { searcher: bruteForce(), paramSpace: finite },
  'bruteForce in a space by code': {
    searcher: bruteForce(),
    paramSpace: (trial: { suggestInt: (path: string, low: number, high: number) => number }) => {
      trial.suggestInt('x', 0, 9)
      trial.suggestInt('y', 0, 9)
    },
  },
  'repeater of gp': { searcher: repeater(gp({ nStartupTrials: 4 }), { repeat: 4 }) },
  'repeater of bohb in a limiter': {
    searcher: concurrencyLimiter(repeater(bohb(), { repeat: 2 }), { maxConcurrent: 2 }),
    maxConcurrentTrials: undefined,
  },
  'partialFixed of cmaes': { searcher: partialFixed({ fixed: { k: 'a' }, searcher: cmaes() }) },
  'auto, where it comes to cmaes': { searcher: auto(), paramSpace: many },
  'a grid of which some is forbidden': {
    searcher: randomSearch(),
    paramSpace: { x: gridSearch([0.1, 0.2, 0.3, 0.4, 0.5]), y: uniform(0, 1) },
    numSamples: 20,
    where: ({ x, y }: { x: number; y: number }) => x !== 0.2 && y < 0.9,
  },
}

const REBUILT_BY_TELLS: Readonly<Record<string, object>> = {
  randomSearch: { searcher: randomSearch() },
  tpe: { searcher: tpe() },
  gp: { searcher: gp({ nStartupTrials: 66 }) },
  nsga2: { searcher: nsga2(), ...two },
  nsga3: { searcher: nsga3(), ...two },
}

interface Kept {
  readonly state: SearchState
  /** How many records there were. */
  readonly position: number
}

interface Played {
  readonly records: readonly LogRecord[]
  readonly kept: readonly Kept[]
  /** How often the searcher itself was asked. */
  readonly asked: number
}

/** As `simulate` does, with a place for the searcher's states. */
async function play(
  { searcher, stopAt, ...options }: { readonly searcher: Searcher; readonly stopAt?: number },
  found: readonly SearchState[] = [],
  past?: readonly LogRecord[],
): Promise<Played> {
  let asked = 0
  const counted: Searcher = {
    ...searcher,
    start(context) {
      const search = searcher.start(context)
      return new Proxy(search, {
        get(_, key) {
          const member: unknown = Reflect.get(search, key, search)
          if (typeof member !== 'function') return member
          return (...given: unknown[]): unknown => {
            if (key === 'suggest') asked++
            return member.apply(search, given)
          }
        },
      })
    },
  }
  const kernel = virtualKernel({ stallMs: 10_000 })
  const read = readExperimentOptions('simulate', { ...base, ...options, searcher: counted })
  const restore = past && {
    ...pastOf(past),
    rewinds: true,
    async turn() {
      kernel.flush()
      await nextMacrotask()
    },
    loadCheckpoint: async () => undefined,
  }
  const records: LogRecord[] = [...(past ?? [])]
  const kept: Kept[] = []
  const experiment = compose(train, read, VIRTUAL, restore).build(
    kernel,
    (record) => {
      records.push(record)
      if (record.type === 'trial.ended' && record.trial === stopAt) experiment.stop('stop', false)
    },
    undefined,
    { searchStates: { found, keep: (state) => kept.push({ state, position: records.length }) } },
  )
  if (restore === undefined) experiment.start()
  else {
    await experiment.replay()
    await experiment.goOn()
  }
  await kernel.run(
    () => experiment.isClosed,
    () => false,
  )
  expect((await experiment.ended).failure).toBeUndefined()
  return { records, kept, asked }
}

const copied = (kept: readonly Kept[]): SearchState[] =>
  kept.map(({ state }) => deserialize(serialize(state)) as SearchState)

/** All that happened: what was cut off is in another attempt, and nothing else may differ. */
function story({ records }: Played): string[] {
  return records
    .filter(({ type }) => type !== 'experiment.resumed')
    .map((record) => JSON.stringify({ ...record, attempt: undefined }))
    .filter((line, i, lines) => line !== lines[i - 1])
    .toSorted()
}

type Options = Parameters<typeof play>[0]

const ofAll = (cases: Readonly<Record<string, object>>): [string, Options][] =>
  Object.entries(cases) as [string, Options][]

// Hundreds of runs each.
describe('an experiment that goes on from the kept states of its searcher', { timeout: 120_000 }, () => {
  it.each(ofAll(ASKED_AGAIN))('comes to the same end, wherever it was cut: %s', async (_, options) => {
    const whole = await play(options)
    const { records, kept } = whole
    expect(kept.length).toBeGreaterThan(0)
    const draws = randomStream('cuts')
    const first = (kept[0] as Kept).position
    for (let i = 0; i < 8; i++) {
      const cut = first - 4 + Math.floor(draws.next() * (records.length - first + 3))
      // The last of them may stand for calls that the log has lost.
      const near = kept.filter(({ position }) => position <= cut + 2).slice(-2)
      const resumed = await play(options, copied(near), records.slice(0, cut))
      expect(story(resumed)).toEqual(story(whole))
    }
  })

  it('comes to the same end, cut at each record', async () => {
    const options = { searcher: cmaes(), numSamples: 40 }
    const whole = await play(options)
    const different: number[] = []
    for (let cut = 1; cut < whole.records.length; cut++) {
      // However far ahead they are.
      const resumed = await play(options, copied(whole.kept), whole.records.slice(0, cut))
      if (JSON.stringify(story(resumed)) !== JSON.stringify(story(whole))) different.push(cut)
    }
    expect(different).toEqual([])
  })

  it('comes to the same end, cut again and again', async () => {
    const options = { searcher: bohb(), numSamples: 120 }
    const whole = await play(options)
    const draws = randomStream('again')
    let { records, kept } = whole
    let cut = 300
    for (; cut < records.length; cut += 1 + Math.floor(draws.next() * 120)) {
      const before = kept.filter(({ position }) => position <= cut)
      const resumed = await play(options, copied(before.slice(-2)), records.slice(0, cut))
      expect(story(resumed)).toEqual(story(whole))
      records = resumed.records
      kept = [...before, ...resumed.kept]
    }
  })

  it('goes on as without them when it had been stopped', async () => {
    for (const atTrial of [31, 32, 33, 34]) {
      const options = { searcher: cmaes() }
      const { records, kept } = await play({ ...options, stopAt: atTrial })
      expect(story(await play(options, copied(kept), records))).toEqual(
        story(await play(options, [], records)),
      )
    }
  })

  it('asks the searcher for nothing that lies before them', async () => {
    const options = { searcher: cmaes() }
    const { records, kept, asked } = await play(options)
    expect(kept.map(({ state }) => state.calls)).toEqual([64, 128])
    const again = await play(options, copied(kept), records.slice(0, -1))
    // 64 of the 128 calls were told, or nearly.
    expect(again.asked).toBeLessThan(asked - 60)
    expect((await play(options, [], records.slice(0, -1))).asked).toBe(asked)
  })

  it('asks again from the one before when the last one stands for other calls', async () => {
    const options = { searcher: cmaes() }
    const whole = await play(options)
    const [first, last] = copied(whole.kept) as [SearchState, SearchState]
    const records = whole.records.slice(0, -1)
    const misled = await play(options, [first, { ...last, digest: 'another' }], records)
    expect(story(misled)).toEqual(story(whole))
    expect(misled.asked).toBe((await play(options, [first], records)).asked)
  })

  it('asks again from the beginning when the searcher cannot be started from any', async () => {
    const options = { searcher: cmaes() }
    const whole = await play(options)
    const broken = copied(whole.kept).map((state) => ({ ...state, saved: { search: 1, points: 2 } }))
    const resumed = await play(options, broken, whole.records.slice(0, -1))
    expect(story(resumed)).toEqual(story(whole))
    expect(resumed.asked).toBe(whole.asked)
  })

  it('keeps none of a searcher that is rebuilt by what it is told', async () => {
    for (const [, options] of ofAll(REBUILT_BY_TELLS)) expect((await play(options)).kept).toEqual([])
  })

  it('comes to the same end with a searcher in a thread, of which none are kept', async () => {
    const options = { searcher: cmaes({ thread: true }) }
    const whole = await play(options)
    expect(whole.kept).toEqual([])
    const resumed = await play(options, [], whole.records.slice(0, 300))
    expect(story(resumed)).toEqual(story(whole))
  })
})
