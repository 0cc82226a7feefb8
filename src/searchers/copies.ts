import type { Params } from '../core/trial.ts'
import type { Ask, RunningTrial, Suggestion, ToldTrial } from './searcher.ts'

/** One configuration of the inner searcher, and what became of its copies. */
interface Group {
  /** Number that the inner searcher knows it by: those are without gaps, as if nothing were repeated. */
  readonly number: number
  /** How many copies there will be; 1 for a trial that the inner searcher did not suggest. */
  readonly size: number
  /** Numbers of the trials that are its copies, as far as asked for. */
  readonly copies: number[]
  readonly ended: ToldTrial[]
  point: Params
  /** Whether `point` is what the first copy was made from, and no longer a suggestion that may leave parameters out. */
  isMade: boolean
}

interface Saved {
  readonly count: number
  readonly filling: number | undefined
  readonly open: readonly Group[]
}

/** Which trials are copies of which configuration, while not all of them have ended. */
export class Groups {
  readonly #repeat: number
  #count = 0
  readonly #open = new Map<number, Group>()
  readonly #groupOf = new Map<number, Group>()
  // The group whose copies are being handed out.
  #filling: Group | undefined

  constructor(repeat: number, saved: unknown) {
    this.#repeat = repeat
    if (saved === undefined) return
    const { count, filling, open } = saved as Saved
    this.#count = count
    for (const group of open) this.#add(copyOf(group))
    this.#filling = filling === undefined ? undefined : this.#open.get(filling)
  }

  /** The point that a trial gets as another copy; undefined when the inner searcher has to be asked. */
  nextCopy(trial: number): Params | undefined {
    const own = this.#groupOf.get(trial)
    if (own !== undefined) return own.copies[0] === trial ? undefined : own.point
    const group = this.#filling
    if (group === undefined) return undefined
    group.copies.push(trial)
    this.#groupOf.set(trial, group)
    if (group.copies.length === group.size) this.#filling = undefined
    return group.point
  }

  /** Which copy of its configuration a trial is, from 0. */
  copyOf(trial: number): number {
    return Math.max(0, this.#groupOf.get(trial)?.copies.indexOf(trial) ?? 0)
  }

  /** What the inner searcher is asked for the first copy of a group. */
  request({ number }: Ask): { readonly number: number; readonly running: RunningTrial[] } {
    // A group whose first point was turned down has no trial yet, so it is not under way.
    const retried = this.#groupOf.get(number)
    const running = [...this.#open.values()].filter((group) => group !== retried)
    return {
      number: retried?.number ?? this.#count,
      running: running.map((group) => ({ number: group.number, params: group.point })),
    }
  }

  /** What the inner searcher answered to `request`. */
  accept(trial: number, number: number, suggestion: Suggestion): void {
    const retried = this.#groupOf.get(trial)
    if (suggestion.kind === 'point') {
      if (retried === undefined) {
        this.#count = number + 1
        this.#filling = {
          number,
          size: this.#repeat,
          copies: [trial],
          ended: [],
          point: suggestion.point,
          isMade: false,
        }
        this.#add(this.#filling)
        if (this.#repeat === 1) this.#filling = undefined
      } else retried.point = suggestion.point
    } else if (retried !== undefined) {
      this.#remove(retried)
      this.#filling = undefined
    }
  }

  /** A trial has been made. One that was not asked of the inner searcher is a group of its own. */
  follow({ number, params }: RunningTrial): Group {
    const known = this.#groupOf.get(number)
    if (known === undefined) {
      return this.#add({
        number: this.#count++,
        size: 1,
        copies: [number],
        ended: [],
        point: params,
        isMade: true,
      })
    }
    // All copies are made from what the first was made from, so that what a point leaves out is drawn once.
    if (!known.isMade) Object.assign(known, { point: params, isMade: true })
    return known
  }

  /** A trial has ended. @returns What the inner searcher is told, when it was the last of its group. */
  end(trial: ToldTrial): ToldTrial | undefined {
    const group = this.follow(trial)
    group.ended.push(trial)
    if (group.ended.length < group.size) return undefined
    this.#remove(group)
    return { ...merge(group.ended), number: group.number }
  }

  /** Number of the group that a trial is the first copy of. */
  leaderOf(trial: number): number | undefined {
    const group = this.#groupOf.get(trial)
    return group?.copies[0] === trial ? group.number : undefined
  }

  save(): unknown {
    const saved: Saved = {
      count: this.#count,
      filling: this.#filling?.number,
      open: [...this.#open.values()].map(copyOf),
    }
    return saved
  }

  #add(group: Group): Group {
    this.#open.set(group.number, group)
    for (const copy of group.copies) this.#groupOf.set(copy, group)
    return group
  }

  #remove(group: Group): void {
    this.#open.delete(group.number)
    for (const copy of group.copies) this.#groupOf.delete(copy)
  }
}

/** A copy that goes on by itself; points and ends of trials are never written to. */
function copyOf(group: Group): Group {
  return { ...group, copies: [...group.copies], ended: [...group.ended] }
}

/** The end of a configuration, from the ends of its copies. */
function merge(copies: readonly ToldTrial[]): ToldTrial {
  const first = copies[0] as ToldTrial
  const completed = copies.filter(({ state }) => state === 'completed')
  if (completed.length > 0) {
    const means = meanOf(completed)
    // ∞ and -∞ have no mean, and a completed trial always has a value.
    const isKnown = means.values?.every((value) => !Number.isNaN(value)) === true
    return isKnown ? { ...first, ...means, state: 'completed' } : failed(first)
  }
  const cut = copies.filter(({ state }) => state !== 'failed')
  if (cut.length === 0) return failed(first)
  // Values of different steps are not comparable, so the mean is over those that came furthest.
  const furthest = Math.max(...cut.map(({ step }) => step ?? -Infinity))
  const state = cut.some((copy) => copy.state === 'interrupted') ? 'interrupted' : 'pruned'
  return { ...first, ...meanOf(cut.filter(({ step }) => (step ?? -Infinity) === furthest)), state }
}

function failed(copy: ToldTrial): ToldTrial {
  return { ...copy, state: 'failed', values: undefined, step: undefined }
}

function meanOf(
  copies: readonly ToldTrial[],
): Pick<ToldTrial, 'values' | 'step' | 'intermediate' | 'constraints'> {
  const rows = copies.flatMap(({ values }) => (values === undefined ? [] : [values]))
  const steps = copies.flatMap(({ step }) => (step === undefined ? [] : [step]))
  return {
    values: rows[0]?.map((_, i) => mean(rows.map((row) => row[i] as number))),
    step: steps.length === 0 ? undefined : Math.max(...steps),
    intermediate: meansByKey(copies.flatMap(({ intermediate }) => intermediate)).toSorted(
      ([a], [b]) => a - b,
    ),
    constraints: Object.fromEntries(
      meansByKey(copies.flatMap(({ constraints }) => Object.entries(constraints))),
    ),
  }
}

function meansByKey<K>(pairs: readonly (readonly [K, number])[]): [K, number][] {
  const byKey = new Map<K, number[]>()
  for (const [key, value] of pairs) {
    const values = byKey.get(key)
    if (values === undefined) byKey.set(key, [value])
    else values.push(value)
  }
  return Array.from(byKey, ([key, values]) => [key, mean(values)])
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
