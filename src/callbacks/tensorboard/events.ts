import {
  doubleField,
  type Field,
  floatField,
  message,
  messageField,
  textField,
  varintField,
} from './protobuf.ts'

// Fields of `Event`, tensorflow/core/util/event.proto.
const WALL_TIME = 1
const STEP = 2
const FILE_VERSION = 3
const SUMMARY = 5
const SESSION_LOG = 7

// Of `Summary` and its values, tensorflow/core/framework/summary.proto.
const VALUE = 1
const TAG = 1
const SIMPLE_VALUE = 2

/** The first event of every file. */
export function versionEvent(wallMs: number): Uint8Array {
  return message([doubleField(WALL_TIME, wallMs / 1000), textField(FILE_VERSION, 'brain.Event:2')])
}

/** Numbers by tag, at one step. TensorBoard keeps 32 bits of each. */
export function scalarsEvent(
  wallMs: number,
  step: number,
  scalars: Iterable<readonly [tag: string, value: number]>,
): Uint8Array {
  const values = Array.from(scalars, ([tag, value]) =>
    messageField(VALUE, [textField(TAG, tag), floatField(SIMPLE_VALUE, value)]),
  )
  return event(wallMs, step, [messageField(SUMMARY, values)])
}

/** One value of a summary, made elsewhere. */
export function summaryEvent(wallMs: number, value: readonly Field[]): Uint8Array {
  return event(wallMs, 0, [messageField(SUMMARY, [messageField(VALUE, value)])])
}

/** From here on it starts again at this step: what was there from it on did not happen. */
export function restartEvent(wallMs: number, step: number): Uint8Array {
  const start = 1
  return event(wallMs, step, [messageField(SESSION_LOG, [varintField(1, start)])])
}

function event(wallMs: number, step: number, fields: readonly Field[]): Uint8Array {
  return message([doubleField(WALL_TIME, wallMs / 1000), varintField(STEP, step), ...fields])
}
