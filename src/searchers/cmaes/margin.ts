import { ndtr, ndtri } from '../../math/normal.ts'
import type { Box, Cell } from './box.ts'
import type { Evolution } from './evolution.ts'

/**
 * Keeps the values beside the mean's own likely enough on axes with steps. Without it the distribution becomes narrower
 * than a step, all candidates round to one value, and nothing is learned there any more. Where a neighbour would come up
 * with less than half of α = 1 / (n λ), or, at an end of the domain, α, mean and width of the axis are moved; correlations
 * stay.
 * Source: Hamano, Saito, Nomura & Shirakawa 2022, "CMA-ES with Margin", GECCO, arXiv:2205.13482: its rule for
 * binary variables at the two ends, that for the other integers between.
 */
export function keepMargin(evolution: Evolution, box: Box): void {
  const alpha = 1 / (evolution.n * evolution.constants.lambda)
  for (let j = 0; j < evolution.n; j++) {
    const cell = box.cell(j, evolution.mean[j] as number)
    if (cell === undefined) continue
    if (cell.every(Number.isFinite)) keepBothSides(evolution, j, cell, alpha)
    else keepOneSide(evolution, j, cell, alpha)
  }
}

/** In the first or the last cell: the mean goes no further from the threshold than leaves α beyond it. */
function keepOneSide(evolution: Evolution, j: number, [low, high]: Cell, alpha: number): void {
  const furthest = -ndtri(alpha) * evolution.deviation(j)
  const mean = evolution.mean[j] as number
  evolution.mean[j] = low === -Infinity ? Math.max(mean, high - furthest) : Math.min(mean, low + furthest)
}

/** In between: at least α / 2 on either side, what is missing being taken from where there is more. */
function keepBothSides(evolution: Evolution, j: number, [low, high]: Cell, alpha: number): void {
  const mean = evolution.mean[j] as number
  const deviation = evolution.deviation(j)
  const below = ndtr((low - mean) / deviation)
  const above = ndtr((mean - high) / deviation)
  // The formulas would give back what is there, but for rounding.
  if (below >= alpha / 2 && above >= alpha / 2) return
  const inside = 1 - below - above
  const raised = [Math.max(alpha / 2, below), Math.max(alpha / 2, above)] as const
  const sum = raised[0] + raised[1] + inside
  const share = (1 - sum) / (sum - (3 * alpha) / 2)
  const [toLow, toHigh] = raised.map((p) => -ndtri(p + share * (p - alpha / 2))) as [number, number]
  evolution.mean[j] = (low * toHigh + high * toLow) / (toLow + toHigh)
  const wanted = (high - low) / (toLow + toHigh)
  evolution.widths[j] = ((evolution.widths[j] as number) * wanted) / deviation
}
