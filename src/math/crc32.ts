// The generator polynomial x³² + x²⁶ + … + 1 of IEEE 802.3, bits reversed.
const POLYNOMIAL = 0xed_b8_83_20

// Remainders of all bytes.
const REMAINDERS = Int32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? POLYNOMIAL : 0)
  return remainder
})

/**
 * The checksum CRC-32 of a text in UTF-8, as zlib gives it: an unsigned integer of 32 bits.
 * Source: IEEE 802.3. Cost: some nanoseconds a character.
 */
export function crc32(text: string): number {
  let remainder = 0xff_ff_ff_ff
  const add = (byte: number): void => {
    remainder = (remainder >>> 8) ^ (REMAINDERS[(remainder ^ byte) & 0xff] as number)
  }
  // To encode a short text takes longer than all the rest, and one in ASCII is its own encoding.
  if (isAscii(text)) for (let i = 0; i < text.length; i++) add(text.charCodeAt(i))
  else for (const byte of new TextEncoder().encode(text)) add(byte)
  return ~remainder >>> 0
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false
  return true
}
