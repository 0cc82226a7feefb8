import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, lstat, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LogRecord } from '../../../src/core/log.ts'
import { choice } from '../../../src/space/choices.ts'
import { uniform } from '../../../src/space/numbers.ts'
import { randomSearch } from '../../../src/searchers/random-search.ts'
import { optunaJournalFromUrl, optunaJournalStore } from '../../../src/stores/optuna/journal/journal-store.ts'
import { createStudy, loadStudy } from '../../../src/study/create-study.ts'
import { deleteStudy } from '../../../src/study/kept-studies.ts'

let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'troupe-optuna-journal-'))
  path = join(folder, 'deep', 'optuna.log')
})
afterEach(() => rm(folder, { recursive: true }))

const store = () => optunaJournalStore({ path })
const paramSpace = { x: uniform(0, 1), kind: choice(['a', 'b']), layers: [choice([{ units: 1 }, null]), 7] }
const created = (name: string): LogRecord => ({
  at: 5,
  type: 'study.created',
  name,
  seed: '1',
  objectives: [{ metric: 'loss', mode: 'min' }],
})
const attr = (value: unknown): LogRecord => ({ at: 1, type: 'study.attr', key: 'k', value })
const other = (op: object): string => `${JSON.stringify({ op_code: 0, worker_id: 'other', ...op })}\n`

it('has nothing at first, and says what it does not keep', async () => {
  expect(await store().names()).toEqual([])
  expect(await store().read('a')).toBeUndefined()
  const log = await store().open('a')
  expect(log.notice).toMatch(/no pauses, checkpoints/)
  expect(log.records).toEqual([])
  expect(await store().names()).toEqual([])
  await expect(log.append([attr(1)])).rejects.toMatchObject({ code: 'notBegun' })
})

it('is named by a URL, with a path from here or from the root', async () => {
  const { url } = store()
  const again = optunaJournalFromUrl((url as string).slice('optuna-journal:'.length))
  await (await again.open('a')).append([created('a')])
  expect(await store().names()).toEqual(['a'])
  for (const rest of ['', '//', '///', 'file.log', '/file.log'])
    expect(() => optunaJournalFromUrl(rest)).toThrow(/three slashes/)
})

it('names studies in order of creation, keeps them apart, and forgets one', async () => {
  for (const name of ['b', 'a', 'with / and ümläut']) {
    const log = await store().open(name)
    await log.append([created(name), attr([name, Number.NaN])])
    await log.close()
    await expect(log.append([attr(1)])).rejects.toMatchObject({ name: 'StorageError', code: 'notHeld' })
  }
  expect(await store().names()).toEqual(['b', 'a', 'with / and ümläut'])
  expect(await store().read('a')).toMatchObject([
    { type: 'study.created', name: 'a', seed: '1', objectives: [{ metric: 'loss', mode: 'min' }] },
    { type: 'study.attr', key: 'k', value: ['a', Number.NaN] },
  ])
  await deleteStudy({ storage: store(), name: 'b' })
  await store().delete('never there')
  expect(await store().names()).toEqual(['a', 'with / and ümläut'])
  await (await store().open('b')).append([created('b')])
  expect(await store().names()).toEqual(['a', 'with / and ümläut', 'b'])
})

