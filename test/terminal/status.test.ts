import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { textWidth } from '../../src/results/text.ts'
import { renderStatus, type StatusOptions } from '../../src/terminal/status.ts'
import { tutorial, type TutorialPart } from '../results/tutorial.ts'
import { bestOf, snapshot, summary, tutorialSnapshot, tutorialView, view } from './snapshots.ts'

const NOW = new Date(2025, 1, 10, 18, 6, 12)
const WIDE: StatusOptions = { width: 200, now: NOW }

/** The table of trials in a status: its labels and its rows, split at the rule. */
function tableIn(lines: readonly string[]): {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
} {
  const rule = lines.findIndex((line) => line.startsWith('───'))
  const spans: [start: number, end: number][] = []
  for (const { index, 0: dashes } of (lines[rule] ?? '').matchAll(/─+/g))
    spans.push([index, index + dashes.length])
  const split = (line: string) => spans.map(([start, end]) => line.slice(start, end).trim())
  const end = lines.findIndex((line, i) => i > rule && (line === '' || line.startsWith('…')))
  return {
    columns: split(lines[rule - 1] ?? ''),
    rows: lines.slice(rule + 1, end === -1 ? undefined : end).map(split),
  }
}

const rowsOf = (...args: Parameters<typeof renderStatus>) => tableIn(renderStatus(...args)).rows
const columnsOf = (...args: Parameters<typeof renderStatus>) => tableIn(renderStatus(...args)).columns

describe("the tutorial's page", () => {
  it.each(tutorial)('has the columns and the rows of the part $part', (part: TutorialPart) => {
    const { columns, rows } = tableIn(renderStatus(tutorialView(part), tutorialSnapshot(part), WIDE))
    expect(columns).toEqual(part.columns)
    expect(rows).toEqual(part.rows.map(({ cells }) => cells))
  })

  it('has the lines above the table, too', () => {
    const [part] = tutorial as [TutorialPart]
    const memory = { used: 22.7 * 2 ** 30, total: 36 * 2 ** 30 }
    const lines = renderStatus(tutorialView(part), tutorialSnapshot(part), { ...WIDE, memory })
    expect(lines.slice(0, 7)).toEqual([
      'Current time: 2025-02-10 18:06:12',
      'Running for:  00:00:35.68',
      'Memory:       22.7/36.0 GiB',
      '',
      'Using FIFO scheduling algorithm.',
      'Logical resource usage: 1.0/12 CPUs, 0/0 GPUs',
      'Number of trials: 10/10 (10 TERMINATED)',
    ])
  })
})

