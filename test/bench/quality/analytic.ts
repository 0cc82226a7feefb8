/**
 * The analytic problems, as `test/fixtures/bench/analytic.json` lists them, with their formulas; and some of them with
 * the optimum moved away from the centre of the box, where some searchers start.
 */
import { readFileSync } from 'node:fs'
import type { Params } from '../../../src/core/trial.ts'
import { hypervolume } from '../../../src/math/hypervolume.ts'
import { branch } from '../../../src/space/branch.ts'
import { choice } from '../../../src/space/choices.ts'
import { lograndint, randint } from '../../../src/space/integers.ts'
import { loguniform, quniform, uniform } from '../../../src/space/numbers.ts'
import { excess, isFeasible, lowest, type Outcome, type Problem } from './problem.ts'

interface RecordedParameter {
  readonly name: string
  readonly type: 'float' | 'int' | 'categorical'
  readonly low: number
  readonly high: number
  readonly log?: boolean
  readonly step?: number
  readonly choices: readonly string[]
  readonly when?: Readonly<Record<string, string>>
}

/** One problem as recorded. */
export interface RecordedProblem {
  readonly name: string
  readonly kind: 'single' | 'constrained' | 'multi'
  readonly space: readonly RecordedParameter[]
  readonly optimum?: number
  readonly reference?: readonly number[]
  readonly hvMax?: number
  readonly check: readonly {
    readonly config: Params
    readonly values: readonly number[]
    readonly constraints?: readonly number[]
  }[]
}

interface Recorded {
  readonly tables: {
    readonly hartmann_alpha: readonly number[]
    readonly hartmann6_A: readonly (readonly number[])[]
    readonly hartmann6_P: readonly (readonly number[])[]
  }
  readonly problems: readonly RecordedProblem[] | Readonly<Record<string, RecordedProblem>>
}

const RECORDED = JSON.parse(
  readFileSync(new URL('../../fixtures/bench/analytic.json', import.meta.url), 'utf8'),
) as Recorded

/** The problems as recorded, with points and values to check the formulas by. */
export const recordedProblems: readonly RecordedProblem[] = Object.values(RECORDED.problems)

/** The values, and constraints, of a recorded problem at a configuration. */
export function evaluate(name: string, config: Params): Outcome {
  const formula = FORMULAS[name]
  if (formula === undefined) throw new Error(`there is no formula for ${name}`)
  const outcome = formula(config)
  return typeof outcome === 'number' ? { values: [outcome], constraints: [] } : outcome
}

/** All problems of the benchmark. */
export function analyticProblems(): Problem[] {
  const problems = recordedProblems.map(problemOf)
  return [...problems, shifted(problems, 'ackley5', 11.3), shifted(problems, 'rastrigin5', 1.7)]
}

function problemOf(recorded: RecordedProblem): Problem {
  const { name, kind, space, optimum = 0, reference = [], hvMax = 1 } = recorded
  const isMulti = kind === 'multi'
  return {
    name,
    space: spaceOf(space),
    objectives: (isMulti ? ['f1', 'f2'] : ['f']).map((metric) => ({ metric, mode: 'min' })),
    constraintCount: recorded.check[0]?.constraints?.length ?? 0,
    evaluate: (params) => evaluate(name, params),
    scoreOf: isMulti ? (outcomes) => volumeOf(outcomes, reference) / hvMax : lowest,
    regretOf: isMulti ? (score) => excess(-score, -1) : (score) => excess(score, optimum),
  }
}

function volumeOf(outcomes: readonly Outcome[], reference: readonly number[]): number {
  const inside = outcomes
    .filter(isFeasible)
    .map(({ values }) => values)
    .filter((values) => values.every((value, i) => value <= (reference[i] as number)))
  return hypervolume(inside, reference)
}

function shifted(problems: readonly Problem[], name: string, by: number): Problem {
  const problem = problems.find((candidate) => candidate.name === name) as Problem
  // Alternating signs, so that no searcher gains by a favourite corner.
  const moved = (params: Params): Params =>
    Object.fromEntries(
      Object.entries(params).map(([path, x], i) => [path, (x as number) - (i % 2 === 0 ? by : -by)]),
    )
  return {
    ...problem,
    name: `${name}-shifted`,
    evaluate: (params) => problem.evaluate(moved(params)),
  }
}

function spaceOf(parameters: readonly RecordedParameter[]): object {
  const entries = parameters
    .filter(({ when }) => when === undefined)
    .map((parameter) => {
      const inside = parameters.filter(({ when }) => when !== undefined && parameter.name in when)
      return [parameter.name, inside.length === 0 ? domainOf(parameter) : branchOf(parameter, inside)]
    })
  return Object.fromEntries(entries) as object
}

