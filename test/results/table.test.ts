import { describe, expect, it } from 'vitest'
import { leavesOf, valueAt } from '../../src/results/paths.ts'
import { losses, resultsOf } from './records.ts'

describe('toTable', () => {
  it('has a flat row a trial, with its configuration and its last report by path', () => {
    const results = resultsOf([
      {
        config: { optimizer: { lr: 0.1, name: 'sgd' }, layers: [32, 64], steps: 100 },
        reports: [{ loss: 2 }, { loss: 1, val: { acc: 0.5 }, tags: ['a'], note: null, done: true }],
        constraints: { memory: 1 },
      },
    ])
    expect(results.toTable()).toEqual([
      {
        number: 0,
        trialId: 'id0',
        name: 'train_0',
        status: 'terminated',
        state: 'completed',
        source: 'suggested',
        attempt: 1,
        feasible: false,
        ranMs: 2000,
        'config/optimizer/lr': 0.1,
        'config/optimizer/name': 'sgd',
        'config/layers/0': 32,
        'config/layers/1': 64,
        'config/steps': 100,
        loss: 1,
        'val/acc': 0.5,
        'tags/0': 'a',
        note: null,
        done: true,
        training_iteration: 2,
        time_total_s: 2,
      },
    ])
  })

  it('keeps a metric apart from a column of the same name', () => {
    const [row] = resultsOf([
      { reports: [{ name: 'mine', number: 7, config: { lr: 3 } }], config: { lr: 1 } },
    ]).toTable()
    expect(row).toMatchObject({
      name: 'train_0',
      number: 0,
      'metrics/name': 'mine',
      'metrics/number': 7,
      'config/lr': 1,
      'metrics/config/lr': 3,
    })
  })

  it('says why trials ended and what failed', () => {
    const rows = resultsOf([
      { state: 'pruned', reason: { by: 'scheduler', text: 'lost rung 3' } },
      { state: 'failed', error: new Error('boom') },
    ]).toTable()
    expect(rows).toMatchObject([
      { reason: 'lost rung 3' },
      { state: 'failed', status: 'error', error: 'boom' },
    ])
  })

  it('writes out constants that are no plain data', () => {
    const [row] = resultsOf([
      { config: { activation: Math.tanh, empty: {}, none: [], data: new Map() } },
    ]).toTable()
    expect(row).toMatchObject({
      'config/activation': 'tanh',
      'config/empty': '{}',
      'config/none': '[]',
      'config/data': '{}',
    })
  })
})

describe('toCSV', () => {
  it('has the columns of all trials, and leaves out what a trial does not have', () => {
    const csv = resultsOf([
      { config: { a: 1 }, reports: [{ loss: 1 }] },
      { config: { b: 2 }, reports: [{ gain: 2 }] },
    ]).toCSV()
    const [header, ...lines] = csv.trimEnd().split('\r\n')
    expect(header).toBe(
      'number,trialId,name,status,state,source,attempt,feasible,ranMs,reason,error,config/a,config/b,loss,training_iteration,time_total_s,gain',
    )
    expect(lines).toEqual([
      '0,id0,train_0,terminated,completed,suggested,1,true,1000,,,1,,1,1,1,',
      '1,id1,train_1,terminated,completed,suggested,1,true,1000,,,,2,,1,1,2',
    ])
  })

  it('quotes as RFC 4180 asks', () => {
    const texts = ['plain', 'a,b', 'say "hi"', 'two\nlines', ' edge ', '']
    const results = resultsOf([{ config: { texts } }])
    const row = results.toCSV().split('\r\n').slice(1).join('\r\n')
    expect(row).toContain(',plain,"a,b","say ""hi""","two\nlines"," edge ",""')
  })

  it('spells out NaN and the infinities', () => {
    const csv = resultsOf([losses(NaN), losses(Infinity), losses(-Infinity)]).toCSV()
    expect(
      csv
        .split('\r\n')
        .slice(1, 4)
        .map((line) => line.split(',')[11]),
    ).toEqual(['NaN', 'Infinity', '-Infinity'])
  })

  it('is read back as it was written', () => {
    const results = resultsOf([{ config: { 'odd, "key"': 'a\r\n"b",' } }, losses(1.1)])
    const [header = [], ...rows] = parseCSV(results.toCSV())
    const read = rows.map((cells) =>
      Object.fromEntries(header.map((column, i) => [column, cells[i]]).filter(([, cell]) => cell !== '')),
    )
    expect(read).toEqual(
      results.toTable().map((row) => Object.fromEntries(Object.entries(row).map(([k, v]) => [k, String(v)]))),
    )
  })

  it('has a header even without trials', () => {
    expect(resultsOf([]).toCSV()).toMatch(/^number,trialId,[^\r\n]*\r\n$/)
  })
})

/** A reader of RFC 4180, straight from its grammar. */
function parseCSV(text: string): string[][] {
  const rows: string[][] = [[]]
  for (const [, quoted, bare = '', end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)?.push(quoted === undefined ? bare : quoted.replaceAll('""', '"'))
    if (end === '\r\n') rows.push([])
  }
  return rows.slice(0, -1)
}

describe('paths', () => {
  it('lead to every leaf and back', () => {
    const value = { a: { b: [1, { c: 2 }] }, d: new Date(0), e: null, f: {} }
    const leaves = [...leavesOf(value)]
    expect(leaves.map(([path]) => path)).toEqual(['a/b/0', 'a/b/1/c', 'd', 'e', 'f'])
    for (const [path, leaf] of leaves) expect(valueAt(value, path)).toBe(leaf)
  })

  it('lead nowhere else', () => {
    expect(valueAt({ a: 1 }, 'a/b')).toBeUndefined()
    expect(valueAt({ a: 1 }, 'toString')).toBeUndefined()
    expect(valueAt(undefined, 'a')).toBeUndefined()
    expect(valueAt({ 'val/loss': 3 }, 'val/loss')).toBe(3)
  })
})
