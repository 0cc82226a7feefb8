import { describe, expect, it } from 'vitest'
import type { LogRecord } from '../../../src/core/log.ts'
import { branch } from '../../../src/space/branch.ts'
import { choice } from '../../../src/space/choices.ts'
import { randint } from '../../../src/space/integers.ts'
import { loguniform, randn, uniform } from '../../../src/space/numbers.ts'
import type { OptunaOperation } from '../../../src/stores/optuna/operation.ts'
import { Projection } from '../../../src/stores/optuna/projection.ts'
import { storedSpace } from '../../../src/study/stored-space.ts'

type Fields = Readonly<Record<string, unknown>>
const OBJECTIVES = [{ metric: 'loss', mode: 'min' }] as const

const study = (space?: unknown, objectives: readonly object[] = OBJECTIVES): LogRecord =>
  record('study.created', { name: 's', seed: '1', objectives, ...(space !== undefined && { space }) })
const experiment = (fields: Fields = {}): LogRecord =>
  record('experiment.started', {
    name: 'e',
    seed: '1',
    objectives: OBJECTIVES,
    searcher: 'r',
    scheduler: 'fifo',
    startedAt: 1000,
    ...fields,
  })
const asked = (trial: number, params: Fields, domains: Fields, at = 0): LogRecord =>
  record('trial.asked', { trial, id: `t${trial}`, source: 'suggested', params, domains, config: params, at })
const ended = (trial: number, state: string, values?: readonly number[]): LogRecord =>
  record('trial.ended', { trial, state, values, at: 9 })

function record(type: LogRecord['type'], fields: Fields): LogRecord {
  return { at: 0, type, ...fields } as LogRecord
}

function projected(records: readonly LogRecord[], projection = new Projection()): readonly OptunaOperation[] {
  const { operations, keep } = projection.project(records)
  keep()
  return operations
}

const paramNames = (operations: readonly OptunaOperation[]): string[] =>
  operations.flatMap((operation) =>
    operation.kind === 'trial'
      ? operation.params.map(({ name }) => name)
      : operation.kind === 'param'
        ? [operation.name]
        : [],
  )

describe('names of parameters', () => {
  it('say in which branch a parameter is, where that changes its kind', () => {
    const space = storedSpace({
      model: {
        act: branch({
          relu: { width: uniform(0, 20), depth: randint(1, 5), same: uniform(0, 1) },
          tanh: {
            width: randint(1, 9),
            depth: randint(2, 9),
            opt: branch({ sgd: { lr: uniform(0, 1) }, adam: { lr: loguniform(0.1, 1) } }),
          },
        }),
      },
    })
    const projection = new Projection()
    const act = choice(['relu', 'tanh'])
    const operations = projected(
      [
        study(space),
        asked(
          0,
          { 'model/act': 'relu', 'model/width': 0.5, 'model/depth': 2, 'model/same': 1 },
          {
            'model/act': act,
            'model/width': uniform(0, 20),
            'model/depth': randint(1, 5),
            'model/same': uniform(0, 1),
          },
        ),
        asked(
          1,
          { 'model/act': 'tanh', 'model/width': 3, 'model/depth': 8, 'model/opt': 'adam', 'model/lr': 0.2 },
          {
            'model/act': act,
            'model/width': randint(1, 9),
            'model/depth': randint(2, 9),
            'model/opt': choice(['sgd', 'adam']),
            'model/lr': loguniform(0.1, 1),
          },
        ),
      ],
      projection,
    )
    expect(paramNames(operations)).toEqual([
      'model/act',
      'model/act=relu/model/width',
      'model/depth',
      'model/same',
      'model/act',
      'model/act=tanh/model/width',
      'model/depth',
      'model/opt',
      'model/act=tanh/model/opt=adam/model/lr',
    ])
    const names = operations.filter(({ kind }) => kind === 'studySystemAttr').at(-1)
    expect(names).toMatchObject({
      key: 'troupe:names',
      value: {
        'model/act=relu/model/width': 'model/width',
        'model/act=tanh/model/width': 'model/width',
        'model/act=tanh/model/opt=adam/model/lr': 'model/lr',
      },
    })
  })

  it('say the kind where no declared branch tells it, and never take the name of another parameter', () => {
    const projection = new Projection()
    const names = (params: Fields, domains: Fields, trial: number): string[] =>
      paramNames(projected([asked(trial, params, domains)], projection))
    projected([study()], projection)
    expect(names({ w: 1, 'w=int': 1 }, { w: uniform(0, 2), 'w=int': randint(0, 5) }, 0)).toEqual([
      'w',
      'w=int',
    ])
    expect(names({ w: 1 }, { w: randint(0, 5) }, 1)).toEqual(['w=int 2'])
    expect(names({ w: 1 }, { w: loguniform(1, 5) }, 2)).toEqual(['w=float log'])
    expect(names({ w: 'a' }, { w: choice(['a', 'b']) }, 3)).toEqual(['w=categorical'])
    expect(names({ w: 'a' }, { w: choice(['b', 'a']) }, 4)).toEqual(['w=categorical 2'])
    expect(names({ w: 'a', 'w=int': 3 }, { w: choice(['b', 'a']), 'w=int': randint(0, 9) }, 5)).toEqual([
      'w=categorical 2',
      'w=int',
    ])
  })

  it('are those of other programs that were there first', () => {
    const projection = new Projection()
    projection.follow([
      study(),
      record('trial.imported', {
        trial: 0,
        id: 'o',
        state: 'completed',
        values: [1],
        params: { w: 1 },
        domains: { w: randint(0, 5) },
        config: { w: 1 },
        intermediate: [],
        userAttrs: {},
        constraints: {},
        startedAt: 0,
        endedAt: 1,
      }),
    ])
    expect(paramNames(projected([asked(1, { w: 1 }, { w: uniform(0, 1) })], projection))).toEqual(['w=float'])
  })
})