function branchOf({ name, choices }: RecordedParameter, inside: readonly RecordedParameter[]): unknown {
  const cases = choices.map((value) => [
    value,
    Object.fromEntries(
      inside
        .filter(({ when }) => when?.[name] === value)
        .map((parameter) => [parameter.name, domainOf(parameter)]),
    ),
  ])
  return branch(Object.fromEntries(cases) as Record<string, object>)
}

function domainOf({ type, low, high, log, step, choices }: RecordedParameter): unknown {
  if (type === 'categorical') return choice(choices)
  if (type === 'int') return log === true ? lograndint(low, high + 1) : randint(low, high + 1)
  if (step !== undefined) return quniform(low, high, step)
  return log === true ? loguniform(low, high) : uniform(low, high)
}

function numbers(config: Params): number[] {
  return Object.keys(config)
    .toSorted()
    .map((name) => config[name] as number)
}

function sum(terms: readonly number[]): number {
  return terms.reduce((total, term) => total + term, 0)
}

const { cos, exp, PI, sin, sqrt } = Math

const FORMULAS: Readonly<Record<string, (config: Params) => number | Outcome>> = {
  branin(config) {
    const [x0, x1] = numbers(config) as [number, number]
    const bowl = x1 - (5.1 / (4 * PI ** 2)) * x0 ** 2 + (5 / PI) * x0 - 6
    return bowl ** 2 + 10 * (1 - 1 / (8 * PI)) * cos(x0) + 10
  },
  hartmann6(config) {
    const x = numbers(config)
    const { hartmann_alpha: alpha, hartmann6_A: A, hartmann6_P: P } = RECORDED.tables
    return -sum(
      alpha.map((weight, i) => {
        const squares = x.map((xj, j) => (A[i]?.[j] as number) * (xj - (P[i]?.[j] as number)) ** 2)
        return weight * exp(-sum(squares))
      }),
    )
  },
  ackley5(config) {
    const x = numbers(config)
    const radius = sqrt(sum(x.map((xi) => xi ** 2)) / x.length)
    return -20 * exp(-0.2 * radius) - exp(sum(x.map((xi) => cos(2 * PI * xi))) / x.length) + 20 + Math.E
  },
  rosenbrock5(config) {
    const x = numbers(config)
    return sum(
      x.slice(1).map((next, i) => 100 * (next - (x[i] as number) ** 2) ** 2 + (1 - (x[i] as number)) ** 2),
    )
  },
  rastrigin5(config) {
    const x = numbers(config)
    return sum(x.map((xi) => 10 + xi ** 2 - 10 * cos(2 * PI * xi)))
  },
  levy8(config) {
    const w = numbers(config).map((xi) => 1 + (xi - 1) / 4)
    const last = w.at(-1) as number
    const inner = w.slice(0, -1).map((wi) => (wi - 1) ** 2 * (1 + 10 * sin(PI * wi + 1) ** 2))
    return sin(PI * (w[0] as number)) ** 2 + sum(inner) + (last - 1) ** 2 * (1 + sin(2 * PI * last) ** 2)
  },
  mixed7(config) {
    const { x, lr, n, m, q, act, flag } = config as Record<'x' | 'lr' | 'n' | 'm' | 'q', number> & {
      act: 'a' | 'b' | 'c' | 'd'
      flag: 'on' | 'off'
    }
    const smooth = (x - 2) ** 2 / 10 + (Math.log10(lr) + 3) ** 2 + ((n - 24) / 16) ** 2
    const steps = 0.5 * (Math.log2(m) - 7) ** 2 + 4 * (q - 0.3) ** 2
    const off = flag === 'off' ? (act === 'b' ? 0.25 : 0.5) : 0
    return smooth + steps + { a: 1, b: 0, c: 2, d: 0.5 }[act] + off
  },
  cond_ray(config) {
    const { activation } = config as { activation: string }
    const width = config[`width_${activation}`] as number
    const height = config[`height_${activation}`] as number
    return 1 / (0.1 + (width * 99) / 100) + 0.1 * height + (activation === 'relu' ? 10 : 0)
  },
  gramacy(config) {
    const [x0, x1] = numbers(config) as [number, number]
    const wave = 1.5 - x0 - 2 * x1 - 0.5 * sin(2 * PI * (x0 ** 2 - 2 * x1))
    return { values: [x0 + x1], constraints: [wave, x0 ** 2 + x1 ** 2 - 1.5] }
  },
  zdt1(config) {
    const [x0, ...others] = numbers(config) as [number, ...number[]]
    const g = 1 + (9 * sum(others)) / others.length
    return { values: [x0, g * (1 - sqrt(x0 / g))], constraints: [] }
  },
}
