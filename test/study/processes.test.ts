import { type ChildProcess, fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { uniform } from '../../src/space/numbers.ts'
import { sqliteStore } from '../../src/stores/sqlite/sqlite-store.ts'
import { createStudy, loadStudy } from '../../src/study/create-study.ts'
import type { StudyProcessMessage, StudyProcessOrder } from './study-process.ts'

const PROCESS = new URL('study-process.ts', import.meta.url)
// Longer than a process may have to wait for its turn on a busy machine.
const LEASE_MS = 4_000

let folder = ''
const children = new Set<ChildProcess>()

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'troupe-'))
})

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  children.clear()
  await rm(folder, { recursive: true })
})

/** Runs a process to its end, or until `until` says that it shall be killed. */
function run(
  order: StudyProcessOrder,
  until: (message: StudyProcessMessage) => boolean = () => false,
): Promise<{ readonly messages: StudyProcessMessage[]; readonly end: number | string | null }> {
  const execArgv = ['--conditions=@troupe/source', '--import', 'tsx']
  const child = fork(PROCESS, [JSON.stringify(order)], {
    execArgv,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  children.add(child)
  const messages: StudyProcessMessage[] = []
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('message', (message: StudyProcessMessage) => {
      messages.push(message)
      if (until(message)) child.kill('SIGKILL')
    })
    child.on('exit', (code, signal) => {
      children.delete(child)
      resolve({ messages, end: signal ?? code })
    })
  })
}

describe('four processes on one SQLite file', () => {
  it('run 200 trials, each once, also when one of them is killed', async () => {
    const path = join(folder, 'study.db')
    const name = 'demo'
    const code = { storage: sqliteStore({ path }), name, leaseMs: LEASE_MS }
    const made = await createStudy({ ...code, paramSpace: { x: uniform(0, 1) }, seed: 1 })
    for (let i = 0; i < 5; i++) await made.enqueueTrial({ x: i / 10 })
    await made.close()

    const order = { path, name, leaseMs: LEASE_MS, trialCount: 50, heldCount: 0 }
    const ends = await Promise.all([
      run(order),
      run(order),
      run(order),
      run({ ...order, trialCount: 20, heldCount: 3 }, ({ kind }) => kind === 'holds'),
    ])
    expect(ends.map(({ end }) => end)).toEqual([0, 0, 0, 'SIGKILL'])

    // What the killed one held is found once its lease is over, and is run here.
    const held = ends[3].messages.flatMap((message) => (message.kind === 'holds' ? message.numbers : []))
    const study = await loadStudy(code)
    const log = await code.storage.open(name, { shared: true })
    const lost = log.records.flatMap((record) =>
      record.type === 'trial.asked' && held.includes(record.trial) ? [record.writer] : [],
    )
    const isDead = async () => (await log.deadWriters?.(LEASE_MS))?.includes(lost[0] as string) === true
    await expect.poll(isDead, { timeout: 20_000 }).toBe(true)
    await log.close()
    const runs = ends.flatMap(({ messages }) => messages.filter((message) => message.kind === 'told'))
    while (runs.length < 200) {
      const trial = await study.ask()
      const value = Number(trial.config['x'])
      await study.tell(trial, value)
      runs.push({ kind: 'told', number: trial.number, attempt: trial.attempt, value })
    }
    await study.close()

    // None is lost and none ran twice: all that was acknowledged is there as it was said.
    const byNumber = runs.toSorted((a, b) => a.number - b.number)
    expect(byNumber.map(({ number }) => number)).toEqual(Array.from({ length: 200 }, (_, i) => i))
    const trials = (await loadStudy(code)).trials
    expect(trials.map(({ state, values }) => [state, values?.[0]])).toEqual(
      byNumber.map(({ value }) => ['completed', value]),
    )
    const ended = (await code.storage.read(name))?.filter(({ type }) => type === 'trial.ended')
    expect(ended).toHaveLength(200)
    expect(byNumber.filter(({ attempt }) => attempt > 1).map(({ number }) => number)).toEqual(held)
    // The enqueued ones went to one process each.
    expect(trials.slice(0, 5).map(({ config }) => config['x'])).toEqual([0, 0.1, 0.2, 0.3, 0.4])
    expect(new Set(trials.map(({ config }) => config['x'])).size).toBe(200)
    await code.storage.close?.()
  }, 60_000)
})
