import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import { asha, randint, randomSearch, type Trainable, Tuner, uniform } from 'troupe'
import { simulate } from 'troupe/testing'

const program = fileURLToPath(new URL('quiet-program.ts', import.meta.url))

interface Report {
  readonly unhandled: number
  readonly left: Readonly<Record<string, readonly string[]>>
  readonly ends: Readonly<Record<string, string>>
  readonly exitedAfterMs: number
}

async function run(
  ...conditions: readonly string[]
): Promise<{ report: Report; lines: string[]; stderr: string }> {
  const flags = ['@troupe/source', ...conditions].map((condition) => `--conditions=${condition}`)
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [...flags, '--import', 'tsx', program],
    {
      env: { ...process.env, NODE_OPTIONS: '' },
    },
  )
  const lines = stdout.trim().split('\n')
  return { report: JSON.parse(lines.at(-1) ?? '{}') as Report, lines, stderr }
}

describe.each([
  ['as users have it', []],
  ['with the checks that XState makes while one develops', ['development']],
])('a program that runs experiments to every kind of end, %s,', (_, conditions) => {
  const ran = run(...conditions)

  it('prints nothing that it was not asked for', async () => {
    const { lines, stderr } = await ran
    expect(stderr).toBe('')
    expect(lines).toHaveLength(1)
  })

  it('comes to every kind of end', async () => {
    const { report } = await ran
    expect([...new Set(Object.values(report.ends))].sort()).toEqual(
      ['deadlock', 'failFast', 'finished', 'scheduler', 'signal', 'stop', 'timeBudget'].sort(),
    )
  })

  it('has no timer or handle of ours left after any of them', async () => {
    const { report } = await ran
    // The searcher’s own, which is what makes it late; on a busy machine it may have fired by then.
    const { 'searcher answers too late': late = ['Timeout'], ...others } = report.left
    expect(late).toEqual(['Timeout'])
    expect(others).toEqual({})
  })

  it('rejects nothing that nobody handles', async () => {
    expect((await ran).report.unhandled).toBe(0)
  })

  it('exits by itself, at once', async () => {
    expect((await ran).report.exitedAfterMs).toBeLessThan(1_000)
  })
})

describe('two experiments in one process', () => {
  type Config = { x: number }
  const train: Trainable<Config> = async ({ x }, trial) => {
    for (let step = 1; step <= 5; step++) {
      await trial.sleep(10 + trial.random())
      await trial.report({ loss: (x * trial.random()) / step })
      trial.setUserAttr('step', step)
    }
  }
  const experiments = [1, 2, 3].map(
    (seed) =>
      ({
        trainable: train,
        paramSpace: { x: uniform(0, 1) },
        metric: 'loss',
        mode: 'min',
        seed,
        numSamples: 20,
        scheduler: asha({ maxT: 5, reductionFactor: 2 }),
        searcher: randomSearch(),
      }) as const,
  )

  it('leave the traces that each leaves alone, when simulated side by side', async () => {
    const alone: string[] = []
    for (const experiment of experiments) alone.push((await simulate(experiment)).hash)
    const together = await Promise.all(experiments.map((experiment) => simulate(experiment)))
    expect(together.map(({ hash }) => hash)).toEqual(alone)
    expect(new Set(alone).size).toBe(3)
  })

  it('do not touch each other in real time, not even when one breaks', async () => {
    const warn = vi.spyOn(console, 'warn')
    const paramSpace = { x: randint(0, 9) }
    const steady = (name: string): Tuner<Config> =>
      new Tuner(
        async ({ x }: Config, trial) => {
          for (let step = 1; step <= 3; step++) {
            await trial.sleep(1)
            await trial.report({ loss: x })
          }
        },
        {
          paramSpace,
          name,
          seed: 4,
          numSamples: 6,
          maxConcurrentTrials: 2,
          metric: 'loss',
          mode: 'min',
          trace: true,
        },
      )
    const [a, b] = [steady('a'), steady('b')]
    const heard: string[] = []
    a.on('trial.complete', ({ trial }) => void heard.push(trial.id))
    const breaking = new Tuner(
      () => {
        throw new Error('no')
      },
      { failure: { failFast: true }, numSamples: 3 },
    )
    const [first, second, third] = await Promise.allSettled([a.fit(), b.fit(), breaking.fit()])
    expect(third).toMatchObject({ status: 'rejected', reason: { code: 'failFast' } })
    for (const ended of [first, second]) {
      if (ended?.status !== 'fulfilled') throw new Error('It broke as well.')
      expect([...ended.value].map(({ state }) => state)).toEqual(Array.from({ length: 6 }, () => 'completed'))
    }
    expect(heard).toHaveLength(6)
    const ids = (tuner: Tuner<Config>) => tuner.getSnapshot().trials.map(({ id }) => id)
    expect(ids(a)).toEqual(ids(b))
    expect(warn).not.toHaveBeenCalled()
    warn.mockRestore()
  })
})
