import { describe, expect, it } from 'vitest'
import { SpaceError } from '../../src/errors.ts'
import { randomStream } from '../../src/random/random.ts'
import { branch } from '../../src/space/branch.ts'
import { choice, gridSearch } from '../../src/space/choices.ts'
import { randint } from '../../src/space/integers.ts'
import { quniform, uniform } from '../../src/space/numbers.ts'
import { readSpace } from '../../src/space/read-space.ts'
import { sampleFrom } from '../../src/space/sample-from.ts'
import type { Space } from '../../src/space/space.ts'

const random = randomStream(7)

function configs(space: Space, count = 100): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, i) => {
    const stream = random.fork(i)
    return space.resolve(space.sample(stream), stream).config as Record<string, unknown>
  })
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

describe('a declared space', () => {
  it('names its parameters by path, in declared order, and leaves constants out', () => {
    const space = readSpace({
      steps: 100,
      optimizer: { lr: uniform(0, 1) },
      layers: [16, randint(1, 9)],
      name: 'a',
    })
    expect(space.kind).toBe('declared')
    expect(space.parameters).toEqual([
      { path: 'optimizer/lr', domain: uniform(0, 1), when: [] },
      { path: 'layers/1', domain: randint(1, 9), when: [] },
    ])
    expect(Object.keys(space.sample(random))).toEqual(['optimizer/lr', 'layers/1'])
  })

  it('makes configurations in the form of the definition, in its order', () => {
    const space = readSpace({
      b: uniform(2, 2),
      steps: 100,
      nested: { deep: [{ a: choice(['x']) }] },
      last: null,
    })
    const { config, params, domains } = space.resolve({}, random)
    expect(JSON.stringify(config)).toBe('{"b":2,"steps":100,"nested":{"deep":[{"a":"x"}]},"last":null}')
    expect(params).toEqual({ b: 2, 'nested/deep/0/a': 'x' })
    expect(domains).toEqual({ b: uniform(2, 2), 'nested/deep/0/a': choice(['x']) })
  })

  it('gives every configuration objects of its own, but functions and instances as they are', () => {
    const loss = () => 1
    const date = new Date(0)
    const definition = { list: [{ x: 1 }], loss, date, picked: choice([[1]]), lr: uniform(0, 1) }
    const space = readSpace(definition)
    const [a, b] = configs(space, 2) as [typeof definition, typeof definition]
    expect(a.list).toEqual([{ x: 1 }])
    expect(a.list[0]).not.toBe(b.list[0])
    expect(a.list[0]).not.toBe(definition.list[0])
    expect(a.picked).not.toBe(b.picked)
    expect([a.loss, a.date]).toEqual([loss, date])
    expect(a.date).toBe(date)
  })

  it('takes undefined, NaN and empty containers as constants', () => {
    const space = readSpace({ a: undefined, b: NaN, c: [], d: {}, lr: uniform(1, 1) })
    expect(space.resolve({}, random).config).toEqual({ a: undefined, b: NaN, c: [], d: {}, lr: 1 })
  })

  it('may hold the same object twice', () => {
    const shared = { lr: uniform(0, 1) }
    expect(readSpace({ a: shared, b: shared }).parameters.map(({ path }) => path)).toEqual(['a/lr', 'b/lr'])
  })

  it('draws the same from the same stream, and gives trials other values', () => {
    const space = readSpace({ a: uniform(0, 1), b: choice([1, 2, 3]), c: randint(0, 1000) })
    expect(space.sample(randomStream('s'))).toEqual(space.sample(randomStream('s')))
    expect(new Set(configs(space).map((config) => config['a'])).size).toBe(100)
  })

  it('draws what a point leaves out by its own name, whatever else is left out', () => {
    const space = readSpace({ a: uniform(0, 1), b: uniform(0, 1), c: uniform(0, 1) })
    const whole = space.resolve({}, random).params
    expect(space.resolve({ a: 0.5 }, random).params).toEqual({ ...whole, a: 0.5 })
    expect(space.resolve({ a: undefined, b: 0.5 }, random).params).toEqual({ ...whole, b: 0.5 })
  })

  it('keeps undefined apart from left out where it is a choice', () => {
    const space = readSpace({ a: choice([undefined, 1, 2, 3, 4, 5]) })
    expect(space.resolve({ a: undefined }, random).params).toEqual({ a: undefined })
  })

  it('gives the declared choice where a point holds a copy of it', () => {
    const shape = [16, 32]
    const space = readSpace({ layers: choice([shape, [64]]) })
    expect(space.resolve({ layers: [16, 32] }, random).params['layers']).toBe(shape)
  })

  it('has names that objects inherit, too', () => {
    const space = readSpace({
      constructor: uniform(0, 1),
      toString: branch({ valueOf: { hasOwnProperty: uniform(0, 1) } }),
    })
    const { params } = space.resolve({}, random)
    expect(Object.keys(params)).toEqual(['constructor', 'toString', 'hasOwnProperty'])
    expect(params['constructor']).toBeTypeOf('number')
  })
})

