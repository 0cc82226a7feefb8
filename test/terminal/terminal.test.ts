import { EventEmitter } from 'node:events'
import { Writable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { DecisionInfo, ExperimentEvents } from '../../src/core/events.ts'
import type { TrialSummary } from '../../src/core/snapshot.ts'
import { OptionError } from '../../src/errors.ts'
import { LiveFrame } from '../../src/terminal/live-frame.ts'
import { Output } from '../../src/terminal/output.ts'
import { type Reporter, terminal, type TerminalOptions } from '../../src/terminal/index.ts'
import { recordOf, type Told } from '../results/records.ts'
import { Pipe, Screen } from './screen.ts'
import { bestOf, endOf, snapshot, summary, view } from './snapshots.ts'

beforeEach(() => {
  vi.useFakeTimers({
    now: new Date(2025, 1, 10, 18, 6, 12),
    toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'],
  })
  vi.stubEnv('NO_COLOR', '')
  vi.stubEnv('TERM', 'xterm-256color')
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
})

const GO_ON: DecisionInfo = { kind: 'continue', by: 'scheduler', reason: undefined, evidence: undefined }

/** A reporter that has started, and the events that a Tuner would send it. */
function started(options: TerminalOptions) {
  const reporter = terminal(options)
  reporter.start(view({ numSamples: 10 }))
  const send = <Name extends keyof ExperimentEvents>(name: Name, event: ExperimentEvents[Name]) =>
    reporter.on?.[name]?.(event)
  return { reporter, send }
}

const trial = (told: Told = {}, number = 0) =>
  recordOf({ config: { lr: 0.1 }, reports: [{ loss: 2 }], ...told }, number)
const report = (told?: Told, at = 1000): ExperimentEvents['trial.report'] => {
  const record = trial(told)
  return { trial: record, metrics: record.metrics ?? {}, decision: GO_ON, at }
}
const running = (loss: number, told: Partial<TrialSummary> = {}) =>
  summary(0, { metrics: { loss }, config: { lr: 0.1 }, ...told })

describe('on a terminal', () => {
  it('draws the table over itself', () => {
    const screen = new Screen()
    const { reporter } = started({ stream: screen })
    reporter.update(snapshot([running(2)]))
    vi.advanceTimersByTime(300)
    reporter.update(snapshot([running(1), summary(1)], { elapsedMs: 300 }))
    expect(screen.lines).toEqual([
      '',
      'Current time: 2025-02-10 18:06:12',
      'Running for:  00:00:00.30',
      expect.stringMatching(/^Memory: {7}\d+\.\d\/\d+\.\d GiB$/),
      '',
      'Using FIFO scheduling algorithm.',
      'Logical resource usage: 2.0/12 CPUs, 0/0 GPUs',
      'Number of trials: 2/10 (2 RUNNING)',
      '',
      'Trial name  status   loc          lr  loss',
      '──────────  ───────  ──────────  ───  ────',
      'train_0     RUNNING  in process  0.1     1',
      'train_1     RUNNING  in process',
    ])
  })

  it('draws at most once in maxFrequencyMs, and what came between in the end', () => {
    const screen = new Screen()
    const { reporter } = started({ stream: screen, maxFrequencyMs: 400 })
    for (let i = 0; i < 40; i++) {
      reporter.update(snapshot([running(i)]))
      vi.advanceTimersByTime(50)
    }
    // 2,000 ms: at 0, 400, 800, 1200, 1600 and 2000.
    expect(screen.writes).toBe(6)
    expect(screen.text).toContain('39')
    vi.advanceTimersByTime(400)
    expect(screen.writes).toBe(6)
  })

  it('lets the clock go on while nothing happens', () => {
    const screen = new Screen()
    const { reporter } = started({ stream: screen })
    reporter.update(snapshot([running(1)], { elapsedMs: 5000 }))
    vi.advanceTimersByTime(3000)
    expect(screen.text).toContain('Running for:  00:00:08.00')
    expect(screen.text).toContain('Current time: 2025-02-10 18:06:15')
  })

  it('leaves the whole table standing at the end, and no timer and no listener behind', () => {
    const screen = Object.assign(new Screen(120, 12), new EventEmitter())
    const stream = Object.assign(new EventEmitter(), {
      isTTY: true as const,
      columns: 120,
      rows: 12,
      write: (text: string, written?: () => void) => screen.write(text, written),
    })
    const { reporter } = started({ stream })
    expect(stream.listenerCount('error')).toBe(1)
    const trials = Array.from({ length: 15 }, (_, i) => summary(i))
    for (let i = 0; i < 20; i++) {
      reporter.update(snapshot(trials, { elapsedMs: i * 300 }))
      vi.advanceTimersByTime(300)
    }
    const done = trials.map((one) => ({ ...one, status: 'terminated' as const }))
    reporter.end(endOf([], { snapshot: snapshot(done, { status: 'done' }) }))
    expect(screen.lines.filter((line) => line.startsWith('train_'))).toHaveLength(15)
    expect(screen.lines.filter((line) => line.includes('RUNNING'))).toEqual([])
    expect(screen.lines.filter((line) => line.startsWith('Current time'))).toHaveLength(1)
    expect(vi.getTimerCount()).toBe(0)
    expect(stream.listenerCount('error')).toBe(0)
  })

  it('never draws more lines than the terminal has, which it could not draw over', () => {
    const screen = new Screen(100, 15)
    const { reporter } = started({ stream: screen })
    const trials = Array.from({ length: 100 }, (_, i) => summary(i, { failures: i % 2, error: 'x' }))
    for (let i = 0; i < 5; i++) {
      reporter.update(snapshot(trials, { best: bestOf(summary(0), 'loss', 1) }))
      vi.advanceTimersByTime(250)
    }
    expect(screen.lines.length).toBeLessThan(15)
    expect(screen.lines.filter((line) => line.includes('running for'))).toHaveLength(1)
  })

  it('writes what trials log and warnings above the table', () => {
    const screen = new Screen()
    const { reporter, send } = started({ stream: screen })
    reporter.update(snapshot([running(1)]))
    send('trial.log', {
      trial: trial(),
      level: 'info',
      message: 'loaded\u001B[2J',
      fields: { rows: 1797 },
      at: 1500,
    })
    send('trial.log', { trial: trial(), level: 'debug', message: 'hidden', fields: undefined, at: 1500 })
    send('experiment.warning', {
      at: 2000,
      kind: 'listener',
      message: 'a listener threw',
      trial: undefined,
      cause: undefined,
    })
    vi.advanceTimersByTime(250)
    expect(screen.lines.slice(0, 4)).toEqual([
      '00:00:01.50  train_0 info: loaded: rows=1797',
      '00:00:02.00  warning: a listener threw',
      '',
      'Current time: 2025-02-10 18:06:12',
    ])
  })

  it('leaves standing what user code prints, and draws the table under it', () => {
    const screen = new Screen()
    const { reporter } = started({ stream: screen })
    reporter.update(snapshot([running(2)]))
    screen.write('epoch 1\n')
    screen.write('epoch 2\nhalf a line')
    expect(screen.lines).toEqual(['epoch 1', 'epoch 2', 'half a line'])
    vi.advanceTimersByTime(250)
    screen.write('epoch 3\n')
    reporter.update(snapshot([running(1)]))
    vi.advanceTimersByTime(250)
    expect(screen.lines.slice(0, 6)).toEqual([
      'epoch 1',
      'epoch 2',
      'half a line',
      'epoch 3',
      '',
      'Current time: 2025-02-10 18:06:12',
    ])
    expect(screen.lines.filter((line) => line.startsWith('Current time'))).toHaveLength(1)
    expect(screen.lines.at(-1)).toBe('train_0     RUNNING  in process  0.1     1')
    reporter.end(endOf([]))
    expect(Object.hasOwn(screen, 'write')).toBe(false)
  })

  it('lets bytes pass as they are, and who has put something over the stream keep it', () => {
    const screen = new Screen()
    const { reporter } = started({ stream: screen })
    reporter.update(snapshot([running(2)]))
    const passed: unknown[] = []
    const before = screen.write
    screen.write = (...args) => {
      passed.push(args[0])
      return before.apply(screen, args)
    }
    const bytes = new TextEncoder().encode('bytes\n')
    screen.write(bytes)
    reporter.end(endOf([]))
    screen.write('after\n')
    expect(passed).toEqual([bytes, 'after\n'])
    expect(screen.lines.at(-1)).toBe('after')
  })

  it('says with verbose 2 what is reported, as far as it can be read', () => {
    const screen = new Screen()
    const { reporter, send } = started({ stream: screen, verbose: 2 })
    reporter.update(snapshot([running(1)]))
    for (let i = 0; i < 1000; i++) send('trial.report', report())
    vi.advanceTimersByTime(250)
    expect(screen.lines.filter((line) => line.includes('train_0 reported: loss=2'))).toHaveLength(200)
    expect(screen.text).toContain('(800 reports left out)')
  })

  it('waits for a terminal that is slower than the experiment', () => {
    const screen = new Screen()
    const { reporter } = started({ stream: screen })
    reporter.update(snapshot([running(1)]))
    screen.writableNeedDrain = true
    vi.advanceTimersByTime(250)
    reporter.update(snapshot([running(2)]))
    expect(screen.writes).toBe(1)
    screen.writableNeedDrain = false
    vi.advanceTimersByTime(250)
    expect(screen.writes).toBe(2)
  })

  it.each([
    ['has colours', {}, true],
    ['has none with NO_COLOR', { NO_COLOR: '1' }, false],
  ])('%s', (_, env, coloured) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
    const screen = new Screen()
    started({ stream: screen }).reporter.update(snapshot([running(1)]))
    expect(screen.raw.includes('\u001B[36mRUNNING')).toBe(coloured)
  })

  it('that cannot move its cursor gets plain lines', () => {
    vi.stubEnv('TERM', 'dumb')
    const screen = new Screen()
    const { reporter } = started({ stream: screen })
    reporter.update(snapshot([running(1)]))
    reporter.end(endOf([]))
    expect(screen.raw).not.toContain('\u001B')
  })
})

