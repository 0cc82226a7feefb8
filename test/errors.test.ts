import { describe, expect, it } from 'vitest'
import {
  asError,
  assertNever,
  DivergenceError,
  ExperimentError,
  NoResultError,
  OptionError,
  SpaceError,
  StorageError,
  TrialStopped,
  TroupeError,
} from '../src/errors.ts'

describe('the errors', () => {
  it.each([
    [new OptionError('asha.maxT', 'text'), 'OptionError', 'option'],
    [new SpaceError('lr', 'text'), 'SpaceError', 'space'],
    [new StorageError('scheme', 'text'), 'StorageError', 'scheme'],
    [new ExperimentError('deadlock', 'text', { results: [] }), 'ExperimentError', 'deadlock'],
    [new TrialStopped('paused'), 'TrialStopped', 'trialStopped'],
    [new NoResultError('text'), 'NoResultError', 'noResult'],
    [new DivergenceError('text'), 'DivergenceError', 'divergence'],
  ])('%s is a TroupeError with its name and code', (error, name, code) => {
    expect(error).toBeInstanceOf(TroupeError)
    expect(error).toBeInstanceOf(Error)
    expect([error.name, error.code]).toEqual([name, code])
    expect(error.stack).toContain(error.message)
    expect('cause' in error).toBe(false)
  })

  it('keep the cause, also when it is undefined', () => {
    const cause = new Error('disk')
    expect(new StorageError('write', 'text', { cause }).cause).toBe(cause)
    expect('cause' in new OptionError('a', 'text', { cause: undefined })).toBe(true)
    expect(new ExperimentError('storage', 'text', { cause, results: null })).toMatchObject({
      cause,
      results: null,
    })
  })

  it('carry the facts as fields', () => {
    expect(new OptionError('asha.maxT', 'text', { received: -1 })).toMatchObject({
      option: 'asha.maxT',
      received: -1,
    })
    expect(new TrialStopped('exploited').reason).toBe('exploited')
  })

  it('of spaces begin with the path of the parameter', () => {
    expect(new SpaceError('optimizer/lr', 'is wrong.')).toMatchObject({
      path: 'optimizer/lr',
      message: 'optimizer/lr: is wrong.',
    })
    expect(new SpaceError('', 'is wrong.').message).toBe('is wrong.')
  })
})

describe('asError', () => {
  it('gives an error back as it is', () => {
    const error = new RangeError('mine')
    expect(asError(error)).toBe(error)
  })

  it.each([
    ['text', 'text'],
    [undefined, 'undefined'],
    [7n, '7'],
    [Symbol('s'), 'Symbol(s)'],
    [Object.create(null), 'an object'],
  ])('wraps %s, which stays the cause', (thrown, words) => {
    const error = asError(thrown)
    expect(error).toMatchObject({ code: 'thrown', message: `A value that is no Error was thrown: ${words}` })
    expect('cause' in error && error.cause === thrown).toBe(true)
  })
})

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
const closed = new Proxy(new Error('hidden'), {
  get: () => {
    throw new Error('trap')
  },
})

/** An error of which one property is made by user code. */
function withProperty(key: string, descriptor: PropertyDescriptor): Error {
  return Object.defineProperty(new Error('plain'), key, { configurable: true, ...descriptor })
}

const throwing: PropertyDescriptor = {
  get: () => {
    throw new Error('getter')
  },
}

describe('a thrown value that breaks whoever looks at it', () => {
  it.each([
    ['a revoked proxy', revoked()],
    ['a proxy whose traps throw', closed],
    ['an error whose message throws', withProperty('message', throwing)],
    ['an error whose name throws', withProperty('name', throwing)],
    ['an error whose stack throws', withProperty('stack', throwing)],
    ['an error whose message is no text', withProperty('message', { value: 7 })],
  ])('is wrapped: %s', (_, thrown) => {
    const error = asError(thrown)
    expect([error.name, typeof error.message, typeof error.stack]).toEqual([
      'TroupeError',
      'string',
      'string',
    ])
    expect(error.cause === thrown).toBe(true)
  })

  it('is left alone when its class computes the message and that works', () => {
    class Computed extends Error {
      override get message(): string {
        return 'computed'
      }
    }
    const error = new Computed()
    expect(asError(error)).toBe(error)
  })
})

describe('TrialStopped', () => {
  it('says why, and can say it in other words', () => {
    expect(new TrialStopped('paused').message).toBe(
      'This trial was paused. Let this error pass: the runtime expects it.',
    )
    expect(new TrialStopped('stopped', 'This trial has ended.')).toMatchObject({
      reason: 'stopped',
      message: 'This trial has ended. Let this error pass: the runtime expects it.',
    })
  })
})

describe('assertNever', () => {
  it('says what was not handled', () => {
    expect(() => assertNever({ kind: 'new' } as never, 'Decision')).toThrow(/Decision: \{"kind":"new"\}/)
  })
})
