import { logGaussMass } from '../../math/normal.ts'
import { truncatedNormalLogPdf } from '../../math/truncated-normal.ts'
import type { RandomStream } from '../../random/random.ts'
import { toScale } from '../../space/axis.ts'
import type { Axis } from './axis.ts'
import { sampleKernel } from './numeric-kernels.ts'
import { stepEnds } from './step-ends.ts'

/** Log density of the prior kernel of an axis: the mass of the step on a stepped one, a probability for choices. */
export function priorLogPdf(axis: Axis, value: number): number {
  if (axis.kind === 'choice') return -Math.log(axis.count)
  const { low, high, centre, width, step } = axis
  const a = (low - centre) / width
  const b = (high - centre) / width
  if (step === 0) {
    const t = (toScale(axis.scale, value) - centre) / width
    return truncatedNormalLogPdf(t, a, b) - Math.log(width)
  }
  const [left, right] = stepEnds(axis, value)
  return logGaussMass((left - centre) / width, (right - centre) / width) - logGaussMass(a, b)
}

/** Draws a value, as the model has it, from the prior kernel of an axis. */
export function samplePrior(axis: Axis, random: RandomStream): number {
  if (axis.kind === 'choice') return random.below(axis.count)
  return axis.nearest(sampleKernel(axis, axis.centre, axis.width, random))
}
