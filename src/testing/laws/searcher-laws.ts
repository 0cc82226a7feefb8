import { SpaceError } from '../../errors.ts'
import type { EndState } from '../../core/trial.ts'
import type { Searcher } from '../../searchers/searcher.ts'
import type { TrialAnswer } from '../../searchers/session.ts'
import { pointKey } from '../../space/encoding.ts'
import { readSpace } from '../../space/read-space.ts'
import type { SpaceDefinition } from '../../space/space.ts'
import { Breach } from './breach.ts'
import type { Generators, Law } from './property.ts'
import { COMPLETE, type SearchStep, SearchWalk, type WalkPlan } from './search-walk.ts'
import { type FiniteSpace, spaceInWords } from './spaces.ts'

/** What the laws of searchers are tried on. */
export interface SearcherCase {
  readonly make: () => Searcher
  readonly spaces: readonly SpaceDefinition[]
  readonly finiteSpaces: readonly FiniteSpace[]
  readonly objectiveCounts: readonly number[]
  readonly timeoutMs: number
}

/** A generated search. */
export interface SearchHistory {
  readonly definition: SpaceDefinition
  readonly objectiveCount: number
  readonly seed: string
  readonly before: readonly SearchStep[]
  readonly after: readonly SearchStep[]
}

/** The laws that show when two searches are compared, or a space is gone through. */
export const SEARCHES = {
  repeats: 'a searcher suggests the same after the same calls with the same seed',
  resumes: 'a searcher goes on the same after it was saved and started again',
  rebuilt:
    'a searcher that says isRebuiltByTells suggests the same when it was told of all trials and asked for none',
  again: 'a searcher goes on the same when it was asked for and told of all trials again',
  ignores: 'a searcher that says ignoresResults suggests the same whatever the results',
  ends: 'a searcher comes to the end of a finite space, point by point, when none may come twice',
} as const

/**
 * The laws that a searcher obeys, as README and `Search` state them. The first stands for all that show in one search:
 * what is thrown names the one that is broken.
 */
export function searcherLaws(given: SearcherCase): readonly Law<SearchHistory>[] {
  const { make, timeoutMs } = given
  const histories = (fc: Generators) => historiesOf(fc, given)
  const describe = ({ definition, objectiveCount }: SearchHistory): string =>
    `in the space ${spaceInWords(readSpace(definition))}, with ${objectiveCount === 1 ? 'one objective' : `${objectiveCount} objectives`}`
  const law = (says: string, check: (history: SearchHistory) => Promise<unknown>): Law<SearchHistory> => ({
    says,
    histories,
    describe,
    check: async (history) => void (await check(history)),
  })
  const walkOf = ({ definition, objectiveCount, seed }: SearchHistory, saved?: unknown): WalkPlan => ({
    searcher: make(),
    definition,
    objectiveCount,
    seed,
    timeoutMs,
    saved,
  })

  return [
    law('a searcher keeps to its interface', async (history) => {
      await walking(walkOf(history), async (walk) => {
        await walk.run([...history.before, ...history.after])
        await walk.end()
      })
    }),
    law(SEARCHES.repeats, async (history) => {
      const steps = [...history.before, ...history.after]
      const answers = await walking(walkOf(history), (walk) => walk.run(steps))
      await walking(walkOf(history), (walk) =>
        walk.runAs(
          answers,
          steps,
          SEARCHES.repeats,
          (here, there) => `the last answer is ${here} this time, and was ${there} before.`,
        ),
      )
    }),
    law(SEARCHES.resumes, async (history) => {
      await walking(walkOf(history), async (unbroken) => {
        await unbroken.run(history.before)
        const saved = await unbroken.save()
        if (saved === undefined) return
        await walking(walkOf(history, saved), async (resumed) => {
          resumed.goOnFrom(unbroken).story.push('it is saved, and started again from that')
          const answers = await unbroken.run(history.after)
          await resumed.runAs(
            answers,
            history.after,
            SEARCHES.resumes,
            (here, there) => `the last answer is ${here}, and ${there} when it is not started again.`,
          )
        })
      })
    }),
    make().isRebuiltByTells === true
      ? law(SEARCHES.rebuilt, (history) =>
          goesOn(history, walkOf, SEARCHES.rebuilt, ' Leave isRebuiltByTells out.'),
        )
      : law(SEARCHES.again, (history) => goesOn(history, walkOf, SEARCHES.again, '')),
    ...(ignoresResults(make())
      ? [law(SEARCHES.ignores, (history) => resultsCountForNothing(history, walkOf))]
      : []),
  ]
}

/** A search that another process goes through again, as when a study is loaded. */
async function goesOn(
  history: SearchHistory,
  planOf: (history: SearchHistory) => WalkPlan,
  says: string,
  advice: string,
): Promise<void> {
  await walking(planOf(history), async (unbroken) => {
    await unbroken.run(history.before)
    await walking(planOf(history), async (rebuilt) => {
      await rebuilt.recall(unbroken)
      const answers = await unbroken.run(history.after)
      await rebuilt.runAs(
        answers,
        history.after,
        says,
        (here, there) => `the last answer is ${here}, and ${there} of the search that went on.${advice}`,
      )
    })
  })
}

