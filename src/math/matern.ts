/**
 * The Matérn kernel with ν = 5/2: (1 + s + s²/3) e⁻ˢ with s = √(5 r²).
 * Source: Rasmussen & Williams 2006, Gaussian Processes for Machine Learning, equation 4.17.
 * @param r2 - Squared distance r² in length scales, from 0.
 * @returns From 1 at distance 0 down to 0.
 */
export function matern52(r2: number): number {
  const s = Math.sqrt(5 * r2)
  return (1 + s + (s * s) / 3) * Math.exp(-s)
}

/**
 * The derivative of `matern52` with respect to r² (not r, along which it would have no slope at 0).
 * @returns From -5/6 at distance 0 up to 0.
 */
export function matern52Slope(r2: number): number {
  const s = Math.sqrt(5 * r2)
  return (-5 / 6) * (1 + s) * Math.exp(-s)
}
