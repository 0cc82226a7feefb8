import { asError } from '../../errors.ts'
import { Breach } from './breach.ts'
import { CALLS } from './watched-searcher.ts'

/**
 * What another process reads of a saved state that was kept in a store: a copy by `structuredClone`, and, where the host
 * is Node, written as bytes and read again.
 * @throws {Breach} when it cannot be copied.
 */
export function keptCopy(saved: unknown): unknown {
  try {
    const copy: unknown = structuredClone(saved)
    const v8 = globalThis.process?.getBuiltinModule?.('node:v8')
    return v8 === undefined ? copy : v8.deserialize(v8.serialize(copy))
  } catch (cause) {
    const text = `save gave what structuredClone cannot copy: ${asError(cause).message.replace(/\.$/, '')}.`
    throw new Breach(CALLS.saves, text, { cause })
  }
}