describe('the columns', () => {
  const reported = (metrics: object) => snapshot([summary(0, { metrics: { ...metrics } })])

  it('show sampled parameters by name, and no constants', () => {
    const trial = summary(0, { config: { z: 1, a: { b: 2 }, steps: 100 }, params: { z: 1, 'a/b': 2 } })
    const columns = columnsOf(view({ parameterNames: ['z', 'a/b', 'other/branch'] }), snapshot([trial]), WIDE)
    expect(columns).toEqual(['Trial name', 'status', 'loc', 'a/b', 'z'])
  })

  it('show known metrics first, in their order, then the first three of the user that are numbers', () => {
    const metrics = {
      note: 'x',
      d: 1,
      c: { deep: 2 },
      mean_loss: 3,
      mean_accuracy: 4,
      e: 5,
      f: 6,
      training_iteration: 7,
      timesteps_total: 8,
    }
    expect(columnsOf(view({ objectives: [] }), reported(metrics), WIDE).slice(3)).toEqual([
      'acc',
      'loss',
      'iter',
      'ts',
      'd',
      'c/deep',
      'e',
    ])
  })

  it('always show the objectives', () => {
    const objectives = [{ metric: 'f', mode: 'min' as const }]
    expect(
      columnsOf(view({ objectives }), reported({ b: 1, c: 2, d: 3, e: 4, f: 5 }), WIDE).slice(3),
    ).toEqual(['b', 'c', 'f'])
  })

  it('keep two metrics apart that would have one label', () => {
    expect(columnsOf(view(), reported({ mean_loss: 1, loss: 2 }), WIDE).slice(3)).toEqual([
      'mean_loss',
      'loss',
    ])
  })

  it('can be chosen, with labels', () => {
    const trial = summary(0, {
      config: { lr: 0.1, net: { width: 3 } },
      metrics: { val: { acc: 0.5 }, loss: 2 },
    })
    const options = {
      ...WIDE,
      metricColumns: { 'val/acc': 'accuracy', missing: 'gone' },
      parameterColumns: ['net/width'],
    }
    expect(tableIn(renderStatus(view(), snapshot([trial]), options))).toEqual({
      columns: ['Trial name', 'status', 'loc', 'net/width', 'accuracy', 'gone'],
      rows: [['train_0', 'RUNNING', 'in process', '3', '0.5', '']],
    })
  })

  it('do not come and go with the trials that are shown', () => {
    const ended = Array.from({ length: 5 }, (_, i) =>
      summary(i, { status: 'terminated', metrics: { mine: i } }),
    )
    const fresh = Array.from({ length: 5 }, (_, i) => summary(i + 5))
    expect(columnsOf(view(), snapshot([...ended, ...fresh]), { ...WIDE, maxRows: 5 })).toContain('mine')
  })

  it('write values as they are: NaN, infinities, nothing, lists', () => {
    const values = [NaN, Infinity, -Infinity, undefined, 1e-5, 123456.78]
    const trials = values.map((loss, i) =>
      summary(i, { config: { list: [i, 'a'] }, params: { list: [i, 'a'] }, metrics: { loss } }),
    )
    expect(
      rowsOf(view({ parameterNames: ['list'] }), snapshot(trials), WIDE).map((row) => row.slice(3)),
    ).toEqual([
      ['[0,"a"]', 'NaN'],
      ['[1,"a"]', 'Infinity'],
      ['[2,"a"]', '-Infinity'],
      ['[3,"a"]', ''],
      ['[4,"a"]', '1e-05'],
      ['[5,"a"]', '123457'],
    ])
  })

  it('set numbers under each other by their points', () => {
    const trials = [6.57558, -49.4554, 2, 1e-5, NaN].map((loss, i) =>
      summary(i, { location: '', metrics: { loss } }),
    )
    const lines = renderStatus(view(), snapshot(trials), WIDE)
    const start = lines.findIndex((line) => line.startsWith('Trial name'))
    expect(lines.slice(start).map((line) => line.slice(26))).toEqual([
      '     loss',
      '─────────',
      '  6.57558',
      '-49.4554',
      '  2',
      '  1e-05',
      '      NaN',
    ])
  })
})

describe('the rows', () => {
  it('come in order of number while there is room', () => {
    const trials = [
      summary(0, { status: 'terminated' }),
      summary(1),
      summary(2, { status: 'pending', location: undefined }),
    ]
    expect(rowsOf(view(), snapshot(trials), WIDE)).toEqual([
      ['train_0', 'TERMINATED', 'in process'],
      ['train_1', 'RUNNING', 'in process'],
      ['train_2', 'PENDING', ''],
    ])
  })

  it('are those that run, then the best and the latest ended, when there are too many', () => {
    const ended = Array.from({ length: 50 }, (_, i) =>
      summary(i, { status: i % 25 === 7 ? 'error' : 'terminated', metrics: { loss: i } }),
    )
    const live = [
      summary(50),
      summary(51, { status: 'paused' }),
      summary(52),
      summary(53, { status: 'pending' }),
    ]
    const [best] = ended as [(typeof ended)[0]]
    const lines = renderStatus(view(), snapshot([...ended, ...live], { best: bestOf(best, 'loss', 0) }), {
      ...WIDE,
      maxRows: 7,
    })
    expect(tableIn(lines).rows.map(([name]) => name)).toEqual([
      'train_50',
      'train_52',
      'train_51',
      'train_0',
      'train_47',
      'train_48',
      'train_49',
    ])
    expect(lines).toContain('… 47 more (2 ERROR, 1 PENDING, 44 TERMINATED)')
  })

  it('are no more than asked for even when more are running', () => {
    const lines = renderStatus(view(), snapshot(Array.from({ length: 100 }, (_, i) => summary(i))), {
      ...WIDE,
      maxRows: 3,
    })
    expect(tableIn(lines).rows.map(([name]) => name)).toEqual(['train_0', 'train_1', 'train_2'])
    expect(lines.at(-1)).toBe('… 97 more (97 RUNNING)')
  })

  it('are found among a hundred thousand', () => {
    const trials = Array.from({ length: 100_000 }, (_, i) =>
      summary(i, { status: i < 99_990 ? 'terminated' : 'running', metrics: { loss: i } }),
    )
    const lines = renderStatus(view(), snapshot(trials), WIDE)
    expect(tableIn(lines).rows).toHaveLength(20)
    expect(lines).toContain('Number of trials: 100000 (10 RUNNING, 99990 TERMINATED)')
  })
})

