import type { LogRecord } from '../core/log.ts'

type Report = Extract<LogRecord, { type: 'trial.report' }>
type Decision = Extract<LogRecord, { type: 'trial.decision' }>
type Transition = Extract<LogRecord, { type: 'trial.transition' }>

// How a record is kept: as it came, or as so many numbers.
const WHOLE = 0
const REPORT = 1
const CONTINUE = 2
const TRANSITION = 3

// Time, trial, attempt and number of a report, which both begin with.
const HEAD = 4

// Time, trial, from where, to where, by what, and attempt of a transition.
const TRANSITION_SIZE = 6

/** Names of metrics that came together, and as JSON writes them. */
interface Names {
  readonly names: readonly string[]
  readonly quoted: readonly string[]
}

/**
 * The records of a trace, in order. Reports of numbers, the answer that a trial goes on, and its way from state to state,
 * which are nearly all of them, are kept as numbers, one after the other: a hundred thousand small objects that live to the end cost more in
 * garbage collection than all that is done with them.
 */
export class TraceRecords implements Iterable<LogRecord> {
  #kinds = new Uint8Array(64)
  /** Where the numbers of each record begin. */
  #starts = new Float64Array(64)
  #numbers = new Float64Array(512)
  #length = 0
  #numberCount = 0
  readonly #whole: LogRecord[] = []
  readonly #names: Names[] = []
  // States and the messages that lead to them: a few words.
  readonly #words: string[] = []
  readonly #wordIndex = new Map<string, number>()

  get length(): number {
    return this.#length
  }

  push(record: LogRecord): void {
    if (record.type === 'trial.report' && this.#pushReport(record)) return
    if (record.type === 'trial.decision' && isPlainContinue(record)) {
      this.#begin(CONTINUE, HEAD)
      return this.#putHead(record)
    }
    if (record.type === 'trial.transition' && !Object.hasOwn(record, 'error'))
      return this.#pushTransition(record)
    this.#begin(WHOLE, 1)
    this.#put(this.#whole.push(record) - 1)
  }

  /** @param index - From 0; negative ones count from the end. */
  at(index: number): LogRecord | undefined {
    const i = index < 0 ? this.#length + index : index
    const kind = this.#kinds[i]
    if (kind === undefined || i >= this.#length) return undefined
    const start = this.#starts[i] as number
    if (kind === WHOLE) return this.#whole[this.#number(start)]
    if (kind === TRANSITION) return this.#transitionAt(start)
    const at = this.#number(start)
    const trial = this.#number(start + 1)
    const attempt = this.#number(start + 2)
    const seq = this.#number(start + 3)
    if (kind === CONTINUE) return { at, type: 'trial.decision', trial, attempt, seq, decision: 'continue' }
    return { at, type: 'trial.report', trial, attempt, seq, metrics: this.#metricsAt(start + HEAD) }
  }

  *[Symbol.iterator](): IterableIterator<LogRecord> {
    for (let i = 0; i < this.#length; i++) yield this.at(i) as LogRecord
  }

  /** What `JSON.stringify` would write of a record that is kept as numbers; undefined for others. */
  jsonAt(index: number): string | undefined {
    const kind = this.#kinds[index]
    if (kind === WHOLE) return undefined
    const start = this.#starts[index] as number
    if (kind === TRANSITION) return this.#transitionJsonAt(start)
    const type = kind === REPORT ? 'trial.report' : 'trial.decision'
    const head = `{"at":${this.#number(start)},"type":"${type}","trial":${this.#number(start + 1)},"attempt":${this.#number(start + 2)},"seq":${this.#number(start + 3)},`
    if (kind === CONTINUE) return `${head}"decision":"continue"}`
    const { quoted } = this.#namesAt(start + HEAD)
    let metrics = ''
    for (let i = 0; i < quoted.length; i++) metrics += `${quoted[i]}${this.#number(start + HEAD + 1 + i)}`
    return `${head}"metrics":{${metrics}}}`
  }

  /** Keeps it as numbers; false when it holds something else. */
  #pushReport(report: Report): boolean {
    const { metrics } = report
    if (Object.hasOwn(report, 'last') || Object.hasOwn(report, 'checkpoint')) return false
    const names = Object.keys(metrics)
    for (const name of names) if (!Number.isFinite(metrics[name])) return false
    this.#begin(REPORT, HEAD + 1 + names.length)
    this.#putHead(report)
    this.#put(this.#idOf(names))
    for (const name of names) this.#put(metrics[name] as number)
    return true
  }

  #pushTransition({ at, trial, from, to, cause, attempt }: Transition): void {
    this.#begin(TRANSITION, TRANSITION_SIZE)
    this.#put(at)
    this.#put(trial)
    this.#put(this.#indexOf(from))
    this.#put(this.#indexOf(to))
    this.#put(this.#indexOf(cause))
    this.#put(attempt)
  }

  #transitionAt(start: number): Transition & LogRecord {
    return {
      at: this.#number(start),
      type: 'trial.transition',
      trial: this.#number(start + 1),
      from: this.#wordAt(start + 2) as Transition['from'],
      to: this.#wordAt(start + 3) as Transition['to'],
      cause: this.#wordAt(start + 4),
      attempt: this.#number(start + 5),
    }
  }

  #transitionJsonAt(start: number): string {
    const [from, to, cause] = [2, 3, 4].map((i) => JSON.stringify(this.#wordAt(start + i)))
    return `{"at":${this.#number(start)},"type":"trial.transition","trial":${this.#number(start + 1)},"from":${from},"to":${to},"cause":${cause},"attempt":${this.#number(start + 5)}}`
  }

  #indexOf(word: string): number {
    const known = this.#wordIndex.get(word)
    if (known !== undefined) return known
    const index = this.#words.push(word) - 1
    this.#wordIndex.set(word, index)
    return index
  }

  #wordAt(at: number): string {
    return this.#words[this.#number(at)] as string
  }

