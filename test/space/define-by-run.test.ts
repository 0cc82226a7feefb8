import { describe, expect, it } from 'vitest'
import { SpaceError } from '../../src/errors.ts'
import { randomStream } from '../../src/random/random.ts'
import { DomainPool, SuggestRecorder, type SuggestTrial } from '../../src/space/define-by-run.ts'
import { uniform } from '../../src/space/numbers.ts'
import { readSpace } from '../../src/space/read-space.ts'

const random = randomStream(7)

const conditional = (trial: SuggestTrial) => {
  const activation = trial.suggestCategorical('activation', ['relu', 'tanh'])
  if (activation === 'relu') trial.suggestFloat('width', 0, 20)
  else trial.suggestFloat('width', -1, 21)
  return { steps: 100 }
}

function refusal(act: () => unknown): SpaceError {
  try {
    act()
  } catch (error) {
    if (error instanceof SpaceError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

function refusalOf(run: (trial: SuggestTrial) => unknown, point: object = {}): SpaceError {
  const space = readSpace(run)
  return refusal(() => space.resolve(space.toPoint(point), random, { strict: true }))
}

describe('a define-by-run space', () => {
  const space = readSpace(conditional)

  it('gives the suggested values, then the returned constants', () => {
    expect(space.kind).toBe('define-by-run')
    const { config, params, domains } = space.resolve({ activation: 'tanh', width: 20.5 }, random)
    expect(JSON.stringify(config)).toBe('{"activation":"tanh","width":20.5,"steps":100}')
    expect(params).toEqual({ activation: 'tanh', width: 20.5 })
    expect(domains['width']).toEqual({ ...uniform(-1, 21), rule: 'optuna' })
  })

  it('draws what the point leaves out, each name from its own stream', () => {
    const whole = space.resolve({ activation: 'relu' }, random)
    expect(space.resolve({ activation: 'relu' }, random)).toEqual(whole)
    expect(space.resolve({ activation: 'relu', other: 1 }, random)).toEqual(whole)
    expect(space.resolve({ activation: 'relu' }, randomStream(8)).params['width']).not.toBe(
      whole.params['width'],
    )
  })

  it('draws anew where a guess of a searcher does not fit', () => {
    const { params } = space.resolve({ activation: 'relu', width: 20.5 }, random)
    expect(params['width']).toBe(space.resolve({ activation: 'relu' }, random).params['width'])
  })

  it('samples whole points, which resolve to themselves', () => {
    for (let i = 0; i < 50; i++) {
      const point = space.sample(random.fork(i))
      expect(space.resolve(point, random).params).toEqual(point)
    }
    expect(space.sample(randomStream(1))).toEqual(space.sample(randomStream(1)))
  })

  it('keeps equal domains of many trials once', () => {
    const [a, b] = [
      space.resolve({ activation: 'relu' }, random),
      space.resolve({ activation: 'relu' }, random.fork(1)),
    ]
    expect(a.domains['width']).toBe(b.domains['width'])
    expect(a.domains['width']).not.toBe(space.resolve({ activation: 'tanh' }, random).domains['width'])
  })

  it('may return nothing', () => {
    const run = (trial: SuggestTrial) => {
      trial.suggestInt('n', 1, 1)
    }
    expect(readSpace(run).resolve({}, random).config).toEqual({ n: 1 })
  })

  it('writes names with slashes as nested objects, beside nested constants', () => {
    const nested = readSpace((trial) => {
      trial.suggestFloat('optimizer/lr', 1, 1)
      trial.suggestInt('constructor/depth', 2, 2)
      return { optimizer: { name: 'sgd' }, list: [1] }
    })
    const { config, params } = nested.resolve({}, random)
    expect(config).toEqual({ optimizer: { lr: 1, name: 'sgd' }, constructor: { depth: 2 }, list: [1] })
    expect(params).toEqual({ 'optimizer/lr': 1, 'constructor/depth': 2 })
  })

  it('gives every configuration constants of its own', () => {
    const shared = { list: [1] }
    const sharing = readSpace(() => shared)
    const { config } = sharing.resolve({}, random)
    expect((config as typeof shared).list).toEqual([1])
    expect((config as typeof shared).list).not.toBe(shared.list)
  })
})

describe('suggestions', () => {
  it('include both ends, and lower the high end to the last step reached', () => {
    const trial = new SuggestRecorder({}, () => random)
    const seen = new Set(Array.from({ length: 200 }, (_, i) => trial.suggestInt(`n${i}`, 0, 10, { step: 4 })))
    expect(seen).toEqual(new Set([0, 4, 8]))
    expect(trial.domains['n0']).toMatchObject({ low: 0, high: 8, step: 4 })
    trial.suggestFloat('x', 0, 1, { step: 0.3 })
    expect(trial.domains['x']).toMatchObject({ low: 0, high: 0.9, step: 0.3 })
  })

  it('give all steps the same room', () => {
    const stream = randomStream(3)
    const counts = new Map<number, number>()
    for (let i = 0; i < 3_000; i++) {
      const x = new SuggestRecorder({}, () => stream).suggestFloat('x', 0, 1, { step: 0.5 })
      counts.set(x, (counts.get(x) ?? 0) + 1)
    }
    expect([...counts.keys()].toSorted()).toEqual([0, 0.5, 1])
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(100)
  })

  it('reach both ends of logarithmic integers', () => {
    const stream = randomStream(3)
    const draw = () => new SuggestRecorder({}, () => stream).suggestInt('n', 1, 4, { log: true })
    expect(new Set(Array.from({ length: 300 }, draw))).toEqual(new Set([1, 2, 3, 4]))
  })

  it('give the same value again for the same name and domain', () => {
    const trial = new SuggestRecorder({}, () => random)
    expect(trial.suggestFloat('x', 0, 1)).toBe(trial.suggestFloat('x', 0, 1))
    expect(trial.suggestCategorical('c', [[1], [2]])).toBe(trial.suggestCategorical('c', [[1], [2]]))
  })

  it('take null and undefined of a point for values where they are choices', () => {
    const trial = new SuggestRecorder({ a: null, b: undefined }, () => random)
    expect(trial.suggestCategorical('a', [null, 1, 2, 3, 4, 5, 6])).toBe(null)
    expect(trial.suggestCategorical('b', [undefined, 1, 2, 3, 4, 5, 6])).toBe(undefined)
  })

  it('give the listed choice where the point holds a copy of it', () => {
    const choices = [{ layers: [1] }, { layers: [2] }]
    const trial = new SuggestRecorder({ shape: { layers: [2] } }, () => random)
    expect(trial.suggestCategorical('shape', choices)).toBe(choices[1])
  })

  it('tell which names of the point were not asked for', () => {
    const trial = new SuggestRecorder({ a: 0.5, b: 1 }, () => random)
    trial.suggestFloat('a', 0, 1)
    expect(trial.unused()).toEqual(['b'])
  })
})

describe('a given configuration', () => {
  it('may be nested, flat, partial, and repeat constants', () => {
    const space = readSpace((trial) => {
      trial.suggestFloat('n/b', 0, 1)
      return { steps: 100, net: { depth: 3 } }
    })
    const config = { n: { b: 0.25 }, steps: 100, net: { depth: 3 } }
    for (const given of [config, { 'n/b': 0.25 }, { 'n/b': 0.25, 'net/depth': 3 }]) {
      expect(space.resolve(space.toPoint(given), random, { strict: true }).config).toEqual(config)
    }
  })

  it('is refused before its trial starts where a value is out of range or a name never suggested', () => {
    expect(refusalOf(conditional, { activation: 'relu', width: 20.5 }).message).toBe(
      'width: 20.5 is out of range. Give a number from 0 to 20.',
    )
    expect(refusalOf(conditional, { activation: 'relu', widht: 1 }).message).toBe(
      'widht: is in the point, but this run of the function never suggests it. Did you mean width?',
    )
    expect(refusalOf(conditional, { steps: 7 }).path).toBe('steps')
    expect(refusalOf(() => ({}), { x: 1 }).message).toContain('Suggested were no names')
  })
})

describe('a define-by-run function is refused when it', () => {
  it.each<[string, (trial: SuggestTrial) => unknown, string, RegExp]>([
    [
      'returns a promise',
      async () => Promise.reject(new Error('late')),
      '',
      /returned a promise.*must be synchronous/,
    ],
    ['returns a number', () => 5, '', /returned 5\. Write \{ name: value \}/],
    ['returns null', () => null, '', /returned null/],
    ['returns an array', () => [1], '', /returned an array of 1/],
    ['returns an instance of a class', () => new Map(), '', /returned a Map/],
    ['returns a domain', () => ({ net: { lr: uniform(0, 1) } }), '', /returned a domain.*suggestFloat/],
    ['returns a constant with a slash', () => ({ 'a/b': 1 }), 'a/b', /contains "\/"/],
    [
      'returns what holds itself',
      () => {
        const loop: Record<string, unknown> = {}
        loop['self'] = loop
        return loop
      },
      'self',
      /refers back/,
    ],
    [
      'names a constant like a parameter',
      (trial) => ({ x: trial.suggestFloat('x', 0, 1) }),
      'x',
      /both a parameter and a constant/,
    ],
    [
      'names a constant like the folder of one',
      (trial) => ({ a: trial.suggestFloat('a/x', 0, 1) }),
      'a',
      /both/,
    ],
    [
      'nests a constant like a parameter',
      (trial) => ({ a: { x: trial.suggestFloat('a/x', 0, 1) } }),
      'a/x',
      /both a parameter and a constant/,
    ],
    [
      'suggests a name inside another',
      (trial) => {
        trial.suggestFloat('a/b', 0, 1)
        trial.suggestFloat('a', 0, 1)
      },
      'a/b',
      /stands inside a, which is a parameter itself/,
    ],
    [
      'suggests a name twice with different domains',
      (trial) => {
        trial.suggestFloat('x', 0, 1)
        trial.suggestFloat('x', 0, 2)
      },
      'x',
      /suggested twice, first as a number from 0 to 1, now as a number from 0 to 2/,
    ],
    [
      'gives the low end above the high',
      (trial) => void trial.suggestFloat('x', 2, 1),
      'x',
      /^x: suggestFloat\(2, 1\): the low bound 2 is above/,
    ],
    [
      'gives NaN',
      (trial) => void trial.suggestFloat('x', NaN, 1),
      'x',
      /low bound must be a finite number, got NaN/,
    ],
    [
      'takes the logarithm of 0',
      (trial) => void trial.suggestFloat('x', 0, 1, { log: true }),
      'x',
      /above 0, got 0/,
    ],
    [
      'takes the logarithm of the integer 0',
      (trial) => void trial.suggestInt('x', 0, 1, { log: true }),
      'x',
      /above 0, got 0/,
    ],
    [
      'gives both log and step',
      (trial) => void trial.suggestFloat('x', 1, 2, { log: true, step: 0.5 }),
      'x',
      /cannot have both log and step/,
    ],
    [
      'gives both log and step, of integers',
      (trial) => void trial.suggestInt('x', 1, 9, { log: true, step: 2 }),
      'x',
      /both log and step/,
    ],
    [
      'gives a step of 0',
      (trial) => void trial.suggestFloat('x', 0, 1, { step: 0 }),
      'x',
      /step must be a number above 0, got 0/,
    ],
    [
      'gives a negative step',
      (trial) => void trial.suggestInt('x', 0, 1, { step: -1 }),
      'x',
      /step must be a number above 0, got -1/,
    ],
    [
      'gives a broken step of integers',
      (trial) => void trial.suggestInt('x', 0, 1, { step: 0.5 }),
      'x',
      /step must be an integer/,
    ],
    [
      'gives a broken integer',
      (trial) => void trial.suggestInt('x', 0.5, 1),
      'x',
      /low bound must be an integer, got 0.5/,
    ],
    [
      'gives no choices',
      (trial) => void trial.suggestCategorical('x', []),
      'x',
      /at least one choice, got an empty array/,
    ],
    [
      'gives a domain among the choices',
      (trial) => void trial.suggestCategorical('x', [uniform(0, 1)]),
      'x',
      /value 0 of its choices is itself a domain/,
    ],
    [
      'gives an option with a typing error',
      (trial) => void trial.suggestFloat('x', 1e-5, 1, { lgo: true } as object),
      'x',
      /suggestFloat\(0.00001, 1\) has no option lgo. Did you mean log\?/,
    ],
    [
      'gives true for options',
      (trial) => void trial.suggestInt('x', 1, 9, true as never),
      'x',
      /takes an object of options after the bounds, got true. Write \{ log: true \}/,
    ],
    [
      'gives null for options',
      (trial) => void trial.suggestFloat('x', 1, 9, null as never),
      'x',
      /takes an object of options after the bounds, got null/,
    ],
    [
      'gives a log that is neither true nor false',
      (trial) => void trial.suggestFloat('x', 1, 9, { log: 1 as never }),
      'x',
      /log must be true or false, got 1/,
    ],
    ['gives an empty name', (trial) => void trial.suggestFloat('', 0, 1), '', /cannot be the name/],
    [
      'gives an empty part of a name',
      (trial) => void trial.suggestFloat('a//b', 0, 1),
      'a//b',
      /cannot be the name/,
    ],
    [
      'gives no name',
      (trial) => void trial.suggestFloat(undefined as never, 0, 1),
      '',
      /name must be a string/,
    ],
  ])('%s', (_, run, path, message) => {
    const refused = refusalOf(run)
    expect(refused.message).toMatch(message)
    expect(refused.path).toBe(path)
  })

  it('throws, with what it threw as the cause', () => {
    const cause = new Error('no data')
    const refused = refusalOf(() => {
      throw cause
    })
    expect(refused).toMatchObject({ cause, message: 'The space function threw: no data' })
  })
})

describe('DomainPool', () => {
  it('does not grow with a range that moves', () => {
    const pool = new DomainPool()
    const first = uniform(0, 1)
    expect(pool.shared('x', first)).toBe(first)
    for (let i = 2; i < 100; i++) pool.shared('x', uniform(0, i))
    const late = uniform(0, 99)
    expect(pool.shared('x', late)).toBe(late)
    expect(pool.shared('x', uniform(0, 1))).toBe(first)
  })
})
