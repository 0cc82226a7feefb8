import { describe, expect, it } from 'vitest'
import { fifo, medianStopping, type Scheduler, type Searcher, type Stopper, tpe } from '../../../src/index.ts'
import { base, isSame, noisy, playing } from './cut-experiments.ts'

/** Throws at these of its calls, in whichever process. */
function throwsAt(calls: readonly number[]): () => void {
  let count = 0
  return () => {
    if (calls.includes(++count)) throw new Error('out of memory')
  }
}

function faultyScheduler(fault: () => void): Scheduler {
  const inner = medianStopping({ gracePeriod: 2, minSamplesRequired: 2 })
  return {
    ...inner,
    onReport(state, report) {
      fault()
      return inner.onReport(state as never, report)
    },
  }
}

function faultyStopper(fault: () => void): Stopper {
  return {
    name: 'faulty',
    init: () => null,
    onReport() {
      fault()
      return undefined
    },
  }
}

function faultySearcher(fault: () => void): Searcher {
  const inner = tpe({ nStartupTrials: 3 })
  return {
    ...inner,
    start(context) {
      const search = inner.start(context)
      return {
        suggest(ask) {
          fault()
          return search.suggest(ask)
        },
        tell: (trial) => search.tell(trial),
      }
    },
  }
}

const options = { ...base, trainable: noisy }

describe('an experiment of which a policy threw', { timeout: 60_000 }, () => {
  it.each([
    ['scheduler', (fault: () => void) => ({ scheduler: faultyScheduler(fault) })],
    ['stopper', (fault: () => void) => ({ stop: faultyStopper(fault), scheduler: fifo() })],
    ['searcher', (fault: () => void) => ({ searcher: faultySearcher(fault) })],
  ])(
    'comes to the same end wherever it is cut, when that does not happen again: the %s',
    async (_, policies) => {
      const whole = await playing({ ...options, ...policies(throwsAt([5, 6, 20])) })()
      const records = [...whole.trace]
      expect(records.filter(({ type }) => type === 'policy.restarted').length).toBeGreaterThan(0)
      const different: number[] = []
      // Who waits for the restart at a cut waits for another time afterwards.
      const restartedAt = records.findLast(({ type }) => type === 'policy.restarted')?.at ?? 0
      for (let cut = 1; cut < records.length; cut += 2) {
        const again = await playing({ ...options, ...policies(() => {}) })(records.slice(0, cut))
        const isOver = (records[cut - 1]?.at ?? 0) > restartedAt
        if (isOver && !isSame(whole, again)) different.push(cut)
      }
      expect(different).toEqual([])
    },
  )

  it.each([
    ['scheduler', (fault: () => void) => ({ scheduler: faultyScheduler(fault) })],
    ['searcher', (fault: () => void) => ({ searcher: faultySearcher(fault) })],
  ])('goes on when it throws only now: the %s', async (_, policies) => {
    const whole = await playing({ ...options, ...policies(() => {}) })()
    const records = [...whole.trace]
    for (let cut = 5; cut < records.length; cut += 9) {
      const again = await playing({ ...options, ...policies(throwsAt([3])) })(records.slice(0, cut))
      expect(again.results.endedBy).toBe('finished')
    }
  })
})
