import { type Executor, Tuner } from 'troupe'

/**
 * Reports a second through trial → experiment → scheduler → trial, without user code: an executor that has the next
 * report ready once one is answered, and a loop that sends what is ready, trial after trial.
 */
export async function messagePathRate(live: number, reportsPerTrial: number): Promise<number> {
  const ready = new ReadyReports()
  const tuner = new Tuner(() => {}, {
    paramSpace: {},
    numSamples: live,
    maxConcurrentTrials: live,
    metric: 'loss',
    mode: 'min',
    seed: 1,
    executor: () => pingPong(ready, reportsPerTrial),
  })
  const fitting = tuner.fit()
  // All trials have started by the next turn.
  await new Promise(setImmediate)
  const started = performance.now()
  ready.sendAll()
  const seconds = (performance.now() - started) / 1000
  const expected = live * reportsPerTrial
  const seen = [...(await fitting)].reduce((sum, { history }) => sum + history.length, 0)
  if (seen !== expected) throw new Error(`The message path lost reports: ${seen} of ${expected}.`)
  return expected / seconds
}

/** A queue that is read at its head without moving the rest. */
class ReadyReports {
  #queue: (() => void)[] = []

  add(send: () => void): void {
    this.#queue.push(send)
  }

  sendAll(): void {
    while (this.#queue.length > 0) {
      const batch = this.#queue
      this.#queue = []
      for (const send of batch) send()
    }
  }
}

function pingPong(ready: ReadyReports, reportsPerTrial: number): Executor {
  return {
    name: 'pingPong',
    location: 'bench',
    start(_assignment, listener) {
      const report = (seq: number) => () => listener.report({ seq, metrics: { loss: 1 / seq }, last: false })
      ready.add(report(1))
      return {
        answer: (seq) =>
          ready.add(seq < reportsPerTrial ? report(seq + 1) : () => listener.settled({ kind: 'returned' })),
        save: () => {},
        leave: () => {},
        abandon: () => {},
      }
    },
    close: () => Promise.resolve(),
  }
}
