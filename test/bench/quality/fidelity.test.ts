import { describe, expect, it } from 'vitest'
import { asha } from '../../../src/schedulers/asha.ts'
import { fifo } from '../../../src/schedulers/fifo.ts'
import type { Scheduler } from '../../../src/schedulers/scheduler.ts'
import { randomSearch } from '../../../src/searchers/random-search.ts'
import { uniform } from '../../../src/space/numbers.ts'
import { playFidelity } from './fidelity.ts'
import { bestRecorded, fidelityLines } from './fidelity-report.ts'
import { EPOCHS, type Surrogate } from './lcbench-surrogate.ts'

/** Networks that learn evenly, up to 100 times `x`. */
const evenly: Surrogate = {
  space: { x: uniform(0, 1) },
  instances: ['made up'],
  accuracies: (_, { x }, epochs) =>
    Promise.resolve(epochs.map((epoch) => (100 * (x as number) * epoch) / EPOCHS)),
}

const play = (scheduler: Scheduler = fifo(), seed = 7) =>
  playFidelity(evenly, 'made up', { searcher: () => randomSearch(), scheduler: () => scheduler }, seed, 300)

describe('the comparison by epochs', () => {
  it('spends the epochs that there are, 4 networks at once', async () => {
    const { best, trials, full } = await play()
    expect(best).toHaveLength(300)
    // After 208 epochs the first 4 are through, after 416 the next.
    expect(trials).toBe(4)
    expect(full).toBe(4)
    expect(best.every((accuracy, i) => i === 0 || accuracy >= (best[i - 1] as number))).toBe(true)
  })

  it('starts more networks when most are stopped early', async () => {
    const { trials, full } = await play(asha({ maxT: EPOCHS }))
    expect(trials).toBeGreaterThan(20)
    expect(full).toBeLessThan(trials / 2)
  })

  it('gives the same for the same seed', async () => {
    expect(await play()).toEqual(await play())
    expect((await play()).best).not.toEqual((await play(fifo(), 8)).best)
  })

  it('compares with the best that is recorded, and says where a method is worse', () => {
    expect(bestRecorded({ a: [1, 2, 3], b: [2, 3, 4], c: [0, 9, 0] })[0]).toBe('b')
    const row = (name: string, regret: number, peerRegret: number) => ({
      problem: name,
      searcher: 'mine',
      budget: 500,
      scores: Array<number>(20).fill(100 - regret),
      regrets: Array.from({ length: 20 }, (_, i) => regret + i / 100),
      peer: 'theirs',
      peerScores: Array<number>(20).fill(100 - peerRegret),
      peerRegrets: Array.from({ length: 20 }, (_, i) => peerRegret + i / 100),
    })
    const { lines, met } = fidelityLines([row('even', 1, 1), row('lost', 5, 1)])
    expect(met).toBe(false)
    expect(lines.filter((line) => line.includes('not worse than'))).toHaveLength(1)
    expect(lines.at(-1)).toMatch(/^mine on lost at 500 epochs: worse than theirs/)
  })
})
