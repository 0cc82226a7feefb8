import { toScale } from '../../space/axis.ts'
import type { NumericAxis } from './axis.ts'

/** The part of a stepped axis, on its scale, that belongs to a value. */
export function stepEnds({ scale, step }: NumericAxis, value: number): [left: number, right: number] {
  return [toScale(scale, value - step / 2), toScale(scale, value + step / 2)]
}