// Copies wait for each other, so there nothing is asked for early.
function ignoresResults({ ignoresResults: says, repeat }: Searcher): boolean {
  return says === true && repeat === undefined
}

async function resultsCountForNothing(
  history: SearchHistory,
  planOf: (history: SearchHistory) => WalkPlan,
): Promise<void> {
  // A searcher learns such a space from results alone, and is not asked early there.
  if (readSpace(history.definition).kind === 'define-by-run') return
  const steps = [...history.before, ...history.after]
  const asks = steps.filter(({ kind }) => kind === 'ask')
  const early = await walking(planOf(history), (walk) => walk.run(asks))
  await walking(planOf(history), (walk) =>
    walk.runAs(
      early,
      steps,
      SEARCHES.ignores,
      (here, there) =>
        `the last answer is ${here} after these results, and ${there} before any. Leave ignoresResults out.`,
    ),
  )
}

/**
 * Goes through finite spaces when none of their points may come twice.
 * @throws {Breach} when a searcher does not come to their end, or ends before it.
 */
export async function comesToTheEnd(given: SearcherCase): Promise<void> {
  const { make, finiteSpaces, objectiveCounts, timeoutMs } = given
  for (const { space: definition, size } of finiteSpaces) {
    const searcher = make()
    // Copies are duplicates on purpose.
    if (searcher.repeat !== undefined) return
    const objectiveCount = objectiveCounts[0] as number
    const plan = {
      searcher,
      definition,
      objectiveCount,
      seed: 'end',
      duplicates: 'resample',
      timeoutMs,
    } as const
    await walking(plan, (walk) => goThrough(walk, searcher, { definition, size }))
  }
}

async function goThrough(
  walk: SearchWalk,
  { exhaustive = false }: Searcher,
  { definition, size }: { readonly definition: SpaceDefinition; readonly size: number },
): Promise<void> {
  const steps = Array.from({ length: size + 1 }, (): SearchStep[] => [{ kind: 'ask' }, COMPLETE]).flat()
  const trials: TrialAnswer[] = []
  const suggested = (): string => {
    const count = new Set(trials.map(({ params }) => pointKey(params))).size
    return `of the ${size === 1 ? 'one point' : `${size} points`} of the space ${spaceInWords(readSpace(definition))} it suggested ${count === size ? 'each' : count}`
  }
  let last
  for (const step of steps) {
    try {
      const [answer] = await walk.run([step])
      if (answer?.kind === 'trial') trials.push(answer)
      last = answer?.kind ?? last
    } catch (cause) {
      const isStuck = cause instanceof Breach && cause.cause instanceof SpaceError
      if (!isStuck || !exhaustive || trials.length === 0) throw cause
      const text = `${suggested()}, and then only such as came before. One that says exhaustive names each point once, and then finishes.`
      throw new Breach(SEARCHES.ends, text, { cause })
    }
  }
  if (last === 'finished' && trials.length === size) return
  const advice =
    last !== 'finished'
      ? "Answer 'finished' when there is none left."
      : exhaustive
        ? 'Go on until each was suggested.'
        : "Go on suggesting: the search ends by itself where no point is left, so 'finished' is for one that says exhaustive."
  throw new Breach(SEARCHES.ends, `${suggested()}, and then answered '${last}'. ${advice}`)
}

/** Walks, and closes what is still open, whatever came of it. */
async function walking<T>(plan: WalkPlan, go: (walk: SearchWalk) => Promise<T>): Promise<T> {
  const walk = new SearchWalk(plan)
  try {
    return await go(walk)
  } finally {
    walk.release()
  }
}

function historiesOf(fc: Generators, { spaces, objectiveCounts }: SearcherCase) {
  const objectiveMax = Math.max(...objectiveCounts)
  // Shrinks to the first kind: a small integer says as much as -2.3e-187, and is read at once.
  const value = fc.oneof(
    { withCrossShrink: true },
    { weight: 2, arbitrary: fc.nat({ max: 3 }) },
    { weight: 4, arbitrary: fc.double({ noNaN: true }) },
    { weight: 2, arbitrary: fc.constantFrom(Infinity, -Infinity) },
  )
  const tell = fc.record({
    kind: fc.constant('tell' as const),
    which: fc.nat({ max: 99 }),
    state: fc.constantFrom<EndState>('completed', 'pruned', 'failed', 'interrupted'),
    reports: fc.nat({ max: 3 }),
    values: fc.array(value, { minLength: objectiveMax, maxLength: objectiveMax }),
    constraint: fc.option(
      fc.oneof({ withCrossShrink: true }, fc.integer({ min: -1, max: 1 }), fc.double({ noNaN: true })),
      { nil: undefined },
    ),
  })
  const steps = fc.array(
    fc.oneof(
      { weight: 2, arbitrary: fc.constant<SearchStep>({ kind: 'ask' }) },
      { weight: 1, arbitrary: tell },
    ),
    // Without a size fast-check keeps to ten of them, after which most searchers still draw at random.
    { maxLength: 25, size: 'max' },
  )
  return fc.record({
    definition: fc.constantFrom(...spaces),
    objectiveCount: fc.constantFrom(...objectiveCounts),
    seed: fc.string(),
    before: steps,
    after: steps,
  })
}
