/**
 * The value of a polynomial by Horner's scheme.
 * @param coefficients - That of the highest power first.
 */
export function polynomial(coefficients: Float64Array, x: number): number {
  let sum = 0
  for (let i = 0; i < coefficients.length; i++) sum = sum * x + (coefficients[i] as number)
  return sum
}
