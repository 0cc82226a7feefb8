import { Tuner } from 'troupe'
import { terminal } from 'troupe/terminal'
import { simulate } from 'troupe/testing'
import { describe, expect, it } from 'vitest'
import { formatNumber } from '../../src/core/format-number.ts'
import { tutorial, type TutorialRow } from '../results/tutorial.ts'
import {
  type Config,
  defineByRun,
  evaluate,
  fourAtATime,
  LOSS_AND_GAIN,
  MIN_LOSS,
  paramSpace,
  quickMultiObjective,
  quickObjective,
} from './tutorial-page.ts'

// The 40 trials that the page of Ray Tune's tutorial shows, run again.

describe('the page’s rows', () => {
  /** The page's searcher, its points, and the trainable, for one of the page's four runs. */
  function runOf(part: string, points: readonly object[]) {
    const isConditional = part === 'conditional'
    const isMulti = part === 'multiObjective'
    const searcher = fourAtATime({
      pointsToEvaluate: points,
      space: isConditional ? defineByRun : paramSpace,
      ...(isMulti ? LOSS_AND_GAIN : MIN_LOSS),
    })
    const trainable = isMulti ? quickMultiObjective : quickObjective
    return { searcher, trainable, metrics: isMulti ? ['loss', 'gain'] : ['mean_loss'] }
  }

  it.each(tutorial)('come out when their configurations are run: $part', async ({ part, rows }) => {
    const { metrics: names, ...run } = runOf(
      part,
      rows.map(({ config }) => config),
    )
    const { results } = await simulate({ ...run, numSamples: rows.length })
    expect(results.length).toBe(10)
    for (const { number, config, metrics } of results) {
      const row = rowAt(rows, number)
      expect(config).toEqual(row.config)
      expect(metrics).toMatchObject({ training_iteration: 100, iterations: 99 })
      for (const name of names) expectAsPrinted(metrics?.[name], row, name)
    }
  })

  it.each(tutorial)(
    'come out to the digit for the best, known in full: $part',
    async ({ part, rows, best }) => {
      const { metrics: names, ...run } = runOf(
        part,
        best.map(({ config }) => config),
      )
      const { results } = await simulate({ ...run, numSamples: best.length })
      for (const { config, metrics } of results) {
        const width = formatNumber(config.width)
        const row = rows.find(({ cells }) => cells.includes(width))
        expect(row?.cells).toContain(formatNumber(config.height))
        for (const name of names) expect(row?.cells).toContain(formatNumber(Number(metrics?.[name])))
      }
    },
  )

  it.each(tutorial)('are printed as there, with the columns in their order: $part', async (page) => {
    const { part, rows, columns, schedulerLine } = page
    const written: string[] = []
    const {
      trainable,
      searcher,
      metrics: names,
    } = runOf(
      part,
      rows.map(({ config }) => config),
    )
    const reporter = terminal({ stream: { write: (text: string) => written.push(text) } })
    const results = await new Tuner(trainable, { searcher, numSamples: rows.length, reporter }).fit()

    const text = written.join('')
    expect(text).toContain(schedulerLine)
    expect(text).toMatch(/Current time: .*\nRunning for: .*\nMemory: .*GiB/)
    expect(text).toMatch(/Logical resource usage: [\d./]+ CPUs, 0\/0 GPUs/)
    const lines = text.split('\n')
    const head = lines.findLastIndex((line) => line.startsWith('Trial name'))
    expect(cellsOf(lines[head])).toEqual(columns)
    const printed = new Map(
      lines
        .slice(head + 2, head + 12)
        .map(cellsOf)
        .map((cells) => [cells[0], cells]),
    )
    expect(printed.size).toBe(10)
    for (const { name, number } of results) {
      const row = rowAt(rows, number)
      expect(name).toMatch(new RegExp(`^${trainable.name}_[\\da-f]{8}$`))
      for (const [i, column] of columns.entries()) {
        const cell = printed.get(name)?.[i]
        // Name, place and time are each run's own; the metrics follow from numbers that the page has rounded.
        if (column === 'loc') expect(cell).toBe('in-process')
        else if (column === 'loss' || column === 'gain') {
          expectAsPrinted(cell, row, column === 'gain' || names.length > 1 ? column : 'mean_loss')
        } else if (column !== 'Trial name' && column !== 'total time (s)') expect(cell).toBe(row.cells[i])
      }
    }
  })
})

function rowAt(rows: readonly TutorialRow[], number: number): TutorialRow {
  const row = rows[number]
  if (row === undefined) throw new Error(`The page has no row ${number}.`)
  return row
}

function cellsOf(line = ''): string[] {
  return line.trimEnd().split(/ {2,}/)
}

/** Half of a unit in the last of the six digits that the page prints. */
const halfDigit = (value: number): number => 0.5 * 10 ** (Math.floor(Math.log10(Math.abs(value))) - 5)

/** Expects a metric to be what the page prints, but for what its rounding of configuration and metric leaves open. */
function expectAsPrinted(value: unknown, { config, metrics }: TutorialRow, name: string): void {
  const metricAt = (width: number, height: number): number => {
    const loss = evaluate(99, { ...config, width, height } as Config)
    return name === 'gain' ? loss * width : loss
  }
  const [w, h] = [halfDigit(config.width), halfDigit(config.height)]
  const corners = [-w, w].flatMap((dw) =>
    [-h, h].map((dh) => metricAt(config.width + dw, config.height + dh)),
  )
  const centre = metricAt(config.width, config.height)
  const printed = metrics[name] as number
  const open = Math.max(...corners.map((corner) => Math.abs(corner - centre)))
  // Twice half a digit: the page's, and that of a cell of ours.
  expect(Math.abs(Number(value) - printed)).toBeLessThanOrEqual(open + 2.001 * halfDigit(printed))
}
