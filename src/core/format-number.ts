/**
 * A number with 6 significant digits, in the form of C's `%g`: `6.57558`, `-49.4554`, `99`, `1e-05`.
 * Integers keep all their digits up to 10¹⁵. NaN and ±Infinity are spelled out.
 */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value)
  const [mantissa = '', power = ''] = value.toExponential(5).split('e')
  const exponent = Number(power)
  if (exponent >= -4 && exponent < 6) return trimZeros(value.toFixed(5 - exponent))
  const sign = exponent < 0 ? '-' : '+'
  return `${trimZeros(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`
}

function trimZeros(digits: string): string {
  return digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits
}
