import { describe, expect, it } from 'vitest'
import type { EndState, Params } from '../../src/core/trial.ts'
import { auto } from '../../src/searchers/auto.ts'
import { bohb } from '../../src/searchers/bohb/bohb.ts'
import { cmaes } from '../../src/searchers/cmaes/cmaes.ts'
import { dehb } from '../../src/searchers/dehb/dehb.ts'
import { gp } from '../../src/searchers/gp/gp.ts'
import { nsga2 } from '../../src/searchers/nsga2.ts'
import { nsga3 } from '../../src/searchers/nsga3.ts'
import { partialFixed } from '../../src/searchers/partial-fixed.ts'
import { qmc } from '../../src/searchers/qmc.ts'
import type { Searcher } from '../../src/searchers/searcher.ts'
import { randomSearch } from '../../src/searchers/random-search.ts'
import { tpe } from '../../src/searchers/tpe/tpe.ts'
import type { Where } from '../../src/searchers/where.ts'
import { choice } from '../../src/space/choices.ts'
import { randint } from '../../src/space/integers.ts'
import { uniform } from '../../src/space/numbers.ts'
import type { SpaceDefinition } from '../../src/space/space.ts'
import { isTrial, session, told } from './laws.ts'

const SEARCHERS: readonly (readonly [name: string, make: () => Searcher])[] = [
  ['auto', () => auto()],
  ['bohb', () => bohb()],
  ['cmaes', () => cmaes()],
  ['dehb', () => dehb({ maxT: 9 })],
  ['gp', () => gp()],
  ['nsga2', () => nsga2({ populationSize: 10 })],
  ['nsga3', () => nsga3({ populationSize: 10 })],
  ['partialFixed', () => partialFixed({ fixed: {}, searcher: tpe() })],
  ['qmc', () => qmc()],
  ['randomSearch', () => randomSearch()],
  ['tpe', () => tpe()],
]

const plane = { x: uniform(0, 1), n: randint(0, 100) }

interface Script {
  readonly space: SpaceDefinition
  readonly trials?: number
  readonly where?: (config: never) => boolean
  readonly objectives?: number
  readonly outcome: (
    number: number,
    params: Params,
  ) => {
    readonly state?: EndState
    readonly values?: readonly number[] | undefined
  }
}

/** Asks and tells, one trial after the other; gives how many there were before it had finished. */
async function play(searcher: Searcher, script: Script, duplicates: 'allow' | 'resample'): Promise<number> {
  const { space, trials = 40, where, objectives: count = 1, outcome } = script
  const objectives = Array.from({ length: count }, (_, i) => ({ metric: `m${i}`, mode: 'min' as const }))
  const search = session(searcher, space, 'survival', { objectives, duplicates, where: where as Where })
  for (let number = 0; number < trials; number++) {
    const answer = await search.suggest({ number, running: [] })
    if (!isTrial(answer)) {
      expect(answer.kind).toBe('finished')
      return number
    }
    const { state = 'completed', values } = outcome(number, answer.params)
    await search.tell(told(number, answer, { state, values, intermediate: [] }))
  }
  return trials
}

const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`x${i}`, uniform(0, 1)]))
const odd = [Infinity, -Infinity, Number.NaN, 1e308, -1e308, 0, 5]

const SCRIPTS: Readonly<Record<string, Script>> = {
  'a space of one point': { space: { steps: 3 }, outcome: (n) => ({ values: [n] }) },
  'all trials failed': { space: plane, outcome: () => ({ state: 'failed', values: undefined }) },
  'all values equal': { space: plane, outcome: () => ({ values: [1] }) },
  'infinite, huge and NaN values': {
    space: plane,
    outcome: (n) => ({ values: [odd[n % odd.length] as number] }),
  },
  '10,000 categories': {
    space: { kind: choice(Array.from({ length: 10_000 }, (_, i) => `c${i}`)), x: uniform(0, 1) },
    outcome: (n) => ({ values: [n % 5] }),
  },
  'a parameter that appears only in some trials': {
    space: (trial) => {
      if (trial.suggestFloat('x', 0, 1) > 0.5) trial.suggestInt('n', 1, 9)
    },
    outcome: (n) => ({ values: [n % 5] }),
  },
  '200 parameters': { space: many, trials: 25, outcome: (n) => ({ values: [n % 5] }) },
}

const square = { x: uniform(0, 1), y: uniform(0, 1) }

/** The best point lies where it is not allowed to go. */
function beyond(where: (config: { readonly x: number; readonly y: number }) => boolean): Script {
  return {
    space: square,
    trials: 60,
    where,
    outcome: (_, { x, y }) => ({ values: [((x as number) - 0.8) ** 2 + ((y as number) - 0.2) ** 2] }),
  }
}

const RULES: Readonly<Record<string, Script>> = {
  'x < y': beyond(({ x, y }) => x < y),
  'x < 0.3': beyond(({ x }) => x < 0.3),
  'x < 0.02': beyond(({ x }) => x < 0.02),
  'x and y nearly equal': beyond(({ x, y }) => Math.abs(x - y) < 0.02),
}

describe.each(SEARCHERS)('%s, where only some configurations are allowed,', (_name, make) => {
  it.each(Object.entries(RULES))(
    'goes on: %s',
    async (_what, script) => {
      expect(await play(make(), script, 'allow')).toBe(script.trials)
    },
    60_000,
  )
})

describe.each(SEARCHERS)('%s survives', (_name, make) => {
  it.each(Object.entries(SCRIPTS))('%s', async (_what, script) => {
    expect(await play(make(), script, 'allow')).toBe(script.trials ?? 40)
  })

  it('an exhausted space, and has finished then', async () => {
    const script: Script = {
      space: { a: choice([1, 2, 3]), b: randint(0, 3) },
      outcome: (n) => ({ values: [n] }),
    }
    expect(await play(make(), script, 'resample')).toBe(9)
  })

  it('9 objectives, where it takes several', async () => {
    const script: Script = {
      space: plane,
      trials: 30,
      objectives: 9,
      outcome: (n) => ({ values: Array.from({ length: 9 }, (_, i) => (n * (i + 3)) % 7) }),
    }
    const searcher = make()
    if (searcher.objectives === 'one')
      await expect(play(searcher, script, 'allow')).rejects.toThrow(/optimises one metric/)
    else expect(await play(searcher, script, 'allow')).toBe(30)
  })
})
