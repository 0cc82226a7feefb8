import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { EndState } from '../../src/core/trial.ts'
import { randomStream } from '../../src/random/random.ts'
import type { RunningTrial, Searcher, ToldTrial } from '../../src/searchers/searcher.ts'
import {
  type Answer,
  SearchSession,
  type SearchSessionOptions,
  type TrialAnswer,
} from '../../src/searchers/session.ts'
import { branch } from '../../src/space/branch.ts'
import { choice, ordinal } from '../../src/space/choices.ts'
import { contains, pointKey } from '../../src/space/encoding.ts'
import { randint } from '../../src/space/integers.ts'
import { loguniform, quniform, randn, uniform } from '../../src/space/numbers.ts'
import { readSpace } from '../../src/space/read-space.ts'
import type { SpaceDefinition } from '../../src/space/space.ts'

/** Spaces that a searcher of finite spaces can go through, with how many points each has. */
export const FINITE_SPACES: readonly { readonly space: SpaceDefinition; readonly size: number }[] = [
  { space: { steps: 100 }, size: 1 },
  { space: { kind: choice(['a', 'b', 'c']), nested: { depth: randint(1, 3) } }, size: 6 },
  {
    space: {
      size: ordinal([16, 64]),
      act: branch({
        relu: {},
        tanh: { alpha: quniform(0, 1, 0.5), gate: branch({ on: { k: randint(0, 2) }, off: {} }) },
      }),
    },
    size: 2 * (1 + 3 * (2 + 1)),
  },
]

const byRunning: SpaceDefinition = (trial) => {
  if (trial.suggestCategorical('act', ['relu', 'tanh']) === 'relu') trial.suggestFloat('width', 0, 20)
  else trial.suggestFloat('width', -1, 21, { step: 0.5 })
  return { steps: 100 }
}

const SPACES: readonly SpaceDefinition[] = [
  byRunning,
  ...FINITE_SPACES.map(({ space }) => space),
  {
    x: uniform(-1, 1),
    optimizer: { lr: loguniform(1e-5, 1), momentum: randn(0, 1) },
    layers: [randint(1, 9), 3],
  },
  {
    x: uniform(0, 1),
    act: branch({ relu: { width: uniform(0, 20) }, tanh: { width: uniform(-1, 21), alpha: uniform(0, 1) } }),
  },
]

/** Of `random` (0 up to 1): which of the running trials ends, and as what. */
type Step =
  | { readonly kind: 'ask' }
  | { readonly kind: 'tell'; readonly which: number; readonly state: EndState; readonly value: number }

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 2, arbitrary: fc.constant<Step>({ kind: 'ask' }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('tell' as const),
        which: fc.nat({ max: 99 }),
        state: fc.constantFrom<EndState>('completed', 'pruned', 'failed', 'interrupted'),
        value: fc.oneof(fc.double({ noNaN: true }), fc.constantFrom(Infinity, -Infinity, 0)),
      }),
    },
  ),
  { maxLength: 40 },
)

export interface LawOptions {
  /** Default: finite and infinite ones, with branches. */
  readonly spaces?: readonly SpaceDefinition[]
}

/**
 * The laws of searchers, as tests: suggestions lie in the space, the same seed gives the same, a search that was saved
 * and started again goes on the same, every outcome is survived, and a finite space comes to its end.
 */
