import { asError, TroupeError } from '../../errors.ts'
import { DelayLine } from '../../executors/delay-line.ts'
import type {
  Assignment,
  Attempt,
  AttemptListener,
  Executor,
  OutgoingReport,
  Settled,
} from '../../executors/executor.ts'
import type { RandomStream } from '../../random/random.ts'
import type { Kernel } from '../../runtime/kernel.ts'
import { delayOf, type Faults } from './fault-options.ts'

// When a late report arrives, unless the next attempt reports before.
const LATE_MS = 1

/** Late reports that have not arrived, by number of the trial. */
type LateMail = Map<number, () => void>

/** What the attempts of one experiment share. */
interface Wire {
  readonly faults: Faults
  readonly kernel: Kernel
  readonly late: LateMail
}

/**
 * The same executor on a bad wire: what its attempts say is lost, held up, said twice or too late, and their code
 * crashes. Nothing beyond it knows: the machines get the messages that a real executor could send.
 */
export function faultyExecutor(
  inner: Executor,
  { faults, kernel, random }: { faults: Faults; kernel: Kernel; random: RandomStream },
): Executor {
  const wire: Wire = { faults, kernel, late: new Map() }
  return {
    name: inner.name,
    location: inner.location,
    start: (assignment, listener) => {
      const chance = random.fork(assignment.trial).fork(assignment.attempt)
      return new FaultyAttempt(inner, assignment, listener, wire, chance)
    },
    close: () => inner.close(),
  }
}

class FaultyAttempt implements Attempt {
  readonly #assignment: Assignment
  readonly #listener: AttemptListener
  readonly #wire: Wire
  readonly #line: DelayLine<() => void>
  // One for each fault, so that none moves another.
  readonly #chance: Readonly<Record<keyof Faults, RandomStream>>
  readonly #inner: Attempt
  #crash: Error | undefined
  #hangs = false
  #leaves = false
  #last: OutgoingReport | undefined

  constructor(
    inner: Executor,
    assignment: Assignment,
    listener: AttemptListener,
    wire: Wire,
    random: RandomStream,
  ) {
    this.#assignment = assignment
    this.#listener = listener
    this.#wire = wire
    this.#line = new DelayLine(wire.kernel, (send) => send())
    this.#chance = {
      crash: random.fork('crash'),
      delay: random.fork('delay'),
      duplicateReport: random.fork('duplicateReport'),
      lateReport: random.fork('lateReport'),
      hang: random.fork('hang'),
    }
    this.#inner = inner.start(assignment, {
      ...listener,
      report: (report) => this.#onReport(report),
      settled: (outcome) => this.#onSettled(outcome),
    })
  }

  answer(seq: number): void {
    this.#inner.answer(seq)
  }

  reallocate(resources: Assignment['resources']): void {
    this.#inner.reallocate?.(resources)
  }

  endReplay(): void {
    this.#inner.endReplay?.()
  }

  save(): void {
    this.#inner.save()
  }

  leave(reason: Parameters<Attempt['leave']>[0]): void {
    this.#leaves = true
    this.#inner.leave(reason)
  }

  abandon(): void {
    this.#line.clear()
    this.#inner.abandon()
  }

  #onReport(report: OutgoingReport): void {
    const { crash, delay, duplicateReport, hang } = this.#wire.faults
    if (this.#crash !== undefined || this.#hangs) return
    if (this.#happens('hang', hang)) {
      this.#hangs = true
      return
    }
    if (this.#happens('crash', crash)) return this.#crashAt(report)
    const { trial: number, worker } = this.#assignment
    const iteration = (this.#assignment.checkpoint?.iteration ?? 0) + report.seq
    let ms: number
    try {
      ms = delayOf(delay, { number, iteration, worker }, () => this.#chance.delay.next())
    } catch (error) {
      return this.#crashAt(report, asError(error))
    }
    const twice = this.#happens('duplicateReport', duplicateReport)
    this.#say(ms, () => {
      this.#deliverLate()
      this.#last = report
      this.#listener.report(report)
      if (twice) this.#listener.report(report)
    })
  }

  /** The code learns of it as of any end that is forced on it, so that it cleans up; the machines hear that it threw. */
  #crashAt({ seq }: OutgoingReport, error?: Error): void {
    const { trial, attempt } = this.#assignment
    this.#crash =
      error ??
      new TroupeError(
        'fault',
        `Trial ${trial} crashed at report ${seq} of attempt ${attempt}, as faults.crash wants some to.`,
      )
    this.#wire.kernel.post(() => this.#inner.leave('stopped'))
  }

  #onSettled(outcome: Settled): void {
    if (this.#hangs && !this.#leaves) return
    const { besides } = outcome
    const settled: Settled =
      this.#crash === undefined ? outcome : { kind: 'threw', error: this.#crash, ...(besides && { besides }) }
    this.#say(0, () => {
      this.#listener.settled(settled)
      this.#sendLate()
    })
  }

  #sendLate(): void {
    const { faults, kernel, late } = this.#wire
    const last = this.#last
    if (last === undefined || !this.#happens('lateReport', faults.lateReport)) return
    const { trial } = this.#assignment
    const arrive = (): void => {
      if (late.get(trial) !== arrive) return
      late.delete(trial)
      this.#listener.report({ seq: last.seq + 1, metrics: last.metrics, last: false })
    }
    late.set(trial, arrive)
    kernel.setTimeout(arrive, LATE_MS)
  }

  #deliverLate(): void {
    this.#wire.late.get(this.#assignment.trial)?.()
  }

  /** In the order in which it is said, whatever is still under way. */
  #say(ms: number, send: () => void): void {
    if (ms === 0 && this.#line.isEmpty) send()
    else this.#line.push(ms, send)
  }

  #happens(fault: Exclude<keyof Faults, 'delay'>, chance: number): boolean {
    // Without a draw where it cannot happen: a stream costs 2 µs to seed.
    return chance > 0 && this.#chance[fault].next() < chance
  }
}
