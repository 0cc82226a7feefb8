/**
 * What TensorBoard's messages need of Protocol Buffers' wire format: a message is its fields one after the other, each a
 * tag (number and kind) and a value. Source: protobuf.dev, "Encoding".
 * @module
 */

/** A field as bytes; a message is an array of them. */
export type Field = Uint8Array

const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5

const utf8 = new TextEncoder()

/** A whole number, also an enum or a truth value. Negative ones take ten bytes, as `int64` has them. */
export function varintField(number: number, value: number): Field {
  return Uint8Array.from([...varint(number * 8 + VARINT), ...varint(value)])
}

export function doubleField(number: number, value: number): Field {
  const field = new Uint8Array(9)
  field[0] = number * 8 + FIXED64
  new DataView(field.buffer).setFloat64(1, value, true)
  return field
}

export function floatField(number: number, value: number): Field {
  const field = new Uint8Array(5)
  field[0] = number * 8 + FIXED32
  new DataView(field.buffer).setFloat32(1, value, true)
  return field
}

export function textField(number: number, value: string): Field {
  return bytesField(number, utf8.encode(value))
}

/** A message inside of another. */
export function messageField(number: number, fields: readonly Field[]): Field {
  return bytesField(number, message(fields))
}

export function bytesField(number: number, value: Uint8Array): Field {
  return message([Uint8Array.from([...varint(number * 8 + BYTES), ...varint(value.length)]), value])
}

/** A message as bytes. */
export function message(fields: readonly Field[]): Uint8Array {
  let length = 0
  for (const field of fields) length += field.length
  const bytes = new Uint8Array(length)
  let at = 0
  for (const field of fields) {
    bytes.set(field, at)
    at += field.length
  }
  return bytes
}

function varint(value: number): number[] {
  const bytes: number[] = []
  // Two's complement in 64 bits; numbers here may be larger than 32.
  let rest = BigInt.asUintN(64, BigInt(value))
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return bytes
}

/** One field that was read: the number, and the value as a number, or as bytes. */
export interface ReadField {
  readonly number: number
  readonly value: number | Uint8Array
}

/** The fields of a message. Stops at what it cannot read. */
export function* fieldsOf(bytes: Uint8Array): IterableIterator<ReadField> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  const readVarint = (): number => {
    let value = 0n
    for (let shift = 0n; at < bytes.length; shift += 7n) {
      const byte = bytes[at++] as number
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    return Number(BigInt.asIntN(64, value))
  }
  while (at < bytes.length) {
    const tag = readVarint()
    const [number, kind] = [Math.floor(tag / 8), tag % 8]
    if (kind === VARINT) yield { number, value: readVarint() }
    else if (kind === BYTES) {
      const length = readVarint()
      yield { number, value: bytes.subarray(at, at + length) }
      at += length
    } else if (kind === FIXED64 && at + 8 <= bytes.length) {
      yield { number, value: view.getFloat64(at, true) }
      at += 8
    } else if (kind === FIXED32 && at + 4 <= bytes.length) {
      yield { number, value: view.getFloat32(at, true) }
      at += 4
    } else return
  }
}
