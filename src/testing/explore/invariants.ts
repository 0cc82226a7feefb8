import type { LogRecord } from '../../core/log.ts'
import type { TrialRecord } from '../../core/trial.ts'
import type { Command, Decision } from '../../schedulers/scheduler.ts'

/** What must hold in every order of messages. Keeps the first thing that does not. */
export class Invariants {
  violation: string | undefined
  readonly #told = new Map<number, number>()
  readonly #added = new Set<number>()
  readonly #ended = new Set<number>()
  readonly #decided = new Set<string>()
  readonly #over = new Set<number>()

  /** Takes down what is wrong; what follows from it is not said. */
  broken(what: string): void {
    this.violation ??= what
  }

  // ---- The searcher ----

  onTold(trial: number): void {
    const count = (this.#told.get(trial) ?? 0) + 1
    this.#told.set(trial, count)
    if (count > 1) this.broken(`trial ${trial} is told to the searcher ${count} times`)
  }

  // ---- The scheduler ----

  onAdd(trial: number): void {
    if (this.#added.has(trial)) this.broken(`trial ${trial} is added to the scheduler twice`)
    this.#added.add(trial)
  }

  onReport(trial: number): void {
    if (!this.#added.has(trial)) this.broken(`the scheduler hears of trial ${trial} before it is added`)
    if (this.#ended.has(trial))
      this.broken(`the scheduler is asked about trial ${trial}, of whose end it was told`)
  }

  onEnd(trial: number): void {
    if (this.#ended.has(trial)) this.broken(`the scheduler is told twice that trial ${trial} ended`)
    this.#ended.add(trial)
  }

  /** @param decision - What was decided just before, of the trial that reported. */
  commands(
    commands: readonly Command[] | void,
    records: readonly TrialRecord[],
    decided?: { readonly trial: number; readonly decision: Decision },
  ): void {
    const seen = new Set<number>()
    for (const { trial } of commands ?? []) {
      const record = records[trial]
      const pauses = decided?.trial === trial && decided.decision.kind === 'pause'
      // One that somebody else has just stopped is on its way out, of which the scheduler cannot know yet.
      const waits =
        record !== undefined &&
        record.endedAt === undefined &&
        ['pending', 'paused', 'retrying', 'stopping'].includes(record.status)
      if (seen.has(trial)) this.broken(`the scheduler commands trial ${trial} twice at once`)
      else if (decided?.trial === trial && !pauses)
        this.broken(
          `the scheduler decides twice about one report: it answers trial ${trial} with '${decided.decision.kind}', and commands it as well`,
        )
      else if (!waits && !pauses)
        this.broken(
          `the scheduler commands trial ${trial}, which does not wait: it is ${record?.endedAt === undefined ? record?.status : record.state}`,
        )
      seen.add(trial)
    }
  }

  // ---- The log ----

  onLog(record: LogRecord): void {
    switch (record.type) {
      case 'trial.decision': {
        const report = `report ${record.seq} of trial ${record.trial} (attempt ${record.attempt})`
        if (this.#over.has(record.trial)) this.broken(`${report} is decided upon, but the trial has ended`)
        if (this.#decided.has(report)) this.broken(`${report} is decided upon twice`)
        this.#decided.add(report)
        break
      }
      case 'trial.report':
        if (this.#over.has(record.trial)) this.broken(`trial ${record.trial} reports, but has ended`)
        break
      case 'trial.ended':
        if (this.#over.has(record.trial)) this.broken(`trial ${record.trial} ends twice`)
        this.#over.add(record.trial)
        break
      case 'policy.restarted':
        this.broken(`the ${record.policy} threw: ${record.error}`)
        break
      default:
    }
  }

  // ---- Whenever nothing is under way ----

  room(
    holders: readonly Pick<TrialRecord, 'number' | 'resources'>[],
    slots: number,
    total: Readonly<Record<string, number>>,
  ): void {
    const who = holders.map(({ number }) => number).join(', ')
    if (holders.length > slots) this.broken(`trials ${who} run at once in ${slots} slots`)
    for (const [kind, amount] of Object.entries(total)) {
      const used = holders.reduce((sum, { resources }) => sum + (resources[kind] ?? 0), 0)
      if (used > amount) this.broken(`trials ${who} use ${used} ${kind} of ${amount}`)
    }
  }

  /** Room that is still taken when the experiment has ended is lost to others before that. */
  released(slots: number, resources: Readonly<Record<string, number>>): void {
    if (slots > 0) this.broken(`the experiment has ended, and ${slots} of its slots are still taken`)
    for (const [kind, amount] of Object.entries(resources)) {
      if (amount > 0) this.broken(`the experiment has ended, and ${amount} ${kind} are still taken`)
    }
  }

  /** @param codeLeft - Trials whose code is still there. */
  end(records: readonly TrialRecord[], codeLeft: readonly number[]): void {
    for (const { number, endedAt } of records) {
      if (endedAt === undefined)
        this.broken(`trial ${number} is lost: the experiment has ended, and it has not`)
      const told = this.#told.get(number) ?? 0
      if (told !== 1) this.broken(`trial ${number} is told to the searcher ${told} times`)
    }
    if (codeLeft.length > 0)
      this.broken(`the experiment has ended, and code of trial ${codeLeft.join(', ')} still runs`)
  }
}
