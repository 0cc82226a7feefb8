import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  cholesky,
  invertCholesky,
  solveLower,
  solveLowerFour,
  solveLowerTransposed,
} from '../../src/math/cholesky.ts'
import { randomStream } from '../../src/random/random.ts'

/** B Bᵀ + I for a random B: positive definite. */
function positiveDefinite(n: number, seed: string): Float64Array {
  const random = randomStream(seed)
  const B = Float64Array.from({ length: n * n }, () => random.normal())
  return Float64Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n]
    let sum = i === j ? 1 : 0
    for (let k = 0; k < n; k++) sum += (B[i * n + k] as number) * (B[j * n + k] as number)
    return sum
  })
}

function factored(A: Float64Array, n: number): Float64Array {
  const L = A.slice()
  expect(cholesky(L, n)).toBe(true)
  return L
}

function times(A: Float64Array, n: number, x: Float64Array): Float64Array {
  return x.map((_, i) => x.reduce((sum, value, j) => sum + (A[i * n + j] as number) * value, 0))
}

const sizes = fc.integer({ min: 1, max: 23 })

describe('cholesky', () => {
  it('gives a factor whose product with its own transpose is the matrix', () => {
    fc.assert(
      fc.property(sizes, fc.string(), (n, seed) => {
        const A = positiveDefinite(n, seed)
        const L = factored(A, n)
        for (let i = 0; i < n; i++) {
          for (let j = 0; j <= i; j++) {
            let sum = 0
            for (let k = 0; k <= j; k++) sum += (L[i * n + k] as number) * (L[j * n + k] as number)
            expect(sum).toBeCloseTo(A[i * n + j] as number, 9)
          }
        }
      }),
    )
  })

  it('grows by rows to the factor that it would have found at once', () => {
    fc.assert(
      fc.property(sizes, fc.nat(22), fc.string(), (n, from, seed) => {
        const A = positiveDefinite(n, seed)
        const whole = factored(A, n)
        const grown = A.slice()
        const known = Math.min(from, n)
        for (let i = 0; i < known; i++) grown.set(whole.subarray(i * n, i * n + i + 1), i * n)
        expect(cholesky(grown, n, known)).toBe(true)
        for (let i = 0; i < n; i++) {
          for (let j = 0; j <= i; j++) expect(grown[i * n + j]).toBeCloseTo(whole[i * n + j] as number, 10)
        }
      }),
    )
  })

  it.each([
    ['indefinite', [1, 2, 2, 1]],
    ['singular', [1, 1, 1, 1]],
    ['not a number', [1, Number.NaN, Number.NaN, 1]],
    ['infinite', [Infinity, 0, 0, 1]],
  ])('says that a matrix is %s', (_, entries) => {
    expect(cholesky(Float64Array.from(entries), 2)).toBe(false)
  })

  it('says so in the middle of a block too', () => {
    const A = positiveDefinite(9, 'block')
    A[5 * 9 + 5] = -1
    expect(cholesky(A, 9)).toBe(false)
  })
})

describe('solving with a factor', () => {
  it('undoes the product with the matrix, one side or four at a time', () => {
    fc.assert(
      fc.property(sizes, fc.string(), (n, seed) => {
        const A = positiveDefinite(n, seed)
        const L = factored(A, n)
        const x = Float64Array.from({ length: n }, (_, i) => Math.sin(i + 1))
        const b = times(A, n, x)
        const four = new Float64Array(4 * n)
        for (let i = 0; i < n; i++)
          for (let side = 0; side < 4; side++) four[4 * i + side] = (b[i] as number) * side
        solveLower(L, n, b)
        solveLowerFour(L, n, four)
        for (let i = 0; i < n; i++) expect(four[4 * i + 3]).toBeCloseTo(3 * (b[i] as number), 9)
        solveLowerTransposed(L, n, b)
        for (let i = 0; i < n; i++) expect(b[i]).toBeCloseTo(x[i] as number, 8)
      }),
    )
  })

  it('inverts', () => {
    fc.assert(
      fc.property(sizes, fc.string(), (n, seed) => {
        const A = positiveDefinite(n, seed)
        const inverse = new Float64Array(n * n)
        invertCholesky(factored(A, n), n, new Float64Array(n * n).fill(Number.NaN), inverse)
        for (let j = 0; j < n; j++) {
          const column = Float64Array.from({ length: n }, (_, i) =>
            i >= j ? (inverse[i * n + j] as number) : (inverse[j * n + i] as number),
          )
          times(A, n, column).forEach((value, i) => expect(value).toBeCloseTo(i === j ? 1 : 0, 8))
        }
      }),
    )
  })
})