export function obeysSearcherLaws(make: () => Searcher, { spaces = SPACES }: LawOptions = {}): void {
  const definitions = fc.constantFrom(...spaces)

  it('suggests nothing outside of the space, whatever became of earlier trials', async () => {
    await fc.assert(
      fc.asyncProperty(definitions, fc.string(), steps, async (definition, seed, script) => {
        for (const answer of await run(session(make(), definition, seed), script)) {
          if (answer.kind !== 'trial') continue
          for (const [path, value] of Object.entries(answer.params)) {
            expect(contains(answer.domains[path] as never, value), `${path} = ${String(value)}`).toBe(true)
          }
        }
      }),
    )
  })

  it('suggests the same after the same calls with the same seed', async () => {
    await fc.assert(
      fc.asyncProperty(definitions, fc.string(), steps, async (definition, seed, script) => {
        const once = await run(session(make(), definition, seed), script)
        expect(await run(session(make(), definition, seed), script)).toEqual(once)
      }),
    )
  })

  it('goes on the same after it was saved and started again', async () => {
    await fc.assert(
      fc.asyncProperty(definitions, fc.string(), steps, steps, async (definition, seed, before, after) => {
        const unbroken = new Walk(session(make(), definition, seed))
        await unbroken.run(before)
        const saved: unknown = unbroken.session.save()
        if (saved === undefined) return
        const resumed = unbroken.copy(session(make(), definition, seed, { saved: structuredClone(saved) }))
        expect(await resumed.run(after)).toEqual(await unbroken.run(after))
      }),
    )
  })

  it('comes to the end of a finite space, point by point, when none may come twice', async () => {
    for (const { space, size } of FINITE_SPACES) {
      const searcher = make()
      // Copies are duplicates on purpose.
      if (searcher.repeat !== undefined) return
      const walk = new Walk(session(searcher, space, 'end', { duplicates: 'resample' }))
      const answers = await walk.run(Array.from({ length: size + 1 }, (): Step[] => [ASK, TELL]).flat())
      expect(answers.map(({ kind }) => kind)).toEqual([...Array<string>(size).fill('trial'), 'finished'])
      const keys = answers.filter(isTrial).map(({ params }) => pointKey(params))
      expect(new Set(keys).size).toBe(size)
    }
  })
}

const ASK: Step = { kind: 'ask' }
const TELL: Step = { kind: 'tell', which: 0, state: 'completed', value: 1 }

export function session(
  searcher: Searcher,
  definition: SpaceDefinition,
  seed: string,
  more: Partial<SearchSessionOptions> = {},
): SearchSession {
  return new SearchSession({
    searcher,
    space: readSpace(definition),
    objectives: [{ metric: 'loss', mode: 'min' }],
    random: randomStream(seed),
    ...more,
  })
}

export function isTrial(answer: Answer): answer is TrialAnswer {
  return answer.kind === 'trial'
}

/** A completed trial, as a searcher is told of it. */
export function told(
  number: number,
  { params, domains }: Pick<TrialAnswer, 'params' | 'domains'>,
  more: Partial<ToldTrial> = {},
): ToldTrial {
  return {
    number,
    params,
    domains,
    state: 'completed',
    values: [0],
    step: 1,
    intermediate: [[1, 0]],
    constraints: {},
    ...more,
  }
}

function run(search: SearchSession, script: readonly Step[]): Promise<Answer[]> {
  return new Walk(search).run(script)
}

/** Plays the controller: asks, keeps those that run, and tells how they ended. */
class Walk {
  readonly session: SearchSession
  readonly #running = new Map<number, TrialAnswer>()
  #count = 0

  constructor(search: SearchSession) {
    this.session = search
  }

  copy(search: SearchSession): Walk {
    const other = new Walk(search)
    other.#count = this.#count
    for (const [number, answer] of this.#running) other.#running.set(number, answer)
    return other
  }

  async run(script: readonly Step[]): Promise<Answer[]> {
    const answers: Answer[] = []
    for (const step of script) {
      if (step.kind === 'ask') answers.push(await this.#ask())
      else await this.#tell(step)
    }
    return answers
  }

  async #ask(): Promise<Answer> {
    const running: RunningTrial[] = Array.from(this.#running, ([number, { params }]) => ({ number, params }))
    const answer = await this.session.suggest({ number: this.#count, running })
    expect(answer.kind === 'wait' && running.length === 0, 'waits for nothing').toBe(false)
    if (answer.kind === 'trial') this.#running.set(this.#count++, answer)
    return answer
  }

  async #tell({ which, state, value }: Extract<Step, { kind: 'tell' }>): Promise<void> {
    const numbers = [...this.#running.keys()]
    const number = numbers[which % numbers.length]
    if (number === undefined) return
    const answer = this.#running.get(number) as TrialAnswer
    this.#running.delete(number)
    const values = state === 'failed' ? undefined : [value]
    const step = state === 'failed' ? undefined : 3
    await this.session.tell(told(number, answer, { state, values, step, intermediate: [[3, value]] }))
  }
}
