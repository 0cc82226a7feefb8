import { describe, expect, it } from 'vitest'
import type { Stopper } from '../../../src/index.ts'
import type { LogRecord } from '../../../src/core/log.ts'
import { base, CASES, noisy, playing } from './cut-experiments.ts'

/** Says by itself, and not by what it hears, when a trial has had enough: as one does that looks at the clock. */
function moody(mood: () => string | undefined, scope: 'trial' | 'experiment' = 'trial'): Stopper {
  return {
    name: 'moody',
    init: () => null,
    onReport() {
      const reason = mood()
      return reason === undefined ? undefined : { scope, reason }
    },
  }
}

/** All but that what was cut off is in another attempt. */
const plain = (records: readonly LogRecord[]): string[] =>
  records.map((record) => JSON.stringify({ ...record, attempt: undefined }))

describe('a stopper that says otherwise after a break', { timeout: 60_000 }, () => {
  it.each(['asha and tpe', 'asha and tpe, trials in step', 'hyperband', 'median stopping'])(
    'ended the trials that it ended then, and ends others from there on: %s',
    async (name) => {
      let calls = 0
      let every = 7
      const stop = moody(() => (++calls % every === 0 ? `call ${calls}` : undefined))
      const run = playing({ ...CASES[name], stop })
      const records = [...(await run()).trace]
      expect(
        records.filter((record) => record.type === 'trial.decision' && record.by === 'stopper'),
      ).not.toEqual([])
      every = 5
      for (let cut = 2; cut < records.length; cut += 5) {
        calls = 3
        const { results, trace } = await run(records.slice(0, cut))
        expect(results.endedBy).toBe('finished')
        expect(plain([...trace].slice(0, cut))).toEqual(plain(records.slice(0, cut)))
      }
    },
  )

  const twenty = { ...base, numSamples: 20, maxConcurrentTrials: 2, trainable: noisy }

  it('does not end an experiment for what it let pass then', async () => {
    let calls = 0
    let most = Infinity
    const stop = moody(() => (++calls > most ? 'enough' : undefined), 'experiment')
    const run = playing({ ...twenty, stop })
    const records = [...(await run()).trace]
    calls = 0
    most = 20
    const cut = records.findIndex((record) => record.type === 'trial.report' && record.trial === 10)
    const { results } = await run(records.slice(0, cut))
    // From the next report on it is heard.
    expect(results.endedBy).toBe('stopper')
    expect(results.length).toBeGreaterThan(10)
  })

  it('lets an experiment that it ended go on when it wants that no more', async () => {
    let calls = 0
    let most = 20
    const stop = moody(() => (++calls > most ? 'enough' : undefined), 'experiment')
    const run = playing({ ...twenty, stop })
    const whole = await run()
    expect(whole.results.endedBy).toBe('stopper')
    calls = 0
    const again = await run([...whole.trace])
    expect([again.results.endedBy, again.results.length]).toEqual(['stopper', whole.results.length])
    calls = 0
    most = Infinity
    const { results } = await run([...whole.trace])
    expect([results.endedBy, results.length]).toEqual(['finished', 20])
  })
})
