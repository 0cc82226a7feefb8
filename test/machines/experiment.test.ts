import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createActor, type InputFrom } from 'xstate'
import { getShortestPaths, getSimplePaths } from 'xstate/graph'
import { experimentChart, type ExperimentMessage, experimentMachine, type Failure } from 'troupe/machines'
import { Controller } from '../../machines/controller.ts'

type Conducted = Extract<
  ExperimentMessage,
  { type: 'experiment.pauseTrial' | 'experiment.stopTrial' | 'trials.crashed' }
>

const BROKEN = new Error('an actor broke')
const FAILURE: Failure = { code: 'storage', message: 'disk full', cause: undefined }
const OTHER_FAILURE: Failure = { code: 'searcher', message: 'threw too often', cause: undefined }

const START: ExperimentMessage = { type: 'experiment.start' }
const STOP: ExperimentMessage = { type: 'experiment.stop', by: 'stop', graceful: false }
const GRACEFUL: ExperimentMessage = { type: 'experiment.stop', by: 'stop', graceful: true }
const FAIL: ExperimentMessage = { type: 'experiment.fail', failure: FAILURE }
const ABORT: ExperimentMessage = { type: 'experiment.abort', failure: OTHER_FAILURE }
const FINISH: ExperimentMessage = { type: 'experiment.finish' }

// One of each kind that the chart leaves to the controller.
const CONDUCTED: readonly Conducted[] = [
  { type: 'experiment.pauseTrial', trial: 0 },
  { type: 'experiment.stopTrial', trial: 0 },
  { type: 'trials.crashed', trial: 0, error: BROKEN },
]
const ACTOR_BROKE = { type: 'xstate.error.actor.searcher', actorId: 'searcher', error: BROKEN } as const

const MESSAGES = [START, STOP, GRACEFUL, FAIL, ABORT, FINISH, ...CONDUCTED, ACTOR_BROKE] as const
type Message = (typeof MESSAGES)[number] | { readonly type: 'nobody.knows' }

interface Harness {
  /** What the controller was told to do, in order. */
  readonly calls: string[]
  send(message: Message): void
  state(): string
  failure(): Failure | undefined
}

/** A controller that only writes down what it is told. */
function stubController(calls: string[]): Controller {
  return Object.assign(Object.create(Controller.prototype), {
    plan: { maxFailures: 0 },
    hasFinalValue: () => true,
    meet: () => void calls.push('meet'),
    begin: () => void calls.push('begin'),
    stop: (by: string, graceful: boolean) => void calls.push(`stop ${by} ${graceful ? 'gracefully' : 'now'}`),
    fail: ({ code }: Failure) => void calls.push(`fail ${code}`),
    abort: ({ code }: Failure) => void calls.push(`abort ${code}`),
    handle: ({ type }: ExperimentMessage) => void calls.push(`handle ${type}`),
    onActorBroke: (id: string, error: Error) => void calls.push(`${id} broke: ${error.message}`),
  }) as Controller
}

/** The experiment's actor, with such a controller. */
function startExperiment(machine = experimentMachine): Harness {
  const calls: string[] = []
  const actor = createActor(machine, { input: inputWith(stubController(calls)) })
  actor.subscribe({ error: () => {} })
  actor.start()
  return {
    calls,
    // An actor that is over hears nothing; XState's development build would only say so.
    send: (message) =>
      void (actor.getSnapshot().status === 'active' && actor.send(message as ExperimentMessage)),
    state: () => actor.getSnapshot().value,
    failure: () => actor.getSnapshot().context.failure,
  }
}

function inputWith(controller: Controller): InputFrom<typeof experimentMachine> {
  const policy = (actor: 'searcher' | 'scheduler') => ({
    host: { actor, culprit: { kind: actor, name: 'stub' }, handle: () => [], restart: () => {} },
    now: () => 0,
    holdTime: () => {},
  })
  return { controller, searcher: policy('searcher'), scheduler: policy('scheduler') }
}

function after(messages: readonly Message[], machine = experimentMachine): Harness {
  const harness = startExperiment(machine)
  for (const message of messages) harness.send(message)
  return harness
}

