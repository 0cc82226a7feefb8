import { isPlainObject } from '../core/metrics.ts'
import { describe } from '../core/options.ts'
import type { Params } from '../core/trial.ts'
import { asError, SpaceError } from '../errors.ts'
import type { RandomStream } from '../random/random.ts'
import { copyPlain, sameValue } from './same-value.ts'
import { brandOf } from './domain.ts'
import type { ResolveOptions, Resolved, Space } from './space.ts'
import { isStrayPromise, joinPath } from './structure.ts'
import { surveyed } from './survey.ts'
import { DomainPool, neverSuggested, SuggestRecorder, type SuggestTrial } from './suggest.ts'

export { DomainPool, SuggestRecorder, type SuggestTrial } from './suggest.ts'

/** A function that suggests parameters as it goes, and may return constants for the configuration. */
export type RunFunction = (trial: SuggestTrial) => object | undefined | void

/**
 * The space that a define-by-run function describes. It runs anew for every point, so its parameters are only known from
 * the trials that ran. The configuration has the parameters, in the order of suggestion, then the constants that the
 * function returned. The function must give the same suggestions for the same values, and is best quick: searchers that
 * sample run it twice a trial.
 */
export function defineByRun(run: RunFunction): Space {
  const pool = new DomainPool()

  function resolve(point: Params, random: RandomStream, { strict = false }: ResolveOptions = {}): Resolved {
    const recorder = new SuggestRecorder(point, (name) => random.fork(name), { strict, pool })
    const constants = constantsOf(run, recorder)
    if (strict) checkUsed(point, recorder, constants)
    const config = nested(recorder.params)
    addConstants(config, constants, '', recorder.params)
    return { config, params: recorder.params, domains: recorder.domains }
  }

  function sample(random: RandomStream): Params {
    const recorder = new SuggestRecorder({}, () => random, { pool })
    constantsOf(run, recorder)
    return recorder.params
  }

  return {
    kind: 'define-by-run',
    parameters: [],
    gridSize: 1,
    sample,
    resolve,
    toPoint: (config) => flattened(config),
  }
}

function constantsOf(run: RunFunction, trial: SuggestTrial): Record<string, unknown> {
  const returned = runOnce(run, trial)
  if (returned === undefined) return {}
  if (isStrayPromise(returned)) {
    throw new SpaceError(
      '',
      'The space function returned a promise, but it must be synchronous. Do what takes time before the experiment.',
      { received: returned },
    )
  }
  if (!isPlainObject(returned)) {
    throw new SpaceError(
      '',
      `The space function may return an object of constants or nothing, but returned ${describe(returned)}. Write { name: value }.`,
      { received: returned },
    )
  }
  if (brandOf(returned) !== undefined || surveyed(returned).size > 0) {
    throw new SpaceError(
      '',
      'The space function returned a domain, such as uniform(0, 1), among its constants. Use trial.suggestFloat and the like instead.',
      { received: returned },
    )
  }
  return returned
}

function runOnce(run: RunFunction, trial: SuggestTrial): unknown {
  try {
    return run(trial)
  } catch (error) {
    if (error instanceof SpaceError) throw error
    throw new SpaceError('', `The space function threw: ${asError(error).message}`, { cause: error })
  }
}

function checkUsed(point: Params, recorder: SuggestRecorder, constants: Record<string, unknown>): void {
  for (const name of recorder.unused()) {
    // The configuration of an earlier trial may be tried again as it is, constants and all.
    if (point[name] === undefined || sameValue(valueAt(constants, name), point[name])) continue
    throw neverSuggested(name, point[name], Object.keys(recorder.params))
  }
}

function valueAt(object: unknown, path: string): unknown {
  return path
    .split('/')
    .reduce((at, key) => (isPlainObject(at) && Object.hasOwn(at, key) ? at[key] : undefined), object)
}

/** Writes `{ 'optimizer/lr': 0.1 }` as `{ optimizer: { lr: 0.1 } }`. */
function nested(params: Params): Record<string, unknown> {
  const config: Record<string, unknown> = {}
  for (const name of Object.keys(params)) {
    const keys = name.split('/')
    const last = keys.pop() as string
    let at = config
    let path = ''
    for (const key of keys) {
      path = joinPath(path, key)
      if (Object.hasOwn(params, path)) throw belowAnother(name, path)
      if (!Object.hasOwn(at, key)) at[key] = {}
      at = at[key] as Record<string, unknown>
    }
    at[last] = copyPlain(params[name])
  }
  return config
}

function belowAnother(name: string, path: string): SpaceError {
  return new SpaceError(name, `stands inside ${path}, which is a parameter itself. Rename one of the two.`)
}

function addConstants(
  config: Record<string, unknown>,
  constants: object,
  path: string,
  params: Params,
): void {
  for (const [key, value] of Object.entries(constants)) {
    const at = joinPath(path, key)
    if (!Object.hasOwn(config, key)) config[key] = copyPlain(value)
    else if (!Object.hasOwn(params, at) && isPlainObject(value)) {
      addConstants(config[key] as Record<string, unknown>, value, at, params)
    } else {
      throw new SpaceError(
        at,
        'is both a parameter and a constant that the space function returned. Rename one of the two.',
        {
          received: value,
        },
      )
    }
  }
}

function flattened(config: object, path = '', point: Record<string, unknown> = {}): Params {
  for (const [key, value] of Object.entries(config)) {
    const at = joinPath(path, key)
    if (isPlainObject(value)) flattened(value, at, point)
    else point[at] = value
  }
  return point
}
