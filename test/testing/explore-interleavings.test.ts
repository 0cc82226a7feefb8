import { describe, expect, it } from 'vitest'
import { asha, type Command, fifo, OptionError, type Scheduler, type TroupeError } from 'troupe'
import { exploreInterleavings } from 'troupe/testing'
import { Invariants } from '../../src/testing/explore/invariants.ts'
import { SCHEDULERS } from '../runtime/plays.ts'
import { schedulerOf } from '../runtime/stage.ts'

const messageOf = async (exploring: Promise<unknown>): Promise<string> => {
  const error = await exploring.then(
    () => undefined,
    (thrown: TroupeError) => thrown,
  )
  expect(error).toMatchObject({ code: 'interleaving' })
  return error?.message ?? ''
}

/** How many messages it takes to show what is broken. */
const stepsIn = (message: string): number => message.match(/^ {2}\d+\. /gm)?.length ?? 0

/** Waits at the first report until all have one; then all go on. One that fails before is waited for. */
const meeting = (count: number): Scheduler<number[]> =>
  schedulerOf({
    init: () => [] as number[],
    onReport(arrived, { trial, time }) {
      if (time > 1 || arrived.includes(trial)) return { kind: 'continue' }
      arrived.push(trial)
      return { kind: 'pause', reason: 'waits for the others' }
    },
    choose: (arrived, { candidates }) =>
      candidates.find(({ status }) => status === 'pending' || arrived.length >= count)?.trial,
  })

describe('exploreInterleavings', () => {
  it('counts every order of the messages of trials that run side by side', async () => {
    const counts = async (trials: number, reports: number) => {
      const { orders, isComplete } = await exploreInterleavings({
        scheduler: fifo(),
        trials,
        reports,
        faults: 0,
        maxConcurrentTrials: trials,
      })
      expect(isComplete).toBe(true)
      return orders
    }
    // Multinomials: (n (r + 1))! / ((r + 1)!)ⁿ.
    expect(await counts(1, 3)).toBe(1)
    expect(await counts(2, 2)).toBe(20)
    expect(await counts(3, 1)).toBe(90)
    expect(await counts(3, 3)).toBe(34_650)
  })

  it('finds nothing wrong with fifo and asha, 3 trials of 3 reports, with a failure or a stop at any time', async () => {
    const none = await exploreInterleavings({ scheduler: fifo() })
    const halved = await exploreInterleavings({ scheduler: () => asha({ maxT: 3, reductionFactor: 2 }) })
    for (const { orders, states, isComplete } of [none, halved]) {
      expect(isComplete).toBe(true)
      expect(orders).toBeGreaterThan(5_000)
      expect(states).toBeGreaterThan(1_000)
    }
  }, 120_000)

  it('finds nothing wrong where trials are tried again after a failure', async () => {
    const { isComplete } = await exploreInterleavings({
      scheduler: asha({ maxT: 3, reductionFactor: 2 }),
      trials: 2,
      maxFailures: 1,
      faults: 2,
    })
    expect(isComplete).toBe(true)
  }, 120_000)

  it.each(['pausing', 'cutting', 'exploiting'] as const)(
    'finds nothing wrong with one that is %s',
    async (name) => {
      const scheduler = SCHEDULERS[name]() as Scheduler
      const { isComplete, states } = await exploreInterleavings({ scheduler, trials: 2 })
      expect(isComplete).toBe(true)
      expect(states).toBeGreaterThan(100)
    },
    120_000,
  )

  it('finds a deadlock that only a failure leads to, and shows the shortest way there', async () => {
    const settings = { scheduler: meeting(2), trials: 2, reports: 2 }
    await expect(exploreInterleavings({ ...settings, faults: 0 })).resolves.toMatchObject({
      isComplete: true,
    })
    const message = await messageOf(exploreInterleavings(settings))
    expect(message).toMatch(/^the experiment ends with 'deadlock': .*chooses none of them/)
    expect(message).toMatch(/A shortest order of messages that leads there:\n {2}1\. /)
    expect(message).toMatch(/trial \d crashes|the user stops trial/)
    // One reports and waits, the other fails, and the first has to leave.
    expect(stepsIn(message)).toBe(3)
    expect(message).toMatch(/What was recorded on the way:\n {2}0 ms {2}starts/)
  })

  it('finds two decisions about one report', async () => {
    const twice = schedulerOf({
      init: () => ({ last: undefined as number | undefined }),
      onReport(state, { trial, time }) {
        state.last = time === 2 ? trial : undefined
        return { kind: 'continue' }
      },
      commands: ({ last }): Command[] =>
        last === undefined
          ? []
          : [{ trial: last, decision: { kind: 'stop', outcome: 'pruned', reason: 'lost' } }],
    })
    const message = await messageOf(exploreInterleavings({ scheduler: twice, faults: 0 }))
    expect(message).toMatch(
      /^the scheduler decides twice about one report: it answers trial 0 with 'continue'/,
    )
    expect(stepsIn(message)).toBe(2)
  })

  it('refuses a state that is not plain data', async () => {
    const holding = schedulerOf({ init: () => ({ log: () => {} }), onReport: () => ({ kind: 'continue' }) })
    expect(await messageOf(exploreInterleavings({ scheduler: holding }))).toMatch(
      /^The scheduler's state cannot be compared: a function is no plain data\. Keep numbers/,
    )
  })

  it('finds a command for a trial that has ended, which only some orders lead to', async () => {
    // Ends the other one when a trial has reported twice: whether that still waits is a matter of luck.
    const careless = schedulerOf({
      init: () => ({ last: -1 }),
      onReport(state, { trial, time }) {
        state.last = time === 2 ? trial : -1
        return { kind: 'continue' }
      },
      commands: ({ last }): Command[] =>
        last !== 0 ? [] : [{ trial: 1, decision: { kind: 'stop', outcome: 'pruned', reason: 'lost' } }],
    })
    const message = await messageOf(
      exploreInterleavings({ scheduler: careless, trials: 2, maxConcurrentTrials: 2 }),
    )
    expect(message).toMatch(/^the scheduler commands trial 1, which does not wait: it is running/)
  })

  it('finds a scheduler that throws in some order', async () => {
    const fragile = schedulerOf({
      init: () => [] as number[],
      onReport(seen, { trial }) {
        seen.push(trial)
        if (seen.join().endsWith('1,0,1')) throw new Error('cannot stand that')
        return { kind: 'continue' }
      },
    })
    const message = await messageOf(exploreInterleavings({ scheduler: fragile, faults: 0 }))
    expect(message).toMatch(/^the scheduler threw: cannot stand that/)
    expect(stepsIn(message)).toBe(3)
  })

  it('keeps to slots and resources when a scheduler gives trials more of them', async () => {
    const generous = schedulerOf({
      init: () => ({}),
      onReport: (_state, { time }) =>
        time === 1 ? { kind: 'pause', reason: 'needs more', resources: { cpu: 2 } } : { kind: 'continue' },
    })
    const { isComplete } = await exploreInterleavings({
      scheduler: generous,
      reports: 2,
      faults: 0,
      totalResources: { cpu: 3 },
      maxConcurrentTrials: 3,
    })
    expect(isComplete).toBe(true)
  }, 120_000)

  it('gives up after so many runs, and says that it did', async () => {
    const { isComplete, runs } = await exploreInterleavings({ scheduler: fifo(), maxRuns: 20 })
    expect({ isComplete, runs }).toEqual({ isComplete: false, runs: 20 })
  })

  it('refuses what it cannot explore', async () => {
    await expect(exploreInterleavings({ scheduler: 7 as never })).rejects.toThrow(OptionError)
    await expect(exploreInterleavings([] as never)).rejects.toThrow(/takes one object/)
    await expect(exploreInterleavings({ scheduler: fifo(), trial: 3 } as never)).rejects.toThrow(
      /Did you mean trials/,
    )
    await expect(exploreInterleavings({ scheduler: fifo(), reports: 0 })).rejects.toThrow(/integer from 1/)
  })
})

