/**
 * Seconds from asked to answered of `gp` in 5 float parameters, refitted at each trial: the median of trials 91 to 100.
 */
import { randomStream } from '../../src/random/random.ts'
import { gp } from '../../src/searchers/gp/gp.ts'
import { SearchSession } from '../../src/searchers/session.ts'
import { uniform } from '../../src/space/numbers.ts'
import { readSpace } from '../../src/space/read-space.ts'
import { completedTrial } from '../support/completed-trial.ts'

/** What Optuna 5.0's GPSampler was recorded to take, in milliseconds. */
export const GP_RECORDED_MS = 112

const TRIALS = 100
const D = 5

/** Median, over several searches, of the median milliseconds of suggestions 91 to 100. */
export async function gpSpeed(searches = 5): Promise<number> {
  const medians: number[] = []
  // The first search only warms up.
  for (let i = 0; i <= searches; i++) {
    const last = (await suggestionTimes(`gp-speed/${i}`)).slice(90)
    if (i > 0) medians.push(median(last))
  }
  return median(medians)
}

/** Milliseconds of each suggestion on Rosenbrock's function. */
async function suggestionTimes(seed: string): Promise<number[]> {
  const names = Array.from({ length: D }, (_, j) => `x${j}`)
  const session = new SearchSession({
    searcher: gp(),
    space: readSpace(Object.fromEntries(names.map((name) => [name, uniform(-5, 10)]))),
    objectives: [{ metric: 'loss', mode: 'min' }],
    random: randomStream(seed),
  })
  const times: number[] = []
  for (let number = 0; number < TRIALS; number++) {
    const from = performance.now()
    const answer = await session.suggest({ number, running: [] })
    times.push(performance.now() - from)
    if (answer.kind !== 'trial') throw new Error(`Trial ${number} got ${answer.kind}.`)
    const x = names.map((name) => answer.params[name] as number)
    let loss = 0
    for (let j = 0; j + 1 < D; j++) {
      loss += 100 * ((x[j + 1] as number) - (x[j] as number) ** 2) ** 2 + (1 - (x[j] as number)) ** 2
    }
    await session.tell(completedTrial(number, answer, [loss]))
  }
  return times
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number
}
