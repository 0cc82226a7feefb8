import { matern52 } from '../matern.ts'

/**
 * Points that a Gaussian process knows, by column, so that one coordinate of all points lies in a row of memory.
 *
 *   n  points, d  dimensions, columns // (d, n), isCategorical // (d), 1 where a coordinate is the index of a choice
 */
export interface Inputs {
  readonly n: number
  readonly d: number
  readonly columns: Float64Array
  readonly isCategorical: Uint8Array
}

/** What is fitted to the data. */
export interface KernelParameters {
  /** l = 1 / (length scale)² of each dimension. Shape (d). */
  readonly inverseSquaredLengthscales: Float64Array
  /** Variance of the function before anything is known. */
  readonly scale: number
  /** Variance of the noise on each value. */
  readonly noise: number
}

/**
 * Turns rows into columns.
 * @param rows - Shape (n, d), row after row.
 */
export function inputsOf(rows: ArrayLike<number>, n: number, isCategorical: Uint8Array): Inputs {
  const d = isCategorical.length
  const columns = new Float64Array(n * d)
  for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) columns[j * n + i] = rows[i * d + j] as number
  return { n, d, columns, isCategorical }
}

/** One point of the inputs. Shape (d). */
export function pointOf({ n, d, columns }: Inputs, i: number): Float64Array {
  return Float64Array.from({ length: d }, (_, j) => columns[j * n + i] as number)
}

/**
 * Squared distances of one point to the first `count` inputs: Σ l (x - x′)², for categorical dimensions Σ l [x ≠ x′]
 * (Hamming distance).
 * @param x - Where the point's coordinates stand: coordinate j at `x[offset + j * stride]`.
 * @param out - Receives `count` numbers from index `start` on.
 */
export function squaredDistances(
  { n, d, columns, isCategorical }: Inputs,
  { inverseSquaredLengthscales }: KernelParameters,
  x: Float64Array,
  offset: number,
  stride: number,
  count: number,
  out: Float64Array,
  start: number,
): void {
  out.fill(0, start, start + count)
  for (let j = 0; j < d; j++) {
    const l = inverseSquaredLengthscales[j] as number
    const at = x[offset + j * stride] as number
    const column = j * n
    if (isCategorical[j] === 1) {
      for (let i = 0; i < count; i++) {
        if (at !== columns[column + i]) out[start + i] = (out[start + i] as number) + l
      }
      continue
    }
    for (let i = 0; i < count; i++) {
      const gap = at - (columns[column + i] as number)
      out[start + i] = (out[start + i] as number) + l * gap * gap
    }
  }
}

/**
 * The covariances of one point with all inputs, without noise.
 * @param x - Shape (d).
 * @param out - Receives them. Shape (n).
 */
export function covariances(
  inputs: Inputs,
  parameters: KernelParameters,
  x: Float64Array,
  out: Float64Array,
): void {
  squaredDistances(inputs, parameters, x, 0, 1, inputs.n, out, 0)
  for (let i = 0; i < inputs.n; i++) out[i] = parameters.scale * matern52(out[i] as number)
}

/**
 * The covariance matrix of the inputs, its lower triangle alone, with `noise` on the diagonal.
 * @param out - Receives it. Shape (n, n).
 * @param from - The first row to write. Default 0.
 */
export function covarianceMatrix(
  inputs: Inputs,
  parameters: KernelParameters,
  out: Float64Array,
  noise: number,
  from = 0,
): void {
  const { n, columns } = inputs
  for (let i = from; i < n; i++) {
    squaredDistances(inputs, parameters, columns, i, n, i, out, i * n)
    for (let k = i * n; k < i * n + i; k++) out[k] = parameters.scale * matern52(out[k] as number)
    out[i * n + i] = parameters.scale + noise
  }
}
