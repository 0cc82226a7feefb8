import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { LogRecord } from '../../src/core/log.ts'
import type { Trial } from '../../src/executors/trainable.ts'
import { recordedResults } from '../../src/results/recorded/read-recorded.ts'
import type { Result } from '../../src/results/result.ts'
import type { Results } from '../../src/results/results.ts'
import { uniform } from '../../src/space/numbers.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { Projection } from '../../src/stores/optuna/projection.ts'
import type { Store } from '../../src/stores/store.ts'
import type { ResumeOptions } from '../../src/tuner/options.ts'
import { Tuner } from '../../src/tuner/tuner.ts'

const root = await mkdtemp(join(tmpdir(), 'troupe-once-more-'))
afterAll(() => rm(root, { recursive: true }))

let folders = 0
const freshPath = (): string => join(root, `${++folders}`)

interface Config {
  readonly x: number
}

/** Goes on to this epoch, with a checkpoint every so many. */
function climb(to: number, every = 1): (config: Config, trial: Trial) => Promise<void> {
  return async ({ x }, trial) => {
    const from = (trial.checkpoint as { epoch: number } | undefined)?.epoch ?? 0
    if (from === 0) {
      trial.setUserAttr('kind', 'climber')
      trial.setConstraint('size', x - 0.5)
    }
    for (let epoch = from + 1; epoch <= to; epoch++)
      await trial.report(
        { loss: x / epoch, epoch },
        epoch % every === 0 ? { checkpoint: { epoch } } : undefined,
      )
  }
}

interface Kept {
  readonly storage: Store
  readonly directory: string
}

function begin(kept: Kept, trainable = climb(4)): Promise<Results<Config>> {
  const options = { paramSpace: { x: uniform(0, 1) }, metric: 'loss', mode: 'min', numSamples: 3 } as const
  return new Tuner(trainable, { ...options, seed: 1, name: 'demo', maxConcurrentTrials: 2, ...kept }).fit()
}

function goOn(
  { storage, directory }: Kept,
  trainable: (config: Config, trial: Trial) => Promise<void>,
  resume: ResumeOptions = { finished: 'resume' },
): Promise<Results<Config>> {
  return Tuner.restore(storage, { name: 'demo', trainable, directory, resume }).fit()
}

const newKept = (): Kept => ({ storage: memoryStore(), directory: freshPath() })

const epochsOf = ({ history }: Result<unknown>): unknown[] => history.map(({ epoch }) => epoch)

async function logOf({ storage }: Kept): Promise<readonly LogRecord[]> {
  return (await storage.read('demo')) ?? []
}

