import type * as FastCheck from 'fast-check'
import { asError, OptionError, TroupeError } from '../../errors.ts'
import { Breach, storyInLines } from './breach.ts'

/** What is used of fast-check, which only those install who check laws. */
export type Generators = typeof FastCheck

/** How a law is tried. */
export interface TrialOptions {
  /** How many histories are generated. Integer from 1. */
  readonly runs: number
  /** Which histories; the same seed gives the same ones. */
  readonly seed: number
}

/** A law that everything of one kind obeys. */
export interface Law<T> {
  /** What holds, as a sentence: `a searcher suggests the same after the same calls`. */
  readonly says: string
  /** The histories that it is tried on. */
  histories(fc: Generators): FastCheck.Arbitrary<T>
  /** Throws where the law is broken. */
  check(history: T): Promise<void>
  /** A history in words, for the message. */
  describe(history: T): string
}

/**
 * Loads fast-check, which generates histories and shrinks them.
 * @throws {OptionError} when it is not installed.
 */
export async function loadGenerators(owner: string): Promise<Generators> {
  try {
    return await import('fast-check')
  } catch (cause) {
    throw new OptionError(
      owner,
      `${owner} needs fast-check, which is not installed. Run npm install --save-dev fast-check.`,
      {
        cause,
      },
    )
  }
}

/**
 * Tries a law on generated histories.
 * @throws {TroupeError} with code `'law'`, saying what was broken, after which shortest history, and how to see it again.
 */
export async function uphold<T>(
  fc: Generators,
  owner: string,
  law: Law<T>,
  { runs, seed }: TrialOptions,
): Promise<void> {
  let isOver = false
  const property = fc.asyncProperty(law.histories(fc), async (history) => {
    if (isOver) return
    try {
      await law.check(history)
    } catch (error) {
      isOver = error instanceof Breach && !error.shrinks
      throw error
    }
  })
  const outcome = await fc.check(property, { numRuns: runs, seed })
  if (!outcome.failed) return
  const [history] = outcome.counterexample as [T]
  const cause = asError(outcome.errorInstance)
  const { says = law.says, story } = cause instanceof Breach ? cause : { story: undefined }
  const happened = story === undefined ? [] : [storyInLines(story)]
  throw new TroupeError(
    'law',
    [
      `${owner} breaks the law that ${says}: ${cause.message}`,
      `${isOver ? 'The' : 'Shortest'} history, ${law.describe(history)}:`,
      ...happened,
      `To see it again: seed: ${seed}.`,
    ].join('\n'),
    { cause: cause instanceof Breach ? (cause.cause ?? cause) : cause },
  )
}
