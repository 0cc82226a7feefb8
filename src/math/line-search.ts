/**
 * Steps along a direction, for minimisers that have one.
 *
 *   x // (n) point        g // (n) gradient        d // (n) direction
 *   φ(α) = f(x + α d), φ′(α) = d·g(x + α d)
 *
 * Source: Nocedal & Wright, Numerical Optimization, 2nd edition, algorithms 3.5 and 3.6 (strong Wolfe conditions);
 * Bertsekas 1982, SIAM J. Control Optim. 20 (a search bent at bounds).
 */

/**
 * Gives the value at `x` and writes the gradient there. A value that is not finite stands for "too far": the search
 * then takes a shorter step.
 */
export type SmoothFunction = (x: Float64Array, gradient: Float64Array) => number

/** Bounds of each coordinate. Shape (n) each. */
export interface Bounds {
  readonly lower: Float64Array
  readonly upper: Float64Array
}

// Constants of the Wolfe conditions, as Nocedal & Wright recommend them for quasi-Newton directions (section 3.1).
const C1 = 1e-4
const C2 = 0.9
const STEPS_MAX = 20

/** The point that a minimiser stands on, the one before it, and one that is tried. */
export class Walk {
  x: Float64Array
  gradient: Float64Array
  value: number
  lastX: Float64Array
  lastGradient: Float64Array
  evaluations = 0
  readonly trialX: Float64Array
  readonly trialGradient: Float64Array
  trialValue = 0
  readonly #f: SmoothFunction

  constructor(f: SmoothFunction, start: Float64Array) {
    const n = start.length
    this.#f = f
    this.trialX = start.slice()
    this.trialGradient = new Float64Array(n)
    this.x = start.slice()
    this.lastX = new Float64Array(n)
    this.lastGradient = new Float64Array(n)
    this.value = this.evaluate()
    this.gradient = this.trialGradient.slice()
  }

  /** The value at `trialX`; infinite where it is not finite. */
  evaluate(): number {
    this.evaluations++
    const value = this.#f(this.trialX, this.trialGradient)
    this.trialValue = Number.isNaN(value) ? Infinity : value
    return this.trialValue
  }

  /** Goes to the point that was tried last. */
  accept(): void {
    this.lastX.set(this.x)
    this.lastGradient.set(this.gradient)
    this.x.set(this.trialX)
    this.gradient.set(this.trialGradient)
    this.value = this.trialValue
  }

  /** φ(α) and φ′(α) along a direction. */
  probe(d: Float64Array, alpha: number): { readonly value: number; readonly slope: number } {
    const { x, trialX } = this
    for (let j = 0; j < d.length; j++) trialX[j] = (x[j] as number) + alpha * (d[j] as number)
    const value = this.evaluate()
    return { value, slope: inner(d, this.trialGradient) }
  }
}

interface Probe {
  readonly alpha: number
  readonly value: number
  readonly slope: number
}

/** Algorithm 3.5: goes to a point that meets the strong Wolfe conditions, or to the best one found. */
export function wolfeStep(walk: Walk, d: Float64Array, first: number): boolean {
  const zero: Probe = { alpha: 0, value: walk.value, slope: inner(d, walk.gradient) }
  let last = zero
  let alpha = first
  for (let i = 0; i < STEPS_MAX; i++) {
    const probe: Probe = { alpha, ...walk.probe(d, alpha) }
    if (!Number.isFinite(probe.value)) {
      // Nothing can be fitted to an infinite value.
      if (last.alpha > 0) return zoom(walk, d, zero, last, probe)
      alpha /= 10
      continue
    }
    if (probe.value > zero.value + C1 * alpha * zero.slope || (i > 0 && probe.value >= last.value)) {
      return zoom(walk, d, zero, last, probe)
    }
    if (Math.abs(probe.slope) <= -C2 * zero.slope) return accept(walk)
    if (probe.slope >= 0) return zoom(walk, d, zero, probe, last)
    last = probe
    alpha *= 2
  }
  return last.alpha > 0 && acceptAt(walk, d, last)
}

/** Algorithm 3.6: narrows an interval that holds a point as wanted; `low` is its better end. */
function zoom(walk: Walk, d: Float64Array, zero: Probe, low: Probe, high: Probe): boolean {
  for (let i = 0; i < STEPS_MAX; i++) {
    const alpha = between(low, high)
    const probe: Probe = { alpha, ...walk.probe(d, alpha) }
    if (!(probe.value <= zero.value + C1 * alpha * zero.slope) || probe.value >= low.value) high = probe
    else {
      if (Math.abs(probe.slope) <= -C2 * zero.slope) return accept(walk)
      if (probe.slope * (high.alpha - low.alpha) >= 0) high = low
      low = probe
    }
    if (Math.abs(high.alpha - low.alpha) <= 1e-12 * Math.max(high.alpha, low.alpha)) break
  }
  return low.alpha > 0 && acceptAt(walk, d, low)
}

/** The minimum of the cubic through two probes (equation 3.59), kept away from the ends; else the middle. */
function between(a: Probe, b: Probe): number {
  const width = b.alpha - a.alpha
  const middle = a.alpha + width / 2
  if (!Number.isFinite(b.value)) return a.alpha + width / 10
  const d1 = a.slope + b.slope - (3 * (a.value - b.value)) / (a.alpha - b.alpha)
  const root = d1 * d1 - a.slope * b.slope
  if (!(root >= 0)) return middle
  const d2 = Math.sign(width) * Math.sqrt(root)
  const cubic = b.alpha - (width * (b.slope + d2 - d1)) / (b.slope - a.slope + 2 * d2)
  const [low, high] = width > 0 ? [a.alpha, b.alpha] : [b.alpha, a.alpha]
  const margin = 0.1 * (high - low)
  return cubic > low + margin && cubic < high - margin ? cubic : middle
}

function accept(walk: Walk): boolean {
  walk.accept()
  return true
}

function acceptAt(walk: Walk, d: Float64Array, { alpha }: Probe): boolean {
  walk.probe(d, alpha)
  return accept(walk)
}

/** Goes along the direction bent at the bounds, as far as the value falls enough (Bertsekas 1982, equation 9). */
export function projectedStep(walk: Walk, d: Float64Array, first: number, bounds: Bounds): boolean {
  const { x, trialX, gradient } = walk
  let alpha = first
  for (let i = 0; i < STEPS_MAX; i++) {
    let slope = 0
    for (let j = 0; j < d.length; j++) {
      const at = clip((x[j] as number) + alpha * (d[j] as number), j, bounds)
      trialX[j] = at
      slope += (gradient[j] as number) * (at - (x[j] as number))
    }
    if (!(slope < 0)) return false
    const value = walk.evaluate()
    if (value <= walk.value + C1 * slope) return accept(walk)
    // The minimum of the parabola through both values and the slope, within a tenth and a half.
    const parabola = Number.isFinite(value) ? -slope / (2 * (value - walk.value - slope)) : 0.1
    alpha *= Math.min(0.5, Math.max(0.1, parabola))
  }
  return false
}

/** A coordinate, or the bound that it is beyond. */
export function clip(at: number, j: number, { lower, upper }: Bounds): number {
  return Math.min(upper[j] as number, Math.max(lower[j] as number, at))
}

/** The inner product. */
export function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let j = 0; j < b.length; j++) sum += (a[j] as number) * (b[j] as number)
  return sum
}
