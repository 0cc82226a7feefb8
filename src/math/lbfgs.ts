/**
 * Minimisation of smooth functions by limited-memory BFGS, without and within bounds.
 *
 *   x // (n) point        g // (n) gradient        d // (n) direction
 *   s = x⁺ - x, y = g⁺ - g // (n) the last steps, of which the newest `memory` are kept
 *
 * Source: Nocedal & Wright, Numerical Optimization, 2nd edition: algorithm 7.4 (two loops) and 7.5 (L-BFGS). Bounds:
 * Bertsekas 1982, SIAM J. Control Optim. 20, which leaves out the coordinates that are held by a bound.
 */
import {
  type Bounds,
  clip,
  inner,
  projectedStep,
  type SmoothFunction,
  Walk,
  wolfeStep,
} from './line-search.ts'

export type { SmoothFunction } from './line-search.ts'

/** When a minimisation ends. */
export interface MinimizeOptions {
  /** Ends when no entry of the (projected) gradient is larger. Default 1e-5. */
  readonly gradientTolerance?: number
  /** Ends when an iteration gains less than this share of the value. Default 2.2e-9, as SciPy has it. */
  readonly valueTolerance?: number
  /** Iterations at most. Default 200. */
  readonly iterationsMax?: number
  /** Bounds of each coordinate. Default: none. */
  readonly bounds?: Bounds | undefined
}

/** Where a minimisation ended. */
export interface Minimum {
  readonly x: Float64Array
  readonly value: number
  /** How often the function was asked. */
  readonly evaluations: number
}

const MEMORY = 10

/**
 * A local minimum near `start`. It never ends above where it began; where the function is not finite at the start, the
 * start is returned.
 * @param f - Asked about once an iteration; the arrays that it gets are reused.
 * @param start - Shape (n). Not changed; moved into the bounds where there are any.
 */
export function minimize(f: SmoothFunction, start: Float64Array, options: MinimizeOptions = {}): Minimum {
  const { gradientTolerance = 1e-5, valueTolerance = 2.2e-9, iterationsMax = 200, bounds } = options
  const n = start.length
  const walk = new Walk(f, bounds === undefined ? start : projected(start, bounds))
  const curvature = new Curvature(n)
  const d = new Float64Array(n)
  const isHeld = new Uint8Array(n)
  if (!Number.isFinite(walk.value)) return walk
  for (let iteration = 0; iteration < iterationsMax; iteration++) {
    if (bounds !== undefined) hold(walk, bounds, isHeld)
    if (largest(walk.gradient, isHeld) <= gradientTolerance) break
    const before = walk.value
    curvature.direction(walk.gradient, isHeld, d)
    if (!(inner(d, walk.gradient) < 0)) {
      curvature.forget()
      curvature.direction(walk.gradient, isHeld, d)
    }
    const first = curvature.isEmpty ? Math.min(1, 1 / length(d)) : 1
    const moved = bounds === undefined ? wolfeStep(walk, d, first) : projectedStep(walk, d, first, bounds)
    if (!moved) {
      if (curvature.isEmpty) break
      curvature.forget()
      continue
    }
    curvature.add(walk)
    const gain = before - walk.value
    if (gain <= valueTolerance * Math.max(Math.abs(before), Math.abs(walk.value), 1)) break
  }
  return walk
}

/** The newest steps, which stand for the inverse Hessian. */
class Curvature {
  readonly #n: number
  #count = 0
  #next = 0
  readonly #s: Float64Array
  readonly #y: Float64Array
  readonly #rho = new Float64Array(MEMORY)
  readonly #alpha = new Float64Array(MEMORY)
  #gamma = 1

  constructor(n: number) {
    this.#n = n
    this.#s = new Float64Array(MEMORY * n)
    this.#y = new Float64Array(MEMORY * n)
  }

  get isEmpty(): boolean {
    return this.#count === 0
  }

  forget(): void {
    this.#count = 0
    this.#gamma = 1
  }

  add({ x, lastX, gradient, lastGradient }: Walk): void {
    const n = this.#n
    const at = this.#next * n
    let sy = 0
    let yy = 0
    for (let j = 0; j < n; j++) {
      const s = (x[j] as number) - (lastX[j] as number)
      const y = (gradient[j] as number) - (lastGradient[j] as number)
      this.#s[at + j] = s
      this.#y[at + j] = y
      sy += s * y
      yy += y * y
    }
    // Without curvature along the step, the inverse Hessian would not stay positive definite.
    if (!(sy > 2.2e-16 * yy)) return
    this.#rho[this.#next] = 1 / sy
    this.#gamma = sy / yy
    this.#next = (this.#next + 1) % MEMORY
    this.#count = Math.min(this.#count + 1, MEMORY)
  }

  /** d = -H g over the coordinates that are not held (algorithm 7.4). */
  direction(g: Float64Array, isHeld: Uint8Array, d: Float64Array): void {
    const n = this.#n
    for (let j = 0; j < n; j++) d[j] = isHeld[j] === 1 ? 0 : -(g[j] as number)
    for (let i = 1; i <= this.#count; i++) {
      const slot = (this.#next - i + MEMORY) % MEMORY
      const alpha = (this.#rho[slot] as number) * innerAt(this.#s, slot * n, d)
      this.#alpha[slot] = alpha
      addAt(d, -alpha, this.#y, slot * n)
    }
    for (let j = 0; j < n; j++) d[j] = (d[j] as number) * this.#gamma
    for (let i = this.#count; i >= 1; i--) {
      const slot = (this.#next - i + MEMORY) % MEMORY
      const beta = (this.#rho[slot] as number) * innerAt(this.#y, slot * n, d)
      addAt(d, (this.#alpha[slot] as number) - beta, this.#s, slot * n)
    }
    for (let j = 0; j < n; j++) if (isHeld[j] === 1) d[j] = 0
  }
}

/** Marks the coordinates that stand at a bound and would leave it. */
function hold({ x, gradient }: Walk, { lower, upper }: Bounds, isHeld: Uint8Array): void {
  for (let j = 0; j < x.length; j++) {
    const at = x[j] as number
    const slope = gradient[j] as number
    isHeld[j] =
      (at <= (lower[j] as number) && slope >= 0) || (at >= (upper[j] as number) && slope <= 0) ? 1 : 0
  }
}

function projected(x: Float64Array, bounds: Bounds): Float64Array {
  return x.map((at, j) => clip(at, j, bounds))
}

function largest(g: Float64Array, isHeld: Uint8Array): number {
  let most = 0
  for (let j = 0; j < g.length; j++) if (isHeld[j] !== 1) most = Math.max(most, Math.abs(g[j] as number))
  return most
}

function innerAt(a: Float64Array, from: number, b: Float64Array): number {
  let sum = 0
  for (let j = 0; j < b.length; j++) sum += (a[from + j] as number) * (b[j] as number)
  return sum
}

function addAt(a: Float64Array, factor: number, b: Float64Array, from: number): void {
  for (let j = 0; j < a.length; j++) a[j] = (a[j] as number) + factor * (b[from + j] as number)
}

function length(a: Float64Array): number {
  return Math.sqrt(inner(a, a))
}
