// The generator polynomial x³² + x²⁶ + … + 1 of IEEE 802.3, bits reversed.
const POLYNOMIAL = 0xed_b8_83_20

/**
 * The checksum CRC-32 of a text in UTF-8, as zlib gives it: an unsigned integer of 32 bits.
 * Source: IEEE 802.3. Cost: some 0.1 µs a character.
 */
export function crc32(text: string): number {
  let remainder = 0xff_ff_ff_ff
  for (const byte of new TextEncoder().encode(text)) {
    remainder ^= byte
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? POLYNOMIAL : 0)
  }
  return ~remainder >>> 0
}
