/**
 * Milliseconds of processor time a trial, asked and told, that `cmaes` takes.
 */
import { randomStream } from '../../src/random/random.ts'
import { type CmaesOptions, cmaes } from '../../src/searchers/cmaes/cmaes.ts'
import { SearchSession, type TrialAnswer } from '../../src/searchers/session.ts'
import { uniform } from '../../src/space/numbers.ts'
import { readSpace } from '../../src/space/read-space.ts'
import { completedTrial } from '../support/completed-trial.ts'

/** Milliseconds of processor time a trial, all told, on an ellipsoid in `n` parameters. */
export function cmaesSpeed(n: number, trials: number, options: CmaesOptions = {}): number {
  const names = Array.from({ length: n }, (_, j) => `x${j}`)
  const session = new SearchSession({
    searcher: cmaes(options),
    space: readSpace(Object.fromEntries(names.map((name) => [name, uniform(-5, 5)]))),
    objectives: [{ metric: 'loss', mode: 'min' }],
    random: randomStream('cmaes-speed'),
  })
  const from = process.cpuUsage()
  for (let number = 0; number < trials; number++) {
    const answer = session.suggest({ number, running: [] }) as TrialAnswer
    const { params } = answer
    const loss = names.reduce((sum, name, j) => sum + (1 + j) * ((params[name] as number) - 1) ** 2, 0)
    void session.tell(completedTrial(number, answer, [loss]))
  }
  const { user, system } = process.cpuUsage(from)
  return (user + system) / 1000 / trials
}
