/** Compares the tables of TPE with Optuna's: how many trials are good, weights by age, and truncated normals. */
import { erf } from '../../src/math/erf.ts'
import { logGaussMass } from '../../src/math/normal.ts'
import { truncatedNormalLogPdf, truncatedNormalQuantile } from '../../src/math/truncated-normal.ts'
import {
  defaultGamma,
  hyperoptGamma,
  severalObjectivesGamma,
  weighByAge,
} from '../../src/searchers/tpe/defaults.ts'
import type { FixtureCase } from './fixture.ts'
import { difference, numberOf, type Tolerance } from './matching.ts'

/** Says what differs first, or nothing. */
export function runTpeTablesCase(testCase: FixtureCase, tolerance: Tolerance): string | undefined {
  return difference(tableOf(testCase), testCase['expected'], tolerance)
}

function tableOf({ name, input }: FixtureCase): unknown {
  switch (name.replace(/\/.*/, '')) {
    case 'gamma': {
      const { n } = input as { readonly n: readonly number[] }
      return {
        default: n.map(defaultGamma),
        multiObjective: n.map(severalObjectivesGamma),
        hyperopt: n.map(hyperoptGamma),
      }
    }
    case 'defaultWeights': {
      const { n } = input as { readonly n: number }
      const weights = new Float64Array(n)
      weighByAge(n, weights)
      return { weights: [...weights] }
    }
    case 'erf':
      return { y: numbers(input, 'x').map(erf) }
    case 'truncnorm': {
      const [a, b, q, x] = (['a', 'b', 'q', 'x'] as const).map((key) => numbers(input, key)) as [
        number[],
        number[],
        number[],
        number[],
      ]
      return {
        logGaussMass: a.map((low, i) => logGaussMass(low, b[i] as number)),
        ppf: a.map((low, i) => truncatedNormalQuantile(q[i] as number, low, b[i] as number)),
        logPdf: a.map((low, i) => truncatedNormalLogPdf(x[i] as number, low, b[i] as number)),
      }
    }
    default:
      return `tables called ${name} are not known`
  }
}

function numbers(input: unknown, key: string): number[] {
  return (input as Readonly<Record<string, readonly unknown[]>>)[key]?.map((x) => numberOf(x) as number) ?? []
}