describe('a frame', () => {
  it('knows how high its lines stand after the terminal was made narrower', () => {
    const stream = {
      text: '',
      columns: 40,
      write(text: string) {
        this.text = text
      },
    }
    const frame = new LiveFrame(new Output(stream))
    frame.draw(['x'.repeat(39), 'y', '\u001B[1mbold\u001B[22m'])
    stream.columns = 10
    frame.draw(['z'])
    expect(stream.text.startsWith('\r\u001B[6A')).toBe(true)
  })
})

describe('on a pipe', () => {
  it('says in one line what ended, and how things stand now and then', () => {
    const stream = new Pipe()
    const { reporter, send } = started({ stream })
    const best = bestOf(summary(0), 'loss', 2)
    for (let at = 0; at <= 21_000; at += 500) reporter.update(snapshot([running(2)], { elapsedMs: at, best }))
    send('trial.complete', { trial: trial(), at: 21_500 })
    send('trial.stop', {
      trial: trial({ state: 'pruned', reason: { by: 'scheduler', text: 'lost rung 3' } }, 1),
      reason: undefined,
      at: 21_600,
    })
    send('trial.error', {
      trial: trial({ state: 'failed', reports: [] }, 2),
      error: new Error('boom\n at x'),
      at: 21_700,
    })
    send('trial.retry', {
      trial: trial({ reports: [] }, 3),
      error: new RangeError(''),
      attempt: 2,
      at: 21_800,
    })
    send('trial.report', report())
    expect(stream.lines).toEqual([
      'train: Using FIFO scheduling algorithm.',
      '00:00:00.00  Number of trials: 1/10 (1 RUNNING), best loss=2 by train_0',
      '00:00:10.00  Number of trials: 1/10 (1 RUNNING), best loss=2 by train_0',
      '00:00:20.00  Number of trials: 1/10 (1 RUNNING), best loss=2 by train_0',
      '00:00:21.50  train_0 completed after 1 report: loss=2, training_iteration=1, time_total_s=1 (lr=0.1)',
      '00:00:21.60  train_1 pruned after 1 report (lost rung 3): loss=2, training_iteration=1, time_total_s=1 (lr=0.1)',
      '00:00:21.70  train_2 failed after 0 reports: boom (lr=0.1)',
      '00:00:21.80  train_3 failed and will be tried again: RangeError',
    ])
  })

  it('closes with the table, what else is to be said, and how it ended', () => {
    const stream = new Pipe()
    const { reporter } = started({ stream })
    const last = snapshot([running(2, { status: 'terminated' })], { status: 'done', elapsedMs: 61_000 })
    const warnings = Array.from({ length: 12 }, (_, i) => ({
      at: 0,
      kind: 'callback' as const,
      message: `no. ${i}`,
      trial: undefined,
      cause: undefined,
    }))
    reporter.end(endOf([], { snapshot: last, endedBy: 'timeBudget', warnings }))
    expect(stream.text).not.toContain('\u001B')
    expect(stream.lines).toContain('Running for:  00:01:01.00')
    expect(stream.lines).toContain('train_0     TERMINATED  in process  0.1     2')
    expect(stream.lines.slice(-3)).toEqual([
      'Warning: no. 9',
      '… 2 more warnings',
      'Ended by its time budget.',
    ])
  })

  it('closes with the best by each of several objectives', () => {
    const stream = new Pipe()
    const reporter = terminal({ stream })
    const objectives = [
      { metric: 'loss', mode: 'min' },
      { metric: 'gain', mode: 'max' },
    ] as const
    reporter.start(view({ objectives }))
    const trials = [
      { config: { x: 1 }, reports: [{ loss: 1, gain: 1 }] },
      { config: { x: 2 }, reports: [{ loss: 2, gain: Infinity }] },
    ]
    reporter.end(endOf(trials, { objectives }))
    expect(stream.lines.slice(-2)).toEqual([
      'Best loss (min): train_0 with loss=1 at iteration 1 (x=1)',
      'Best gain (max): train_1 with gain=Infinity at iteration 1 (x=2)',
    ])
  })

  it('says with verbose 2 what is reported, and counts what a slow reader made it leave out', () => {
    const stream = new Pipe()
    const { send } = started({ stream, verbose: 2 })
    send('trial.report', report())
    stream.writableNeedDrain = true
    for (let i = 0; i < 5; i++) send('trial.report', report())
    send('trial.complete', { trial: trial(), at: 2000 })
    stream.writableNeedDrain = false
    send('trial.report', report({ reports: [{ loss: 7 }] }))
    expect(stream.lines.map((line) => line.replace(/:? .{0,3}loss.*/, ''))).toEqual([
      '00:00:01.00  train_0 reported',
      '(5 reports left out)',
      '00:00:02.00  train_0 completed after 1 report',
      '00:00:01.00  train_0 reported',
    ])
  })

  it('writes no more than a few values of many', () => {
    const stream = new Pipe()
    const { send } = started({ stream, verbose: 2 })
    send(
      'trial.report',
      report({ reports: [Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`m${i}`, i]))] }),
    )
    expect(stream.lines[0]).toMatch(/m7=7, …$/)
  })
})