describe('a trial that is run once more from its last checkpoint', () => {
  it('has what it had, when there is nothing left to do', async () => {
    const kept = newKept()
    const before = [...(await begin(kept))]
    const after = await goOn(kept, climb(4))
    expect(after.length).toBe(6)
    for (const [i, former] of before.entries()) {
      const again = after.at(3 + i) as Result<Config>
      const { values, metrics, iteration, history, config, userAttrs, constraints, feasible } = former
      expect(again).toMatchObject({ state: 'completed', source: 'retried', error: undefined })
      expect(again).toMatchObject({ values, metrics, iteration, config, userAttrs, constraints, feasible })
      expect(again.history).toEqual(history)
      expect(again.checkpoints.map((one) => one.iteration)).toEqual([4])
      expect(await again.checkpoints[0]?.load()).toEqual({ epoch: 4 })
    }
    expect(after.warnings).toEqual([])
  })

  it('goes on from there, when there is', async () => {
    const kept = newKept()
    await begin(kept)
    const after = await goOn(kept, climb(6))
    for (const result of [...after].slice(3)) {
      expect(result).toMatchObject({ state: 'completed', iteration: 6 })
      expect(epochsOf(result)).toEqual([1, 2, 3, 4, 5, 6])
      expect(result.checkpoints.map(({ iteration }) => iteration)).toEqual([4, 5, 6])
      expect(await result.checkpoints[0]?.load()).toEqual({ epoch: 4 })
      const times = result.history.map(({ time_total_s }) => time_total_s)
      expect(times).toEqual(times.toSorted((a, b) => Number(a) - Number(b)))
    }
  })

  it('does not have what was reported after the checkpoint', async () => {
    const kept = newKept()
    await begin(kept, climb(5, 2))
    const after = await goOn(kept, climb(4, 2))
    for (const result of [...after].slice(3)) {
      expect(result).toMatchObject({ state: 'completed', iteration: 4, metrics: { epoch: 4 } })
      expect(epochsOf(result)).toEqual([1, 2, 3, 4])
    }
  })

  it('begins again where it began, when it fails before it has a checkpoint of its own', async () => {
    const kept = newKept()
    await begin(kept)
    const attempts = new Map<number, number>()
    const shaky = async (config: Config, trial: Trial): Promise<void> => {
      const attempt = (attempts.get(trial.number) ?? 0) + 1
      attempts.set(trial.number, attempt)
      if (attempt === 1) {
        await trial.report({ loss: 9, epoch: 9 })
        throw new Error('no luck')
      }
      await climb(5)(config, trial)
    }
    const { storage, directory } = kept
    const options = {
      trainable: shaky,
      directory,
      resume: { finished: 'resume' },
      failure: { maxFailures: 1 },
    } as const
    const after = await Tuner.restore(storage, { name: 'demo', ...options }).fit()
    for (const result of [...after].slice(3)) {
      expect(result).toMatchObject({ state: 'completed', failures: 1 })
      expect(epochsOf(result)).toEqual([1, 2, 3, 4, 5])
    }
  })

  it('begins from nothing when its checkpoint is lost, or that is what is wished', async () => {
    const kept = newKept()
    await begin(kept)
    await rm(kept.directory, { recursive: true })
    for (const result of [...(await goOn(kept, climb(3)))].slice(3))
      expect(epochsOf(result)).toEqual([1, 2, 3])
    const others = newKept()
    await begin(others)
    for (const result of [...(await goOn(others, climb(3), { finished: 'restart' }))].slice(3))
      expect(epochsOf(result)).toEqual([1, 2, 3])
  })

  it.each([4, 6])('is the same wherever its experiment is cut, and goes on to epoch %i', async (to) => {
    const kept = newKept()
    await begin(kept)
    const { length } = await logOf(kept)
    const story = ({ state, values, metrics, history, iteration }: Result<Config>): object => ({
      state,
      values,
      loss: metrics?.['loss'],
      epochs: history.map(({ epoch }) => epoch),
      iteration,
    })
    const after = [...(await goOn(kept, climb(to)))].map(story)
    const log = await logOf(kept)
    for (let cut = length + 1; cut <= log.length; cut++) {
      const again = memoryStore()
      const open = await again.open('demo')
      await open.append(log.slice(0, cut))
      await open.close()
      const results = await goOn({ storage: again, directory: kept.directory }, climb(to), {})
      expect([...results].map(story)).toEqual(after)
    }
  })

  it('is read from the log as it was, and shown to Optuna with what it began with', async () => {
    const kept = newKept()
    await begin(kept)
    const after = await goOn(kept, climb(5))
    const log = await logOf(kept)
    const facts = ({
      state,
      history,
      values,
      iteration,
      checkpointIteration,
      userAttrs,
      constraints,
      ranMs,
    }: Result<unknown>) => ({
      state,
      history: [...history],
      values,
      iteration,
      checkpointIteration,
      userAttrs,
      constraints,
      ranMs,
    })
    expect([...recordedResults(log)].map(facts)).toEqual([...after].map(facts))
    const { operations } = new Projection().project(log)
    const told = operations.filter((operation) => 'trial' in operation && operation.trial === 3)
    const steps = told.flatMap((operation) => (operation.kind === 'intermediate' ? [operation.step] : []))
    expect(steps).toEqual([1, 2, 3, 4, 5])
    expect(told).toContainEqual({ kind: 'userAttr', trial: 3, key: 'kind', value: 'climber' })
    const size = after.at(3)?.constraints['size']
    expect(told).toContainEqual({ kind: 'systemAttr', trial: 3, key: 'constraints:size', value: size })
  })
})