describe('a branch', () => {
  const definition = {
    steps: 100,
    activation: branch({
      relu: { width: uniform(0, 20) },
      tanh: { width: uniform(-1, 21), alpha: uniform(0, 1), note: 'x' },
    }),
    last: uniform(0, 1),
  }
  const space = readSpace(definition)

  it('puts the parameters of the taken case beside it, and those of no other', () => {
    const seen = configs(space)
    for (const config of seen) {
      const keys = config['activation'] === 'relu' ? ['width'] : ['width', 'alpha', 'note']
      expect(Object.keys(config)).toEqual(['steps', 'activation', ...keys, 'last'])
    }
    expect(new Set(seen.map(({ activation }) => activation))).toEqual(new Set(['relu', 'tanh']))
  })

  it('tells when each parameter exists, and which domain it has then', () => {
    expect(space.parameters.map(({ path, when }) => [path, when])).toEqual([
      ['activation', []],
      ['width', [{ path: 'activation', value: 'relu' }]],
      ['width', [{ path: 'activation', value: 'tanh' }]],
      ['alpha', [{ path: 'activation', value: 'tanh' }]],
      ['last', []],
    ])
    const { domains } = space.resolve({ activation: 'tanh' }, random)
    expect(domains['width']).toEqual(uniform(-1, 21))
    expect(space.resolve({ activation: 'relu' }, random).domains['width']).toEqual(uniform(0, 20))
    expect(space.resolve({ activation: 'tanh' }, random).domains).toBe(domains)
  })

  it('may stand in branches, in nested objects, and beside others', () => {
    const nested = readSpace({
      net: {
        optimizer: branch({
          sgd: {
            momentum: branch({ none: {}, nesterov: { mu: uniform(0, 1), more: { x: [uniform(0, 1)] } } }),
          },
          adam: { beta: uniform(0, 1) },
        }),
        schedule: branch({ flat: {}, step: { every: randint(1, 9) } }),
      },
    })
    expect(nested.parameters.map(({ path }) => path)).toEqual([
      'net/optimizer',
      'net/momentum',
      'net/mu',
      'net/more/x/0',
      'net/beta',
      'net/schedule',
      'net/every',
    ])
    expect(nested.parameters[2]?.when).toEqual([
      { path: 'net/optimizer', value: 'sgd' },
      { path: 'net/momentum', value: 'nesterov' },
    ])
    const shapes = configs(nested).map(({ net }) => Object.keys(net as object).join())
    expect(new Set(shapes)).toEqual(
      new Set([
        'optimizer,momentum,schedule',
        'optimizer,momentum,schedule,every',
        'optimizer,momentum,mu,more,schedule',
        'optimizer,momentum,mu,more,schedule,every',
        'optimizer,beta,schedule',
        'optimizer,beta,schedule,every',
      ]),
    )
  })

  it('is told apart from a branch of the same name in another case', () => {
    const twins = readSpace({
      a: branch({
        x: { k: branch({ p: { u: uniform(0, 1) } }) },
        y: { k: branch({ p: { v: uniform(0, 1) } }) },
      }),
    })
    for (const config of configs(twins, 20)) {
      expect(Object.keys(config)).toEqual(config['a'] === 'x' ? ['a', 'k', 'u'] : ['a', 'k', 'v'])
    }
  })

  it('that a point leaves out is drawn among the cases that fit the rest', () => {
    for (let i = 0; i < 20; i++) {
      expect(space.resolve({ alpha: 0.5 }, random.fork(i)).params['activation']).toBe('tanh')
      expect(space.resolve({ width: 20.5 }, random.fork(i)).params['activation']).toBe('tanh')
    }
    const taken = Array.from(
      { length: 20 },
      (_, i) => space.resolve({ width: 5 }, random.fork(i)).params['activation'],
    )
    expect(new Set(taken)).toEqual(new Set(['relu', 'tanh']))
  })

  it('that a point leaves out is drawn to fit a case within a case', () => {
    const nested = readSpace({
      a: branch({ x: { b: branch({ p: { u: uniform(0, 1) }, q: {} }) }, y: {}, z: { u: uniform(5, 6) } }),
    })
    expect(nested.resolve({ u: 0.5 }, random).params).toEqual({ a: 'x', b: 'p', u: 0.5 })
    expect(nested.resolve({ b: 'q' }, random).params).toEqual({ a: 'x', b: 'q' })
    expect(nested.resolve({ u: 5.5 }, random).params).toEqual({ a: 'z', u: 5.5 })
    expect(refusal(() => nested.toPoint({ b: 'q', u: 0.5 })).message).toBe(
      'u: exists only where b is "p", but here it is "q". Leave u out, or change b.'.replaceAll('\\', ''),
    )
  })
})

