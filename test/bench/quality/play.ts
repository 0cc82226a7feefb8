import { randomStream } from '../../../src/random/random.ts'
import type { Searcher } from '../../../src/searchers/searcher.ts'
import { SearchSession } from '../../../src/searchers/session.ts'
import { readSpace } from '../../../src/space/read-space.ts'
import { completedTrial } from '../../support/completed-trial.ts'
import type { Outcome, Problem } from './problem.ts'

/** What a searcher reached, and what its suggestions cost. */
export interface Play {
  /** Score after each of the budgets. */
  readonly scores: readonly number[]
  /** Median of the seconds from asked to answered. */
  readonly secondsPerTrial: number
}

/** Optimises a problem, one trial after the other. The same seed gives the same trials. */
export async function play(
  problem: Problem,
  searcher: Searcher,
  seed: number,
  budgets: readonly number[],
): Promise<Play> {
  const session = new SearchSession({
    searcher,
    space: readSpace(problem.space),
    objectives: problem.objectives,
    random: randomStream(`quality/${seed}`),
    budget: Math.max(...budgets),
  })
  const outcomes: Outcome[] = []
  const seconds: number[] = []
  for (let number = 0; number < Math.max(...budgets); number++) {
    const asked = performance.now()
    const answer = await session.suggest({ number, running: [] })
    seconds.push((performance.now() - asked) / 1000)
    if (answer.kind !== 'trial') break
    const outcome = await problem.evaluate(answer.params)
    outcomes.push(outcome)
    await session.tell({
      ...completedTrial(number, answer, outcome.values),
      constraints: Object.fromEntries(outcome.constraints.map((value, i) => [`c${i}`, value])),
    })
  }
  return {
    scores: budgets.map((budget) => problem.scoreOf(outcomes.slice(0, budget))),
    secondsPerTrial: seconds.toSorted((a, b) => a - b)[Math.floor(seconds.length / 2)] as number,
  }
}
