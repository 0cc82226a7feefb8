import { OptionError } from '../errors.ts'

/** Says in words what is wrong with a value, or nothing when it can be used. */
export type Check<T> = (value: T) => string | undefined

/** One check for each option that has a rule; options without one are taken as they come. */
export type Checks<T> = { readonly [K in keyof T]?: Check<NonNullable<T[K]>> }

/**
 * Merges options with their defaults, once, at the door.
 * @param owner - Name of the factory, for messages, such as `'asha'`.
 * @param given - What the user passed; `undefined` values count as not given.
 * @param defaults - Every option that exists, each with its default (`undefined` where there is none).
 * @throws {OptionError} for an unknown key, naming the nearest known one, and for a value that its check refuses.
 */
export function readOptions<O extends object, D extends { [K in keyof Required<O>]: unknown }>(
  owner: string,
  given: O,
  defaults: D,
  checks: Checks<O> = {},
): Merged<O, D> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new OptionError(owner, `${owner} takes one object of options, got ${describe(given)}.`, {
      received: given,
    })
  }
  const merged: Record<string, unknown> = { ...defaults }
  for (const [key, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaults, key)) throw unknownKey(owner, key, Object.keys(defaults), value)
    if (value === undefined) continue
    const problem = (checks as Record<string, Check<unknown> | undefined>)[key]?.(value)
    if (problem !== undefined) {
      throw new OptionError(`${owner}.${key}`, `${owner}.${key}: ${problem} Got ${describe(value)}.`, {
        received: value,
      })
    }
    merged[key] = value
  }
  return merged as Merged<O, D>
}

/** Options after `readOptions`: what has a default is no longer optional. */
export type Merged<O, D> = {
  [K in keyof Required<O>]: K extends keyof D ? (undefined extends D[K] ? O[K] : NonNullable<O[K]>) : O[K]
}

// What the peers call it, where the edits between the two words say nothing.
const OUR_NAMES: Readonly<Record<string, string>> = {
  popsize: 'populationSize',
  sampler: 'searcher',
  searchAlg: 'searcher',
  search_alg: 'searcher',
  algorithm: 'searcher',
  pruner: 'scheduler',
  config: 'paramSpace',
  search_space: 'paramSpace',
  searchSpace: 'paramSpace',
  maxEvals: 'numSamples',
  max_evals: 'numSamples',
  nTrials: 'numSamples',
  n_trials: 'numSamples',
  nJobs: 'concurrency',
  n_jobs: 'concurrency',
  timeout: 'timeoutMs',
  studyName: 'name',
  study_name: 'name',
}

// What the peers have as an option, and Troupe elsewhere.
const ELSEWHERE: Readonly<Record<string, string>> = {
  constraintsFunc:
    "Constraints are set by the trial itself: trial.setConstraint('memory', used - limit), of which ≤ 0 is feasible.",
  warnIndependentSampling:
    'There is no such warning to turn off. Which parameters a searcher leaves to the prior is on its page in docs/searchers; independentSampler, where it has one, takes them over.',
}

function unknownKey(owner: string, key: string, known: readonly string[], received: unknown): OptionError {
  const ours = Object.hasOwn(OUR_NAMES, key) ? (OUR_NAMES[key] as string) : ''
  const near = known.includes(ours) ? ours : nearest(key, known)
  const elsewhere = Object.entries(ELSEWHERE).find(([name]) => name === key || snake(name) === key)?.[1]
  const hint = elsewhere ?? (near === undefined ? `Known are ${known.join(', ')}.` : `Did you mean ${near}?`)
  return new OptionError(`${owner}.${key}`, `${owner} has no option ${key}. ${hint}`, { received })
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** The word of `known` that is fewest edits away from `word`, if any is near enough to be meant. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined
  let least = Math.max(2, Math.floor(word.length / 2)) + 1
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < least) [best, least] = [candidate, distance]
  }
  return best
}

// Levenshtein 1966, one row at a time.
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substituted = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(substituted, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}

/** A value as a message shows it: short, and never throwing. */
export function describe(value: unknown): string {
  try {
    return inWords(value)
  } catch {
    // A revoked proxy, or a getter that throws.
    return `a value of type ${typeof value}`
  }
}

function inWords(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value)
  if (typeof value === 'function') return isName(value.name) ? `the function ${value.name}` : 'a function'
  if (typeof value !== 'object' || value === null)
    return typeof value === 'bigint' ? `${value}n` : String(value)
  if (Array.isArray(value)) return arrayInWords(value)
  const name: unknown = value.constructor?.name
  if (!isName(name) || name === 'Object') return `an object with ${keysInWords(value)}`
  return `${/^[AEIOU]/i.test(name) ? 'an' : 'a'} ${name}`
}

// Short lists of simple values are shown, since one of them is what is wrong.
const SHOWN_MAX = 8

function arrayInWords(values: readonly unknown[]): string {
  if (values.length === 0) return 'an empty array'
  const isSimple = (value: unknown): boolean =>
    value === null || !['object', 'function'].includes(typeof value)
  if (values.length > SHOWN_MAX || !values.every(isSimple)) return `an array of ${values.length}`
  return `an array of ${values.length}: [${values.map(inWords).join(', ')}]`
}

// Classes may have a static `name` of any type, and data a `constructor`.
function isName(name: unknown): name is string {
  return typeof name === 'string' && name !== ''
}

function keysInWords(value: object): string {
  const keys = Object.keys(value)
  if (keys.length === 0) return 'no keys'
  return keys.length > 4 ? `the keys ${keys.slice(0, 4).join(', ')}, …` : `the keys ${keys.join(', ')}`
}

/** A number of things in words: `1 mode`, `2 modes`. */
export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`
}

/** Ready checks, worded so that "Got …" can follow. */
export const must = {
  integerFrom:
    (low: number): Check<number> =>
    (value) =>
      Number.isInteger(value) && value >= low ? undefined : `must be an integer from ${low}.`,
  above:
    (low: number): Check<number> =>
    (value) =>
      typeof value === 'number' && value > low && value < Infinity
        ? undefined
        : `must be a number above ${low}${value === Infinity ? ', and finite' : ''}.`,
  from:
    (low: number): Check<number> =>
    (value) =>
      typeof value === 'number' && value >= low && value < Infinity
        ? undefined
        : `must be a number from ${low}${value === Infinity ? ', and finite' : ''}.`,
  within:
    (low: number, high: number): Check<number> =>
    (value) =>
      typeof value === 'number' && value >= low && value <= high
        ? undefined
        : `must be a number from ${low} to ${high}.`,
  beOneOf:
    <T extends string>(...words: readonly T[]): Check<T> =>
    (value) =>
      words.includes(value) ? undefined : `must be one of ${words.map((word) => `'${word}'`).join(', ')}.`,
  beBoolean: ((value) =>
    typeof value === 'boolean' ? undefined : 'must be true or false.') as Check<boolean>,
  beFunction: ((value) => (typeof value === 'function' ? undefined : 'must be a function.')) as Check<
    (...args: never[]) => unknown
  >,
  beSeed: ((value) =>
    typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value))
      ? undefined
      : 'must be a string or a finite number.') as Check<string | number>,
} as const
