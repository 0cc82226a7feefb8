import { describe, expect, it } from 'vitest'
import type { Objective } from '../../src/core/objective.ts'
import { OptionError } from '../../src/errors.ts'
import { nsga3, type Nsga3Options } from '../../src/searchers/nsga3.ts'
import { randomSearch } from '../../src/searchers/random-search.ts'
import type { Searcher } from '../../src/searchers/searcher.ts'
import type { TrialAnswer } from '../../src/searchers/session.ts'
import { uniform } from '../../src/space/numbers.ts'
import { obeysSearcherLaws, session, told } from './laws.ts'

function objectivesOf(m: number): readonly Objective[] {
  return Array.from({ length: m }, (_, i) => ({ metric: `f${i}`, mode: 'min' }))
}

/** Losses on a sphere, the worse the farther the last parameters are from 0.3 (DTLZ2). */
function dtlz2(params: Readonly<Record<string, unknown>>, m: number): number[] {
  const x = Object.values(params).map(Number)
  const g = x.slice(m - 1).reduce((sum, y) => sum + (y - 0.3) ** 2, 0)
  return Array.from({ length: m }, (_, j) => {
    let f = 1 + g
    for (let k = 0; k < m - 1 - j; k++) f *= Math.cos(((x[k] as number) * Math.PI) / 2)
    return j === 0 ? f : f * Math.sin(((x[m - 1 - j] as number) * Math.PI) / 2)
  })
}

/** Distance from the best sphere of each of the last 100 trials, in order. */
function distances(searcher: Searcher, m: number): number[] {
  const space = Object.fromEntries(Array.from({ length: m + 4 }, (_, i) => [`x${i}`, uniform(0, 1)]))
  const search = session(searcher, space, 'sphere', { objectives: objectivesOf(m) })
  const off: number[] = []
  for (let number = 0; number < 300; number++) {
    const answer = search.suggest({ number, running: [] }) as TrialAnswer
    const values = dtlz2(answer.params, m)
    off.push(Math.hypot(...values) - 1)
    void search.tell(told(number, answer, { values }))
  }
  return off.slice(200).toSorted((a, b) => a - b)
}

describe('nsga3', () => {
  obeysSearcherLaws(() => nsga3())
  describe('with a population that fills at once', () =>
    obeysSearcherLaws(() => nsga3({ populationSize: 4 })))

  it.each([3, 9])('comes nearer to the front of %d objectives than random search', (m) => {
    const median = (off: number[]): number => off[50] as number
    expect(median(distances(nsga3(), m))).toBeLessThan(median(distances(randomSearch(), m)) / 2)
  })

  it('goes in the directions that it is given', () => {
    const space = { x: uniform(0, 1), y: uniform(0, 1) }
    const meanOf = (referencePoints: readonly (readonly number[])[]): number => {
      const search = session(nsga3({ referencePoints, populationSize: 20 }), space, 'to', {
        objectives: objectivesOf(2),
      })
      let sum = 0
      for (let number = 0; number < 300; number++) {
        const answer = search.suggest({ number, running: [] }) as TrialAnswer
        const [x, y] = [Number(answer.params['x']), Number(answer.params['y'])]
        void search.tell(told(number, answer, { values: [x + y, 1 - x + y] }))
        if (number >= 200) sum += x / 100
      }
      return sum
    }
    expect(meanOf([[1, 0.05]])).toBeGreaterThan(meanOf([[0.05, 1]]))
  })

  it.each([
    [{ referencePoints: [] }, /rows of equal length/],
    [{ referencePoints: [[1, 2], [1]] }, /rows of equal length/],
    [{ referencePoints: [[0, 0]] }, /above 0/],
    [
      {
        referencePoints: [
          [1, 2],
          [1, 0],
          [1, -1],
        ],
      },
      /Row 2 is an array of 2: \[1, -1\]/,
    ],
    [{ referencePoints: [[1, 2]], dividingParameter: 4 }, /Leave one of the two out/],
    [{ dividingParameter: 0 }, /integer from 1/],
    [{ divisions: 3 }, /no option divisions/],
  ])('refuses %j', (options, text) => {
    expect(() => nsga3(options as Nsga3Options)).toThrow(OptionError)
    expect(() => nsga3(options as Nsga3Options)).toThrow(text)
  })

  it('refuses directions for another number of objectives, and more of them than can be gone through', () => {
    const start = (searcher: Searcher, m: number): unknown =>
      session(searcher, { x: uniform(0, 1) }, 's', { objectives: objectivesOf(m) })
    expect(() => start(nsga3({ referencePoints: [[1, 1]] }), 3)).toThrow(
      /are for 2 objectives, but there are 3/,
    )
    expect(() => start(nsga3({ dividingParameter: 30 }), 9)).toThrow(/more than 10000 directions/)
  })
})
