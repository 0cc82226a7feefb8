const BITS = 128n
const ONE = 1n << BITS

/**
 * The double nearest to the natural logarithm of `x`: the same in every engine.
 *
 * `Math.log` may be a last bit off, and engines differ. Where a floor follows, a bit is a whole step: with V8's,
 * ln 243 / ln 3 is 5; with the nearest doubles, as most C libraries give them, it is 4.999….
 * Cost: some 3 µs, a hundred times that of `Math.log`. Not for inner loops.
 * @param x - A number above 0, not subnormal and not infinite.
 */
export function nearestLog(x: number): number {
  // x = m · 2^exponent with m in [1/2, 2]: an estimate of the exponent will do.
  const exponent = Math.floor(Math.log2(x))
  const m = BigInt((x / 2 ** exponent) * 2 ** 60) << (BITS - 60n)
  const sum = twiceArtanh(m - ONE, m + ONE) + BigInt(exponent) * LN2
  return Number(sum) / 2 ** Number(BITS)
}

// ln m = 2 artanh((m - 1) / (m + 1)), by the series z + z³/3 + z⁵/5 + …, in fixed point.
function twiceArtanh(numerator: bigint, denominator: bigint): bigint {
  const z = (numerator << BITS) / denominator
  const square = (z * z) >> BITS
  let sum = 0n
  let power = z
  for (let odd = 1n; power !== 0n && power !== -1n; odd += 2n) {
    sum += power / odd
    power = (power * square) >> BITS
  }
  return 2n * sum
}

const LN2 = twiceArtanh(1n, 3n)
