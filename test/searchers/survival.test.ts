import { describe, expect, it } from 'vitest'
import type { EndState } from '../../src/core/trial.ts'
import { auto } from '../../src/searchers/auto.ts'
import { cmaes } from '../../src/searchers/cmaes/cmaes.ts'
import { gp } from '../../src/searchers/gp/gp.ts'
import { nsga2 } from '../../src/searchers/nsga2.ts'
import { nsga3 } from '../../src/searchers/nsga3.ts'
import { partialFixed } from '../../src/searchers/partial-fixed.ts'
import { qmc } from '../../src/searchers/qmc.ts'
import type { Searcher } from '../../src/searchers/searcher.ts'
import { tpe } from '../../src/searchers/tpe/tpe.ts'
import { choice } from '../../src/space/choices.ts'
import { randint } from '../../src/space/integers.ts'
import { uniform } from '../../src/space/numbers.ts'
import type { SpaceDefinition } from '../../src/space/space.ts'
import { isTrial, session, told } from './laws.ts'

const SEARCHERS: readonly (readonly [name: string, make: () => Searcher])[] = [
  ['auto', () => auto()],
  ['cmaes', () => cmaes()],
  ['gp', () => gp()],
  ['nsga2', () => nsga2({ populationSize: 10 })],
  ['nsga3', () => nsga3({ populationSize: 10 })],
  ['partialFixed', () => partialFixed({ fixed: {}, searcher: tpe() })],
  ['qmc', () => qmc()],
  ['tpe', () => tpe()],
]

const plane = { x: uniform(0, 1), n: randint(0, 100) }

interface Script {
  readonly space: SpaceDefinition
  readonly trials?: number
  readonly objectives?: number
  readonly outcome: (number: number) => {
    readonly state?: EndState
    readonly values?: readonly number[] | undefined
  }
}

/** Asks and tells, one trial after the other; gives how many there were before it had finished. */
async function play(searcher: Searcher, script: Script, duplicates: 'allow' | 'resample'): Promise<number> {
  const { space, trials = 40, objectives: count = 1, outcome } = script
  const objectives = Array.from({ length: count }, (_, i) => ({ metric: `m${i}`, mode: 'min' as const }))
  const search = session(searcher, space, 'survival', { objectives, duplicates })
  for (let number = 0; number < trials; number++) {
    const answer = await search.suggest({ number, running: [] })
    if (!isTrial(answer)) {
      expect(answer.kind).toBe('finished')
      return number
    }
    const { state = 'completed', values } = outcome(number)
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