describe('verbose 0', () => {
  const loud = (reporter: Reporter) => {
    reporter.update(snapshot([running(1)]))
    vi.advanceTimersByTime(60_000)
  }

  it('listens to nothing and says at the end what failed and what is best', () => {
    const screen = new Screen(100)
    const { reporter } = started({ stream: screen, verbose: 0 })
    loud(reporter)
    expect(screen.raw).toBe('')
    expect(reporter.on).toEqual({})
    const failed = snapshot([summary(1, { status: 'error', failures: 1, error: 'boom' })], { status: 'done' })
    reporter.end(endOf([{ config: { lr: 0.1 }, reports: [{ loss: 3 }] }], { snapshot: failed }))
    expect(screen.lines).toEqual([
      'Number of failed trials: 1',
      'Trial name  # failures  error',
      '──────────  ──────────  ─────',
      'train_1              1  boom',
      'Best trial: train_0 with loss=3 at iteration 1 (lr=0.1)',
    ])
  })

  it('says so when nothing came of it', () => {
    const stream = new Pipe()
    const { reporter } = started({ stream, verbose: 0 })
    reporter.end(endOf([], { endedBy: 'error', error: new Error('the searcher gave up\nstack') }))
    expect(stream.lines).toEqual(['Best trial: none', 'Failed: the searcher gave up'])
  })
})

