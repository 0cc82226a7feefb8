/**
 * Every error that Troupe throws. Its text says what was wrong, what was expected and how to mend it;
 * `code` never changes once released, so match on it and not on the text.
 */
export class TroupeError extends Error {
  override readonly name: string = 'TroupeError'
  /** What happened, as a stable word, such as `'deadlock'` or `'option'`. */
  readonly code: string

  constructor(code: string, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : {})
    this.code = code
  }
}

/** An option that cannot be used, refused where it was given. */
export class OptionError extends TroupeError {
  override readonly name = 'OptionError'
  /** Path of the option, such as `'asha.maxT'`. */
  readonly option: string
  /** What was given. */
  readonly received: unknown

  constructor(
    option: string,
    message: string,
    facts: { readonly received?: unknown; readonly cause?: unknown } = {},
  ) {
    super('option', message, 'cause' in facts ? { cause: facts.cause } : {})
    this.option = option
    this.received = facts.received
  }
}

/** A search space, or a value that should lie in one, that cannot be used. */
export class SpaceError extends TroupeError {
  override readonly name = 'SpaceError'
  /** Path of the parameter, such as `'optimizer/lr'`; `''` for the space as a whole. */
  readonly path: string
  /** What was given. */
  readonly received: unknown

  constructor(
    path: string,
    message: string,
    facts: { readonly received?: unknown; readonly cause?: unknown } = {},
  ) {
    super(
      'space',
      path === '' ? message : `${path}: ${message}`,
      'cause' in facts ? { cause: facts.cause } : {},
    )
    this.path = path
    this.received = facts.received
  }
}

/** A store that cannot be opened, read or written. */
export class StorageError extends TroupeError {
  override readonly name = 'StorageError'
}

/** Why an experiment could not go on. */
export type ExperimentErrorCode =
  | 'searcher'
  | 'scheduler'
  | 'stopper'
  | 'storage'
  | 'deadlock'
  | 'stalled'
  | 'failFast'
  | 'divergence'
  | 'executor'
  | 'internal'

/** What `fit()` rejects with. `results` holds everything that was reached until then. */
export class ExperimentError<Results = unknown> extends TroupeError {
  override readonly name = 'ExperimentError'
  declare readonly code: ExperimentErrorCode
  /** The results so far, as `fit()` would have given them. */
  readonly results: Results

  constructor(
    code: ExperimentErrorCode,
    message: string,
    facts: { readonly cause?: unknown; readonly results: Results },
  ) {
    super(code, message, 'cause' in facts ? { cause: facts.cause } : {})
    this.results = facts.results
  }
}

/** Why a trial has to leave: what `report` rejects with inside the trainable. Let it pass; the runtime catches it. */
export class TrialStopped extends TroupeError {
  override readonly name = 'TrialStopped'
  readonly reason: 'stopped' | 'exploited' | 'paused'

  /** @param text - What happened, when it is not the reason alone that says it. */
  constructor(reason: 'stopped' | 'exploited' | 'paused', text = `This trial was ${reason}.`) {
    super('trialStopped', `${text} Let this error pass: the runtime expects it.`)
    this.reason = reason
  }
}

/** There is no trial to answer with: none has ended with a value that can be ranked. */
export class NoResultError extends TroupeError {
  override readonly name = 'NoResultError'

  constructor(message: string) {
    super('noResult', message)
  }
}

/** A replay did not do again what the record says. */
export class DivergenceError extends TroupeError {
  override readonly name = 'DivergenceError'

  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super('divergence', message, options)
  }
}

/** The closed set of a `switch` was left: a mistake of ours, never of a caller. */
export function assertNever(value: never, what: string): never {
  throw new TroupeError('internal', `${what}: ${JSON.stringify(value)} is not handled. Please report this.`)
}

/**
 * What was thrown, as an Error whose stack is kept. Anything else becomes the `cause`, and so does an error that cannot
 * be read: whoever shows its message later must not break on it. Never throws.
 */
export function asError(thrown: unknown): Error {
  if (isReadableError(thrown)) return thrown
  const what = isError(thrown) ? 'An error that cannot be read' : 'A value that is no Error'
  return new TroupeError('thrown', `${what} was thrown: ${textOf(thrown)}`, { cause: thrown })
}

/**
 * Whether a value is an Error whose name, message and stack are texts: user code can make getters of these that throw,
 * or set them to anything. Never throws.
 */
export function isReadableError(value: unknown): value is Error {
  if (!isError(value)) return false
  try {
    const { name, message, stack } = value as { name: unknown; message: unknown; stack?: unknown }
    return (
      typeof name === 'string' &&
      typeof message === 'string' &&
      (stack === undefined || typeof stack === 'string')
    )
  } catch {
    return false
  }
}

// A proxy need not even tell what it is.
function isError(value: unknown): value is Error {
  try {
    return value instanceof Error
  } catch {
    return false
  }
}

// An object without a prototype has no text, and asking for one throws.
function textOf(thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    return 'an object'
  }
}