describe('a study', () => {
  it('is told in the order in which it happened', () => {
    expect(
      projected([
        study(undefined, [...OBJECTIVES, { metric: 'size', mode: 'max' }]),
        record('study.attr', { key: 'owner', value: 'me' }),
        asked(0, { x: 0.5, noise: 1 }, { x: uniform(0, 1), noise: randn(0, 1) }, 5),
        record('trial.suggested', { trial: 0, path: 'n', value: 3, domain: randint(1, 5) }),
        record('trial.intermediate', { trial: 0, step: 0.5, values: [1, 2] }),
        record('trial.intermediate', { trial: 0, step: 2, values: [Number.NaN, 2] }),
        record('trial.attr', { trial: 0, key: 'a', value: [1] }),
        record('trial.constraint', { trial: 0, key: 'memory', value: -1 }),
        ended(0, 'completed', [Infinity, 1]),
        record('trial.attr', { trial: 0, key: 'late', value: 1 }),
      ]).filter(({ kind }) => kind !== 'studySystemAttr'),
    ).toMatchObject([
      { kind: 'study', name: 's', directions: ['MINIMIZE', 'MAXIMIZE'] },
      { kind: 'studyUserAttr', key: 'owner', value: 'me' },
      { kind: 'trial', trial: 0, state: 'RUNNING', startedAt: 5, params: [{ name: 'x', value: 0.5 }] },
      { kind: 'userAttr', key: 'troupe:params', value: { noise: 1 } },
      { kind: 'param', name: 'n', value: 3 },
      { kind: 'intermediate', step: 2, value: Number.NaN },
      { kind: 'userAttr', key: 'a', value: [1] },
      { kind: 'systemAttr', key: 'constraints:memory', value: -1 },
      { kind: 'end', state: 'COMPLETE', values: [Infinity, 1], endedAt: 9 },
    ])
  })

  it('queues a configuration under the names that Optuna will ask for', () => {
    const space = storedSpace({
      act: branch({ relu: { w: uniform(0, 1) }, tanh: { w: randint(1, 9) } }),
      o: { lr: uniform(0, 1) },
    })
    const projection = new Projection()
    const operations = projected(
      [
        study(space),
        record('trial.enqueued', { trial: 0, id: 'q', config: { act: 'tanh', w: 3, o: { lr: 0.5 } } }),
      ],
      projection,
    )
    expect(operations.at(-1)).toEqual({
      kind: 'trial',
      trial: 0,
      state: 'WAITING',
      startedAt: undefined,
      params: [],
      systemAttrs: { fixed_params: { act: 'tanh', 'act=tanh/w': 3, 'o/lr': 0.5 } },
    })
    expect(
      projected(
        [asked(0, { act: 'tanh', w: 3 }, { act: choice(['relu', 'tanh']), w: randint(1, 9) }, 7)],
        projection,
      ),
    ).toMatchObject([
      { kind: 'studySystemAttr', key: 'troupe:names' },
      { kind: 'claim', trial: 0, startedAt: 7 },
      { kind: 'param', name: 'act', value: 1 },
      { kind: 'param', name: 'act=tanh/w', value: 3 },
    ])
  })

  it('keeps a trial running that is given back and asked for again', () => {
    const projection = new Projection()
    const x = { x: uniform(0, 1) }
    projected([study(), asked(0, { x: 1 }, x)], projection)
    const operations = projected(
      [record('trial.requeued', { trial: 0, attempt: 2 }), asked(0, { x: 1 }, x)],
      projection,
    )
    expect(operations).toMatchObject([
      { kind: 'anew', trial: 0 },
      { kind: 'param', trial: 0, name: 'x', value: 1 },
    ])
    expect(projected([ended(0, 'failed')], projection)).toMatchObject([
      { kind: 'end', state: 'FAIL', values: undefined },
    ])
    expect(projected([ended(0, 'completed', [1])], projection)).toEqual([])
  })

  it.each([
    ['completed', [Number.NaN], { state: 'FAIL', values: undefined }],
    ['completed', [], { state: 'PRUNED', values: undefined }],
    ['pruned', [2], { state: 'PRUNED', values: [2] }],
    ['pruned', undefined, { state: 'PRUNED', values: undefined }],
    ['failed', [2], { state: 'FAIL', values: undefined }],
    ['interrupted', [2], { state: 'PRUNED', values: [2] }],
  ])('ends %s with %j as Optuna can show it', (state, values, expected) => {
    const operations = projected([study(), asked(0, {}, {}), ended(0, state, values)])
    expect(operations.at(-1)).toMatchObject(expected)
    const kept = operations.filter((operation) => operation.kind === 'systemAttr')
    expect(kept.map(({ value }) => value)).toEqual(state === 'interrupted' ? ['interrupted'] : [])
  })

  it('is the same again for records that could not be kept the first time', () => {
    const projection = new Projection()
    projected([study(), asked(0, { w: 1 }, { w: uniform(0, 1) })], projection)
    const next = [asked(1, { w: 1 }, { w: randint(0, 5) }), ended(0, 'completed', [1])]
    const first = projection.project(next).operations
    expect(projected(next, projection)).toEqual(first)
    expect(first.map(({ kind }) => kind)).toEqual(['studySystemAttr', 'trial', 'end'])
  })
})