describe('the experiment machine', () => {
  it('introduces the actors before anything else, and begins once it is started', () => {
    expect(after([]).calls).toEqual(['meet'])
    expect(after([]).state()).toBe('idle')
    expect(after([START]).calls).toEqual(['meet', 'begin'])
  })

  it('begins once, however often it is started', () => {
    expect(after([START, START, START]).calls).toEqual(['meet', 'begin'])
  })

  it('is done when nothing is left to do', () => {
    const { state, failure } = after([START, FINISH])
    expect(state()).toBe('done')
    expect(failure()).toBeUndefined()
  })

  it('lets trials leave before it ends, when it is stopped', () => {
    const { calls, state, send } = after([START, STOP])
    expect(state()).toBe('stopping')
    expect(calls.slice(2)).toEqual(['stop stop now'])
    send(FINISH)
    expect(state()).toBe('done')
  })

  it('can be stopped before it was started', () => {
    const { calls, state } = after([STOP, START, FINISH])
    expect(calls).toEqual(['meet', 'stop stop now'])
    expect(state()).toBe('done')
  })

  it('cuts a graceful stop short with an urgent one, not the other way round', () => {
    expect(after([START, GRACEFUL, STOP]).calls.slice(2)).toEqual(['stop stop gracefully', 'stop stop now'])
    expect(after([START, STOP, GRACEFUL]).calls.slice(2)).toEqual(['stop stop now'])
  })

  it('ends in failed when it could not go on, with the first failure as the reason', () => {
    const { calls, state, failure } = after([START, FAIL, ABORT, FINISH])
    expect(calls.slice(2)).toEqual(['fail storage', 'abort searcher'])
    expect(state()).toBe('failed')
    expect(failure()).toEqual(FAILURE)
  })

  it('ends in failed also when it fails while it stops', () => {
    expect(after([START, STOP, FAIL, FINISH]).state()).toBe('failed')
  })

  it('leaves what is about trials to the controller, in every state', () => {
    for (const before of [[], [START], [START, STOP]]) {
      const { calls } = after([...before, ...CONDUCTED])
      expect(calls.filter((call) => call.startsWith('handle'))).toEqual(
        CONDUCTED.map(({ type }) => `handle ${type}`),
      )
    }
  })

  it('tells the controller which of its own actors broke', () => {
    const { calls, state } = after([START, ACTOR_BROKE])
    expect(calls.at(-1)).toBe('searcher broke: an actor broke')
    expect(state()).toBe('running')
  })

  it('lets messages pass that nobody knows', () => {
    const { calls, state } = after([START, { type: 'nobody.knows' }])
    expect(state()).toBe('running')
    expect(calls).toEqual(['meet', 'begin'])
  })

  it('hears nothing once it is over', () => {
    const { calls, state } = after([START, FINISH, START, STOP, FAIL, ...CONDUCTED])
    expect(state()).toBe('done')
    expect(calls).toEqual(['meet', 'begin'])
  })
})

// What the chart does with each message, state by state: where it leads, and what the controller is told.
// Whatever is not here does nothing.
function step(state: string, message: Message, hasFailed: boolean): { to: string; call?: string } {
  if (state === 'done' || state === 'failed') return { to: state }
  if (CONDUCTED.includes(message as Conducted)) return { to: state, call: `handle ${message.type}` }
  const active = state === 'running' || state === 'stopping'
  switch (message) {
    case ACTOR_BROKE:
      return { to: state, call: 'searcher broke: an actor broke' }
    case START:
      return state === 'idle' ? { to: 'running', call: 'begin' } : { to: state }
    case STOP:
      return { to: 'stopping', call: 'stop stop now' }
    case GRACEFUL:
      return state === 'stopping' ? { to: state } : { to: 'stopping', call: 'stop stop gracefully' }
    case FAIL:
      return active ? { to: 'stopping', call: 'fail storage' } : { to: state }
    case ABORT:
      return active ? { to: 'stopping', call: 'abort searcher' } : { to: state }
    case FINISH:
      if (state === 'idle') return { to: state }
      return { to: state === 'stopping' && hasFailed ? 'failed' : 'done' }
    default:
      return { to: state }
  }
}

// The graph is walked by states and by whether it has failed, which decides where it ends.
const EXPLORED = {
  input: inputWith(stubController([])),
  events: MESSAGES,
  serializeState: ({ value, context }: { value: unknown; context: { failure?: Failure } }) =>
    `${String(value)} ${context.failure?.code}`,
} as never

describe('the experiment chart, explored', () => {
  it('reaches every state', () => {
    const reached = new Set(getShortestPaths(experimentChart, EXPLORED).map(({ state }) => state.value))
    expect([...reached].sort()).toEqual(Object.keys(experimentChart.states).sort())
  })

  it('leads along every simple path where it should, and tells the controller what it should', () => {
    const paths = getSimplePaths(experimentChart, EXPLORED)
    expect(paths.length).toBeGreaterThan(10)
    for (const { steps } of paths) {
      const harness = startExperiment()
      const expected = ['meet']
      let state = 'idle'
      let hasFailed = false
      for (const { event, state: explored } of steps) {
        const message = event as Message
        if (message.type === ('xstate.init' as string)) continue
        const { to, call } = step(state, message, hasFailed)
        if (call !== undefined) expected.push(call)
        hasFailed ||= call?.startsWith('fail') === true || call?.startsWith('abort') === true
        state = to
        harness.send(message)
        expect(harness.state()).toBe(state)
        expect(explored.value).toBe(state)
      }
      expect(harness.calls).toEqual(expected)
    }
  })

  it('does so in any order of messages, on the chart and on the fast path alike', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom<Message>(...MESSAGES), { maxLength: 30 }), (messages) => {
        const chart = startExperiment(experimentChart)
        const fast = startExperiment(experimentMachine)
        const expected = ['meet']
        let state = 'idle'
        let hasFailed = false
        for (const message of messages) {
          const { to, call } = step(state, message, hasFailed)
          if (call !== undefined) expected.push(call)
          hasFailed ||= call?.startsWith('fail') === true || call?.startsWith('abort') === true
          state = to
          chart.send(message)
          fast.send(message)
          expect([chart.state(), fast.state()]).toEqual([state, state])
        }
        expect(chart.calls).toEqual(expected)
        expect(fast.calls).toEqual(expected)
        expect(fast.failure()).toEqual(chart.failure())
      }),
    )
  })
})
