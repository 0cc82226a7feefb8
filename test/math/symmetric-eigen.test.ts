import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { symmetricEigen } from '../../src/math/symmetric-eigen.ts'
import { randomStream } from '../../src/random/random.ts'

function symmetric(n: number, seed: string): Float64Array {
  const random = randomStream(seed)
  const A = new Float64Array(n * n)
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) A[i * n + j] = A[j * n + i] = random.normal()
  return A
}

/** Σₖ dₖ vₖ vₖᵀ. */
function composed(values: Float64Array, V: Float64Array, n: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, at) =>
    values.reduce(
      (sum, value, k) =>
        sum + value * (V[k * n + Math.floor(at / n)] as number) * (V[k * n + (at % n)] as number),
      0,
    ),
  )
}

/** vᵢ · vⱼ. */
function products(V: Float64Array, n: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, at) => {
    let sum = 0
    for (let k = 0; k < n; k++) {
      sum += (V[Math.floor(at / n) * n + k] as number) * (V[(at % n) * n + k] as number)
    }
    return sum
  })
}

function furthest(a: Float64Array, b: Float64Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0)
}

function diagonal(values: readonly number[]): Float64Array {
  const n = values.length
  return Float64Array.from({ length: n * n }, (_, at) =>
    at % (n + 1) === 0 ? (values[at / (n + 1)] as number) : 0,
  )
}

describe('symmetricEigen', () => {
  it('takes a matrix apart into ascending values and orthonormal vectors that give it again', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.string(), (n, seed) => {
        const A = symmetric(n, seed)
        const { values, vectors } = symmetricEigen(A, n)
        expect(values).toEqual(values.toSorted())
        expect(furthest(composed(values, vectors, n), A)).toBeLessThan(1e-13 * n)
        expect(furthest(products(vectors, n), diagonal(Array<number>(n).fill(1)))).toBeLessThan(1e-14 * n)
      }),
    )
  })

  it('knows the eigenvalues of the second difference, 2 - 2 cos(k π / (n + 1))', () => {
    const n = 50
    const A = new Float64Array(n * n)
    for (let i = 0; i < n; i++) {
      A[i * n + i] = 2
      if (i > 0) A[i * n + i - 1] = A[(i - 1) * n + i] = -1
    }
    symmetricEigen(A, n).values.forEach((value, k) =>
      expect(value).toBeCloseTo(2 - 2 * Math.cos(((k + 1) * Math.PI) / (n + 1)), 13),
    )
  })

  it('sorts a matrix that is diagonal already, equal, zero and negative values included', () => {
    const { values, vectors } = symmetricEigen(diagonal([3, 0, -1, 3]), 4)
    expect([...values]).toEqual([-1, 0, 3, 3])
    expect(Math.abs(vectors[2] as number)).toBe(1)
  })

  it('reads the lower triangle alone, and leaves the matrix as it was', () => {
    const A = symmetric(6, 'lower')
    const half = A.map((value, at) => (at % 6 > Math.floor(at / 6) ? Number.NaN : value))
    const before = half.slice()
    expect(symmetricEigen(half, 6)).toEqual(symmetricEigen(A, 6))
    expect(half).toEqual(before)
  })

  it('fills arrays that it is given, whatever is in them', () => {
    const into = symmetricEigen(symmetric(5, 'first'), 5)
    const again = symmetricEigen(symmetric(5, 'second'), 5, into)
    expect(again).toBe(into)
    expect(again).toEqual(symmetricEigen(symmetric(5, 'second'), 5))
  })

  it('keeps tiny values beside huge ones to rounding of the huge', () => {
    const { values } = symmetricEigen(diagonal([1e-14, 1, 1e14]), 3)
    expect(values[2]).toBe(1e14)
    expect(Math.abs((values[0] as number) - 1e-14)).toBeLessThan(1)
  })

  it.each([Number.NaN, Infinity])('ends with %d in the matrix, and says so by NaN', (bad) => {
    const A = symmetric(8, 'bad')
    A[3 * 8 + 2] = A[2 * 8 + 3] = bad
    expect(symmetricEigen(A, 8).values.some(Number.isNaN)).toBe(true)
  })

  it('has nothing to do for a matrix without rows', () => {
    expect(symmetricEigen(new Float64Array(0), 0).values.length).toBe(0)
  })
})
