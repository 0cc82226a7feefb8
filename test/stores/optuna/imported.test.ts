import { expect, it } from 'vitest'
import { importedStudy, importedTrial, type OptunaTrial } from '../../../src/stores/optuna/imported.ts'

const FLOAT =
  '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 9.0, "log": false}}'
const INT = '{"name": "IntDistribution", "attributes": {"step": 1, "low": 0, "high": 9, "log": false}}'
const ACT = '{"name": "CategoricalDistribution", "attributes": {"choices": ["relu", "tanh"]}}'

const trial = (fields: Partial<OptunaTrial>): OptunaTrial => ({
  number: 3,
  state: 'COMPLETE',
  values: [1],
  params: [],
  intermediate: [],
  userAttrs: {},
  systemAttrs: {},
  startedAt: 10,
  endedAt: 20,
  ...fields,
})
const imported = (fields: Partial<OptunaTrial>, systemAttrs: object = {}) =>
  importedTrial(trial(fields), { systemAttrs: systemAttrs as Record<string, unknown> }, 30)

it('reads constraints of both forms, the newer where both say something', () => {
  const systemAttrs = {
    constraints: [1, -2],
    'constraints:1': 5,
    'constraints:memory': -1,
    'constraints:x': 'no',
  }
  expect(imported({ systemAttrs }).constraints).toEqual({ 0: 1, 1: 5, memory: -1 })
})

it('leaves out what is Troupe’s own, and puts steps in order', () => {
  expect(
    imported({
      userAttrs: { a: 1, 'troupe:params': {} },
      intermediate: [
        [10, 1],
        [2, Number.NaN],
      ],
    }),
  ).toMatchObject({
    userAttrs: { a: 1 },
    intermediate: [
      [2, Number.NaN],
      [10, 1],
    ],
  })
})

it.each([
  ['WAITING', undefined, {}, 'waiting', undefined, undefined],
  ['RUNNING', undefined, {}, 'running', undefined, undefined],
  ['COMPLETE', [Infinity], {}, 'completed', [Infinity], 20],
  ['COMPLETE', undefined, {}, 'failed', undefined, 20],
  ['PRUNED', [2], {}, 'pruned', [2], 20],
  ['PRUNED', undefined, {}, 'pruned', undefined, 20],
  ['PRUNED', [2], { 'troupe:state': 'interrupted' }, 'interrupted', [2], 20],
  ['FAIL', [2], {}, 'failed', undefined, 20],
] as const)('reads %s with %j and %j', (state, values, systemAttrs, expected, kept, endedAt) => {
  const record = imported({ state, values, systemAttrs })
  expect([record.state, record.values, record.endedAt]).toEqual([expected, kept, endedAt])
})

it('nests parameters by their paths, and keeps the name of one for which there is no room', () => {
  const names = ['o/lr', 'o', 'a//b', '', '__proto__', 'o/deep/er', 'x']
  const params = names.map((name, value) => ({ name, value, distribution: INT }))
  const { config } = imported({ params })
  expect(Object.entries(config)).toEqual(
    expect.arrayContaining([
      ['o', 1],
      ['o/lr', 0],
      ['o/deep/er', 5],
      ['a//b', 2],
      ['', 3],
      ['__proto__', 4],
      ['x', 6],
    ]),
  )
  expect(Object.getPrototypeOf(config)).toBe(Object.prototype)
})

it('takes the parameter of the branch that the trial took, where another program has set those of several', () => {
  const attrs = { 'troupe:names': { 'act=relu/w': 'w', 'act=tanh/w': 'w' } }
  const params = [
    { name: 'act=relu/w', value: 0.5, distribution: FLOAT },
    { name: 'act', value: 1, distribution: ACT },
    { name: 'act=tanh/w', value: 3, distribution: INT },
  ]
  expect(imported({ params }, attrs)).toMatchObject({
    params: { act: 'tanh', w: 3, 'act=relu/w': 0.5 },
    domains: { w: { kind: 'int' } },
    config: { act: 'tanh', w: 3 },
  })
})

it('reads what a trial that waits was enqueued with', () => {
  const systemAttrs = { fixed_params: { 'o/lr': 0.1, 'act=tanh/w': 3 } }
  expect(
    imported(
      { state: 'WAITING', startedAt: undefined, systemAttrs },
      { 'troupe:names': { 'act=tanh/w': 'w' } },
    ),
  ).toMatchObject({ state: 'waiting', params: {}, config: { o: { lr: 0.1 }, w: 3 }, startedAt: undefined })
})

it('makes a study of what only Optuna made, the same at each reading', () => {
  const study = {
    name: 's',
    directions: ['MINIMIZE', 'MAXIMIZE', 'NOT_SET'],
    userAttrs: { a: 1 },
    systemAttrs: {},
  } as const
  expect(importedStudy(study, 7)).toEqual([
    {
      at: 7,
      type: 'study.created',
      name: 's',
      seed: 'optuna:s',
      objectives: [
        { metric: 'value0', mode: 'min' },
        { metric: 'value1', mode: 'max' },
        { metric: 'value2', mode: 'min' },
      ],
    },
    { at: 7, type: 'study.attr', key: 'a', value: 1 },
  ])
  const one = {
    ...study,
    directions: ['MAXIMIZE'],
    systemAttrs: { 'study:metric_names': ['accuracy'] },
  } as const
  expect(importedStudy(one, 7)[0]).toMatchObject({ objectives: [{ metric: 'accuracy', mode: 'max' }] })
})
