import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { randomStream } from '../../src/random/random.ts'
import { killAgain } from './kill-again.ts'
import { JOURNAL, repeatedIn, SQLITE } from './kept.ts'
import { prepareVictim } from './victim-program.ts'

// The long form is `npm run chaos`.

let victim: Awaited<ReturnType<typeof prepareVictim>>
beforeAll(async () => {
  victim = await prepareVictim()
})
afterAll(() => victim.remove())

describe.each([SQLITE, JOURNAL])(
  'an experiment that is killed at 6 random moments, kept by $name',
  (store) => {
    it('has every report that was acknowledged, nothing twice, and comes to its end each time', async () => {
      const counts = await killAgain({
        ...{ store, durability: 'trial', kills: 6, random: randomStream(`test/${store.name}`) },
        ...{ program: victim.program, folder: victim.folder },
      })
      expect(counts).toMatchObject({ kills: 6, lost: 0, twice: 0, problems: [] })
      expect(counts.acknowledged).toBeGreaterThan(0)
      expect(counts.resumed).toBeGreaterThan(0)
      expect(counts.finished).toBeGreaterThan(0)
    })
  },
)

describe('what the killing counts', () => {
  it('finds trials and reports that are in a log twice', () => {
    const ended = { at: 1, type: 'trial.ended', trial: 3, state: 'completed', values: [1] } as const
    const report = { at: 1, type: 'trial.report', trial: 3, attempt: 1, seq: 1 } as const
    const first = { ...report, metrics: { training_iteration: 1 } }
    const again = { ...first, attempt: 2 }
    expect(repeatedIn([first, { ...ended, state: 'interrupted' }, ended])).toEqual([])
    expect(repeatedIn([first, again, ended, ended])).toEqual(['trial 3 reported 1', 'trial 3 ended'])
  })
})