describe('a study', () => {
  it('goes on as if it had never been left', async () => {
    const runs = await Promise.all([false, true].map(twelveTrials))
    expect(runs[1]).toEqual(runs[0])
  })

  async function twelveTrials(leaves: boolean): Promise<unknown> {
    const storage = optunaJournalStore({ path: join(folder, `${leaves}.log`) })
    const searcher = randomSearch({ pointsToEvaluate: [{ x: 0.5 }, { x: 0.25 }] })
    let study = await createStudy({
      name: 'demo',
      storage,
      seed: 1,
      searcher,
      paramSpace,
      duplicates: 'resample',
    })
    for (let i = 0; i < 12; i++) {
      if (i === 6) await study.enqueueTrial({ x: 0.125, layers: [null] })
      const trial = await study.ask()
      trial.report(1, trial.config.x)
      trial.report(1.5, Number.NaN)
      const depth = trial.suggestInt('depth', 1, 9)
      trial.setUserAttr('i', { i, depth, open: [Infinity, Number.NaN] })
      trial.setConstraint('bound', i % 2)
      await study.tell(trial, i % 5 === 4 ? { state: 'pruned' } : i % 5 === 3 ? Number.NaN : trial.config.x)
      if (!leaves) continue
      await study.close()
      study = await loadStudy({ name: 'demo', storage, searcher, paramSpace, duplicates: 'resample' })
    }
    const trials = study.trials.map(({ startedAt: _, endedAt: __, ...trial }) => trial)
    await study.close()
    return trials
  }

  it('is run by several at once, each of whom sees what the others do', async () => {
    const one = await createStudy({ name: 'shared', storage: store(), paramSpace })
    const two = await loadStudy({ name: 'shared', storage: store(), paramSpace })
    await one.enqueueTrial({ x: 0.5 })
    await Promise.all(
      [one, two].map(async (study) => {
        for (let i = 0; i < 10; i++) {
          const trial = await study.ask()
          await study.tell(trial, trial.number)
        }
      }),
    )
    await one.close()
    await two.close()
    const { trials } = await loadStudy({ name: 'shared', storage: store() })
    expect(trials.map(({ values }) => values?.[0])).toEqual(Array.from({ length: 20 }, (_, i) => i))
    expect(trials.filter(({ config }) => config['x'] === 0.5).length).toBe(1)
  })

  it('loses its writer to whoever opens it alone', async () => {
    const first = await store().open('a')
    await first.append([created('a'), attr(1)])
    const second = await store().open('a')
    await expect(first.append([attr(2)])).rejects.toMatchObject({ code: 'notHeld' })
    await second.append([attr(3)])
    expect(await store().read('a')).toMatchObject([{}, { value: 1 }, { value: 3 }])
    await store().delete('a')
    await (await store().open('a')).append([created('a')])
    await expect(second.append([attr(4)])).rejects.toMatchObject({ code: 'notHeld' })
  })

  it('takes in what Optuna writes, and of two who claim a trial the first has it', async () => {
    const log = await store().open('a', { shared: true })
    await log.append([created('a'), { at: 5, type: 'trial.enqueued', trial: 0, id: 'q', config: { x: 1 } }])
    const late = await store().open('a', { shared: true })
    await appendFile(
      path,
      other({
        op_code: 6,
        trial_id: 0,
        state: 0,
        values: null,
        datetime_start: '2026-01-02T03:04:05.000006+00:00',
      }),
    )
    const asked: LogRecord = {
      at: 9,
      type: 'trial.asked',
      trial: 0,
      id: 'q',
      source: 'enqueued',
      params: {},
      domains: {},
      config: {},
    }
    const news = await log.append([asked])
    expect(news).toMatchObject([{ type: 'trial.imported', trial: 0, state: 'running', config: {} }])
    expect(await late.poll?.()).toEqual(news)
    await appendFile(
      path,
      other({
        op_code: 5,
        trial_id: 0,
        param_name: 'm/x',
        param_value_internal: 2,
        distribution:
          '{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 1, "high": 9}}',
      }) +
        // Of another kind, by others, and a second claim: none of these counts.
        other({
          op_code: 5,
          trial_id: 0,
          param_name: 'm/x',
          param_value_internal: 2,
          distribution:
            '{"name": "FloatDistribution", "attributes": {"log": false, "step": null, "low": 1, "high": 9}}',
        }) +
        other({
          op_code: 6,
          trial_id: 0,
          state: 0,
          values: null,
          datetime_start: '2027-01-02T03:04:05+00:00',
        }) +
        other({ op_code: 0, study_name: 'a', directions: [2] }) +
        other({
          op_code: 6,
          trial_id: 0,
          state: 1,
          values: [3],
          datetime_complete: '2026-01-02T05:04:05+01:00',
        }) +
        other({
          op_code: 6,
          trial_id: 0,
          state: 3,
          values: null,
          datetime_complete: '2026-01-02T06:04:05+00:00',
        }) +
        other({ op_code: 10, anything: 1 }),
    )
    expect(await log.poll?.()).toMatchObject([
      {
        type: 'trial.imported',
        state: 'completed',
        values: [3],
        params: { 'm/x': 2 },
        config: { m: { x: 2 } },
        domains: { 'm/x': { kind: 'int' } },
        startedAt: Date.UTC(2026, 0, 2, 3, 4, 5) + 0.006,
        endedAt: Date.UTC(2026, 0, 2, 4, 4, 5),
      },
    ])
    expect(await log.poll?.()).toEqual([])
  })
})

