import { describe, expect, it } from 'vitest'
import { asha } from '../../src/schedulers/asha.ts'
import {
  CONTINUE,
  type Decision,
  type Scheduler,
  type TrialEnd,
  type TrialReport,
} from '../../src/schedulers/scheduler.ts'
import { uniform } from '../../src/space/numbers.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { createStudy, loadStudy } from '../../src/study/create-study.ts'

const paramSpace = { x: uniform(0, 1) }

/** A scheduler that notes what it hears. */
function listening(decide: (report: TrialReport) => Decision = () => CONTINUE): Scheduler<null> & {
  readonly reports: TrialReport[]
  readonly ends: TrialEnd[]
  readonly added: number[]
} {
  const reports: TrialReport[] = []
  const ends: TrialEnd[] = []
  const added: number[] = []
  return {
    name: 'listening',
    objectives: 'one',
    objective: {},
    timeAttr: 'epoch',
    line: '',
    reports,
    ends,
    added,
    init: () => null,
    onAdd: (_, { trial }) => void added.push(trial),
    onReport(_, report) {
      reports.push(report)
      return decide(report)
    },
    onEnd: (_, end) => void ends.push(end),
  }
}

const stop: Decision = { kind: 'stop', reason: 'lost', outcome: 'pruned' }

describe('a scheduler in a study', () => {
  it('prunes trials that fall behind', async () => {
    const study = await createStudy({ paramSpace, scheduler: asha({ maxT: 9, reductionFactor: 3 }) })
    const pruned: number[] = []
    for (const value of [1, 2, 3, 4, 0]) {
      const trial = await study.ask()
      expect(trial.shouldPrune()).toBe(false)
      trial.report(1, value)
      if (trial.shouldPrune()) pruned.push(trial.number)
      await study.tell(trial, trial.shouldPrune() ? { state: 'pruned' } : value)
    }
    expect(pruned).toEqual([1, 2, 3])
    expect(study.trials.map(({ state }) => state)).toEqual([
      'completed',
      'pruned',
      'pruned',
      'pruned',
      'completed',
    ])
  })

  it('hears each report as a Tuner would give it, and each end once', async () => {
    const scheduler = listening()
    const study = await createStudy({ paramSpace, direction: 'minimize', metricNames: ['loss'], scheduler })
    const trial = await study.ask()
    trial.report(3, 0.5)
    await study.tell(trial, 0.25)
    expect(scheduler.added).toEqual([0])
    expect(scheduler.reports).toEqual([
      {
        trial: 0,
        time: 3,
        score: -0.5,
        values: [0.5],
        metrics: { loss: 0.5, epoch: 3 },
        config: trial.config,
        hasCheckpoint: false,
        feasible: true,
      },
    ])
    // The value that it is told is the last word on it.
    const last = { ...scheduler.reports[0], score: -0.25, values: [0.25], metrics: { loss: 0.25, epoch: 3 } }
    expect(scheduler.ends).toEqual([{ trial: 0, state: 'completed', last }])
  })

  it('is asked again about a trial that it has stopped and that goes on', async () => {
    const scheduler = listening(({ time }) => (time === 1 ? stop : CONTINUE))
    const study = await createStudy({ paramSpace, scheduler })
    const trial = await study.ask()
    trial.report(1, 1)
    expect([trial.shouldPrune(), trial.shouldPrune()]).toEqual([true, true])
    trial.report(2, 2)
    expect(trial.shouldPrune()).toBe(false)
    expect(scheduler.reports).toHaveLength(2)
  })

  it('stops a trial also when that asks some reports later', async () => {
    const scheduler = listening(({ time }) => (time === 1 ? stop : CONTINUE))
    const study = await createStudy({ paramSpace, scheduler })
    const trial = await study.ask()
    for (const step of [1, 2, 3]) trial.report(step, 1)
    expect(trial.shouldPrune()).toBe(true)
  })

  it('lets a trial that reached its full length go on to its own end', async () => {
    const study = await createStudy({ paramSpace, scheduler: asha({ maxT: 2 }) })
    const trial = await study.ask()
    trial.report(2, 1)
    expect(trial.shouldPrune()).toBe(false)
    trial.report(3, 1)
    expect((await study.tell(trial, 1)).state).toBe('completed')
  })

  it('may stop other trials that run', async () => {
    const scheduler: Scheduler<null> = {
      ...listening(),
      commands: () => [{ trial: 0, decision: stop }],
    }
    const study = await createStudy({ paramSpace, scheduler })
    const [loser, winner] = [await study.ask(), await study.ask()]
    winner.report(1, 0)
    expect([loser.shouldPrune(), winner.shouldPrune()]).toEqual([true, false])
    loser.report(1, 0)
    expect(loser.shouldPrune()).toBe(true)
  })

  it.each([
    ['pauses trials', { kind: 'pause', reason: '' }],
    ['hands trials on', { kind: 'exploit', donor: 0, config: {}, reason: '' }],
  ] as const)('that %s is told of clearly', async (what, decision) => {
    const study = await createStudy({ paramSpace, scheduler: listening(() => decision) })
    const trial = await study.ask()
    trial.report(1, 1)
    expect(() => trial.shouldPrune()).toThrow(`listening ${what}`)
  })

  it('for one objective is refused in a study with several, unless it names one', async () => {
    const directions = ['minimize', 'maximize'] as const
    const refused = createStudy({ paramSpace, directions, metricNames: ['loss', 'gain'], scheduler: asha() })
    await expect(refused).rejects.toThrow(/asha ranks one metric, but 2 are given \(loss, gain\)/)
    const scheduler = { ...listening(), objective: { metric: 'gain' } }
    const study = await createStudy({ paramSpace, directions, metricNames: ['loss', 'gain'], scheduler })
    const trial = await study.ask()
    trial.report(1, [5, 7])
    expect(scheduler.reports[0]).toMatchObject({
      values: [7],
      score: 7,
      metrics: { loss: 5, gain: 7, epoch: 1 },
    })
    const unknown = createStudy({ paramSpace, directions, scheduler: asha({ metric: 'acc', mode: 'max' }) })
    await expect(unknown).rejects.toThrow(
      /asha ranks by acc, but the values of this study are value0, value1/,
    )
  })

  it('names the value of a study that has no name for it', async () => {
    const study = await createStudy({
      paramSpace,
      direction: 'maximize',
      scheduler: asha({ metric: 'acc', mode: 'max' }),
    })
    expect(study.metricNames).toEqual(['acc'])
  })

  it('says which way the value goes when nobody else does', async () => {
    const scheduler = asha({ metric: 'acc', mode: 'max' })
    const study = await createStudy({ paramSpace, scheduler })
    expect(study.directions).toEqual(['maximize'])
  })

  it('comes to the same decisions when the study is loaded', async () => {
    const storage = memoryStore()
    const scheduler = asha({ maxT: 9, reductionFactor: 3, brackets: 2 })
    const run = async (name: string, leaves: boolean): Promise<boolean[]> => {
      let study = await createStudy({ name, storage, paramSpace, seed: 1, scheduler })
      const verdicts: boolean[] = []
      for (let i = 0; i < 20; i++) {
        const trial = await study.ask()
        trial.report(1, (i * 7) % 11)
        trial.report(3, (i * 5) % 11)
        verdicts.push(trial.shouldPrune())
        await study.tell(trial, trial.shouldPrune() ? { state: 'pruned' } : 1)
        if (leaves) study = await loadStudy({ name, storage, paramSpace, scheduler })
      }
      return verdicts
    }
    const unbroken = await run('a', false)
    expect(new Set(unbroken)).toEqual(new Set([true, false]))
    expect(await run('b', true)).toEqual(unbroken)
  })
})
