import type { Domain } from '../space/space.ts'
import { belongsTo, kernelAxisOf } from './kernel-axes.ts'

/** One parameter as a number from 0 to 1, whatever its kind. */
export interface UnitAxis {
  /** Undefined for a value that is not of the domain. */
  unitOf(value: unknown): number | undefined
  valueAt(u: number): unknown
}

/**
 * The correspondence of a domain with [0, 1]: numbers along their scale, ordered choices by position, and unordered ones
 * each with an equal share, as in a vector that evolution works on. A normal domain lies there within three deviations.
 * @param domain - Not a computed one.
 */
export function unitAxisOf(domain: Domain): UnitAxis {
  const kernelAxis = kernelAxisOf(domain)
  const { axis } = kernelAxis
  const coordinateOf = (value: unknown): number | undefined =>
    belongsTo(kernelAxis, value) ? kernelAxis.coordinateOf(value) : undefined
  if (axis.kind !== 'choice') return { unitOf: coordinateOf, valueAt: kernelAxis.valueAt }
  const { count } = axis
  return {
    unitOf(value) {
      const index = coordinateOf(value)
      return index === undefined ? undefined : (index + 0.5) / count
    },
    valueAt: (u) => kernelAxis.valueAt(Math.min(count - 1, Math.floor(u * count))),
  }
}