describe('the status', () => {
  it('of an experiment without trials has no table', () => {
    expect(renderStatus(view({ numSamples: 10 }), snapshot([]), WIDE)).toEqual([
      'Current time: 2025-02-10 18:06:12',
      'Running for:  00:00:00.00',
      '',
      'Using FIFO scheduling algorithm.',
      'Logical resource usage: 0/12 CPUs, 0/0 GPUs',
      'Number of trials: 0/10',
    ])
  })

  it('counts resources of any kind, fractions and no limit included', () => {
    const resources = {
      used: { cpu: 0.5, gpu: 2, tpu: 1.25 },
      total: { cpu: Infinity, gpu: 4, tpu: 8, licence: 3 },
    }
    expect(renderStatus(view(), snapshot([], { resources }), WIDE)).toContain(
      'Logical resource usage: 0.5/∞ CPUs, 2.0/4 GPUs, 1.25/8 tpu, 0/3 licence',
    )
  })

  it('names the best trial so far, in two lines where one is too narrow', () => {
    const best = bestOf(
      summary(3, { config: { lr: 0.00012345678, act: 'relu' }, iteration: 7 }),
      'loss',
      -Infinity,
    )
    const lines = (width: number) => renderStatus(view(), snapshot([], { best }), { ...WIDE, width }).slice(6)
    expect(lines(100)).toEqual([
      'Best trial: train_3 with loss=-Infinity at iteration 7 (act=relu, lr=0.000123457)',
    ])
    expect(lines(60)).toEqual([
      'Best trial: train_3 with loss=-Infinity at iteration 7',
      '  act=relu, lr=0.000123457',
    ])
  })

  it('says so when the best is infeasible', () => {
    const best = bestOf(summary(3, { feasible: false }), 'loss', 1)
    expect(renderStatus(view(), snapshot([], { best }), WIDE).at(-1)).toBe(
      'Best trial: train_3 with loss=1 at iteration 0, infeasible',
    )
  })

  it('lists what failed, with the first line of the message', () => {
    const trials = [
      summary(0, { status: 'error', failures: 3, error: '\nboom: bad lr\n  at train' }),
      summary(1, { status: 'running', failures: 1, error: 'lost' }),
      summary(2, { status: 'error', failures: 1, reason: 'its final loss is NaN' }),
    ]
    const lines = renderStatus(view(), snapshot(trials), WIDE)
    expect(lines.slice(lines.findIndex((line) => line.startsWith('Number of failed')))).toEqual([
      'Number of failed trials: 2, and 1 to be tried again',
      'Trial name  # failures  error',
      '──────────  ──────────  ─────────────────────',
      'train_0              3  boom: bad lr',
      'train_1              1  lost',
      'train_2              1  its final loss is NaN',
    ])
  })

  it('does not count a trial among the failed that came through in the end', () => {
    const trials = [
      summary(0, { status: 'terminated', state: 'completed', failures: 1 }),
      summary(1, { status: 'terminated', state: 'pruned', failures: 2 }),
      summary(2, { status: 'paused', state: 'interrupted', failures: 1, error: 'lost' }),
    ]
    expect(renderStatus(view(), snapshot(trials), WIDE).join('\n')).not.toMatch(/failed|lost/)
    const retrying = summary(3, { status: 'retrying', state: 'running', failures: 1, error: 'lost' })
    const lines = renderStatus(view(), snapshot([...trials, retrying]), WIDE)
    expect(lines).toContain('1 trial failed and will be tried again')
    expect(lines.at(-1)).toBe('train_3              1  lost')
  })

  it('names who leads in each of several objectives, and how many are in the front', () => {
    const objectives = [
      { metric: 'loss', mode: 'min' },
      { metric: 'gain', mode: 'max' },
    ] as const
    const trials = [
      [1, 1],
      [2, 5],
      [3, 4],
      [0, NaN],
    ].map((values, i) => summary(i, { values }))
    const infeasible = summary(4, { values: [-9, 9], feasible: false })
    const failed = summary(5, { values: [-9, 9], status: 'error', state: 'failed' })
    const lines = renderStatus(view({ objectives }), snapshot([...trials, infeasible, failed]), WIDE)
    expect(lines).toContain('Best loss=1 by train_0, gain=5 by train_1; 2 trials in the Pareto front')
    expect(renderStatus(view({ objectives }), snapshot([summary(0)]), WIDE).join()).not.toContain('Best')
    const many = Array.from({ length: 20_000 }, (_, i) => summary(i, { values: [i, i] }))
    expect(renderStatus(view({ objectives }), snapshot(many), WIDE)).toContain(
      'Best loss=0 by train_0, gain=19999 by train_19999',
    )
  })

  it('leaves room for the trials on a terminal of 80 columns and 24 lines, whatever failed', () => {
    const trials = Array.from({ length: 40 }, (_, i) =>
      summary(i, i % 2 === 0 ? { status: 'error', state: 'failed', failures: 1, error: 'boom' } : {}),
    )
    const best = bestOf(summary(1, { config: { lr: 0.1, width: 12, momentum: 0.9 } }), 'loss', 0.123456)
    const memory = { used: 1, total: 2 }
    const options = { ...WIDE, width: 79, height: 22, memory }
    const lines = renderStatus(view(), snapshot(trials, { best }), options)
    expect(lines.length).toBeLessThanOrEqual(22)
    expect(tableIn(lines).rows.length).toBeGreaterThanOrEqual(6)
    expect(lines.at(-1)).toBe('Number of failed trials: 20, the last train_38: boom')
    const few = renderStatus(view(), snapshot(trials.slice(0, 3), { best }), { ...options, height: 30 })
    expect(few.slice(-4)).toEqual([
      'Trial name  # failures  error',
      '──────────  ──────────  ─────',
      'train_0              1  boom',
      'train_2              1  boom',
    ])
  })

  it('says what is waited for when nothing runs', () => {
    const waitingFor = ['the searcher, for the configuration of trial 3']
    const idle = snapshot([], { waitingFor })
    expect(renderStatus(view(), idle, WIDE).at(-1)).toBe(
      'Waiting for the searcher, for the configuration of trial 3',
    )
    const busy = snapshot([summary(0)], { waitingFor })
    expect(renderStatus(view(), busy, WIDE).join('\n')).not.toContain('Waiting')
  })

  it('leaves out on narrow terminals what is missed least, and says that it did', () => {
    const [part] = tutorial as [TutorialPart]
    const at = (width: number) => columnsOf(tutorialView(part), tutorialSnapshot(part), { ...WIDE, width })
    expect(at(112)).not.toContain('loc')
    expect(at(112).slice(-3)).toEqual(['total time (s)', 'iterations', '…'])
    expect(at(79)).toEqual(['Trial name', 'status', 'activation', 'height', 'width', 'loss', '…'])
    expect(at(45)).toEqual(['Trial name', 'status', 'loss', '…'])
  })

  it('never shows a character that drives the terminal', () => {
    const evil = '\u001B[2J\u0007\r\n\u202E'
    const trial = summary(0, {
      name: `a${evil}`,
      location: evil,
      config: { [`p${evil}`]: evil },
      metrics: { [`m${evil}`]: 1 },
      failures: 1,
      error: evil,
    })
    const lines = renderStatus(
      view(),
      snapshot([trial], { best: bestOf(trial, `m${evil}`, 1), scheduler: evil }),
      WIDE,
    )
    expect(lines.join('')).not.toMatch(/[\p{Cc}\u202E]/u)
  })

  it('colours only when asked to, and keeps the widths', () => {
    const trials = [
      summary(0, { metrics: { loss: 1 } }),
      summary(1, { status: 'error', failures: 1, error: 'x' }),
    ]
    const plain = renderStatus(view(), snapshot(trials), WIDE)
    const coloured = renderStatus(view(), snapshot(trials), { ...WIDE, color: true })
    expect(coloured.join('\n')).toContain('\u001B[36mRUNNING\u001B[39m')
    expect(coloured.join('\n')).toContain('\u001B[31mERROR  \u001B[39m')
    const stripped = coloured.map((line) =>
      line.replace(new RegExp(String.raw`\u001B\[\d+m`, 'gu'), '').trimEnd(),
    )
    expect(stripped).toEqual(plain.map((line) => line.trimEnd()))
  })

  it('fits into any terminal', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 60 })
    const trial = fc.record({
      name: text,
      location: text,
      lr: fc.double(),
      word: text,
      loss: fc.double(),
      failures: fc.nat(1),
      error: text,
    })
    fc.assert(
      fc.property(
        fc.array(trial, { maxLength: 40 }),
        fc.integer({ min: 12, max: 150 }),
        fc.integer({ min: 3, max: 60 }),
        (told, width, height) => {
          const trials = told.map(({ lr, word, loss, ...rest }, i) =>
            summary(i, { ...rest, config: { lr, word }, metrics: { loss } }),
          )
          const [first] = trials
          const best = first && bestOf(first, 'loss', 1)
          const lines = renderStatus(view(), snapshot(trials, { best }), { width, height, now: NOW })
          expect(lines.length).toBeLessThanOrEqual(height)
          for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(width)
        },
      ),
    )
  })
})
