import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { erf, erfc, erfcx } from '../../src/math/erf.ts'
import { expOfNegative } from '../../src/math/fast-exp.ts'
import { logGaussMass, logNdtr, ndtr, ndtri, ndtriExp, normalLogPdf } from '../../src/math/normal.ts'
import { truncatedNormalLogPdf, truncatedNormalQuantile } from '../../src/math/truncated-normal.ts'

function relativeError(actual: number, expected: number): number {
  return expected === 0 ? Math.abs(actual) : Math.abs(actual / expected - 1)
}

// Computed with 60 digits.
const ERROR_FUNCTIONS: readonly (readonly [x: number, erf: number, erfc: number, erfcx: number])[] = [
  [-3.25, -0.9999956972205363, 1.9999956972205364, 77315.13640375607],
  [-1.5, -0.9661051464753108, 1.9661051464753108, 18.653886256262734],
  [-1, -0.8427007929497149, 1.8427007929497148, 5.008980080762283],
  [-0.5, -0.5204998778130465, 1.5204998778130465, 1.952360489182557],
  [0.125, 0.1403162048013338, 0.8596837951986662, 0.8732218450821508],
  [0.5, 0.5204998778130465, 0.4795001221869535, 0.6156903441929259],
  [0.75, 0.7111556336535151, 0.28884436634648486, 0.5069376502931449],
  [0.9, 0.7969082124228322, 0.20309178757716786, 0.456531651323117],
  [1.2, 0.9103139782296353, 0.08968602177036464, 0.37853741692923976],
  [1.3, 0.9340079449406524, 0.06599205505934755, 0.3576426690860903],
  [2.5, 0.999593047982555, 0.0004069520174449589, 0.2108063640611436],
  [3, 0.9999779095030014, 2.209049699858544e-5, 0.17900115118138996],
  [5, 0.9999999999984626, 1.537459794428035e-12, 0.11070463773306863],
  [10, 1.0, 2.088487583762545e-45, 0.05614099274382259],
  [26, 1.0, 5.663192408856143e-296, 0.021683584850562907],
]
const LOG_NDTR: readonly (readonly [x: number, log: number])[] = [
  [-50, -1254.8313611394199],
  [-20, -203.91715537109727],
  [-8, -35.01343715991455],
  [-2, -3.783184333682032],
  [-0.5, -1.1759117615936185],
  [0, -Math.LN2],
  [0.5, -0.3689464152886564],
  [2, -0.02301290932896349],
  [6, -9.865876455243758e-10],
  [8, -6.220960574271786e-16],
]
const MASSES: readonly (readonly [a: number, b: number, log: number])[] = [
  [-1, 2, -0.2001662943244626],
  [-30, -29.5, -439.4294749500187],
  [29.5, 30, -439.4294749500187],
  [0, 0.0001, -10.129278906847523],
  [3, 3.01, -10.03908776115688],
  [-0.1, 0.1, -2.5300420015472382],
  [7, 9, -27.384307586994964],
  [-9, -8.9999, -50.62882887310023],
  [-40, 40, 0.0],
]

describe('error functions', () => {
  it.each(ERROR_FUNCTIONS)('are exact at %d', (x, expected, complement, scaled) => {
    expect(relativeError(erf(x), expected)).toBeLessThan(5e-16)
    expect(relativeError(erfc(x), complement)).toBeLessThan(2e-15)
    expect(relativeError(erfcx(x), scaled)).toBeLessThan(2e-14)
  })

  it('have their limits, and keep NaN', () => {
    expect([erf(Infinity), erfc(Infinity), erfcx(Infinity)]).toEqual([1, 0, 0])
    expect([erf(-Infinity), erfc(-Infinity), erfcx(-Infinity)]).toEqual([-1, 2, Infinity])
    expect([erf(NaN), erfc(NaN), erfcx(NaN)]).toEqual([NaN, NaN, NaN])
  })
})