describe('an experiment', () => {
  const created = (trial: number): LogRecord =>
    record('trial.created', {
      trial,
      id: `t${trial}`,
      source: 'suggested',
      params: { x: 0.5 },
      domains: { x: uniform(0, 1) },
      config: { x: 0.5, steps: 3 },
      at: 5,
    })
  const report = (trial: number, iteration: number, metrics: Fields): LogRecord =>
    record('trial.report', {
      trial,
      attempt: 1,
      seq: iteration,
      metrics: { training_iteration: iteration, ...metrics },
    })

  it('has its reports as intermediate values, the other metrics of the last as attributes, and times of the world', () => {
    expect(
      projected([
        experiment(),
        created(0),
        report(0, 1, { loss: 3, accuracy: 0.1, time_total_s: 1 }),
        report(0, 2, { accuracy: 0.2 }),
        record('trial.attr', { trial: 0, key: 'note', value: 'mine' }),
        report(0, 3, { loss: Infinity, accuracy: 0.3, note: 'metric', nested: { a: [1] } }),
        ended(0, 'completed', [Infinity]),
      ]).slice(2),
    ).toMatchObject([
      { kind: 'trial', startedAt: 1005 },
      { kind: 'intermediate', step: 1, value: 3 },
      { kind: 'userAttr', key: 'note', value: 'mine' },
      { kind: 'intermediate', step: 3, value: Infinity },
      { kind: 'userAttr', key: 'accuracy', value: 0.3 },
      { kind: 'userAttr', key: 'nested', value: { a: [1] } },
      { kind: 'end', state: 'COMPLETE', values: [Infinity], endedAt: 1009 },
    ])
  })

  it('shows a trial that was interrupted as running, until it has gone on and ended', () => {
    const projection = new Projection()
    projected([experiment(), created(0), report(0, 1, { loss: 3 })], projection)
    expect(
      projected([ended(0, 'interrupted', [3]), record('experiment.ended', { by: 'budget' })], projection),
    ).toEqual([])
    expect(
      projected(
        [
          record('experiment.resumed', { trialCount: 1 }),
          report(0, 2, { loss: 1 }),
          ended(0, 'completed', [1]),
        ],
        projection,
      ),
    ).toMatchObject([
      { kind: 'intermediate', step: 2 },
      { kind: 'end', state: 'COMPLETE' },
    ])
  })

  it('has the times of the world, also when it went on days after its clock had stopped', () => {
    const projection = new Projection()
    projected([experiment(), created(0), ended(0, 'completed', [3])], projection)
    const resumedAt = 1000 + 3 * 86_400_000
    const operations = projected(
      [
        record('experiment.resumed', { trialCount: 3, at: 40, resumedAt }),
        { ...created(1), at: 50 },
        { ...ended(1, 'completed', [1]), at: 70 },
      ],
      projection,
    )
    expect(operations[0]).toMatchObject({ kind: 'trial', startedAt: resumedAt + 10 })
    expect(operations.at(-1)).toMatchObject({ kind: 'end', endedAt: resumedAt + 30 })
  })

  it('gives a trial the parameters that it took over from another one', () => {
    const operations = projected([
      experiment(),
      created(0),
      record('trial.exploited', { trial: 0, donor: 1, config: { x: 1.2, steps: 3 } }),
    ])
    expect(operations.at(-1)).toMatchObject({ kind: 'param', name: 'x', value: 1.2 })
  })
})
