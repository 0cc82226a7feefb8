import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { resultsOf, type Told } from './records.ts'

const paused: Told = {
  name: 'train_a',
  state: 'completed',
  endedAt: 10_000,
  stays: [
    ['pending', 0],
    ['running', 1000],
    ['paused', 4000, 'trial.pause'],
    ['running', 6000],
    ['terminated', 10_000, 'run.settled'],
  ],
}
const retried: Told = {
  name: 'train_b',
  state: 'failed',
  endedAt: 9000,
  reason: { by: 'trainable', text: 'x < 1 & "y"' },
  stays: [
    ['running', 0],
    ['retrying', 3000, 'run.settled', 1],
    ['running', 4000, 'trial.start', 2],
    ['error', 9000, 'run.settled', 2],
  ],
}
const running: Told = {
  name: 'train_c',
  state: 'running',
  stays: [
    ['pending', 0],
    ['running', 2000],
  ],
}
const pruned: Told = {
  state: 'pruned',
  endedAt: 8000,
  reason: { by: 'scheduler', text: 'lost rung 3' },
  stays: [
    ['running', 0],
    ['stopping', 7000],
    ['terminated', 8000],
  ],
}
const cut: Told = {
  state: 'interrupted',
  endedAt: 10_000,
  stays: [
    ['running', 0],
    ['paused', 10_000],
  ],
}

const timelineOf = (trials: readonly Told[], elapsedMs = 10_000) =>
  resultsOf(trials, { elapsedMs }).timeline()

describe('the timeline as data', () => {
  it("is each trial's stays in its machine's states", () => {
    expect(timelineOf([paused]).lanes).toEqual([
      {
        number: 0,
        trialId: 'id0',
        name: 'train_a',
        state: 'completed',
        reason: undefined,
        endedAt: 10_000,
        stays: [
          { status: 'pending', from: 0, to: 1000, cause: 'trial.pending', attempt: 1 },
          { status: 'running', from: 1000, to: 4000, cause: 'trial.running', attempt: 1 },
          { status: 'paused', from: 4000, to: 6000, cause: 'trial.pause', attempt: 1 },
          { status: 'running', from: 6000, to: 10_000, cause: 'trial.running', attempt: 1 },
          { status: 'terminated', from: 10_000, to: 10_000, cause: 'run.settled', attempt: 1 },
        ],
      },
    ])
  })

  it('leaves the last stay of a living trial open', () => {
    expect(timelineOf([running]).lanes[0]).toMatchObject({
      endedAt: undefined,
      stays: [{ to: 2000 }, { to: undefined }],
    })
  })

  it('reaches to the last end, or as far as the experiment has come', () => {
    expect(timelineOf([paused], 3000).elapsedMs).toBe(10_000)
    expect(timelineOf([paused], 12_000).elapsedMs).toBe(12_000)
  })
})

describe('the timeline as text', () => {
  it('has a lane a trial under the time axis, and a legend', () => {
    expect(timelineOf([paused, retried, running, pruned, cut]).toText({ width: 62 })).toMatchInlineSnapshot(`
      "         0 s                       5 s
      train_a  ·····████████████████░░░░░░░░░░█████████████████████✓
      train_b  ████████████████~~~~~█████████████████████████✗
      train_c  ··········██████████████████████████████████████████
      train_3  ████████████████████████████████████▓▓▓▓▓/
      train_4  ████████████████████████████████████████████████████‖

      · pending   █ running   ▓ stopping   ░ paused   ~ retrying
      ✓ completed   / pruned   ✗ failed   ‖ interrupted
      One column is 192 ms."
    `)
  })

  it('shows of several states in one column the longest', () => {
    const flicker: Told = {
      state: 'running',
      stays: [
        ['pending', 0],
        ['running', 10],
        ['paused', 40_000],
        ['running', 40_010],
      ],
    }
    const [, lane = ''] = timelineOf([flicker], 100_000).toText({ width: 40 }).split('\n')
    expect(lane).toMatch(/^train_0 {2}█+$/)
  })

  it('cuts long names, measures wide ones, and keeps control characters out', () => {
    const text = timelineOf([
      { ...paused, name: '\u001B[31mred\u001B[0m\nline' },
      { ...paused, name: '試行番号一' },
      { ...paused, name: 'a_very_long_name_that_does_not_fit_at_all' },
    ]).toText()
    const [axis = '', red = '', wide = '', long = ''] = text.split('\n')
    expect(axis.indexOf('0 s')).toBe(30)
    expect(red.startsWith('red line'.padEnd(30))).toBe(true)
    expect(wide.startsWith(`試行番号一${' '.repeat(20)}`)).toBe(true)
    expect(long.startsWith('a_very_long_name_that_does_…  ')).toBe(true)
  })

  it('draws no more lanes than asked for and says how many are left', () => {
    const lines = timelineOf(Array.from({ length: 50 }, () => paused))
      .toText({ maxTrials: 10 })
      .split('\n')
    expect(lines).toHaveLength(1 + 10 + 1 + 3)
    expect(lines[11]).toBe('… 40 more trials')
  })

  it('can be empty', () => {
    expect(timelineOf([], 0.5).toText()).toBe('There are no trials.')
  })

  it('refuses a width that no lane fits into', () => {
    expect(() => timelineOf([]).toText({ width: 10 })).toThrow(OptionError)
  })
})

