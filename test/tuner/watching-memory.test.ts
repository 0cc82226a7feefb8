import { describe, expect, it } from 'vitest'
import type { AnyActorRef, InspectionEvent } from 'xstate'
import { asha, type Trial, Tuner, uniform } from 'troupe'
import { collectGarbage } from '../support/garbage.ts'

interface Config {
  readonly x: number
}

const TRIALS = 2000
const SLOTS = 8

/** Ends in all ways: by itself, stopped, failed after another attempt. Now and then it waits for the outside. */
async function mixed(config: Config, trial: Trial): Promise<void> {
  trial.signal.addEventListener('abort', () => {})
  for (let step = 1; step <= 4; step++) {
    if (trial.number % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
    await trial.report({ loss: config.x / step }, { checkpoint: { step } })
    if (trial.number % 20 === 7) throw new Error('breaks')
  }
}

/** How many of these are still held by somebody. */
async function stillHeld(refs: readonly WeakRef<object>[]): Promise<number> {
  // What was awaited last is let go one turn later.
  await new Promise((resolve) => setImmediate(resolve))
  collectGarbage()
  return refs.filter((ref) => ref.deref() !== undefined).length
}

describe('an experiment of 2,000 trials', { timeout: 120_000 }, () => {
  it('holds at its end nothing of them but their records', async () => {
    const held = {
      actors: [] as WeakRef<object>[],
      runs: [] as WeakRef<object>[],
      trials: [] as WeakRef<object>[],
    }
    const tuner = new Tuner(
      async (config: Config, trial) => {
        held.trials.push(new WeakRef(trial))
        await mixed(config, trial)
      },
      {
        paramSpace: { x: uniform(0, 1) },
        metric: 'loss',
        mode: 'min',
        numSamples: TRIALS,
        maxConcurrentTrials: SLOTS,
        failure: { maxFailures: 1 },
        trialTimeoutMs: 1e8,
        reportTimeoutMs: 1e8,
        scheduler: asha({ maxT: 100, reductionFactor: 2 }),
        seed: 3,
      },
    )
    tuner.on('trial.start', ({ trial }) => {
      const actor = tuner.trialActor(trial.id)
      if (actor === undefined) return
      held.actors.push(new WeakRef(actor))
      held.runs.push(new WeakRef((actor.getSnapshot().context as { run: object }).run))
    })
    const results = await tuner.fit()
    expect(results.length).toBe(TRIALS)
    expect(held.actors.length).toBeGreaterThanOrEqual(TRIALS)
    expect(await stillHeld(held.actors)).toBe(0)
    expect(await stillHeld(held.runs)).toBe(0)
    expect(await stillHeld(held.trials)).toBe(0)
    expect(tuner.getSnapshot()).toMatchObject({ slots: { used: 0 }, resources: { used: { cpu: 0 } } })
    const { ledger } = tuner.actor.getSnapshot().context.controller
    expect(ledger.live.size).toBe(0)
    expect([...ledger.waitingTrials()]).toEqual([])
  })

  it('never has more actors than it has slots, beside its four own', async () => {
    const tuner = new Tuner(mixed, {
      paramSpace: { x: uniform(0, 1) },
      numSamples: TRIALS,
      maxConcurrentTrials: SLOTS,
      seed: 3,
    })
    const living = new Set<string>()
    const ids = new Set<string>()
    let most = 0
    tuner.inspect((event: InspectionEvent) => {
      const { sessionId, id } = event.actorRef as AnyActorRef
      if (event.type === '@xstate.actor') {
        ids.add(id)
        living.add(sessionId)
      } else if (event.type === '@xstate.snapshot' && event.snapshot.status !== 'active')
        living.delete(sessionId)
      most = Math.max(most, living.size)
    })
    await tuner.fit()
    // Each place is used again, since XState remembers every id that ever ended.
    const own = ['experiment', 'searcher', 'scheduler', 'trials']
    const seats = [...ids].filter((id) => !own.includes(id))
    expect(seats.length).toBeLessThanOrEqual(SLOTS + 1)
    expect(most).toBeLessThanOrEqual(own.length + SLOTS + 1)
  })

  it('lets go of all when the tuner is let go of, while its results live on', async () => {
    const held: WeakRef<object>[] = []
    const run = async () => {
      const tuner = new Tuner(mixed, { paramSpace: { x: uniform(0, 1) }, numSamples: 20, seed: 3 })
      held.push(new WeakRef(tuner), new WeakRef(tuner.actor), new WeakRef(tuner.actor.system))
      return tuner.fit()
    }
    const results = await run()
    expect(await stillHeld(held)).toBe(0)
    expect(results.length).toBe(20)
  })
})
