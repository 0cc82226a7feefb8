import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { csvFiles } from '../../src/callbacks/index.ts'
import { Tuner } from '../../src/index.ts'
import { atWork, columnsIn, temporaryFolder, textOf, trialAfter, viewOf } from './folders.ts'
import { pythonWith } from './python.ts'

const python = pythonWith('csv')
const options = { metric: 'loss', mode: 'min', name: 'demo', seed: 1 } as const

describe('csvFiles', () => {
  it('writes one row a report, nested metrics in columns of their own', async () => {
    const directory = temporaryFolder()
    const results = await new Tuner(
      async (_config: unknown, trial) => {
        for (let i = 0; i < 3; i++) await trial.report({ loss: i / 2, val: { acc: i, deep: { f1: -i } } })
      },
      { ...options, callbacks: [csvFiles({ directory })] },
    ).fit()
    const { name = '', trialId } = results.at(0) ?? {}
    const columns = columnsIn(directory, 'demo', name)
    expect(Object.keys(columns).slice(0, 4)).toEqual(['loss', 'val/acc', 'val/deep/f1', 'training_iteration'])
    expect(columns).toMatchObject({
      loss: ['0', '0.5', '1'],
      'val/acc': ['0', '1', '2'],
      'val/deep/f1': ['0', '-1', '-2'],
      training_iteration: ['1', '2', '3'],
      trial_id: [trialId, trialId, trialId],
    })
    expect(Object.keys(columns).filter((column) => column.startsWith('config'))).toEqual([])
    expect(results.warnings).toEqual([])
  })

  it('gives a metric that comes later a column, empty before', async () => {
    const directory = temporaryFolder()
    let calls = 0
    const results = await new Tuner(
      async (_config: unknown, trial) => {
        for (let i = 0; i < 4; i++) {
          await trial.report({ loss: i, ...(i === 2 ? { note: 'ä' } : {}), ...(i === 3 ? { more: 1 } : {}) })
          // Time for the file to be written, so that the column comes to one that has rows.
          if (calls++ < 3) await trial.sleep(20)
        }
      },
      { ...options, callbacks: [csvFiles({ directory })] },
    ).fit()
    const columns = columnsIn(directory, 'demo', results.at(0)?.name ?? '')
    expect(columns).toMatchObject({
      loss: ['0', '1', '2', '3'],
      note: ['', '', 'ä', ''],
      more: ['', '', '', '1'],
    })
  })

  it.skipIf(python === undefined)(
    'is read by Python as it was reported (where TROUPE_PYTHON names one)',
    async () => {
      const directory = temporaryFolder()
      const report = { loss: NaN, far: [1, Infinity], up: -Infinity, ok: true, none: null, text: 'a "b",\nc' }
      const results = await new Tuner(
        async (_config: unknown, trial) => {
          await trial.report({ ...report })
          await trial.report({ ...report, loss: 0.1 })
        },
        { ...options, callbacks: [csvFiles({ directory })] },
      ).fit()
      const file = join(directory, 'demo', results.at(0)?.name ?? '', 'progress.csv')
      const rows = await python?.(
        `import csv, json, math, sys
rows = list(csv.DictReader(open(sys.argv[1], newline='')))
print(json.dumps([[math.isnan(float(r['loss'])), r['far'], float(r['up']) == -math.inf, r['ok'], r['none'], r['text']] for r in rows]))`,
        file,
      )
      const same = ['[1, Infinity]', true, 'True', '', 'a "b",\nc']
      expect(rows).toEqual([
        [true, ...same],
        [false, ...same],
      ])
    },
  )
})

describe('csvFiles after a restore', () => {
  const three = [{ loss: 3 }, { loss: 2, note: 'x,"y"' }, { loss: 1 }]

  it('keeps the rows and columns that are there, adds those that are lost, and goes on', async () => {
    const directory = temporaryFolder()
    const first = await atWork(csvFiles({ directory }), viewOf())
    const cut = trialAfter([])
    first.start(cut)
    for (const report of three) first.report(cut, report)
    await first.end()
    const file = join(directory, 'demo', 'train_id0', 'progress.csv')
    const before = textOf(file)
    const lines = before.split('\r\n')
    // The crash has torn the last row.
    writeFileSync(file, before.slice(0, before.lastIndexOf(lines[3] as string) + 4))

    const trial = trialAfter(three, { attempt: 2 })
    const run = await atWork(csvFiles({ directory }), viewOf({ restored: true, trials: [trial] }))
    run.start(trial)
    run.report(trial, { loss: 0, late: 5 })
    await run.end()
    const after = textOf(file).split('\r\n')
    expect(after).toHaveLength(6)
    expect(after[0]).toBe(`${lines[0]},late`)
    expect(after.slice(1, 3)).toEqual(lines.slice(1, 3).map((line) => `${line},`))
    expect(after.slice(3, 5).map((line) => line.slice(0, 2))).toEqual(['1,', '0,'])
    expect(after[4]?.endsWith(',5')).toBe(true)
  })
})
