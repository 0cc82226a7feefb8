/**
 * Steps as people write them. In binary, 0.1 + 0.1 + 0.1 is 0.30000000000000004 and 1.2 / 0.1 is 11.999999999999998, so
 * a range counted with floating numbers may miss its own end. Here each number stands for its shortest decimal, and
 * counting is exact.
 */
interface Decimal {
  readonly digits: bigint
  /** The value is `digits` divided by ten to this power. */
  readonly places: number
}

function decimalOf(x: number): Decimal {
  const [mantissa = '0', exponent = '0'] = String(x).split('e')
  const [whole = '0', fraction = ''] = mantissa.split('.')
  const places = fraction.length - Number(exponent)
  const digits = BigInt(whole + fraction)
  return places >= 0 ? { digits, places } : { digits: digits * 10n ** BigInt(-places), places: 0 }
}

function atPlaces({ digits, places }: Decimal, wanted: number): bigint {
  return digits * 10n ** BigInt(wanted - places)
}

/** The numbers `low`, `low + step`, … up to `high`, counted in decimals. */
export interface Steps {
  readonly count: number
  /** The last number reached, `high` or a little below it. */
  readonly last: number
  /** The number at an index from 0 to `count - 1`. */
  at(index: number): number
}

/**
 * Counts from `low` to `high` in steps, as decimals.
 * @param step - Above 0.
 */
export function stepsOf(low: number, high: number, step: number): Steps {
  const decimals = [decimalOf(low), decimalOf(high), decimalOf(step)] as const
  const places = Math.max(...decimals.map((decimal) => decimal.places))
  const [first, end, stride] = decimals.map((decimal) => atPlaces(decimal, places)) as [
    bigint,
    bigint,
    bigint,
  ]
  const at = (index: number) => Number(`${first + BigInt(index) * stride}e${-places}`)
  const count = Number((end - first) / stride) + 1
  return { count, last: at(count - 1), at }
}
