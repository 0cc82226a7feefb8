import { branch } from '../../space/branch.ts'
import { choice, ordinal } from '../../space/choices.ts'
import { randint } from '../../space/integers.ts'
import { loguniform, quniform, randn, uniform } from '../../space/numbers.ts'
import { sampleFrom } from '../../space/sample-from.ts'
import type { Space, SpaceDefinition } from '../../space/space.ts'
import { inWords } from '../../space/values.ts'

/** A space that can be gone through, and how many points it has. */
export interface FiniteSpace {
  readonly space: SpaceDefinition
  readonly size: number
}

/** Spaces that a searcher comes to the end of. */
export const FINITE_SPACES: readonly FiniteSpace[] = [
  { space: { steps: 100 }, size: 1 },
  { space: { kind: choice(['a', 'b', 'c']), nested: { depth: randint(1, 3) } }, size: 6 },
  {
    space: {
      size: ordinal([16, 64]),
      act: branch({
        relu: {},
        tanh: { alpha: quniform(0, 1, 0.5), gate: branch({ on: { k: randint(0, 2) }, off: {} }) },
      }),
    },
    size: 2 * (1 + 3 * (2 + 1)),
  },
]

const byRunning: SpaceDefinition = (trial) => {
  if (trial.suggestCategorical('act', ['relu', 'tanh']) === 'relu') trial.suggestFloat('width', 0, 20)
  else trial.suggestFloat('width', -1, 21, { step: 0.5 })
  return { steps: 100 }
}

/** Spaces of every kind: define-by-run, finite and infinite ones, with branches and without, with values of any type. */
export const SPACES: readonly SpaceDefinition[] = [
  byRunning,
  ...FINITE_SPACES.map(({ space }) => space),
  {
    x: uniform(-1, 1),
    optimizer: { lr: loguniform(1e-5, 1), momentum: randn(0, 1) },
    layers: [randint(1, 9), 3],
  },
  {
    x: uniform(0, 1),
    act: branch({ relu: { width: uniform(0, 20) }, tanh: { width: uniform(-1, 21), alpha: uniform(0, 1) } }),
  },
  {
    squash: choice([Math.tanh, Math.atan]),
    shape: choice([{ width: 8 }, { width: 16 }]),
    x: uniform(0, 1),
    twice: sampleFrom(({ x }) => 2 * Number(x)),
  },
]

// More would fill the screen, and tell no more.
const PARAMETERS_MAX = 8

/** The parameters of a space, as a message shows them: `{ x: a number from 0 to 1 }`. */
export function spaceInWords({ kind, parameters }: Space): string {
  if (kind === 'define-by-run') return 'of a define-by-run function'
  const shown = parameters.slice(0, PARAMETERS_MAX).map(({ path, domain, when }) => {
    const cases = when.map((taken) => `${taken.path} = ${taken.value}`).join(' and ')
    return `${path}: ${inWords(domain)}${cases === '' ? '' : ` if ${cases}`}`
  })
  const more = parameters.length > PARAMETERS_MAX ? `; … (${parameters.length} in all)` : ''
  return shown.length === 0 ? 'of constants alone' : `{ ${shown.join('; ')}${more} }`
}