describe('sampleFrom', () => {
  it('computes from the rest of the configuration, and is recorded among the parameters', () => {
    const space = readSpace({
      hidden: sampleFrom(
        (config: { width: number; net: { depth: number } }) => config.width * config.net.depth,
      ),
      width: randint(3, 4),
      net: { depth: 2 },
    })
    const { config, params } = space.resolve({}, random)
    expect(JSON.stringify(config)).toBe('{"hidden":6,"width":3,"net":{"depth":2}}')
    expect(params).toEqual({ hidden: 6, width: 3 })
    expect(space.sample(random)).toEqual({ width: 3 })
    expect(Object.getOwnPropertyDescriptor(config, 'hidden')).toMatchObject({
      value: 6,
      enumerable: true,
      writable: true,
    })
  })

  it('takes a given value instead', () => {
    const space = readSpace({
      width: randint(3, 4),
      hidden: sampleFrom((config: { width: number }) => config.width * 2),
    })
    expect(space.resolve({ hidden: 7 }, random).config).toEqual({ width: 3, hidden: 7 })
  })

  it('computes another such value first where it reads it, and each once', () => {
    let runs = 0
    const space = readSpace({
      c: sampleFrom((config: { b: number }) => config.b + 1),
      a: sampleFrom(() => ++runs),
      b: sampleFrom((config: { a: number }) => config.a * 10),
    })
    expect(space.resolve({}, random).config).toEqual({ c: 11, a: 1, b: 10 })
    expect(runs).toBe(1)
  })

  it('runs in order of appearance, and sees by name alone what is still to come', () => {
    const seen: string[] = []
    const space = readSpace({
      a: sampleFrom((config) => seen.push(`a sees ${Object.keys(config).join()}`)),
      b: sampleFrom((config) => seen.push(`b sees ${Object.keys({ ...config }).join()}`)),
      c: uniform(0, 1),
    })
    space.resolve({}, random)
    expect(seen).toEqual(['a sees c', 'b sees a,c'])
  })

  it('gets a seeded stream of its own', () => {
    const space = readSpace({
      a: sampleFrom((_, chance) => chance.next()),
      b: sampleFrom((_, chance) => chance.next()),
    })
    const { params } = space.resolve({}, random)
    expect(space.resolve({}, random).params).toEqual(params)
    expect(params['a']).not.toBe(params['b'])
  })

  it('works in arrays and in cases of a branch', () => {
    const space = readSpace({
      layers: [randint(3, 4), sampleFrom((config: { layers: [number] }) => config.layers[0] * 2)],
      kind: branch({ a: { x: sampleFrom((config: { kind: string }) => config.kind) }, b: {} }),
    })
    expect(space.resolve({ kind: 'a' }, random).config).toEqual({ layers: [3, 6], kind: 'a', x: 'a' })
    expect(space.resolve({ kind: 'b' }, random).config).toEqual({ layers: [3, 6], kind: 'b' })
  })

  it('refuses values that need each other, or themselves', () => {
    const space = readSpace({
      a: sampleFrom((config: { b: number }) => config.b),
      b: sampleFrom((config: { c: number }) => config.c),
      c: sampleFrom((config: { b: number }) => config.b),
    })
    const { path, message } = refusal(() => space.resolve({}, random))
    expect(path).toBe('b')
    expect(message).toBe(
      'b: its sampleFrom needs its own value: b reads c reads b. Let one of them not read the other.',
    )
    const self = readSpace({ a: sampleFrom((config: { a: number }) => config.a) })
    expect(refusal(() => self.resolve({}, random)).message).toContain('a reads a')
  })

  it('refuses what throws or takes time, naming it and keeping the cause', () => {
    const cause = new Error('no width')
    const throws = readSpace({
      x: {
        y: sampleFrom(() => {
          throw cause
        }),
      },
    })
    const refused = refusal(() => throws.resolve({}, random))
    expect(refused).toMatchObject({ path: 'x/y', cause })
    const late = readSpace({ y: sampleFrom(async () => Promise.reject(cause)) })
    expect(refusal(() => late.resolve({}, random)).message).toContain('must be synchronous')
  })
})