describe('normal distribution', () => {
  it.each(LOG_NDTR)('log Φ is exact at %d', (x, expected) => {
    expect(relativeError(logNdtr(x), expected)).toBeLessThan(5e-14)
  })
  it.each(MASSES)('the mass between %d and %d is exact', (a, b, expected) => {
    expect(relativeError(logGaussMass(a, b), expected)).toBeLessThan(2e-13)
  })

  it('inverts its distribution function, also by its logarithm', () => {
    fc.assert(
      fc.property(fc.double({ min: -37, max: 8, noNaN: true }), (x) => {
        expect(Math.abs(ndtr(ndtri(ndtr(x))) / ndtr(x) - 1)).toBeLessThan(1e-11)
      }),
    )
    fc.assert(
      fc.property(fc.double({ min: -1e6, max: 20, noNaN: true }), (x) => {
        const log = logNdtr(x)
        if (log < 0) expect(Math.abs(logNdtr(ndtriExp(log)) / log - 1)).toBeLessThan(1e-11)
      }),
    )
  })

  it('has its limits', () => {
    expect([ndtri(0), ndtri(1), ndtri(-0.1), ndtri(1.1), ndtri(NaN)]).toEqual([
      -Infinity,
      Infinity,
      NaN,
      NaN,
      NaN,
    ])
    expect(ndtriExp(-1e308)).toBeCloseTo(-Math.SQRT2 * 1e154, -140)
    expect(ndtriExp(-Number.MAX_VALUE)).toBeCloseTo(-Math.SQRT2 * Math.sqrt(Number.MAX_VALUE), -140)
    expect([ndtriExp(0), ndtriExp(-Infinity), ndtriExp(0.1)]).toEqual([Infinity, -Infinity, NaN])
    expect([logNdtr(-Infinity), logNdtr(NaN)]).toEqual([-Infinity, NaN])
    expect(logGaussMass(1, 1)).toBe(-Infinity)
    expect(Math.abs(logGaussMass(-Infinity, Infinity))).toBe(0)
  })
})

describe('truncated normal distribution', () => {
  const intervals = fc
    .tuple(fc.double({ min: -40, max: 40, noNaN: true }), fc.double({ min: 1e-3, max: 40, noNaN: true }))
    .map(([a, width]) => [a, a + width] as const)

  it('has the quantile below which that share of the mass lies', () => {
    fc.assert(
      fc.property(intervals, fc.double({ min: 0.001, max: 0.999, noNaN: true }), ([a, b], q) => {
        const x = truncatedNormalQuantile(q, a, b)
        expect(x).toBeGreaterThanOrEqual(a)
        expect(x).toBeLessThanOrEqual(b)
        expect(Math.exp(logGaussMass(a, x) - logGaussMass(a, b))).toBeCloseTo(q, 6)
      }),
    )
  })

  it('is nothing outside, and undefined without width', () => {
    expect(truncatedNormalLogPdf(2, 0, 1)).toBe(-Infinity)
    expect(truncatedNormalLogPdf(0, 0, 0)).toBeNaN()
    expect(truncatedNormalQuantile(0.5, 1, 1)).toBeNaN()
    expect([truncatedNormalQuantile(0, -1, 2), truncatedNormalQuantile(1, -1, 2)]).toEqual([-1, 2])
    expect(truncatedNormalLogPdf(0.5, -Infinity, Infinity)).toBeCloseTo(normalLogPdf(0.5), 14)
  })
})

describe('expOfNegative', () => {
  it('agrees with Math.exp', () => {
    fc.assert(
      fc.property(fc.double({ min: -700, max: 0, noNaN: true }), (x) => {
        expect(relativeError(expOfNegative(x), Math.exp(x))).toBeLessThan(1e-13)
      }),
    )
    expect([expOfNegative(0), expOfNegative(-0), expOfNegative(-800), expOfNegative(-Infinity)]).toEqual([
      1, 1, 0, 0,
    ])
  })
})
