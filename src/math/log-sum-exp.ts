/**
 * log Σ exp(xᵢ) of the first `count` numbers, without overflow or underflow: m + log Σ exp(xᵢ - m) with m = max xᵢ.
 * Source: Blanchard, Higham & Higham 2021, IMA J. Numer. Anal. 41(4), the shifted formula.
 * @param x - Shape (count) or more.
 * @returns -Infinity when all are, or there are none.
 */
export function logSumExp(x: ArrayLike<number>, count = x.length): number {
  let most = -Infinity
  for (let i = 0; i < count; i++) if ((x[i] as number) > most) most = x[i] as number
  if (!Number.isFinite(most)) return most
  let sum = 0
  for (let i = 0; i < count; i++) sum += Math.exp((x[i] as number) - most)
  return most + Math.log(sum)
}
