import { TroupeError } from '../../errors.ts'

/** What a breach tells besides its message. */
export interface BreachDetails {
  /** What happened up to there, a sentence part each. */
  readonly story?: readonly string[] | undefined
  /** Whether a shorter history is worth looking for. Default true. */
  readonly shrinks?: boolean | undefined
  readonly cause?: unknown
}

/** A law that does not hold, and how it came to that. */
export class Breach extends TroupeError {
  /** What should hold, as a sentence; undefined when that is the law that is tried. */
  readonly says: string | undefined
  readonly story: readonly string[] | undefined
  readonly shrinks: boolean

  constructor(
    says: string | undefined,
    message: string,
    { story, shrinks = true, cause }: BreachDetails = {},
  ) {
    super('law', message, { cause })
    this.says = says
    this.story = story === undefined ? undefined : [...story]
    this.shrinks = shrinks
  }
}

// Of a longer story the beginning and the end are shown: what it takes, and what comes of it.
const LINES_MAX = 40

/** A story with a numbered line for each thing that happens. */
export function storyInLines(story: readonly string[]): string {
  if (story.length === 0) return '  Nothing happens.'
  const width = String(story.length).length
  const lines = story.map((part, i) => `  ${String(i + 1).padStart(width)}. ${part}`)
  if (lines.length <= LINES_MAX) return lines.join('\n')
  const half = LINES_MAX / 2
  const between = `  ${' '.repeat(width)}  … ${lines.length - 2 * half} more …`
  return [...lines.slice(0, half), between, ...lines.slice(-half)].join('\n')
}
