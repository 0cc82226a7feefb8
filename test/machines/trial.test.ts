import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { getShortestPaths, getSimplePaths } from 'xstate/graph'
import { trialChart, trialMachine, type TrialMessage } from 'troupe/machines'
import { newRecord, recordingRun, startTrial, TRIAL_MESSAGES, type TrialHarness } from './trial-harness.ts'

const named = (type: TrialMessage['type'], to?: string): TrialMessage =>
  TRIAL_MESSAGES.find(
    (message) => message.type === type && (to === undefined || ('to' in message && message.to === to)),
  ) as TrialMessage

const START = named('trial.start')
const REPORT = named('run.report')

function after(
  messages: readonly TrialMessage[],
  options: Parameters<typeof startTrial>[0] = {},
): TrialHarness {
  const harness = startTrial(options)
  for (const message of messages) harness.send(message)
  return harness
}

describe('the trial machine', () => {
  it('runs user code when it gets a slot, and passes its reports on', () => {
    const { calls, messages, state } = after([START, REPORT])
    expect(state()).toBe('running')
    expect(calls).toEqual(['start'])
    expect(messages.map(({ type, status }) => [type, status])).toEqual([
      ['trial.entered', 'pending'],
      ['trial.entered', 'running'],
      ['trial.reported', undefined],
    ])
  })

  it('holds a report back while it is paused, and goes on with it without a new start', () => {
    const { calls, state } = after([START, REPORT, named('trial.pause'), START])
    expect(state()).toBe('running')
    expect(calls).toEqual(['start', 'hold', 'resume'])
  })

  it('waits for user code to leave before it ends', () => {
    const { calls, send, state } = after([START, named('trial.stop', 'terminated')])
    expect(state()).toBe('stopping')
    expect(calls).toEqual(['start', 'leave stopped'])
    send(named('run.left'))
    expect(state()).toBe('terminated')
  })

  it('hears nothing of user code that was told to leave', () => {
    const { messages } = after([START, named('trial.stop', 'terminated'), REPORT])
    expect(messages.filter(({ type }) => type === 'trial.reported')).toEqual([])
  })

  it('tries again after a failure as often as it may, and then ends in error', () => {
    const failed = named('run.failed')
    const harness = after([START, failed], { maxFailures: 1 })
    expect(harness.state()).toBe('retrying')
    for (const message of [named('run.backedOff'), START, failed]) harness.send(message)
    expect(harness.state()).toBe('error')
    expect(harness.calls).toEqual(['start', 'backOff 1', 'start', 'dispose'])
  })

  it('ends in error when user code came to its end without a value that can be ranked', () => {
    expect(after([START, named('run.finished')], { hasFinalValue: false }).state()).toBe('error')
    expect(after([START, named('run.finished')], { hasFinalValue: true }).state()).toBe('terminated')
  })

  it('tells slow user code to leave, and counts that as a failure', () => {
    const harness = after([START, named('run.timedOut')], { maxFailures: 0 })
    expect([harness.state(), harness.calls]).toEqual(['stopping', ['start', 'leave stopped']])
    harness.send(named('run.left'))
    expect(harness.state()).toBe('error')
  })

  it('is paused, not ended, by an interruption at any moment', () => {
    const interrupt = named('trial.stop', 'paused')
    expect(after([interrupt]).state()).toBe('paused')
    expect(after([START, interrupt, named('run.left')]).state()).toBe('paused')
    expect(after([START, REPORT, named('trial.pause'), interrupt, named('run.left')]).state()).toBe('paused')
    expect(after([START, named('run.failed'), interrupt]).state()).toBe('paused')
  })

  it('goes back to waiting when it takes over another configuration', () => {
    const { calls, state } = after([START, named('trial.stop', 'pending'), named('run.left'), START])
    expect(state()).toBe('running')
    expect(calls).toEqual(['start', 'leave exploited', 'start'])
  })
})

// The context holds what grows; the chart alone is explored.
const EXPLORED = {
  events: [...TRIAL_MESSAGES],
  input: {
    record: newRecord(),
    run: recordingRun([]),
    experiment: undefined as never,
    maxFailures: 1,
    hasFinalValue: () => true,
  },
  serializeState: (snapshot: { value: unknown; context: { next: string } }) =>
    `${String(snapshot.value)} ${snapshot.context.next}`,
  limit: 1_000,
}

describe('the trial machine, explored', () => {
  it('reaches each of its states', () => {
    const reached = new Set<string>(
      getShortestPaths(trialChart, EXPLORED as never).map(({ state }) => state.value),
    )
    expect([...reached].sort()).toEqual(Object.keys(trialChart.states).sort())
  })

  it('does along every simple path what the chart says, and the experiment hears of each state', () => {
    // Without the messages that change no state: they only multiply the paths.
    const events = TRIAL_MESSAGES.filter(({ type }) => type !== 'run.report' && type !== 'trial.continue')
    const paths = getSimplePaths(trialChart, { ...EXPLORED, events })
    expect(paths.length).toBeGreaterThan(100)
    for (const { steps } of paths) {
      const harness = startTrial({ maxFailures: 1 })
      const visited = [harness.state()]
      for (const { event } of steps) {
        if ((event as { type: string }).type === 'xstate.init') continue
        harness.send(event)
        if (harness.state() !== visited.at(-1)) visited.push(harness.state())
      }
      const heard = harness.messages
        .filter(({ type }) => type === 'trial.entered')
        .map(({ status }) => status)
      expect(heard).toEqual(visited)
    }
  })

  it('never starts user code twice, and tells it to leave at most once an attempt, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...TRIAL_MESSAGES), { maxLength: 30 }), (messages) => {
        const { calls, send, state } = startTrial({ maxFailures: 2 })
        let alive = false
        let leaving = false
        for (const message of messages) {
          const from = calls.length
          const stops = state() === 'stopping'
          send(message)
          // Code that ends, by itself or because it was told to, is gone before anything else happens.
          if (message.type === 'run.left' && stops) alive = false
          else if ((message.type === 'run.finished' || message.type === 'run.failed') && !stops) alive = false
          for (const call of calls.slice(from)) {
            if (call === 'start') {
              expect(alive).toBe(false)
              alive = true
              leaving = false
            } else if (call.startsWith('leave')) {
              expect(alive).toBe(true)
              expect(leaving).toBe(false)
              leaving = true
            }
          }
        }
      }),
    )
  })
})

describe('the fast path of the trial machine', () => {
  it('does what the chart does, message by message', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...TRIAL_MESSAGES), { maxLength: 40 }),
        fc.integer({ min: 0, max: 2 }),
        fc.boolean(),
        (messages, maxFailures, hasFinalValue) => {
          const slow = startTrial({ machine: trialChart, maxFailures, hasFinalValue })
          const fast = startTrial({ machine: trialMachine, maxFailures, hasFinalValue })
          for (const message of messages) {
            slow.send(message)
            fast.send(message)
            expect(fast.snapshot()).toEqual(slow.snapshot())
          }
          expect(fast.calls).toEqual(slow.calls)
          expect(fast.messages).toEqual(slow.messages)
        },
      ),
    )
  })
})
