import type { ObjectiveOptions } from '../core/objective.ts'
import { describe } from '../core/options.ts'
import { OptionError } from '../errors.ts'
import type { Scheduler } from './scheduler.ts'

/** What a scheduler says of itself, with the defaults for what it leaves out. */
export interface SchedulerTraits {
  readonly name: string
  readonly objectives: 'one' | 'some' | 'any'
  readonly objective: ObjectiveOptions
  readonly timeAttr: string
  readonly line: string
  readonly saveEvery: number
  readonly pauses: boolean
}

/** The one place that knows the defaults of what a scheduler need not say. */
export function traitsOf(
  scheduler: Pick<
    Scheduler,
    'name' | 'objectives' | 'objective' | 'timeAttr' | 'line' | 'saveEvery' | 'pauses'
  >,
): SchedulerTraits {
  const { name, objectives, objective, timeAttr, line, saveEvery, pauses } = scheduler
  return {
    name,
    objectives: objectives ?? 'any',
    objective: objective ?? {},
    timeAttr: timeAttr ?? 'training_iteration',
    line: line ?? `Using ${name}.`,
    saveEvery: saveEvery ?? 0,
    pauses: pauses ?? false,
  }
}

const RULES: readonly {
  readonly key: keyof SchedulerTraits
  readonly holds: (value: unknown) => boolean
  readonly words: string
}[] = [
  {
    key: 'objectives',
    holds: (value) => value === 'one' || value === 'some' || value === 'any',
    words: "'one', 'some' or 'any'",
  },
  { key: 'objective', holds: isObject, words: "an object, such as { metric: 'loss', mode: 'min' }" },
  { key: 'timeAttr', holds: (value) => isText(value) && value !== '', words: 'the name of a metric' },
  { key: 'line', holds: isText, words: 'a line of text' },
  {
    key: 'saveEvery',
    holds: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
    words: 'an integer from 0',
  },
  { key: 'pauses', holds: (value) => typeof value === 'boolean', words: 'true or false' },
]

/**
 * Refuses what is no scheduler.
 * @param owner - Who was given it, for messages, such as `'Tuner'`.
 * @param role - As which option.
 * @throws {OptionError} also for a factory that was not called, and for what it says of itself that cannot be used.
 */
export function mustBeScheduler(
  owner: string,
  scheduler: unknown,
  role = 'scheduler',
): asserts scheduler is Scheduler {
  const option = `${owner}.${role}`
  const refuse = (problem: string): OptionError =>
    new OptionError(option, `${option} ${problem}`, { received: scheduler })
  if (typeof scheduler === 'function') {
    const name: unknown = (scheduler as { readonly name?: unknown }).name
    const called = isText(name) && name !== '' ? `${name}()` : 'its result'
    throw refuse(`must be a scheduler, got ${describe(scheduler)}. Did you mean ${called}?`)
  }
  const given = (isObject(scheduler) ? scheduler : {}) as { readonly [Key in keyof Scheduler]?: unknown }
  const { name, init, onReport } = given
  if (!isText(name) || typeof init !== 'function' || typeof onReport !== 'function') {
    throw refuse(
      `must be a scheduler such as asha() or fifo(), got ${describe(scheduler)}. One of your own needs name, init and onReport.`,
    )
  }
  for (const { key, holds, words } of RULES) {
    const value = given[key]
    if (value === undefined || holds(value)) continue
    throw refuse(`${name} has ${describe(value)} as its ${key}. Give ${words}, or leave it out.`)
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
