/**
 * A number with 6 significant digits, in the form of C's `%g`: `6.57558`, `-49.4554`, `99`, `1e-05`.
 * Integers keep all their digits up to 10¹⁵. NaN and ±Infinity are spelled out.
 */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value)
  const size = Math.abs(value)
  // Where all six digits are written out, `toPrecision` has them at once; above, rounding could add a digit.
  if (size >= 1e-4 && size < 999_999) return trimZeros(value.toPrecision(6))
  const [mantissa = '', power = ''] = value.toExponential(5).split('e')
  const exponent = Number(power)
  if (exponent >= -4 && exponent < 6) return trimZeros(value.toFixed(5 - exponent))
  const sign = exponent < 0 ? '-' : '+'
  return `${trimZeros(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`
}

function trimZeros(digits: string): string {
  if (!digits.includes('.')) return digits
  let end = digits.length
  while (digits[end - 1] === '0') end--
  return digits.slice(0, digits[end - 1] === '.' ? end - 1 : end)
}
