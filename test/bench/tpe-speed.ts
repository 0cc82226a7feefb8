/**
 * How long TPE thinks about one suggestion, by the number of finished trials. Where the
 * environment variable TROUPE_PYTHON names a Python that has Optuna, its sampler is timed in the same run.
 */
import { execFileSync } from 'node:child_process'
import { randomStream } from '../../src/random/random.ts'
import { SearchSession } from '../../src/searchers/session.ts'
import { tpe } from '../../src/searchers/tpe/tpe.ts'
import { uniform } from '../../src/space/numbers.ts'
import { readSpace } from '../../src/space/read-space.ts'
import { completedTrial } from '../support/completed-trial.ts'

/**
 * What the trials told are: drawn from the prior, or, as a search leaves them behind, half of them within a tenth of the
 * range from the optimum in each parameter, where hardly a kernel is too far away to matter.
 */
export type History = 'uniform' | 'clustered'

/** One row of the figures. */
export interface TpeSpeed {
  readonly name: string
  readonly trials: number
  readonly parameters: number
  readonly history: History
  readonly msPerSuggestion: number
  /** Optuna's, where Python has it. */
  readonly optunaMs?: number
  /** How many times faster. */
  readonly ratio?: number
}

/** Trials told and parameters of each row. */
export const TPE_SPEED_CASES: readonly (readonly [trials: number, parameters: number])[] = [
  [100, 3],
  [1_000, 3],
  [5_000, 3],
  [20_000, 3],
  [10_000, 10],
]

const ROUNDS = 60

/** Measures one row. Optuna is not asked for more trials than 5,000, which it takes minutes to be told. */
export async function tpeSpeed(trials: number, parameters: number, history: History): Promise<TpeSpeed> {
  const msPerSuggestion = await troupeMs(trials, parameters, history)
  const row = { name: 'tpe, one suggestion', trials, parameters, history, msPerSuggestion }
  const python = process.env['TROUPE_PYTHON']
  if (python === undefined || trials > 5_000) return row
  const optunaMs = Number(execFileSync(python, ['-c', OPTUNA, String(trials), String(parameters), history]))
  return { ...row, optunaMs, ratio: optunaMs / msPerSuggestion }
}

/** The median over suggestions, each with the trial before it told. */
async function troupeMs(trials: number, parameters: number, history: History): Promise<number> {
  const names = Array.from({ length: parameters }, (_, j) => `x${j}`)
  const random = randomStream('tpe-speed')
  const session = new SearchSession({
    searcher: tpe(),
    space: readSpace(Object.fromEntries(names.map((name) => [name, uniform(0, 1)]))),
    objectives: [{ metric: 'loss', mode: 'min' }],
    random: random.fork('session'),
  })
  const times: number[] = []
  for (let number = 0; number < trials + ROUNDS; number++) {
    let params = Object.fromEntries(
      names.map((name, j) => [name, drawn(history, random.fork(`${number}/${j}`).next())]),
    )
    if (number >= trials) {
      const asked = performance.now()
      const answer = await session.suggest({ number, running: [] })
      times.push(performance.now() - asked)
      if (answer.kind === 'trial') params = answer.params as Record<string, number>
    }
    const loss = names.reduce((sum, name) => sum + ((params[name] as number) - 0.5) ** 2, 0)
    await session.tell(completedTrial(number, { params, domains: {} }, [loss]))
  }
  // The first suggestion reads the whole history.
  return times.slice(1).toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] as number
}

function drawn(history: History, u: number): number {
  const side = 2 * u - 1
  return history === 'uniform' ? u : 0.5 + 0.5 * Math.sign(side) * Math.abs(side) ** 3.3
}

const OPTUNA = `
import sys, time, optuna
optuna.logging.set_verbosity(optuna.logging.ERROR)
trials, parameters, history = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
import random
random.seed(7)
def drawn():
    u = random.random()
    side = 2 * u - 1
    return u if history == "uniform" else 0.5 + 0.5 * (1 if side > 0 else -1) * abs(side) ** 3.3
study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=7))
space = {f"x{j}": optuna.distributions.FloatDistribution(0, 1) for j in range(parameters)}
def made():
    params = {name: drawn() for name in space}
    loss = sum((x - 0.5) ** 2 for x in params.values())
    return optuna.trial.create_trial(params=params, distributions=space, value=loss)
study.add_trials([made() for _ in range(trials)])
times = []
for _ in range(12):
    asked = time.perf_counter()
    trial = study.ask()
    params = [trial.suggest_float(name, 0, 1) for name in space]
    times.append(time.perf_counter() - asked)
    study.tell(trial, sum((x - 0.5) ** 2 for x in params))
print(1000 * sorted(times[2:])[5])
`
