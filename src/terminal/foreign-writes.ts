/** What can be written to. */
export interface Sink {
  write(text: string, written?: (error?: Error | null) => void): unknown
}

/** A stream on which the writes of others are noticed. */
export interface Interception {
  /** Writes without being noticed. */
  readonly write: Sink['write']
  /** Lets the stream be as it was. */
  readonly restore: () => void
}

/**
 * Notices what others write to a stream, such as user code with `console.log`, right before it is written. What they
 * write goes where it would have gone, at once.
 * @param onForeign - Is given what is about to be written. Must not throw.
 * @returns Undefined for a stream that cannot be changed.
 */
export function intercept(stream: Sink, onForeign: (chunk: unknown) => void): Interception | undefined {
  const original = stream.write
  const isOwn = Object.hasOwn(stream, 'write')
  let isActive = true
  const write: Sink['write'] = (...args) => {
    if (isActive) onForeign(args[0])
    return original.apply(stream, args)
  }
  // A frozen stream refuses.
  if (!Reflect.set(stream, 'write', write)) return undefined
  return {
    write: (...args) => original.apply(stream, args),
    restore() {
      isActive = false
      // Whoever has put something over it since keeps that, and is only passed on.
      if (stream.write !== write) return
      if (isOwn) stream.write = original
      else Reflect.deleteProperty(stream, 'write')
    },
  }
}
