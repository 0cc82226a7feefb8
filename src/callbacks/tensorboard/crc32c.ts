// The generator polynomial of Castagnoli 1993 as in RFC 3720, appendix B.4, bits reversed.
const POLYNOMIAL = 0x82_f6_3b_78

// Remainders of all bytes.
const REMAINDERS = Int32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? POLYNOMIAL : 0)
  return remainder
})

/** The checksum CRC-32C of some bytes: an unsigned integer of 32 bits. */
export function crc32c(bytes: Uint8Array): number {
  let remainder = 0xff_ff_ff_ff
  for (const byte of bytes) remainder = (remainder >>> 8) ^ (REMAINDERS[(remainder ^ byte) & 0xff] as number)
  return ~remainder >>> 0
}