describe('the timeline in Mermaid', () => {
  it('is a Gantt diagram with a section a trial and a milestone at its end', () => {
    expect(timelineOf([paused, retried]).toMermaid()).toMatchInlineSnapshot(`
      "gantt
        %%{init: {"gantt": {"leftPadding": 150}}}%%
        title Timeline of trials
        dateFormat YYYY-MM-DD HH:mm:ss.SSS
        axisFormat %M:%S
        section train_a
        pending :2001-01-01 00:00:00.000, 2001-01-01 00:00:01.000
        running :active, 2001-01-01 00:00:01.000, 2001-01-01 00:00:04.000
        paused :done, 2001-01-01 00:00:04.000, 2001-01-01 00:00:06.000
        running :active, 2001-01-01 00:00:06.000, 2001-01-01 00:00:10.000
        completed :milestone, 2001-01-01 00:00:10.000, 0ms
        section train_b
        running :active, 2001-01-01 00:00:00.000, 2001-01-01 00:00:03.000
        retrying :crit, 2001-01-01 00:00:03.000, 2001-01-01 00:00:04.000
        running :active, 2001-01-01 00:00:04.000, 2001-01-01 00:00:09.000
        failed :crit, milestone, 2001-01-01 00:00:09.000, 0ms
      "
    `)
  })

  it('keeps what is syntax out of the names', () => {
    expect(timelineOf([{ ...paused, name: 'a:b;c#d%%e\nf' }]).toMermaid()).toContain(
      '  section a b c d e f\n',
    )
    expect(timelineOf([{ ...paused, name: '::' }]).toMermaid()).toContain('  section trial\n')
  })

  it('stays below the size that Mermaid refuses', () => {
    const text = timelineOf(Array.from({ length: 2000 }, () => paused)).toMermaid()
    expect(text.length).toBeLessThanOrEqual(50_000)
    expect(text).toMatch(/ %% \d{4} more trials\n$/)
  })
})

describe('the timeline as SVG', () => {
  it('is well formed, whatever the names and reasons hold', () => {
    const svg = timelineOf([retried, { ...paused, name: `<b>"a" & 'b'</b>\u0000` }]).toSVG()
    expect(elementsOf(svg).filter((name) => name === 'svg')).toHaveLength(1)
    expect(svg).toContain('&lt;b&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/b&gt;')
    expect(svg).toContain('train_b: failed at 9 s: x &lt; 1 &amp; &quot;y&quot;')
  })

  it('draws a bar for each stay that lasts, a mark for each end, and explains each', () => {
    const svg = timelineOf([paused]).toSVG()
    expect(svg.match(/<rect class="(pending|running|paused)"[^>]*><title>/g)).toHaveLength(4)
    expect(svg).toContain('<title>train_a: paused, 4 s to 6 s (2 s), attempt 1, since trial.pause</title>')
    expect(svg).toContain('<title>train_a: completed at 10 s</title>')
  })

  it('draws a living trial up to now, without an end', () => {
    const svg = timelineOf([running], 5000).toSVG()
    expect(svg).toContain('<title>train_c: running, 2 s to 5 s (3 s), attempt 1, since trial.running</title>')
    expect(svg).not.toContain('mark" transform')
  })

  it('puts only what occurs into the legend', () => {
    const words = (svg: string) =>
      [...svg.matchAll(/<text class="faint"[^>]*>([a-z]+)<\/text>/g)].map(([, word]) => word)
    expect(words(timelineOf([pruned]).toSVG())).toEqual(['running', 'stopping', 'pruned'])
    expect(words(timelineOf([retried, cut]).toSVG())).toEqual([
      'running',
      'retrying',
      'interrupted',
      'failed',
    ])
  })

  it('keeps its styles to itself', () => {
    const css = /<style>([\s\S]*)<\/style>/.exec(timelineOf([paused]).toSVG())?.[1] ?? ''
    const selectors = css.split('\n').map((rule) => rule.replace(/^@media[^{]*\{/, ''))
    expect(selectors.every((rule) => rule.startsWith('.troupe-timeline'))).toBe(true)
  })

  it('has no more bars than pixels for a trial that pauses all the time', () => {
    const stays = Array.from({ length: 40_000 }, (_, i) => [i % 2 === 0 ? 'running' : 'paused', i] as const)
    const svg = timelineOf([{ state: 'running', stays }], 40_000).toSVG()
    expect(svg.match(/<rect/g)?.length).toBeLessThan(1000)
  })

  it('is one picture even of a thousand trials, and says when there are more', () => {
    const svg = timelineOf(Array.from({ length: 1200 }, () => paused)).toSVG()
    expect(Number(/height="(\d+)"/.exec(svg)?.[1])).toBeLessThan(2500)
    expect(svg.length).toBeLessThan(1_000_000)
    expect(svg).toContain('1,200 trials · 10 s · the first 1000 are drawn')
  })

  it('can be empty', () => {
    expect(elementsOf(timelineOf([], 0).toSVG())).toContain('svg')
  })
})

/** The names of all elements; throws when tags do not match or a text holds what must be escaped. */
function elementsOf(xml: string): string[] {
  const names: string[] = []
  const open: string[] = []
  for (const [, text = '', close, name = '', attributes = '', empty] of xml.matchAll(
    /([^<]*)<(\/?)([a-z]+)((?: [a-z-]+="[^"<]*")*)(\/?)>/gi,
  )) {
    for (const part of [text, attributes]) {
      if (/&(?!(amp|lt|gt|quot|#39);)/.test(part) || part.includes('\u0000'))
        throw new Error(`not escaped: ${part}`)
    }
    if (close === '/') {
      if (open.pop() !== name) throw new Error(`</${name}> closes nothing`)
      continue
    }
    names.push(name)
    if (empty !== '/') open.push(name)
  }
  if (open.length > 0) throw new Error(`not closed: ${open.join(', ')}`)
  const left = xml.replace(/([^<]*)<(\/?)([a-z]+)((?: [a-z-]+="[^"<]*")*)(\/?)>/gi, '').trim()
  if (left !== '') throw new Error(`not XML: ${left.slice(0, 80)}`)
  return names
}
