import { describe, expect, it } from 'vitest'
import { asha } from '../../src/schedulers/asha.ts'
import { gridSearcher } from '../../src/searchers/grid-searcher.ts'
import type { Searcher, ToldTrial } from '../../src/searchers/searcher.ts'
import { randint } from '../../src/space/integers.ts'
import { uniform } from '../../src/space/numbers.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import type { Store } from '../../src/stores/store.ts'
import { createStudy, loadStudy } from '../../src/study/create-study.ts'
import { TrialPruned } from '../../src/study/trial-pruned.ts'

const paramSpace = { x: uniform(0, 1) }
const LEASE_MS = 60_000

/** A store whose clock stands still, until it is told that a lease has passed. */
function timedStore(): { storage: Store; passLease: () => void } {
  let now = 0
  return { storage: memoryStore({ now: () => now }), passLease: () => (now += LEASE_MS + 1) }
}

/** A study that nobody hears of any more, and another one that goes on, from its second ask on. */
async function deadAndAlive(code: object = {}) {
  const { storage, passLease } = timedStore()
  const both = { storage, name: 'demo', paramSpace, ...code }
  const dead = await createStudy({ ...both, seed: 1 })
  const load = async () => loadStudy(both)
  return { storage, passLease, dead, load }
}

describe('the trials of a process that is gone', () => {
  it('are asked for again, before anything else, with the same parameters', async () => {
    const { passLease, dead, load } = await deadAndAlive()
    const lost = [await dead.ask(), await dead.ask()]
    const alive = await load()
    await alive.enqueueTrial({ x: 0.5 })
    passLease()
    const again = [await alive.ask(), await alive.ask(), await alive.ask()]
    expect(again.map(({ number, attempt }) => [number, attempt])).toEqual([
      [0, 2],
      [1, 2],
      [2, 1],
    ])
    expect(again.slice(0, 2).map(({ id, config }) => ({ id, config }))).toEqual(
      lost.map(({ id, config }) => ({ id, config })),
    )
    await alive.tell(again[0] as (typeof again)[0], 1)
    expect(alive.trials).toMatchObject([{ state: 'completed' }, { state: 'running' }, { state: 'running' }])
  })

  it('are left alone as long as it is heard of, and where it has closed the study', async () => {
    const { storage, passLease, dead, load } = await deadAndAlive()
    await dead.ask()
    const alive = await load()
    expect((await alive.ask()).number).toBe(1)
    await dead.close()
    passLease()
    // Whoever runs it somewhere else can still tell.
    await alive.tell(0, 1)
    expect(alive.trials[0]?.state).toBe('completed')
    expect((await storage.read('demo'))?.map(({ type }) => type)).not.toContain('trial.requeued')
  })

  it('begin anew: what was reported and attached is gone', async () => {
    const { storage, passLease, dead, load } = await deadAndAlive()
    const lost = await dead.ask()
    lost.report(1, 5)
    lost.setUserAttr('a', 1)
    lost.setConstraint('b', 1)
    await lost.flush()
    passLease()
    const alive = await load()
    const again = await alive.ask()
    expect(alive.trials[0]).toMatchObject({ intermediateValues: [], userAttrs: {}, constraints: {} })
    again.report(1, 4)
    await alive.tell(again, 4)
    const loaded = await loadStudy({ storage, name: 'demo' })
    expect(loaded.trials).toEqual(alive.trials)
    expect(loaded.trials[0]?.intermediateValues).toEqual([[1, 4]])
  })

  it('may be told nothing by that process any more, should it come back', async () => {
    const { passLease, dead, load } = await deadAndAlive()
    const lost = await dead.ask()
    lost.report(1, 5)
    passLease()
    const alive = await load()
    const again = await alive.ask()
    await expect(lost.flush()).rejects.toMatchObject({ name: 'TroupeError', code: 'superseded' })
    await expect(dead.tell(lost, 1)).rejects.toMatchObject({ name: 'TroupeError', code: 'superseded' })
    for (const late of [
      () => lost.report(2, 1),
      () => lost.setUserAttr('a', 1),
      () => lost.setConstraint('a', 1),
      () => lost.suggestFloat('y', 0, 1),
    ])
      expect(late).toThrow(/Trial 0 was given back to be asked for again/)
    expect(lost.shouldPrune()).toBe(true)
    expect(dead.trials[0]?.intermediateValues).toEqual([])
    await alive.tell(again, 2)
    await expect(dead.tell(lost, 1)).rejects.toMatchObject({ code: 'superseded' })
    expect((await dead.tell(lost, 1, { skipIfFinished: true })).values).toEqual([2])
    // It is alive all the same, and may go on with others.
    expect((await dead.ask()).number).toBe(1)
  })

  it('are refused by number too, while they wait', async () => {
    const { passLease, dead, load } = await deadAndAlive()
    await dead.ask()
    await dead.ask()
    passLease()
    const alive = await load()
    await alive.ask()
    await expect(dead.tell(1, 1)).rejects.toMatchObject({ code: 'superseded' })
  })

  it('fail after three attempts, and the searcher is told', async () => {
    const tells: ToldTrial[] = []
    const searcher: Searcher = {
      name: 'listening',
      start: () => ({
        suggest: () => ({ kind: 'point', point: {} }),
        tell: (trial) => void tells.push(trial),
      }),
    }
    const { storage, passLease, dead, load } = await deadAndAlive({ searcher })
    await dead.ask()
    for (const attempt of [2, 3]) {
      passLease()
      expect(await (await load()).ask()).toMatchObject({ number: 0, attempt })
    }
    passLease()
    tells.length = 0
    const last = await load()
    expect((await last.ask()).number).toBe(1)
    expect(last.trials[0]?.state).toBe('failed')
    expect(tells).toMatchObject([{ number: 0, state: 'failed' }])
    expect(await storage.read('demo')).toContainEqual(
      expect.objectContaining({ type: 'trial.ended', error: 'Its process was gone in each of 3 attempts.' }),
    )
  })

  it('are given to one of those that ask at once', async () => {
    const { passLease, dead, load } = await deadAndAlive()
    await dead.ask()
    const alive = [await load(), await load(), await load()]
    passLease()
    // They are heard of before they ask.
    const trials = await Promise.all(alive.map((study) => study.ask()))
    expect(trials.map(({ number }) => number).toSorted((a, b) => a - b)).toEqual([0, 1, 2])
    expect(trials.find(({ number }) => number === 0)?.attempt).toBe(2)
  })

  it('keep what they drew one by one', async () => {
    const { storage, passLease } = timedStore()
    const dead = await createStudy({ storage, name: 'demo' })
    const lost = await dead.ask()
    const drawn = [lost.suggestFloat('x', 0, 1), lost.suggestInt('n', 1, 100)]
    await lost.flush()
    passLease()
    const alive = await loadStudy({ storage, name: 'demo' })
    const again = await alive.ask()
    expect(again.config).toEqual({})
    expect([again.suggestFloat('x', 0, 1), again.suggestInt('n', 1, 100)]).toEqual(drawn)
    await alive.tell(again, 1)
    expect(alive.trials[0]?.config).toEqual({ x: drawn[0], n: drawn[1] })
    expect((await loadStudy({ storage, name: 'demo' })).trials).toEqual(alive.trials)
  })

  it('leave a search where it was', async () => {
    const { storage, passLease } = timedStore()
    const code = {
      storage,
      name: 'demo',
      paramSpace: { n: randint(0, 5) },
      searcher: gridSearcher(),
      scheduler: asha({ maxT: 4 }),
    }
    const dead = await createStudy(code)
    await dead.ask()
    await dead.ask()
    passLease()
    const alive = await loadStudy(code)
    const tried: number[] = []
    await alive.optimize((trial) => {
      trial.report(1, trial.config.n)
      tried.push(trial.config.n)
      return trial.config.n
    })
    expect(tried).toEqual([0, 1, 2, 3, 4])
  })

  it('are let go by an optimize that was only slow, which goes on with others', async () => {
    const { passLease, dead, load } = await deadAndAlive()
    const alive = await load()
    const ran: number[] = []
    const end = await dead.optimize(
      async (trial) => {
        ran.push(trial.number)
        if (trial.number > 1) return trial.config.x
        passLease()
        await alive.tell(await alive.ask(), 7)
        if (trial.number === 1) return trial.config.x
        await dead.tell(1_000, 0).catch(() => {})
        if (trial.shouldPrune()) throw new TrialPruned()
        return trial.config.x
      },
      { nTrials: 3 },
    )
    expect(end.endedBy).toBe('finished')
    expect(ran).toEqual([0, 1, 2])
    expect(dead.trials.map(({ state, values }) => [state, values?.[0] === 7])).toEqual([
      ['completed', true],
      ['completed', true],
      ['completed', false],
    ])
  })
})