describe('a stream that breaks', () => {
  const wholeRun = ({ reporter, send }: ReturnType<typeof started>) => {
    reporter.update(snapshot([running(1)]))
    send('trial.complete', { trial: trial(), at: 1 })
    send('trial.report', report())
    vi.advanceTimersByTime(5000)
    reporter.update(snapshot([running(2)]))
    reporter.end(endOf([]))
  }

  it.each([0, 1, 2] as const)('by throwing harms nothing (verbose %d)', (verbose) => {
    const stream = {
      isTTY: true,
      write: vi.fn<() => void>(() => {
        throw new Error('EIO')
      }),
    }
    wholeRun(started({ stream, verbose }))
    expect(stream.write).toHaveBeenCalledTimes(1)
  })

  it('as a closed pipe does harms nothing', async () => {
    vi.useRealTimers()
    let writes = 0
    const stream = new Writable({
      write(_chunk, _encoding, done) {
        writes++
        done(new Error('EPIPE'))
      },
    })
    const { reporter, send } = started({ stream, verbose: 2 })
    send('trial.report', report())
    await new Promise((resolve) => stream.once('close', resolve))
    send('trial.report', report())
    reporter.end(endOf([]))
    expect(writes).toBe(1)
    // The broken stream may tell its error late: whoever listens keeps the process alive.
    expect(stream.listenerCount('error')).toBe(1)
  })

  it('or a value that cannot be shown ends the display with one line', () => {
    const stream = new Pipe()
    const { reporter } = started({ stream })
    const broken = {
      ...snapshot([]),
      get trials(): never {
        throw new Error('gone')
      },
    }
    reporter.update(broken)
    reporter.update(snapshot([running(1)]))
    expect(stream.lines).toEqual([
      'train: Using FIFO scheduling algorithm.',
      'The terminal reporter stopped: gone',
    ])
  })
})

