import { describe, expect, it } from 'vitest'
import { errorFiles } from '../../src/callbacks/index.ts'
import { Tuner } from '../../src/index.ts'
import { filesIn, temporaryFolder, textOf } from './folders.ts'

const options = { metric: 'loss', mode: 'min', name: 'demo', seed: 1 } as const

describe('errorFiles', () => {
  it('writes each failed attempt of a trial with its stack and causes', async () => {
    const directory = temporaryFolder()
    let attempts = 0
    const results = await new Tuner(
      async function train() {
        throw new Error(`attempt ${++attempts} failed`, { cause: new TypeError('no gradient') })
      },
      { ...options, failure: { maxFailures: 1 }, callbacks: [errorFiles({ directory })] },
    ).fit()
    const text = textOf(directory, 'demo', results.at(0)?.name ?? '', 'error.txt')
    const [, first = '', second = ''] = text.split(/^Failure # /m)
    expect(first).toMatch(
      /^1 \(occurred at \d{4}-\d\d-\d\d_\d\d-\d\d-\d\d\)\nError: attempt 1 failed\n {4}at [^]*Caused by: TypeError: no gradient\n {4}at /,
    )
    expect(second).toMatch(/^2 \(occurred at [^]*\nError: attempt 2 failed\n {4}at /)
  })

  it('keeps what a later attempt made good', async () => {
    const directory = temporaryFolder()
    let attempts = 0
    const results = await new Tuner(
      async () => {
        if (++attempts === 1) throw new Error('once')
        return { loss: 1 }
      },
      { ...options, failure: { maxFailures: 1 }, callbacks: [errorFiles({ directory })] },
    ).fit()
    expect(results.at(0)?.state).toBe('completed')
    expect(textOf(directory, 'demo', results.at(0)?.name ?? '', 'error.txt')).toContain('Error: once')
  })

  it('writes what was thrown and is no error, and causes that go round', async () => {
    const directory = temporaryFolder()
    const circular = new Error('round')
    circular.cause = circular
    const thrown: unknown[] = [{ code: 5 }, circular]
    const results = await new Tuner(
      async () => {
        throw thrown.pop()
      },
      { ...options, numSamples: 2, maxConcurrentTrials: 1, callbacks: [errorFiles({ directory })] },
    ).fit()
    const texts = [...results].map(({ name }) => textOf(directory, 'demo', name, 'error.txt'))
    expect(texts[0]).toContain('Caused by: Error: round')
    expect(texts[1]).toContain('[object Object]')
    expect(results.warnings).toEqual([])
  })

  it('writes nothing for trials that do not fail', async () => {
    const directory = temporaryFolder()
    await new Tuner(async () => ({ loss: 1 }), { ...options, callbacks: [errorFiles({ directory })] }).fit()
    expect(filesIn(directory)).toEqual([])
  })
})
