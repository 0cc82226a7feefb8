import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { describe } from '../../src/core/options.ts'
import type { Durability, LogRecord } from 'troupe/stores'
import type { RandomStream } from '../../src/random/random.ts'
import { type FileStore, lookInto, repeatedIn } from './kept.ts'
import { type Acknowledged, live, type Moment } from './life.ts'

/** What came of killing. */
export interface Counts {
  readonly store: string
  readonly durability: Durability
  /** Processes that were killed. */
  kills: number
  /** Reports that these had acknowledged. */
  acknowledged: number
  /** Of those, what the store did not have. */
  lost: number
  /** Of those that were lost, what had been acknowledged longer before the kill than the durability allows. */
  lateLost: number
  /** Milliseconds before the kill at which the oldest of those that were lost had been acknowledged. */
  oldestLostMs: number
  /** Trials, identifiers and reports that the log had twice. */
  twice: number
  /** Processes that went on with what a killed one had left, and did not fail. */
  resumed: number
  /** Experiments that were carried to their end, with all trials. */
  finished: number
  /** What was wrong, in words. */
  readonly problems: string[]
}

/** What is to be done. */
export interface KillOptions {
  readonly store: FileStore
  readonly durability: Durability
  readonly kills: number
  readonly random: RandomStream
  /** The victim, as one file of JavaScript. */
  readonly program: string
  /** Where the stores go. */
  readonly folder: string
}

/** Trials of the victim's experiment. */
const TRIALS = 30
// With 'interval': what its documentation says, and what a write may take while others use the machine too.
const MAY_BE_LOST_MS = 100 + 50
// About as long as it reports when nobody ends it.
const LONGEST_LIFE_MS = 250
const NAME = 'chaos'

/** Kills an experiment again and again until it comes to its end nevertheless, then the next one, until it is enough. */
export async function killAgain(options: KillOptions): Promise<Counts> {
  const counts: Counts = {
    store: options.store.name,
    durability: options.durability,
    kills: 0,
    acknowledged: 0,
    lost: 0,
    lateLost: 0,
    oldestLostMs: 0,
    twice: 0,
    resumed: 0,
    finished: 0,
    problems: [],
  }
  for (let experiment = 0; counts.kills < options.kills; experiment++) {
    const isCarriedOn = await carryOn(options, experiment, counts)
    // It would fail again and again, and there is enough to be looked into.
    if (!isCarriedOn && counts.problems.length > 10) break
  }
  return counts
}

/** @returns Whether the experiment came to its end. */
async function carryOn(options: KillOptions, experiment: number, counts: Counts): Promise<boolean> {
  const { store, durability, program } = options
  const random = options.random.fork(experiment)
  const folder = join(options.folder, `${store.name}-${durability}-${experiment}`)
  await mkdir(folder)
  const path = join(folder, 'kept')
  const args = [program, store.url(path), NAME, `${experiment}`, durability]
  const say = (problem: string): void => {
    counts.problems.push(`experiment ${experiment}, kill ${counts.kills}: ${problem}`)
  }
  let before: readonly LogRecord[] = []
  for (;;) {
    // Once there were enough of them it may live to its end.
    const isEnough = counts.kills === options.kills
    const life = await live(args, isEnough ? undefined : drawMoment(random))
    const { records, problems } = await lookInto(store, path, NAME, `${folder}-copy`)
    problems.forEach(say)
    const twice = repeatedIn(records)
    counts.twice += twice.length
    for (const what of twice) say(`${what} twice`)
    if (!isDeepStrictEqual(records.slice(0, before.length), before)) say('what was kept has changed')
    const wentOn = before.length > 0
    before = records
    if (life.killedAt !== undefined) {
      counts.kills++
      if (wentOn) counts.resumed++
      compare(life.acknowledged, life.killedAt, records, counts, say)
      continue
    }
    const ended = records.filter(
      (record) => record.type === 'trial.ended' && record.state !== 'interrupted',
    ).length
    const isFinished = life.lastLine.startsWith(`done finished ${TRIALS} `) && ended === TRIALS
    if (isFinished) {
      counts.finished++
      if (wentOn) counts.resumed++
      await rm(folder, { recursive: true })
    } else
      say(
        `it ended with code ${life.exitCode} and ${ended} trials, in ${folder}: ${life.lastLine} ${life.errors}`,
      )
    return isFinished
  }
}

/** One of three dies while it opens its store or takes up what is there, if not later. */
function drawMoment(random: RandomStream): Moment {
  return { after: random.below(3) === 0 ? 'up' : 'ack', ms: random.next() * LONGEST_LIFE_MS }
}

/** Looks for what was acknowledged in what was kept. */
function compare(
  acknowledged: readonly Acknowledged[],
  killedAt: number,
  records: readonly LogRecord[],
  counts: Counts,
  say: (problem: string) => void,
): void {
  const kept = new Map<string, unknown>()
  for (const record of records) {
    if (record.type !== 'trial.report') continue
    const { training_iteration: iteration, loss } = record.metrics
    kept.set(`${record.trial}/${String(iteration)}`, loss)
  }
  const mayBeLostMs = counts.durability === 'interval' ? MAY_BE_LOST_MS : 0
  for (const { trial, iteration, at, loss } of acknowledged) {
    counts.acknowledged++
    const found = kept.get(`${trial}/${iteration}`)
    if (found === loss) continue
    if (found !== undefined)
      say(`trial ${trial} said ${loss} at ${iteration}, and ${describe(found)} was kept`)
    const ageMs = killedAt - at
    counts.lost++
    counts.oldestLostMs = Math.max(counts.oldestLostMs, ageMs)
    if (mayBeLostMs > 0 && ageMs <= mayBeLostMs) continue
    counts.lateLost++
    say(`trial ${trial} had reported ${iteration} ${ageMs} ms before, which was lost`)
  }
}