describe('one reporter', () => {
  it.each([0, 1, 2] as const)('shows one experiment after the other (verbose %d)', (verbose) => {
    const stream = new Pipe()
    const { reporter } = started({ stream, verbose })
    const told = { config: { lr: 0.1 }, reports: [{ loss: 3 }] }
    reporter.update(snapshot([running(3)]))
    reporter.end(endOf([told]))
    const first = stream.text
    stream.text = ''
    reporter.start(view({ numSamples: 10 }))
    reporter.update(snapshot([running(3)]))
    reporter.end(endOf([told]))
    expect(first).not.toBe('')
    expect(stream.text).toBe(first)
  })

  it('refuses a second one while the first lasts', () => {
    const { reporter } = started({ stream: new Pipe() })
    expect(() => reporter.start(view())).toThrow(OptionError)
    expect(() => reporter.start(view())).toThrow(/Give each Tuner one of its own/)
  })
})

describe('the options', () => {
  it.each([
    [{ verbose: 3 }, /terminal\.verbose: must be 0, 1 or 2. Got 3/],
    [{ maxRows: 0 }, /terminal\.maxRows: must be an integer from 1/],
    [{ maxFrequencyMs: -1 }, /terminal\.maxFrequencyMs: must be a number from 0/],
    [{ stream: {} }, /terminal\.stream: must be a stream/],
    [{ metricColumns: 'loss' }, /terminal\.metricColumns: must be an array of names/],
    [{ parameterColumns: { lr: 1 } }, /terminal\.parameterColumns: must be an array of names/],
    [{ maxrows: 3 }, /no option maxrows. Did you mean maxRows\?/],
  ])('refuse %j where it is given', (options, message) => {
    expect(() => terminal(options as TerminalOptions)).toThrow(OptionError)
    expect(() => terminal(options as TerminalOptions)).toThrow(message)
  })

  it('take any number of rows', () => {
    const stream = new Pipe()
    const { reporter } = started({ stream, maxRows: Infinity })
    reporter.end(endOf([], { snapshot: snapshot(Array.from({ length: 500 }, (_, i) => summary(i))) }))
    expect(stream.lines.filter((line) => line.startsWith('train_'))).toHaveLength(500)
  })

  it('need none', () => expect(terminal()).toHaveProperty('start'))
})
