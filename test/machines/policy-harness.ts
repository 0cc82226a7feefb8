import { type AnyEventObject, createActor, fromTransition, SimulatedClock } from 'xstate'
import { type PolicyHost, schedulerMachine, searcherMachine } from 'troupe/machines'

/** What a policy does with one message. */
export type Behaviour = 'answer' | 'throw' | 'think'

export interface PolicyHarness {
  /** What the experiment was told, in order, as short lines. */
  readonly told: string[]
  /** What the host was asked to do, in order. */
  readonly calls: string[]
  /** Sends a message to the policy, which does this with it the next time that it sees it. */
  send(name: string, behaviour?: Behaviour): void
  /** Lets the promise that it thinks about be fulfilled, or rejected with this. */
  settle(error?: Error): Promise<void>
  /** What `restart` does the next times: nothing, or throw what stands here, one after the other. */
  readonly restartErrors: Error[]
  pass(ms: number): void
  now(): number
  state(): string
}

export interface PolicyHarnessOptions {
  readonly actor?: 'searcher' | 'scheduler'
  readonly machine?: typeof searcherMachine | typeof schedulerMachine
  /** What a message throws that throws. */
  readonly error?: Error
  /** What the experiment does when it is told a line, there and then. */
  readonly onTold?: (line: string) => void
}

/** One policy actor, with a host that a test moves by hand, on a clock of its own. */
export function startPolicy({
  actor: name = 'searcher',
  machine = name === 'searcher' ? searcherMachine : schedulerMachine,
  error = new Error('threw'),
  onTold = () => {},
}: PolicyHarnessOptions = {}): PolicyHarness {
  const told: string[] = []
  const calls: string[] = []
  const restartErrors: Error[] = []
  const behaviours = new Map<string, Behaviour[]>()
  const clock = new SimulatedClock()
  let thought: { resolve(): void; reject(error: Error): void } | undefined

  const host: PolicyHost<AnyEventObject> = {
    actor: name,
    culprit: { kind: name, name: 'stub' },
    handle(message) {
      const which = String(message['name'])
      const behaviour = behaviours.get(which)?.shift() ?? 'answer'
      calls.push(`${behaviour} ${which}`)
      const answers = [{ type: `${name}.answered`, name: which }]
      if (behaviour === 'throw') throw error
      if (behaviour === 'answer') return answers
      return new Promise((resolve, reject) => (thought = { resolve: () => resolve(answers), reject }))
    },
    restart() {
      calls.push('restart')
      const broken = restartErrors.shift()
      if (broken !== undefined) throw broken
    },
  }
  const experiment = createActor(
    fromTransition((state, event: AnyEventObject) => {
      if (event['error'] === undefined) told.push(`${event.type.split('.')[1]} ${event['name']}`)
      else told.push(`${event.type} ${(event['error'] as Error).message} ${event['restarts']}`)
      onTold(told.at(-1) as string)
      return state
    }, null),
  ).start()
  const policy = createActor(machine, {
    clock,
    input: { host, experiment, now: () => clock.now(), holdTime: () => {} },
  })
  policy.subscribe({ error: () => {} })
  policy.start()

  return {
    told,
    calls,
    restartErrors,
    send(message, behaviour = 'answer') {
      const planned = behaviours.get(message) ?? []
      behaviours.set(message, planned)
      planned.push(behaviour)
      policy.send({ type: `${name}.ask`, name: message } as never)
    },
    async settle(thrown) {
      if (thrown === undefined) thought?.resolve()
      else thought?.reject(thrown)
      thought = undefined
      for (let i = 0; i < 5; i++) await null
    },
    pass: (ms) => clock.increment(ms),
    now: () => clock.now(),
    state: () => policy.getSnapshot().value,
  }
}