// Faults of machines, which the machines do not have: told as they would come.
describe('the invariants', () => {
  const decision = { at: 0, type: 'trial.decision', trial: 0, attempt: 1, seq: 2, decision: 'stop' } as const
  const ended = { at: 0, type: 'trial.ended', trial: 0, state: 'pruned', values: undefined } as const
  const after = (say: (invariants: Invariants) => void): string | undefined => {
    const invariants = new Invariants()
    say(invariants)
    return invariants.violation
  }

  it('hold for what should be', () => {
    expect(
      after((held) => {
        held.onLog(decision)
        held.onLog({ ...decision, seq: 3 })
        held.onLog(ended)
        held.onTold(0)
        held.room([{ number: 0, resources: { cpu: 1 } }], 1, { cpu: 1 })
        held.end([{ number: 0, endedAt: 0 } as never], [])
      }),
    ).toBeUndefined()
  })

  it('see a report that is decided upon twice, or after the end', () => {
    const twice = after((held) => [decision, decision].forEach((record) => held.onLog(record)))
    expect(twice).toBe('report 2 of trial 0 (attempt 1) is decided upon twice')
    const late = after((held) => [ended, decision].forEach((record) => held.onLog(record)))
    expect(late).toMatch(/decided upon, but the trial has ended/)
  })

  it('see trials that are lost, told twice or never, and code that is left', () => {
    expect(after((held) => held.end([{ number: 4, endedAt: undefined } as never], []))).toMatch(
      /trial 4 is lost/,
    )
    expect(after((held) => held.end([{ number: 4, endedAt: 0 } as never], []))).toMatch(
      /told to the searcher 0 times/,
    )
    expect(after((held) => [1, 1].forEach((trial) => held.onTold(trial)))).toMatch(
      /told to the searcher 2 times/,
    )
    expect(after((held) => held.end([], [2]))).toMatch(/code of trial 2 still runs/)
  })

  it('see slots and resources that are over-committed', () => {
    const holders = [0, 1].map((number) => ({ number, resources: { cpu: 2 } }))
    expect(after((held) => held.room(holders, 1, {}))).toBe('trials 0, 1 run at once in 1 slots')
    expect(after((held) => held.room(holders, 2, { cpu: 3 }))).toBe('trials 0, 1 use 4 cpu of 3')
    expect(after((held) => held.released(1, { cpu: 0 }))).toMatch(/1 of its slots are still taken/)
    expect(after((held) => held.released(0, { cpu: 2 }))).toMatch(/2 cpu are still taken/)
  })
})