describe('what sampleFrom is given and gives', () => {
  it('may hold itself, as may what other functions then get of it', () => {
    const space = readSpace({
      a: sampleFrom(() => {
        const list: unknown[] = [1]
        list.push(list)
        return list
      }),
      b: sampleFrom((config: { a: unknown[] }) => config.a[1] === config.a),
    })
    expect(space.resolve({}, random).config).toMatchObject({ b: true })
  })

  it('is a copy: what the function writes reaches neither the trainable nor other such functions', () => {
    const space = readSpace({
      a: uniform(0, 1),
      net: { layers: [1, 2] },
      b: sampleFrom((config: { a: number; net: { layers: number[] } }) => {
        config.a = 7
        config.net.layers.push(3)
        return config.net.layers
      }),
      c: sampleFrom((config: { a: number; b: number[] }) => {
        config.b.push(9)
        return config.a
      }),
    })
    const { config, params } = space.resolve({ a: 0.25 }, random)
    expect(config).toEqual({ a: 0.25, net: { layers: [1, 2] }, b: [1, 2, 3], c: 0.25 })
    expect(params).toEqual({ a: 0.25, b: [1, 2, 3], c: 0.25 })
  })

  it.each([
    ['a domain', () => uniform(0, 1), /returned what is itself a domain.*stream of chance/],
    ['a domain within', () => ({ lr: uniform(0, 1) }), /returned what holds a domain/],
    ['a factory', () => uniform, /the function uniform, which was not called/],
  ])('is refused when it is %s', (_, compute: () => unknown, message) => {
    const { path, message: text } = refusal(() =>
      readSpace({ n: { x: sampleFrom(compute) } }).resolve({}, random),
    )
    expect(path).toBe('n/x')
    expect(text).toMatch(message)
  })
})

