import { describe, expect, it } from 'vitest'
import { crc32 } from '../../src/math/crc32.ts'

describe('crc32', () => {
  it.each([
    ['', 0],
    ['123456789', 0xcb_f4_39_26],
    ['The quick brown fox jumps over the lazy dog', 0x41_4f_a3_39],
    // By zlib.crc32('Grüße_7'.encode()).
    ['Grüße_7', 0xa2_66_34_33],
  ])('of %j is what zlib gives', (text, sum) => {
    expect(crc32(text)).toBe(sum)
  })
})
