import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A field of a message in Protocol Buffers' wire format: numbers of 64 and 32 bits are left as bytes. */
type Raw = bigint | Buffer

/** What the event files of a folder say, in the order of their names: read here by the formats' own words. */
export interface RunEvents {
  readonly version: string
  /** Points by tag. */
  readonly scalars: Record<string, [step: number, value: number][]>
  /** Steps at which it started again. */
  readonly restarts: number[]
  /** The plugin's messages by tag, undecoded. */
  readonly plugins: Record<string, { readonly plugin: string; readonly content: Buffer }>
  readonly wallTimes: number[]
  /** Points of `loss`, and restarts without a value, in order. */
  readonly steps: { readonly step: number; readonly value: number | undefined }[]
}

export function eventsIn(folder: string): RunEvents {
  const run = {
    version: '',
    scalars: {},
    restarts: [],
    plugins: {},
    wallTimes: [],
    steps: [],
  } as RunEvents & {
    version: string
  }
  for (const name of readdirSync(folder).sort()) {
    if (!/^events\.out\.tfevents\.\d{10}\./.test(name)) continue
    const [first, ...rest] = recordsOf(readFileSync(join(folder, name))).map(readMessage)
    run.version = String(first?.get(3)?.[0])
    for (const event of rest) readEvent(run, event)
  }
  return run
}

function readEvent(run: RunEvents, event: Map<number, Raw[]>): void {
  run.wallTimes.push(bytesOf(event, 1).readDoubleLE())
  const step = Number(event.get(2)?.[0] ?? 0n)
  for (const log of event.get(7) ?? []) {
    if (readMessage(log as Buffer).get(1)?.[0] !== 1n) continue
    run.restarts.push(step)
    run.steps.push({ step, value: undefined })
  }
  for (const summary of event.get(5) ?? []) {
    for (const bytes of readMessage(summary as Buffer).get(1) ?? []) {
      const value = readMessage(bytes as Buffer)
      const tag = String(value.get(1)?.[0])
      const scalar = value.get(2)?.[0] as Buffer | undefined
      if (scalar !== undefined) (run.scalars[tag] ??= []).push([step, scalar.readFloatLE()])
      if (scalar !== undefined && tag === 'loss') run.steps.push({ step, value: scalar.readFloatLE() })
      const metadata = value.get(9)?.[0] as Buffer | undefined
      if (metadata === undefined) continue
      const data = readMessage(bytesOf(readMessage(metadata), 1))
      run.plugins[tag] = { plugin: String(data.get(1)?.[0]), content: bytesOf(data, 2) }
    }
  }
}

/** The parameters of a `session_start_info`. */
export function parametersIn(content: Buffer): Record<string, unknown> {
  const info = readMessage(bytesOf(readMessage(content), 3))
  const entries = (info.get(1) ?? []).map((bytes) => {
    const entry = readMessage(bytes as Buffer)
    return [String(entry.get(1)?.[0]), structValue(bytesOf(entry, 2))] as const
  })
  return Object.fromEntries(entries)
}

/** The parameters and metrics of an `experiment`. */
export function experimentIn(content: Buffer) {
  const experiment = readMessage(bytesOf(readMessage(content), 2))
  const types = ['unset', 'string', 'bool', 'float64']
  return {
    name: String(experiment.get(6)?.[0]),
    metrics: (experiment.get(5) ?? []).map((bytes) =>
      String(readMessage(bytesOf(readMessage(bytes as Buffer), 1)).get(2)?.[0]),
    ),
    parameters: (experiment.get(4) ?? []).map((bytes) => {
      const info = readMessage(bytes as Buffer)
      const [list, interval] = [
        info.get(5)?.[0] as Buffer | undefined,
        info.get(6)?.[0] as Buffer | undefined,
      ]
      return {
        name: String(info.get(1)?.[0]),
        type: types[Number(info.get(4)?.[0] ?? 0n)],
        choices: list && (readMessage(list).get(1) ?? []).map((value) => structValue(value as Buffer)),
        interval: interval && [1, 2].map((i) => bytesOf(readMessage(interval), i).readDoubleLE()),
      }
    }),
  }
}

/** The status of a `session_end_info`. */
export function statusIn(content: Buffer): string | undefined {
  const info = readMessage(bytesOf(readMessage(content), 4))
  return ['unknown', 'success', 'failure', 'running'][Number(info.get(1)?.[0])]
}

function structValue(bytes: Buffer): unknown {
  const value = readMessage(bytes)
  const [number, text, truth] = [2, 3, 4].map((field) => value.get(field)?.[0])
  if (number !== undefined) return (number as Buffer).readDoubleLE()
  return text === undefined ? truth === 1n : String(text)
}

function recordsOf(bytes: Buffer): Buffer[] {
  const records: Buffer[] = []
  // What is left over at the end is a record that a crash has torn.
  for (let at = 0; at + 16 <= bytes.length;) {
    const length = Number(bytes.readBigUInt64LE(at))
    if (at + 16 + length > bytes.length) break
    const data = bytes.subarray(at + 12, at + 12 + length)
    checkSum(bytes.subarray(at, at + 8), bytes.readUInt32LE(at + 8))
    checkSum(data, bytes.readUInt32LE(at + 12 + length))
    records.push(data)
    at += 16 + length
  }
  return records
}

function checkSum(bytes: Buffer, masked: number): void {
  const turned = (masked - 0xa2_82_ea_d8) >>> 0
  const sum = ((turned >>> 17) | (turned << 15)) >>> 0
  if (sum !== castagnoli(bytes)) throw new Error('A checksum does not fit.')
}

/** CRC-32C, bit by bit. */
export function castagnoli(bytes: Uint8Array): number {
  let rest = 0xff_ff_ff_ff
  for (const byte of bytes) {
    rest ^= byte
    for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0x82_f6_3b_78 : rest >>> 1
  }
  return ~rest >>> 0
}

/** The first value of a field that is there, as bytes. */
function bytesOf(message: Map<number, Raw[]>, field: number): Buffer {
  const value = message.get(field)?.[0]
  if (!Buffer.isBuffer(value)) throw new Error(`There are no bytes in field ${field}.`)
  return value
}

function readMessage(bytes: Buffer): Map<number, Raw[]> {
  const fields = new Map<number, Raw[]>()
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes.readUInt8(at++)
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  const take = (length: number): Buffer => bytes.subarray(at, (at += length))
  while (at < bytes.length) {
    const tag = Number(varint())
    const kind = tag & 7
    const value = kind === 0 ? varint() : take(kind === 1 ? 8 : kind === 5 ? 4 : Number(varint()))
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), value])
  }
  return fields
}
