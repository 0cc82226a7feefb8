import { Buffer } from 'node:buffer'
import { crc32 } from '../../math/crc32.ts'

// As Ray Tune cuts them. In bytes, since file systems count those: a name may have 255 on most.
const BYTES_MAX = 130

// Not allowed in names on Windows, or with a meaning on some system; Ray Tune also takes out brackets.
const FORBIDDEN = /[\p{Cc}<>:"/\\|?*()]/gu

// Devices on Windows, whatever comes after a dot.
const DEVICES = /^(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)/i

/**
 * A name that every file system takes for a folder: what none allows becomes `_`, and a long one is cut, with a checksum
 * of the whole at its end so that two do not become one.
 */
export function safeName(name: string): string {
  const plain = name
    // Half a character is none.
    .replace(/\p{Cs}/gu, '_')
    .replace(FORBIDDEN, '_')
    // Windows drops them at the end, and `..` leads out of the folder.
    .replace(/^\.+|[. ]+$/g, (dots: string) => '_'.repeat(dots.length))
    .replace(DEVICES, (device: string) => `${device}_`)
  if (plain === '') return '_'
  if (Buffer.byteLength(plain) <= BYTES_MAX) return plain
  const checksum = crc32(name).toString(16).padStart(8, '0')
  let kept = ''
  let room = BYTES_MAX - 1 - checksum.length
  for (const character of plain) {
    room -= Buffer.byteLength(character)
    if (room < 0) break
    kept += character
  }
  return `${kept}_${checksum}`
}