describe('an experiment', () => {
  const x = { x: uniform(0, 1) }
  const experiment: readonly LogRecord[] = [
    {
      at: 0,
      type: 'experiment.started',
      name: 'e',
      seed: '7',
      objectives: [{ metric: 'loss', mode: 'min' }],
      searcher: 'randomSearch',
      scheduler: 'pbt',
      trialCount: 2,
      startedAt: 1_000_000,
    },
    ...[0, 1].map((trial): LogRecord => ({
      at: 1,
      type: 'trial.created',
      trial,
      id: `t${trial}`,
      source: 'suggested',
      params: { x: 0.5 },
      domains: x,
      config: { x: 0.5, steps: 3 },
    })),
    {
      at: 2,
      type: 'trial.report',
      trial: 0,
      attempt: 1,
      seq: 1,
      metrics: { training_iteration: 1, loss: Number.NaN, accuracy: 1 },
    },
  ]

  it('is read back as a study: what Optuna has of it', async () => {
    const log = await store().open('e')
    await log.append(experiment)
    await log.append([
      { at: 3, type: 'trial.exploited', trial: 1, donor: 0, config: { x: 1.5, steps: 3 } },
      { at: 4, type: 'trial.ended', trial: 1, state: 'pruned', values: [2] },
      { at: 5, type: 'trial.ended', trial: 0, state: 'completed', values: [-Infinity] },
      { at: 6, type: 'experiment.ended', by: 'finished' },
    ])
    await log.close()
    const study = await loadStudy({ name: 'e', storage: store() })
    expect(study.objectives).toEqual([{ metric: 'loss', mode: 'min' }])
    expect(study.trials).toMatchObject([
      {
        state: 'completed',
        values: [-Infinity],
        config: { x: 0.5, steps: 3 },
        intermediateValues: [[1, Number.NaN]],
        userAttrs: { accuracy: 1 },
        startedAt: 1_000_001,
        endedAt: 1_000_005,
      },
      { state: 'pruned', values: [2], config: { x: 1.5 } },
    ])
    await study.close()
  })

  it('goes on while Optuna adds trials, which take the numbers that come next', async () => {
    const log = await store().open('e')
    await log.append(experiment)
    await appendFile(path, other({ op_code: 4, study_id: 0, datetime_start: '2026-01-02T03:04:05+00:00' }))
    await log.append([
      { ...(experiment[1] as LogRecord & { readonly type: 'trial.created' }), trial: 2, id: 't2' },
      { at: 9, type: 'trial.ended', trial: 2, state: 'completed', values: [3] },
    ])
    expect(await store().read('e')).toMatchObject([
      { type: 'study.created' },
      { type: 'trial.asked', trial: 0 },
      { type: 'trial.asked', trial: 1 },
      { type: 'trial.intermediate', trial: 0 },
      { type: 'trial.imported', trial: 2, state: 'running' },
      { type: 'trial.asked', trial: 3, id: 't2' },
      { type: 'trial.ended', trial: 3, values: [3] },
    ])
  })
})

