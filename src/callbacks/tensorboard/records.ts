import { crc32c } from './crc32c.ts'

const HEADER_BYTES = 12
const FOOTER_BYTES = 4

/**
 * A record of an event file: length (64 bits), its checksum, the data, and theirs.
 * Source: tensorflow/core/lib/io/record_writer.h.
 */
export function record(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + data.length + FOOTER_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, data.length, true)
  view.setUint32(8, masked(crc32c(bytes.subarray(0, 8))), true)
  bytes.set(data, HEADER_BYTES)
  view.setUint32(HEADER_BYTES + data.length, masked(crc32c(data)), true)
  return bytes
}

/** The data of all whole records, up to the first that is torn or damaged. */
export function* recordsIn(bytes: Uint8Array): IterableIterator<Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  while (at + HEADER_BYTES + FOOTER_BYTES <= bytes.length) {
    const length = view.getUint32(at, true)
    const end = at + HEADER_BYTES + length
    if (end + FOOTER_BYTES > bytes.length) return
    if (view.getUint32(at + 8, true) !== masked(crc32c(bytes.subarray(at, at + 8)))) return
    const data = bytes.subarray(at + HEADER_BYTES, end)
    if (view.getUint32(end, true) !== masked(crc32c(data))) return
    yield data
    at = end + FOOTER_BYTES
  }
}

// A checksum of what holds checksums says little, so they are turned by 15 bits and shifted by a constant.
function masked(checksum: number): number {
  return (((checksum >>> 15) | (checksum << 17)) + 0xa2_82_ea_d8) >>> 0
}
