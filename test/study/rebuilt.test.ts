import { describe, expect, it } from 'vitest'
import { auto } from '../../src/searchers/auto.ts'
import { bohb } from '../../src/searchers/bohb/bohb.ts'
import { bruteForce } from '../../src/searchers/brute-force/brute-force.ts'
import { cmaes } from '../../src/searchers/cmaes/cmaes.ts'
import { concurrencyLimiter } from '../../src/searchers/concurrency-limiter.ts'
import { dehb } from '../../src/searchers/dehb/dehb.ts'
import { gp } from '../../src/searchers/gp/gp.ts'
import { gridSearcher } from '../../src/searchers/grid-searcher.ts'
import { nsga2 } from '../../src/searchers/nsga2.ts'
import { nsga3 } from '../../src/searchers/nsga3.ts'
import { partialFixed } from '../../src/searchers/partial-fixed.ts'
import { qmc } from '../../src/searchers/qmc.ts'
import { randomSearch } from '../../src/searchers/random-search.ts'
import { repeater } from '../../src/searchers/repeater.ts'
import type { Searcher } from '../../src/searchers/searcher.ts'
import { tpe } from '../../src/searchers/tpe/tpe.ts'
import { branch } from '../../src/space/branch.ts'
import { choice, gridSearch } from '../../src/space/choices.ts'
import { randint } from '../../src/space/integers.ts'
import { uniform } from '../../src/space/numbers.ts'
import type { SpaceDefinition } from '../../src/space/space.ts'
import { createStudy, loadStudy, type LoadStudyOptions } from '../../src/study/create-study.ts'
import type { Study } from '../../src/study/study.ts'
import { memoryStore } from '../../src/stores/memory.ts'

const MIXED: SpaceDefinition = {
  x: uniform(0, 1),
  y: uniform(-5, 5),
  kind: branch({ root: { width: uniform(0, 1) }, tip: { count: randint(0, 9) } }),
  letter: choice(['a', 'b']),
}
const FINITE: SpaceDefinition = { n: randint(0, 6), letter: choice(['a', 'b', 'c', 'd', 'e']) }
const suggested: SpaceDefinition = (trial) => {
  if (trial.suggestFloat('x', 0, 1) > 0.5) trial.suggestInt('n', 1, 9)
  trial.suggestFloat('y', -1, 1)
}

const TRIALS = 20

type Case = readonly [name: string, make: () => Searcher, space: SpaceDefinition, code: object]

const CASES: readonly Case[] = [
  ['auto', () => auto(), MIXED, {}],
  ['bohb', () => bohb({ minPointsInModel: 4 }), MIXED, {}],
  ['bruteForce', () => bruteForce(), FINITE, {}],
  ['bruteForce, define-by-run', () => bruteForce(), (trial) => void trial.suggestInt('n', 0, 40), {}],
  ['cmaes', () => cmaes({ populationSize: 4 }), MIXED, {}],
  ['cmaes, define-by-run', () => cmaes({ populationSize: 4 }), suggested, {}],
  [
    'concurrencyLimiter',
    () => concurrencyLimiter(cmaes({ populationSize: 4 }), { maxConcurrent: 4 }),
    MIXED,
    {},
  ],
  ['dehb', () => dehb({ maxT: 9 }), MIXED, {}],
  ['gp', () => gp({ nStartupTrials: 4 }), MIXED, {}],
  ['gp, define-by-run', () => gp({ nStartupTrials: 4 }), suggested, {}],
  ['gridSearcher', () => gridSearcher(), FINITE, {}],
  ['gridSearcher, shuffled', () => gridSearcher({ shuffle: true }), FINITE, {}],
  ['nsga2', () => nsga2({ populationSize: 6 }), MIXED, {}],
  ['nsga3', () => nsga3({ populationSize: 6 }), MIXED, {}],
  [
    'partialFixed',
    () => partialFixed({ fixed: { letter: 'a' }, searcher: cmaes({ populationSize: 4 }) }),
    MIXED,
    {},
  ],
  ['qmc', () => qmc({ scramble: true }), MIXED, {}],
  ['qmc, define-by-run', () => qmc({ scramble: true }), suggested, {}],
  ['randomSearch', () => randomSearch(), MIXED, {}],
  [
    'randomSearch, where some of a grid is not allowed',
    () => randomSearch(),
    { n: gridSearch([1, 2, 3, 4]), x: uniform(0, 1) },
    { where: ({ n }: { n: number }) => n % 2 === 0 },
  ],
  ['repeater', () => repeater(tpe({ nStartupTrials: 3 }), { repeat: 3 }), MIXED, {}],
  ['tpe', () => tpe({ nStartupTrials: 4 }), MIXED, {}],
  ['tpe, define-by-run', () => tpe({ nStartupTrials: 4 }), suggested, {}],
  [
    'tpe, without duplicates, where not all is allowed',
    () => tpe({ nStartupTrials: 4 }),
    FINITE,
    { duplicates: 'resample', where: ({ n }: { n: number }) => n !== 2 },
  ],
]

const THREADED: readonly Case[] = [
  ['cmaes', () => cmaes({ populationSize: 4, thread: true }), MIXED, {}],
  ['tpe', () => tpe({ nStartupTrials: 4, thread: true }), MIXED, {}],
]

/** The configurations of a study that is left and loaded again after each of these numbers of trials. */
async function configsOf(
  [, make, paramSpace, code]: Case,
  isCut: (number: number) => boolean,
): Promise<unknown[]> {
  const storage = memoryStore()
  const open = { ...code, paramSpace, storage, name: 's' } as LoadStudyOptions & { paramSpace: never }
  let study = await createStudy<never>({ ...open, seed: 3, searcher: make() })
  for (let number = 0; number < TRIALS; number++) {
    if (isCut(number)) {
      await study.close()
      study = await loadStudy<never>({ ...open, searcher: make() })
    }
    await step(study, number)
  }
  const configs = study.trials.map(({ config }) => config)
  await study.close()
  return configs
}

/** One trial: some go on running for a while, some report, some are pruned, and some fail. */
async function step(study: Study, number: number): Promise<void> {
  const trial = await study.ask()
  const value = Object.values(trial.config).reduce<number>(
    (sum, part) => sum + (typeof part === 'number' ? part ** 2 : 0),
    0,
  )
  if (number % 3 === 0) trial.report(1, value + 1)
  if (number % 5 === 4) await study.tell(number - 2, 0.25 + number / 100)
  if (number % 5 === 2) return
  const result =
    number % 6 === 3
      ? ({ state: 'pruned' } as const)
      : number % 7 === 5
        ? ({ state: 'failed' } as const)
        : value
  await study.tell(trial, result)
}

describe('a study that is left and loaded again goes on as if it had never been left', () => {
  it.each(CASES)('%s', async (...given) => {
    const whole = await configsOf(given, () => false)
    expect(whole).toHaveLength(TRIALS)
    expect(await configsOf(given, () => true)).toEqual(whole)
    expect(await configsOf(given, (number) => number === 13)).toEqual(whole)
  })

  // A thread takes a second to start.
  it.each(THREADED)(
    '%s in a thread',
    async (...given) => {
      const whole = await configsOf(given, () => false)
      expect(await configsOf(given, (number) => number === 13)).toEqual(whole)
    },
    60_000,
  )
})