  #putHead({ at, trial, attempt, seq }: Report | Decision): void {
    this.#put(at)
    this.#put(trial)
    this.#put(attempt)
    this.#put(seq)
  }

  #metricsAt(start: number): Record<string, unknown> {
    const { names } = this.#namesAt(start)
    return Object.fromEntries(names.map((name, i) => [name, this.#number(start + 1 + i)]))
  }

  #namesAt(at: number): Names {
    return this.#names[this.#number(at)] as Names
  }

  /** Trials of one experiment report the same metrics: mostly the last ones. */
  #idOf(names: readonly string[]): number {
    for (let id = this.#names.length - 1; id >= 0; id--)
      if (areSame(names, (this.#names[id] as Names).names)) return id
    const quoted = names.map((name, i) => `${i === 0 ? '' : ','}${JSON.stringify(name)}:`)
    return this.#names.push({ names, quoted }) - 1
  }

  #begin(kind: number, size: number): void {
    if (this.#length === this.#kinds.length) {
      this.#kinds = grown(this.#kinds, new Uint8Array(2 * this.#length))
      this.#starts = grown(this.#starts, new Float64Array(2 * this.#length))
    }
    while (this.#numberCount + size > this.#numbers.length)
      this.#numbers = grown(this.#numbers, new Float64Array(2 * this.#numbers.length))
    this.#kinds[this.#length] = kind
    this.#starts[this.#length] = this.#numberCount
    this.#length++
  }

  #put(value: number): void {
    this.#numbers[this.#numberCount++] = value
  }

  #number(at: number): number {
    return this.#numbers[at] as number
  }
}

function areSame(names: readonly string[], others: readonly string[]): boolean {
  return names.length === others.length && names.every((name, i) => name === others[i])
}

function isPlainContinue(record: Decision): boolean {
  return (
    record.decision === 'continue' &&
    !Object.hasOwn(record, 'reason') &&
    !Object.hasOwn(record, 'evidence') &&
    !Object.hasOwn(record, 'by')
  )
}

function grown<Numbers extends Uint8Array | Float64Array>(from: Numbers, to: Numbers): Numbers {
  to.set(from)
  return to
}
