import { isThenable } from '../core/thenable.ts'
import type { TrialStopped } from '../errors.ts'
import type { Assignment } from './executor.ts'
import type { ReportOptions, Trial } from './trainable.ts'
import type { Wait } from './wait.ts'

/** The attempt, as the drivers of the forms see it. */
export interface UserSide {
  readonly trial: Trial
  readonly assignment: Assignment
  /** Whether the attempt has to leave. */
  readonly isLeaving: boolean
  /** What to leave with, from then on. */
  readonly leaving: TrialStopped | undefined
  /** Never throws: what cannot be sent is in the error of what it returns. */
  report(metrics: unknown, options?: ReportOptions, last?: boolean): Wait<'report'>
  /** A report of code that is leaving, which nobody hears: how soon it may go on. */
  unheard(): Wait<'report'>
  /** User code came to its end. Called once, or `threw` is. */
  returned(value: unknown): void
  threw(error: unknown): void
}

/** What calling a trainable gave, by which its form is known. */
export type Called =
  | { readonly kind: 'asyncGenerator'; readonly generator: AsyncIterator<unknown, unknown, undefined> }
  | { readonly kind: 'generator'; readonly generator: Iterator<unknown, unknown, undefined> }
  | { readonly kind: 'promise'; readonly promise: PromiseLike<unknown> }
  | { readonly kind: 'value'; readonly value: unknown }

/** Looks at what came back and not at the function, so that transpiled ones are known as well. */
export function calledWith(result: unknown): Called {
  if (isAsyncIterator(result)) return { kind: 'asyncGenerator', generator: result }
  if (isIterator(result)) return { kind: 'generator', generator: result }
  return isThenable(result) ? { kind: 'promise', promise: result } : { kind: 'value', value: result }
}

function isAsyncIterator(value: unknown): value is AsyncIterator<unknown, unknown, undefined> {
  return isObject(value) && Symbol.asyncIterator in value && 'next' in value
}

// An array can be iterated too, but has no `next`.
function isIterator(value: unknown): value is Iterator<unknown, unknown, undefined> {
  return isObject(value) && Symbol.iterator in value && 'next' in value
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