describe('after a crash', () => {
  it('leaves out a torn last line, and cuts it off before it writes', async () => {
    const log = await store().open('a')
    await log.append([created('a'), attr(1)])
    await log.close()
    const whole = await readFile(path, 'utf8')
    await appendFile(path, '{"op_code":2,"worker_id":"x","study_id":0,"user_')
    expect(await store().read('a')).toHaveLength(2)
    const again = await store().open('a')
    await again.append([attr(2)])
    const lines = (await readFile(path, 'utf8')).slice(whole.length).split('\n')
    expect(lines.slice(0, -1).map((line) => Object.keys(JSON.parse(line) as object).at(-1))).toEqual([
      'system_attr',
      'user_attr',
    ])
    expect(await store().read('a')).toMatchObject([{}, { value: 1 }, { value: 2 }])
  })

  it('refuses a broken line before another, and says which', async () => {
    await (await store().open('a')).append([created('a')])
    const count = (await readFile(path, 'utf8')).split('\n').length - 1
    await appendFile(path, `{"op_code":2,"wor\n${other({ op_code: 1, study_id: 0 })}`)
    await expect(store().read('a')).rejects.toMatchObject({
      name: 'StorageError',
      code: 'corrupt',
      message: expect.stringContaining(`line ${count + 1}`) as string,
    })
  })

  it.each(['no journal', 'no journal\n', '{"a":1}\n', 'x\n{"op_code":0}\n'])(
    'never touches a file that is none: %j',
    async (text) => {
      const file = join(folder, 'notes.txt')
      await writeFile(file, text)
      const wrong = optunaJournalStore({ path: file })
      await expect(wrong.open('a')).rejects.toMatchObject({ code: 'corrupt' })
      expect(await readFile(file, 'utf8')).toBe(text)
    },
  )

  it('removes a lock that was left behind, and waits for one that is held', async () => {
    const log = await store().open('a')
    await log.append([created('a')])
    await symlink(path, `${path}.lock`)
    const patient = await optunaJournalStore({ path, lockStaleMs: 50 }).open('a')
    await patient.append([attr(1)])
    await expect(lstat(`${path}.lock`)).rejects.toMatchObject({ code: 'ENOENT' })
    await symlink(path, `${path}.lock`)
    const waits = patient.close().then(() => store().open('a'))
    let isOpen = false
    void waits.then(() => (isOpen = true))
    await new Promise((done) => setTimeout(done, 30))
    expect(isOpen).toBe(false)
    await rm(`${path}.lock`)
    await (await waits).append([attr(2)])
  })

  it('has all that was acknowledged before a kill -9', { timeout: 60_000 }, async () => {
    const source = new URL('../../../src/', import.meta.url)
    const script = `
      import { createStudy } from ${JSON.stringify(new URL('study/create-study.ts', source).href)}
      import { optunaJournalFromUrl, optunaJournalStore } from ${JSON.stringify(new URL('stores/optuna/journal/journal-store.ts', source).href)}
      const study = await createStudy({ name: 'a', storage: optunaJournalStore({ path: ${JSON.stringify(path)} }) })
      for (;;) {
        const trial = await study.ask()
        await study.tell(trial, trial.suggestFloat('x', 0, 1))
        process.stdout.write(trial.number + '\\n')
      }`
    const child = spawn(
      process.execPath,
      ['--conditions=@troupe/source', '--import', 'tsx', '--input-type=module', '-e', script],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    let told = ''
    child.stdout.on('data', (data: Buffer) => {
      told += data.toString()
      if (told.split('\n').length > 30) child.kill('SIGKILL')
    })
    await once(child, 'close')
    const last = Number(told.trimEnd().split('\n').at(-1))
    const study = await loadStudy({ name: 'a', storage: optunaJournalStore({ path, lockStaleMs: 100 }) })
    expect(study.trials.slice(0, last + 1).every(({ state }) => state === 'completed')).toBe(true)
    const trial = await study.ask()
    await study.tell(trial, 1)
    expect(study.bestTrial.values?.[0]).toBeLessThanOrEqual(1)
    await study.close()
  })
})
