import { describe, expect, it } from 'vitest'
import { type Command, defineTrainable, type Scheduler, type Trial } from 'troupe'
import { simulate } from 'troupe/testing'

const LOSS = { metric: 'loss', mode: 'min' } as const

/** Reports its level, which grows by what its configuration says, from where its checkpoint left off. */
async function climb(config: { readonly rise?: number }, trial: Trial): Promise<void> {
  const start = (trial.checkpoint as { level: number; steps: number } | undefined) ?? { level: 0, steps: 0 }
  let { level } = start
  for (let step = start.steps + 1; step <= 4; step++) {
    level += config.rise ?? trial.number
    await trial.sleep(1)
    await trial.report({ loss: level }, { checkpoint: { level, steps: step } })
  }
}

/** Pauses both at step 2, and when both wait lets trial 0 go on from trial 1, with another configuration. */
const synchronous: Scheduler<{ waiting: number; commands: Command[] }> = {
  name: 'synchronous',
  init: () => ({ waiting: 0, commands: [] }),
  onReport(state, { time }) {
    state.commands = []
    if (time !== 2 || state.waiting >= 2) return { kind: 'continue' }
    if (++state.waiting === 2) {
      const decision = { kind: 'exploit', donor: 1, config: { rise: 10 }, reason: 'behind' } as const
      state.commands = [{ trial: 0, decision }]
    }
    return { kind: 'pause', reason: 'waits for the others' }
  },
  commands: (state) => state.commands,
  choose: (state, { candidates }) =>
    candidates.find(({ status }) => status === 'pending' || state.waiting >= 2)?.trial,
}

describe('a waiting trial', () => {
  it('that is told to exploit another goes on from its checkpoint with the new configuration', async () => {
    const { results, trace } = await simulate({
      trainable: climb,
      ...LOSS,
      numSamples: 2,
      scheduler: synchronous,
    })
    const [exploiter, donor] = [...results]
    expect([...trace].filter((line) => line.type === 'trial.exploited')).toEqual([
      { at: 2, type: 'trial.exploited', trial: 0, donor: 1, config: { rise: 10 } },
    ])
    // From level 2 at step 2, which was the donor's.
    expect(exploiter?.history.map(({ loss }) => loss)).toEqual([0, 0, 12, 22])
    expect(exploiter).toMatchObject({ state: 'completed', attempt: 2, config: { rise: 10 } })
    expect(donor?.history.map(({ loss }) => loss)).toEqual([1, 2, 3, 4])
  })

  it('exploits as well where only one may run at a time', async () => {
    let pausedIn = 0
    const { results } = await simulate({
      trainable: climb,
      ...LOSS,
      numSamples: 2,
      // One slot: the first waits while the second runs to step 2.
      maxConcurrentTrials: 1,
      scheduler: { ...synchronous, onEnd: () => void pausedIn++ },
    })
    expect([...results].map(({ state }) => state)).toEqual(['completed', 'completed'])
    expect(results.get(0)?.history.at(-1)?.['loss']).toBe(22)
    expect(pausedIn).toBe(2)
  })

  it('that waits for its first start begins from the checkpoint of the other', async () => {
    const generous: Scheduler<{ commands: Command[] }> = {
      name: 'generous',
      init: () => ({ commands: [] }),
      onReport(state, { trial, time }) {
        const decision = { kind: 'exploit', donor: 0, config: { rise: 5 }, reason: 'a head start' } as const
        state.commands = trial === 0 && time === 3 ? [{ trial: 1, decision }] : []
        return { kind: 'continue' }
      },
      commands: (state) => state.commands,
    }
    // Both are made at once, but there is room for only one.
    const { results } = await simulate({
      trainable: climb,
      ...LOSS,
      numSamples: 2,
      scheduler: generous,
      resources: { cpu: 1 },
      totalResources: { cpu: 1 },
      maxConcurrentTrials: 2,
    })
    expect(results.get(1)).toMatchObject({ state: 'completed', config: { rise: 5 } })
    expect(results.get(1)?.history.map(({ loss }) => loss)).toEqual([5])
  })

  it('is left as it is when the donor has no checkpoint, and a warning says so', async () => {
    const { results } = await simulate({
      trainable: async (_, trial) => {
        for (let step = 1; step <= 3; step++) {
          await trial.sleep(1)
          await trial.report({ loss: trial.number })
        }
      },
      ...LOSS,
      numSamples: 2,
      scheduler: synchronous,
    })
    expect([...results].map(({ state, iteration }) => [state, iteration])).toEqual([
      ['completed', 3],
      ['completed', 3],
    ])
    expect(results.warnings).toMatchObject([{ kind: 'decision', trial: 0 }])
  })
})

describe('a scheduler that gives a trial other resources', () => {
  /** Half of what there is at first; all of it from step 2 on. */
  const growing: Scheduler<Record<string, never>> = {
    name: 'growing',
    init: () => ({}),
    onReport: (_, { time }) =>
      time === 2
        ? { kind: 'pause', reason: 'has the machine for itself', resources: { cpu: 4 } }
        : { kind: 'continue' },
  }

  it('lets it go on in memory with them, alone where they are all', async () => {
    const seen: [number: number, step: number, cpu: number | undefined, running: number][] = []
    let running = 0
    const { results } = await simulate({
      trainable: async (_, trial) => {
        running++
        for (let step = 1; step <= 3; step++) {
          await trial.sleep(1)
          seen.push([trial.number, step, trial.resources['cpu'], running])
          if (step === 2) running--
          await trial.report({ loss: 1 })
          if (step === 2) running++
        }
        running--
      },
      ...LOSS,
      numSamples: 2,
      maxConcurrentTrials: 2,
      resources: { cpu: 2 },
      totalResources: { cpu: 4 },
      scheduler: growing,
    })
    expect([...results].map(({ attempt, state }) => [attempt, state])).toEqual([
      [1, 'completed'],
      [1, 'completed'],
    ])
    expect(seen.filter(([, step]) => step === 3)).toEqual([
      [0, 3, 4, 1],
      [1, 3, 4, 1],
    ])
  })

  it('but more than there is in all changes nothing, and a warning says so', async () => {
    const { results } = await simulate({
      trainable: climb,
      ...LOSS,
      numSamples: 1,
      resources: { cpu: 2 },
      totalResources: { cpu: 3 },
      scheduler: growing,
    })
    expect(results.get(0)?.state).toBe('completed')
    expect(results.warnings).toMatchObject([
      {
        kind: 'decision',
        message: 'The scheduler growing gave trial 0 4 cpu, but there are 3 in all: it keeps what it has.',
      },
    ])
  })
})

describe('a scheduler that says how often to save', () => {
  const stepped = defineTrainable({
    setup: () => ({ level: 0 }),
    step: (state) => ({ loss: ++state.level, done: state.level === 6 }),
    save: (state) => state.level,
    load: (state, level) => void (state.level = level),
  })
  const saving: Scheduler = {
    name: 'saving',
    saveEvery: 4,
    init: () => null,
    onReport: () => ({ kind: 'continue' }),
  }

  it.each([
    ['has its way', {}, 4],
    ['unless the user says otherwise', { checkpoint: { every: 3 } }, 6],
  ])('%s', async (_, options, iteration) => {
    const { results } = await simulate({
      trainable: stepped,
      ...LOSS,
      numSamples: 1,
      scheduler: saving,
      ...options,
    })
    expect(results.get(0)?.checkpoint).toBe(iteration)
  })
})
