import type { EndState } from '../../core/trial.ts'
import type { Searcher } from '../../searchers/searcher.ts'
import type { Answer, TrialAnswer } from '../../searchers/session.ts'
import { contains, pointKey } from '../../space/encoding.ts'
import type { SpaceDefinition } from '../../space/space.ts'
import type { Generators, Law } from './property.ts'
import { type SearchStep, SearchWalk, stepsInWords } from './search-walk.ts'
import type { FiniteSpace } from './spaces.ts'

/** What the laws of searchers are tried on. */
export interface SearcherCase {
  readonly make: () => Searcher
  readonly spaces: readonly SpaceDefinition[]
  readonly finiteSpaces: readonly FiniteSpace[]
  readonly objectiveCounts: readonly number[]
}

/** A generated search. */
export interface SearchHistory {
  readonly definition: SpaceDefinition
  readonly objectiveCount: number
  readonly seed: string
  readonly before: readonly SearchStep[]
  readonly after: readonly SearchStep[]
}

/** The laws that a searcher obeys, as README and `Search` state them. */
export function searcherLaws(given: SearcherCase): readonly Law<SearchHistory>[] {
  const histories = (fc: Generators) => historiesOf(fc, given)
  const describe = ({ definition, objectiveCount, before, after }: SearchHistory): string =>
    `${stepsInWords([...before, ...after])} (space ${given.spaces.indexOf(definition)}, ${objectiveCount} objectives)`
  const walkOf = ({ definition, objectiveCount, seed }: SearchHistory, saved?: unknown): SearchWalk =>
    new SearchWalk({ searcher: given.make(), definition, objectiveCount, seed, saved })

  return [
    {
      says: 'a searcher suggests nothing outside of the space, whatever became of earlier trials',
      histories,
      describe,
      async check(history) {
        for (const answer of await walkOf(history).run([...history.before, ...history.after])) {
          if (answer.kind === 'trial') assertInside(answer)
        }
      },
    },
    {
      says: 'a searcher suggests the same after the same calls with the same seed',
      histories,
      describe,
      async check(history) {
        const steps = [...history.before, ...history.after]
        assertSame(await walkOf(history).run(steps), await walkOf(history).run(steps))
      },
    },
    {
      says: 'a searcher goes on the same after it was saved and started again',
      histories,
      describe,
      async check(history) {
        const unbroken = walkOf(history)
        await unbroken.run(history.before)
        const saved = unbroken.session.save()
        if (saved === undefined) return
        const resumed = walkOf(history, structuredClone(saved)).goOnFrom(unbroken)
        assertSame(await resumed.run(history.after), await unbroken.run(history.after))
      },
    },
  ]
}

/**
 * Goes through finite spaces when none of their points may come twice.
 * @throws {Error} when a searcher does not come to their end, or ends before it.
 */
export async function comesToTheEnd({ make, finiteSpaces, objectiveCounts }: SearcherCase): Promise<void> {
  for (const { space: definition, size } of finiteSpaces) {
    const searcher = make()
    // Copies are duplicates on purpose.
    if (searcher.repeat !== undefined) return
    const objectiveCount = objectiveCounts[0] as number
    const walk = new SearchWalk({ searcher, definition, objectiveCount, seed: 'end', duplicates: 'resample' })
    const steps = Array.from({ length: size + 1 }, (): SearchStep[] => [ASK, COMPLETE]).flat()
    const answers = await walk.run(steps)
    const trials = answers.filter((answer): answer is TrialAnswer => answer.kind === 'trial')
    const keys = new Set(trials.map(({ params }) => pointKey(params)))
    if (keys.size === size && answers.at(-1)?.kind === 'finished') continue
    throw new Error(
      `of a space of ${size} points it suggested ${keys.size}, in ${trials.length} trials, and then answered ${answers.at(-1)?.kind}`,
    )
  }
}

const ASK: SearchStep = { kind: 'ask' }
const COMPLETE: SearchStep = {
  kind: 'tell',
  which: 0,
  state: 'completed',
  values: Array<number>(9).fill(1),
  constraint: undefined,
}

function historiesOf(fc: Generators, { spaces, objectiveCounts }: SearcherCase) {
  const value = fc.oneof(fc.double({ noNaN: true }), fc.constantFrom(Infinity, -Infinity, 0))
  const tell = fc.record({
    kind: fc.constant('tell' as const),
    which: fc.nat({ max: 99 }),
    state: fc.constantFrom<EndState>('completed', 'pruned', 'failed', 'interrupted'),
    values: fc.array(value, { minLength: 9, maxLength: 9 }),
    constraint: fc.option(fc.double({ noNaN: true }), { nil: undefined }),
  })
  const steps = fc.array(
    fc.oneof(
      { weight: 2, arbitrary: fc.constant<SearchStep>({ kind: 'ask' }) },
      { weight: 1, arbitrary: tell },
    ),
    { maxLength: 40 },
  )
  return fc.record({
    definition: fc.constantFrom(...spaces),
    objectiveCount: fc.constantFrom(...objectiveCounts),
    seed: fc.string(),
    before: steps,
    after: steps,
  })
}

function assertInside({ params, domains }: TrialAnswer): void {
  for (const [path, value] of Object.entries(params)) {
    const domain = domains[path]
    if (domain !== undefined && contains(domain, value)) continue
    throw new Error(`${path} = ${String(value)} is not in the space`)
  }
}

function assertSame(once: readonly Answer[], again: readonly Answer[]): void {
  once.forEach((answer, i) => {
    const [a, b] = [inWords(answer), inWords(again[i])]
    if (a !== b) throw new Error(`answer ${i} is ${a} the one time and ${b} the other`)
  })
}

function inWords(answer: Answer | undefined): string {
  return answer?.kind === 'trial' ? pointKey(answer.params) : String(answer?.kind)
}