describe('gridSearch', () => {
  it('multiplies its axes out, the first by name fastest, and draws the rest anew', () => {
    const space = readSpace({
      z: gridSearch([0, 1]),
      a: { b: gridSearch(['x', 'y', 'z']) },
      lr: uniform(0, 1),
    })
    expect(space.gridSize).toBe(6)
    const points = Array.from({ length: 6 }, (_, i) => space.sample(random.fork(i), i))
    expect(points.map((point) => [point['z'], point['a/b']])).toEqual([
      [0, 'x'],
      [0, 'y'],
      [0, 'z'],
      [1, 'x'],
      [1, 'y'],
      [1, 'z'],
    ])
    expect(new Set(points.map(({ lr }) => lr)).size).toBe(6)
  })

  it('orders the places of an array by number', () => {
    const layers = Array.from({ length: 11 }, (_, i) => (i === 2 || i === 10 ? gridSearch([0, 1]) : i))
    const space = readSpace({ layers })
    expect(space.sample(random, 1)).toEqual({ 'layers/2': 1, 'layers/10': 0 })
  })

  it('is drawn without an index, and may be given in a point', () => {
    const space = readSpace({ a: gridSearch([1, 2, 3]) })
    expect(new Set(configs(space).map(({ a }) => a))).toEqual(new Set([1, 2, 3]))
    expect(space.resolve({ a: 2 }, random).config).toEqual({ a: 2 })
  })

  it('in a case takes part where the case is taken', () => {
    const space = readSpace({
      kind: branch({ a: { x: gridSearch([1, 2]) }, b: { x: gridSearch([3, 4, 5]), y: 1 } }),
    })
    expect(space.gridSize).toBe(3)
    for (let i = 0; i < 30; i++) {
      const { kind, x } = space.sample(random.fork(i), i % 3)
      expect(kind === 'a' ? [1, 2, 1] : [3, 4, 5]).toContain(x)
    }
  })

  it('counts one combination where there are no axes', () => {
    expect(readSpace({ a: uniform(0, 1) }).gridSize).toBe(1)
  })
})

describe('a given configuration', () => {
  const space = readSpace({
    steps: 100,
    n: { b: uniform(0, 1), c: { d: quniform(0, 1, 0.1) } },
    layers: [16, randint(1, 64)],
    shape: choice([[1, 2], [3]]),
    net: { depth: 3, tags: ['a', 'b'] },
  })

  it('may be nested, flat, partial and mixed', () => {
    expect(space.toPoint({ n: { b: 0.25 } })).toEqual({ 'n/b': 0.25 })
    expect(space.toPoint({ 'n/b': 0.25 })).toEqual({ 'n/b': 0.25 })
    expect(space.toPoint({ n: { 'c/d': 0.3 }, 'layers/1': 9 })).toEqual({ 'n/c/d': 0.3, 'layers/1': 9 })
    expect(space.toPoint({ layers: [16, 9] })).toEqual({ 'layers/1': 9 })
    expect(space.toPoint({ shape: [1, 2] })).toEqual({ shape: [1, 2] })
    expect(space.toPoint({ n: { b: undefined } })).toEqual({})
    expect(space.toPoint({})).toEqual({})
  })

  it('may repeat constants, wholly or in part', () => {
    expect(space.toPoint({ steps: 100, net: { depth: 3 }, 'net/tags': ['a', 'b'], layers: [16] })).toEqual({})
    expect(space.toPoint({ 'net/tags/1': 'b' })).toEqual({})
  })

  it.each([
    [{ stepps: 1 }, 'stepps: is not in the space. Did you mean steps?'],
    [{ n: { bb: 1 } }, 'n/bb: is not in the space. Did you mean n/b?'],
    [{ entirely: { different: 1 } }, /^entirely: is not in the space\. Known are n\/b, n\/c\/d/],
    [{ n: { b: 2 } }, 'n/b: 2 is out of range. Give a number from 0 to 1.'],
    [{ n: { b: '0.5' } }, 'n/b: "0.5" is out of range. Give a number from 0 to 1.'],
    [{ n: { c: { d: 0.15 } } }, 'n/c/d: 0.15 is out of range. Give a number from 0 to 1 in steps of 0.1.'],
    [{ layers: [16, 64] }, 'layers/1: 64 is out of range. Give an integer from 1 to 63.'],
    [
      { shape: [3, 4] },
      'shape: an array of 2: [3, 4] is out of range. Give one of an array of 2: [1, 2], an array of 1: [3].',
    ],
    [{ n: 5 }, 'n: must be an object or array with n/b, n/c/d, got 5.'],
    [{ steps: 7 }, 'steps: is the constant 100 in this space, got 7. Leave it out.'],
    [
      { net: { depth: 4 } },
      'net: is the constant an object with the keys depth, tags in this space, got an object with the keys depth. Leave it out.',
    ],
    [{ net: { colour: 4 } }, /^net: is the constant/],
    [{ n: { b: 0.5 }, 'n/b': 0.6 }, 'n/b: is given twice, as 0.5 and as 0.6. Give it once.'],
  ])('is refused with its path: %j', (config, message) => {
    const { message: text } = refusal(() => space.toPoint(config))
    if (typeof message === 'string') expect(text).toBe(message)
    else expect(text).toMatch(message)
  })

  it('is refused when it is no object', () => {
    expect(refusal(() => space.toPoint([1])).message).toContain('must be an object')
    expect(refusal(() => space.toPoint(null as never)).message).toContain('must be an object')
  })

  it('is refused where it belongs to a case not taken', () => {
    const branched = readSpace({
      a: branch({ x: { u: uniform(0, 1), c: 1 }, y: { v: uniform(0, 1), c: 2 } }),
    })
    expect(branched.toPoint({ a: 'x', u: 0.5, c: 1 })).toEqual({ a: 'x', u: 0.5 })
    expect(refusal(() => branched.toPoint({ a: 'x', v: 0.5 })).message).toBe(
      'v: exists only where a is "y", but here it is "x". Leave v out, or change a.',
    )
    expect(refusal(() => branched.toPoint({ u: 0.5, v: 0.5 })).path).toMatch(/^[uv]$/)
    expect(refusal(() => branched.toPoint({ a: 'x', c: 2 })).path).toBe('c')
    expect(refusal(() => branched.toPoint({ a: 'z' })).message).toBe(
      'a: "z" is out of range. Give one of "x", "y".',
    )
  })

  it('comes back from a configuration that the space made', () => {
    const { config, params } = space.resolve(space.sample(random), random)
    expect(space.toPoint(config as object)).toEqual(params)
  })
})

