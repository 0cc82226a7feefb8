/**
 * How promising a point is, as the logarithm of something positive: 1e-300 and 1e-290 are then far apart, where the
 * plain value would leave an optimiser without a slope. Source: Ament et al. 2023, arXiv:2310.20708.
 */
export interface Acquisition {
  /** At one point. Shape (d). */
  value(x: Float64Array): number
  /** At one point; also writes the gradient, shape (d). Categorical dimensions get 0. */
  valueAndGradient(x: Float64Array, gradient: Float64Array): number
  /** At many points at once: `points` has shape (m, d), `out` (m). */
  values(points: Float64Array, m: number, out: Float64Array): void
}

/** The logarithm of a product: of independent things that must come true together. */
export function productOf(parts: readonly Acquisition[]): Acquisition {
  const [only] = parts
  if (parts.length === 1 && only !== undefined) return only
  let room = new Float64Array(0)
  return {
    value: (x) => parts.reduce((sum, part) => sum + part.value(x), 0),
    valueAndGradient(x, gradient) {
      if (room.length !== gradient.length) room = new Float64Array(gradient.length)
      gradient.fill(0)
      let sum = 0
      for (const part of parts) {
        sum += part.valueAndGradient(x, room)
        for (let j = 0; j < gradient.length; j++) gradient[j] = (gradient[j] as number) + (room[j] as number)
      }
      return sum
    },
    values(points, m, out) {
      const part = new Float64Array(m)
      out.fill(0, 0, m)
      for (const { values } of parts) {
        values(points, m, part)
        for (let i = 0; i < m; i++) out[i] = (out[i] as number) + (part[i] as number)
      }
    },
  }
}
