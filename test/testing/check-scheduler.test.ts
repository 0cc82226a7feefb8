import { describe, expect, it } from 'vitest'
import { asha, type Command, type Decision, fifo, OptionError, type Scheduler } from 'troupe'
import { checkScheduler } from 'troupe/testing'
import { schedulerOf } from '../runtime/stage.ts'

const GO_ON: Decision = { kind: 'continue' }
const stop = (trial: number): Command => ({
  trial,
  decision: { kind: 'stop', outcome: 'pruned', reason: 'lost' },
})

/** Keeps no state worth the name, and continues, unless told otherwise. */
function mine(members: Partial<Scheduler<number[]>>): () => Scheduler<number[]> {
  return () => schedulerOf({ init: () => [], onReport: () => GO_ON, ...members })
}

describe('checkScheduler', () => {
  it('lets schedulers pass that keep to the laws', async () => {
    await expect(checkScheduler(() => fifo(), { runs: 20 })).resolves.toBeUndefined()
    await expect(checkScheduler(() => asha({ maxT: 9 }), { runs: 20 })).resolves.toBeUndefined()
    await expect(
      checkScheduler(() => asha({ metric: 'acc', mode: 'max' }), { runs: 20 }),
    ).resolves.toBeUndefined()
  })

  it('lets one pass that pauses, exploits and changes resources as it may', async () => {
    const exploiting = mine({
      onReport(donors, { trial, time, config, hasCheckpoint }) {
        const donor = donors.find((other) => other !== trial)
        if (hasCheckpoint && !donors.includes(trial)) donors.push(trial)
        if (time % 2 === 0 && donor !== undefined)
          return { kind: 'exploit', donor, config, reason: 'the other is older' }
        return time % 3 === 0 ? { kind: 'pause', reason: 'a rest', resources: { cpu: 2 } } : GO_ON
      },
    })
    await expect(checkScheduler(exploiting)).resolves.toBeUndefined()
  })

  it('finds one that names nobody when nothing else can happen, and says the shortest way there', async () => {
    const check = checkScheduler(
      mine({
        onReport: () => ({ kind: 'pause', reason: 'waits for the others' }),
        choose: (_state, { candidates }) => candidates.find(({ status }) => status === 'pending')?.trial,
      }),
    )
    await expect(check).rejects.toMatchObject({ code: 'law' })
    await expect(check).rejects.toThrow(
      /names none of trial 0 \(paused\) alone, though nothing else can happen/,
    )
    await expect(check).rejects.toThrow(
      /Shortest history, with one objective \(min\):\n {2}1\. trial 0 is added\n {2}2\. .*trial 0 is chosen\n {2}3\. trial 0 reports 0 at training_iteration 1.*: pause \(waits for the others\)\n {2}4\. nothing else can happen: of trial 0 \(paused\) alone, none is chosen\n/,
    )
  })

  it('finds one that hangs only once all its trials have reported', async () => {
    const check = checkScheduler(
      mine({
        onReport: (seen, { trial }) => {
          seen.push(trial)
          return seen.length > 3 ? { kind: 'pause', reason: 'late' } : GO_ON
        },
        choose: (seen, { candidates }) => (seen.length > 3 ? undefined : candidates[0]?.trial),
      }),
    )
    await expect(check).rejects.toThrow(/names none of trial/)
  })

  it('finds one that a trial which is tried again is too much for', async () => {
    const strict: () => Scheduler<Map<number, number>> = () =>
      schedulerOf({
        init: () => new Map(),
        onReport(times, { trial, time }) {
          if (time <= (times.get(trial) ?? 0)) throw new Error(`trial ${trial} went back`)
          times.set(trial, time)
          return GO_ON
        },
      })
    await expect(checkScheduler(strict)).rejects.toThrow(
      /went back\.[^]*trial 0 fails, and is to be tried again from training_iteration 0\n/,
    )
  })

  it('tells from which attempt a report is', async () => {
    const counting: () => Scheduler<Map<string, number>> = () =>
      schedulerOf({
        init: () => new Map(),
        onReport(times, { trial, time, attempt }) {
          const key = `${trial}/${attempt}`
          if (time <= (times.get(key) ?? 0)) throw new Error(`trial ${trial} went back`)
          times.set(key, time)
          return GO_ON
        },
      })
    await expect(checkScheduler(counting)).resolves.toBeUndefined()
  })

  it('finds a command for a trial that does not wait', async () => {
    const late = mine({ commands: () => [stop(0)] })
    await expect(checkScheduler(late)).rejects.toThrow(/it commands trial 0, which does not wait/)
    const ended = mine({ onEnd: (_state, { trial }) => [stop(trial)] })
    await expect(checkScheduler(ended)).rejects.toThrow(/it commands trial \d, which does not wait/)
  })

  it('finds a choice that is none of the candidates', async () => {
    await expect(checkScheduler(mine({ choose: () => 7 }))).rejects.toThrow(
      /chooses trial 7, which does not wait/,
    )
  })

  it('finds a decision without a reason, and one that there is not', async () => {
    const silent = mine({ onReport: () => ({ kind: 'stop', outcome: 'pruned', reason: ' ' }) })
    await expect(checkScheduler(silent)).rejects.toThrow(/gives no reason for its decision 'stop'/)
    await expect(checkScheduler(mine({ onReport: () => undefined as never }))).rejects.toThrow(
      /is no decision/,
    )
  })

  it('finds one that remembers outside of its state', async () => {
    let seen = 0
    const counting = mine({ onReport: () => (seen++ % 5 === 4 ? { kind: 'pause', reason: 'x' } : GO_ON) })
    await expect(checkScheduler(counting)).rejects.toThrow(/the same answers to the same calls/)
    const shared = (): Scheduler<number[]> => {
      let reports = 0
      return mine({ onReport: () => (reports++ > 3 ? { kind: 'pause', reason: 'x' } : GO_ON) })()
    }
    await expect(checkScheduler(shared)).rejects.toThrow(/two runs of one do not touch each other/)
  })

  it('finds a state that cannot be copied, or of which the copy is another', async () => {
    class Count {
      #n = 0
      up(): number {
        return ++this.#n
      }
    }
    const holding: () => Scheduler<{ count: Count }> = () =>
      schedulerOf({
        init: () => ({ count: new Count() }),
        onReport: ({ count }) => (count.up() > 2 ? { kind: 'pause', reason: 'x' } : GO_ON),
      })
    await expect(checkScheduler(holding)).rejects.toThrow(/goes on from a copy of its state/)
  })

  it('finds what no copy can hold, and what only a long history leads to', async () => {
    const holding: () => Scheduler<object> = () =>
      schedulerOf({ init: () => ({ log: () => {} }), onReport: () => GO_ON })
    await expect(checkScheduler(holding)).rejects.toThrow(
      /keeps plain data in its state, of which copies can be made: .* could not be cloned\. Keep numbers/,
    )
    const late = mine({
      onReport(times) {
        times.push(1)
        if (times.length > 20) throw new Error('too much')
        return GO_ON
      },
    })
    await expect(checkScheduler(late)).rejects.toThrow(/too much\.\nShortest history/)
  })

  it('finds one that writes to what it is given', async () => {
    const writing = mine({
      onReport(_state, report) {
        ;(report.metrics as Record<string, unknown>)['seen'] = true
        return GO_ON
      },
    })
    await expect(checkScheduler(writing)).rejects.toThrow(/leaves what it is given as it was/)
  })

  it('gives trials the configurations that the scheduler needs', async () => {
    const scaling: () => Scheduler = () =>
      schedulerOf({
        init: () => ({}),
        onReport: (_state, { config }) =>
          (config as { lr: number }).lr.toFixed(1) === '0.1' ? GO_ON : { kind: 'pause', reason: 'x' },
      })
    await expect(checkScheduler(scaling)).rejects.toThrow(/toFixed/)
    await expect(checkScheduler(scaling, { configOf: () => ({ lr: 0.1 }) })).resolves.toBeUndefined()
  })

  it('refuses what makes no scheduler', async () => {
    await expect(checkScheduler(asha() as never)).rejects.toThrow(/takes a function that makes the scheduler/)
    await expect(checkScheduler(() => 7 as never)).rejects.toThrow(OptionError)
    await expect(checkScheduler(() => fifo(), { run: 3 } as never)).rejects.toThrow(/Did you mean runs/)
  })
})