describe('resolve refuses', () => {
  const space = readSpace({ a: uniform(0, 1), kind: branch({ x: { u: uniform(0, 1) }, y: {} }) })

  it('a value out of range, naming its path', () => {
    expect(refusal(() => space.resolve({ a: 2 }, random))).toMatchObject({ path: 'a', received: 2 })
    expect(refusal(() => space.resolve({ a: NaN }, random)).path).toBe('a')
  })

  it('a path that is not in the space, or not in the case taken', () => {
    expect(refusal(() => space.resolve({ b: 2 }, random)).path).toBe('b')
    expect(refusal(() => space.resolve({ kind: 'y', u: 0.5 }, random)).path).toBe('u')
  })
})

describe('readSpace refuses', () => {
  const circular: Record<string, unknown> = { a: { lr: uniform(0, 1) } }
  ;(circular['a'] as Record<string, unknown>)['back'] = circular
  const endlessCase: Record<string, object> = { x: {} }
  const endlessBranch = branch(endlessCase)
  ;(endlessCase['x'] as Record<string, unknown>)['inner'] = endlessBranch

  it.each([
    ['a key with a slash', { a: { 'b/c': 1 } }, 'a/b/c', /the key "b\/c" contains "\/"/],
    ['an empty key', { a: { '': 1 } }, 'a', /"" cannot be the name/],
    ['a key that would change the prototype', JSON.parse('{"a":{"__proto__":1}}'), 'a', /__proto__/],
    ['a space that holds itself', circular, 'a/back', /refers back to an object that holds it/],
    ['a branch that holds itself', { k: endlessBranch }, 'inner', /refers back/],
    ['a branch in an array', { layers: [branch({ x: {} })] }, 'layers/0', /cannot stand in an array/],
    [
      'a case with a name of the siblings',
      { width: 1, k: branch({ x: { width: uniform(0, 1) } }) },
      'width',
      /twice/,
    ],
    ['a case with the name of its branch', { k: branch({ x: { k: uniform(0, 1) } }) }, 'k', /twice/],
    [
      'two branches with a name in common',
      { j: branch({ x: { w: 1 } }), k: branch({ y: { w: 2 } }) },
      'w',
      /twice/,
    ],
    [
      'a clash from a branch within a branch',
      { n: { w: 1, k: branch({ x: { l: branch({ y: { w: 2 } }) } }) } },
      'n/w',
      /the branch n\/k has a w/,
    ],
    ['a clash within a case', { k: branch({ x: { w: 1, l: branch({ y: { w: 2 } }) } }) }, 'w', /twice/],
    ['a slash in a case', { k: branch({ x: { 'a/b': 1 } }) }, 'a/b', /contains "\/"/],
    [
      'a domain without a name',
      uniform(0, 1),
      '',
      /paramSpace must be an object of named parameters.*got a domain/,
    ],
    ['an array', [uniform(0, 1)], '', /got an array of 1/],
    ['nothing', undefined, '', /got undefined/],
  ])('%s', (_, definition, path, message) => {
    const refused = refusal(() => readSpace(definition as object))
    expect(refused.path).toBe(path)
    expect(refused.message).toMatch(message)
  })

  it('in the name of whoever was given the space', () => {
    expect(refusal(() => readSpace([], { owner: 'tpe.space' })).message).toContain(
      'tpe.space must be an object',
    )
  })

  it.each([
    ['in a map', { net: { rates: new Map([['x', uniform(0, 1)]]) } }, 'net/rates', /a Map holds a domain/],
    ['in a set', { rates: new Set([[uniform(0, 1)]]) }, 'rates', /a Set holds a domain/],
    [
      'in a field of an instance',
      {
        model: new (class Model {
          readonly lr = { inner: uniform(0, 1) }
        })(),
      },
      'model',
      /a Model holds a domain, which would reach the trainable undrawn/,
    ],
    ['a branch in a map', { m: new Map([[1, branch({ a: {} })]]) }, 'm', /holds a branch/],
    [
      'in an object among choices',
      { opt: choice([1, { lr: uniform(0, 1) }]) },
      'opt',
      /value 1 of its choices holds a domain/,
    ],
    [
      'in an array among choices',
      { opt: choice([[uniform(0, 1)]]) },
      'opt',
      /value 0 of its choices holds a domain/,
    ],
    [
      'in a grid within a case',
      { k: branch({ a: { g: gridSearch([[uniform(0, 1)]]) } }) },
      'g',
      /holds a domain/,
    ],
    [
      'not made, since its factory was not called',
      { n: { lr: uniform } },
      'n/lr',
      /the function uniform, which was not called. Write uniform\(…\)/,
    ],
    ['not made, among choices', { f: choice([uniform]) }, 'f', /was not called/],
  ])('a domain that nobody would draw: %s', (_, definition, path, message) => {
    const refused = refusal(() => readSpace(definition))
    expect(refused.path).toBe(path)
    expect(refused.message).toMatch(message)
  })

  it('nothing for instances that refer to each other, functions, and getters, which are never called', () => {
    const parent = { name: 'p', children: [] as object[] }
    class Node {
      readonly parent = parent
      get lr(): never {
        throw new Error('was called')
      }
    }
    parent.children.push(new Node())
    const node = new Node()
    const space = readSpace({ node, loss: Math.abs, bytes: new Uint8Array(9), map: new Map([[1, node]]) })
    expect(space.resolve({}, random).config).toMatchObject({ node, loss: Math.abs })
  })

  it('a cycle through a nested object in a case, and through choices', () => {
    const inner: Record<string, unknown> = {}
    const looped = branch({ x: inner })
    inner['inner'] = { deep: looped }
    expect(refusal(() => readSpace({ a: looped }))).toMatchObject({
      path: 'inner/deep',
      message: expect.stringMatching(/refers back to an object that holds it/) as string,
    })
    const list: unknown[] = []
    list.push(list)
    expect(refusal(() => readSpace({ n: { a: choice([1, list]) } }))).toMatchObject({
      path: 'n/a',
      message: expect.stringMatching(/value 1 of its choices holds itself/) as string,
    })
  })
})
