import { erfc, erfcx } from './erf.ts'
import { polynomial } from './polynomial.ts'

/** log √(2π). */
const LOG_SQRT_2PI = 0.5 * Math.log(2 * Math.PI)

/** Log density of the standard normal distribution. */
export function normalLogPdf(x: number): number {
  return -0.5 * x * x - LOG_SQRT_2PI
}

/** Φ(x), the standard normal distribution function. Relative error under 1e-15, growing to 2e-13 at -37, where it ends. */
export function ndtr(x: number): number {
  return 0.5 * erfc(-x * Math.SQRT1_2)
}

/** log Φ(x), exact in both tails: Φ itself is 0 below -38. Relative error under 3e-14; NaN gives NaN. */
export function logNdtr(x: number): number {
  if (x === -Infinity) return -Infinity
  return x < -1
    ? Math.log(0.5 * erfcx(-x * Math.SQRT1_2)) - 0.5 * x * x
    : Math.log1p(-0.5 * erfc(x * Math.SQRT1_2))
}

/**
 * The inverse of `ndtr`.
 * Source: Wichura 1988, Applied Statistics 37(3), algorithm AS 241 (PPND16). Error about 1e-16.
 * @param p - A probability; 0 and 1 give the infinities, what is outside NaN.
 */
export function ndtri(p: number): number {
  const q = p - 0.5
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q
    return (q * polynomial(CENTRE_UP, r)) / polynomial(CENTRE_DOWN, r)
  }
  const tail = q < 0 ? p : 1 - p
  if (!(tail > 0)) return tail === 0 ? Math.sign(q) * Infinity : Number.NaN
  const r = Math.sqrt(-Math.log(tail))
  const size =
    r <= 5
      ? polynomial(TAIL_UP, r - 1.6) / polynomial(TAIL_DOWN, r - 1.6)
      : polynomial(FAR_UP, r - 5) / polynomial(FAR_DOWN, r - 5)
  return q < 0 ? -size : size
}

/**
 * The inverse of `logNdtr`, for probabilities too small or too near 1 to be told from 0 or 1.
 * @param logP - Logarithm of a probability: at most 0, which gives Infinity; above 0 gives NaN.
 */
export function ndtriExp(logP: number): number {
  if (logP > -0.01) return logP > 0 ? Number.NaN : -ndtriExp(Math.log(-Math.expm1(logP)))
  // The rounding of e^logP moves the result by less than its own rounding.
  if (logP > -690) return ndtri(Math.exp(logP))
  // So far out the leading term is all that counts, and the squares below would overflow in the end.
  if (logP < -1e20) return -Math.SQRT2 * Math.sqrt(-logP)
  // The tail's leading terms, then Newton's method on log Φ, whose steps gain at least four digits each.
  let x = -Math.sqrt(-2 * (logP + 0.5 * Math.log(-2 * logP) + LOG_SQRT_2PI))
  for (let i = 0; i < 4; i++) {
    const logPhi = logNdtr(x)
    x -= (logPhi - logP) * Math.exp(logPhi - normalLogPdf(x))
  }
  return x
}

/**
 * log(Φ(b) - Φ(a)), the log mass of an interval, exact in both tails and for intervals of any width.
 * @param b - At least `a`; equal ones give -Infinity. NaN gives NaN.
 */
export function logGaussMass(a: number, b: number): number {
  const width = b - a
  const middle = 0.5 * (a + b)
  if (width * Math.max(1, Math.abs(middle)) < 0.2) return narrowLogMass(middle, width)
  // Differences in the right tail cancel, those in the left do not.
  if (a > 0) return leftLogMass(-b, -a)
  return b <= 0 ? leftLogMass(a, b) : Math.log1p(-ndtr(a) - ndtr(-b))
}

function leftLogMass(a: number, b: number): number {
  const logB = logNdtr(b)
  return logB + Math.log1p(-Math.exp(logNdtr(a) - logB))
}

// The density's Taylor series about the middle, integrated: Φ(b) and Φ(a) would agree in most of their digits. The
// terms have Hermite's polynomials; the first one left out is under 3e-14.
function narrowLogMass(m: number, width: number): number {
  if (width === 0) return -Infinity
  const h = 0.25 * width * width
  const m2 = m * m
  const third = (h / 42) * (((m2 - 15) * m2 + 45) * m2 - 15)
  const second = (h / 20) * ((m2 - 6) * m2 + 3 + third)
  return normalLogPdf(m) + Math.log(width) + Math.log1p((h / 6) * (m2 - 1 + second))
}

const CENTRE_UP = Float64Array.of(
  2509.0809287301227,
  33430.57558358813,
  67265.7709270087,
  45921.95393154987,
  13731.69376550946,
  1971.5909503065513,
  133.14166789178438,
  3.3871328727963665,
)
const CENTRE_DOWN = Float64Array.of(
  5226.495278852854,
  28729.085735721943,
  39307.89580009271,
  21213.794301586597,
  5394.196021424751,
  687.1870074920579,
  42.31333070160091,
  1,
)
const TAIL_UP = Float64Array.of(
  0.0007745450142783414,
  0.022723844989269184,
  0.2417807251774506,
  1.2704582524523684,
  3.6478483247632045,
  5.769497221460691,
  4.630337846156546,
  1.4234371107496835,
)
const TAIL_DOWN = Float64Array.of(
  1.0507500716444169e-9,
  0.0005475938084995345,
  0.015198666563616457,
  0.14810397642748008,
  0.6897673349851,
  1.6763848301838038,
  2.053191626637759,
  1,
)
const FAR_UP = Float64Array.of(
  2.0103343992922881e-7,
  0.000027115555687434876,
  0.0012426609473880784,
  0.026532189526576124,
  0.29656057182850487,
  1.7848265399172913,
  5.463784911164114,
  6.657904643501103,
)
const FAR_DOWN = Float64Array.of(
  2.0442631033899397e-15,
  1.421511758316446e-7,
  0.000018463183175100548,
  0.0007868691311456133,
  0.014875361290850615,
  0.1369298809227358,
  0.599832206555888,
  1,
)
