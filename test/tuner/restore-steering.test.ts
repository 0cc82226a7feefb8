import { describe, expect, it } from 'vitest'
import { asha, fifo, type Searcher, type Trial, Tuner, uniform } from '../../src/index.ts'
import type { LogRecord } from '../../src/core/log.ts'
import { randomStream } from '../../src/random/random.ts'
import type { Results } from '../../src/results/results.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import type { Store } from '../../src/stores/store.ts'

interface Config {
  readonly x: number
}

async function train({ x }: Config, trial: Trial): Promise<void> {
  for (let epoch = 0; epoch < 5; epoch++) {
    if (epoch % 2 > 0) await trial.sleep(1)
    await trial.report({ loss: x + 1 / (epoch + 1) })
  }
}

/** Thinks for a while before each answer, so that much happens meanwhile. */
const thinking: Searcher = {
  name: 'thinking',
  start: ({ random }) => ({
    async suggest({ number }) {
      await new Promise((resolve) => setTimeout(resolve, 3))
      return { kind: 'point', point: { x: random.fork(number).next() } }
    },
    tell: () => {},
    save: () => null,
  }),
}

/** Lets listeners say several things at once, drawn from this seed. Those that are held are let go by and by. */
async function fitTalking(tuner: Tuner<Config>, seed: string): Promise<Results<Config>> {
  const draws = randomStream(seed)
  const live = new Set<string>()
  let left = 24
  const talk = (): void => {
    for (let words = Math.floor(4 * draws.next()); words > 0 && live.size > 0 && left > 0; words--) {
      left--
      const id = [...live][Math.floor(draws.next() * live.size)] as string
      const draw = draws.next()
      if (draw < 0.45) tuner.pauseTrial(id)
      else if (draw < 0.9) tuner.resumeTrial(id)
      else if (draw < 0.97) tuner.stopTrial(id)
      else void tuner.stop({ graceful: draws.next() < 0.5 })
    }
  }
  for (const name of ['trial.created', 'trial.start', 'trial.report', 'trial.pause'] as const) {
    tuner.on(name, ({ trial }) => {
      live.add(trial.id)
      if (draws.next() < 0.3) talk()
    })
  }
  for (const name of ['trial.complete', 'trial.stop', 'trial.error'] as const) {
    tuner.on(name, ({ trial }) => {
      live.delete(trial.id)
      if (draws.next() < 0.3) talk()
    })
  }
  return fitLettingGo(tuner)
}

async function fitLettingGo(tuner: Tuner<Config>): Promise<Results<Config>> {
  const timer = setInterval(() => {
    for (const { id, status } of tuner.getSnapshot().trials) if (status === 'paused') tuner.resumeTrial(id)
  }, 5)
  try {
    return await tuner.fit()
  } finally {
    clearInterval(timer)
  }
}

async function storeOf(records: readonly LogRecord[]): Promise<Store> {
  const storage = memoryStore()
  const log = await storage.open('demo')
  await log.append(records)
  await log.close()
  return storage
}

const options = {
  name: 'demo',
  paramSpace: { x: uniform(0, 1) },
  metric: 'loss',
  mode: 'min',
  numSamples: 6,
  maxConcurrentTrials: 2,
  searcher: thinking,
} as const

describe('an experiment whose user says several things at once', { timeout: 60_000 }, () => {
  it.each([
    { seed: 1, scheduler: fifo },
    { seed: 2, scheduler: () => asha({ maxT: 5, gracePeriod: 1 }) },
    { seed: 3, scheduler: fifo },
  ])('goes on wherever it is cut off: seed $seed', async ({ seed, scheduler }) => {
    const storage = memoryStore()
    await fitTalking(new Tuner(train, { ...options, scheduler: scheduler(), seed, storage }), `first ${seed}`)
    const records = (await storage.read('demo')) ?? []
    expect(records.filter(({ type }) => type === 'trial.steered').length).toBeGreaterThan(2)
    const created = records.filter((record) => record.type === 'trial.created')
    for (let cut = 1; cut <= records.length; cut += 2) {
      const kept = await storeOf(records.slice(0, cut))
      const restored = Tuner.restore(kept, { ...options, trainable: train, scheduler: scheduler() })
      const results = await fitTalking(restored, `${seed} cut at ${cut}`)
      for (const { trial, config } of created.slice(0, results.length))
        expect(results.at(trial)?.config).toEqual(config)
    }
  })

  it('knows what was said before a trial began to run', async () => {
    const storage = memoryStore()
    const tuner = new Tuner(train, { ...options, numSamples: 2, seed: 1, storage })
    tuner.on('trial.created', ({ trial }) => {
      tuner.pauseTrial(trial.id)
      tuner.resumeTrial(trial.id)
      if (trial.number === 1) tuner.stopTrial(trial.id)
    })
    await tuner.fit()
    const records = (await storage.read('demo')) ?? []
    const words = records.flatMap((record) => (record.type === 'trial.steered' ? [record] : []))
    expect(words.map(({ to, during }) => [to, during])).toEqual([
      ['pause', true],
      ['resume', true],
      ['pause', true],
      ['resume', true],
      ['stop', true],
    ])
    for (let cut = 1; cut <= records.length; cut++) {
      const kept = await storeOf(records.slice(0, cut))
      const results = await fitLettingGo(Tuner.restore(kept, { ...options, numSamples: 2, trainable: train }))
      expect(results.at(0)?.state).toBe('completed')
      if (cut > records.indexOf(words[4] as LogRecord)) expect(results.at(1)?.state).toBe('pruned')
    }
  })

  it('has stopped a trial that it stopped while all were let to their ends', async () => {
    const storage = memoryStore()
    const tuner = new Tuner(train, { ...options, seed: 1, storage })
    tuner.on('trial.report', ({ trial }) => {
      if (trial.number !== 1) return
      void tuner.stop({ graceful: true })
      setImmediate(() => tuner.stopTrial(trial.id))
    })
    await tuner.fit()
    const restored = await Tuner.restore(storage, { ...options, trainable: train }).fit()
    expect(restored.at(1)).toMatchObject({ state: 'pruned', reason: { by: 'user' } })
    expect(restored.length).toBe(6)
  })
})