describe('a process that runs trials', () => {
  it('is heard of often enough to keep them, until it has none', async () => {
    // By real clocks: a lease of some milliseconds passes many times.
    const beats = { count: 0 }
    const inner = memoryStore()
    const storage: Store = {
      ...inner,
      async open(name, options) {
        const log = await inner.open(name, options)
        return { ...log, beat: async () => (beats.count++, log.beat?.()) }
      },
    }
    const code = { storage, name: 'demo', paramSpace, leaseMs: 300 }
    const study = await createStudy(code)
    const trial = await study.ask()
    const watcher = await inner.open('demo', { shared: true })
    while (beats.count < 6) expect(await nextDead()).toEqual([])
    const other = await loadStudy({ ...code, storage: inner })
    expect((await other.ask()).number).toBe(1)
    await other.close()
    await study.tell(trial, 1)
    const { count } = beats
    // Those that have none need not be heard of.
    for (let dead: readonly string[] = []; dead.length === 0;) dead = await nextDead()
    expect(beats.count - count).toBeLessThanOrEqual(1)
    await study.close()

    async function nextDead(): Promise<readonly string[]> {
      await new Promise((resolve) => setTimeout(resolve, 5))
      const writers = (await watcher.deadWriters?.(300)) ?? []
      return writers.filter((writer) => writer !== watcher.writer)
    }
  })

  it('says how long it may be silent', async () => {
    await expect(createStudy({ leaseMs: 0 })).rejects.toThrow(/leaseMs: must be a number above 0/)
    await expect(createStudy({ durability: 'never' as never })).rejects.toThrow(
      /durability: must be one of 'report', 'trial', 'interval'/,
    )
  })
})
