/**
 * Calls `fn` in a task of its own, after all promise reactions that are due.
 * `setImmediate` where there is one; a message channel elsewhere, since browsers hold `setTimeout(fn, 0)` back for 4 ms.
 */
export const macrotask: (fn: () => void) => void =
  typeof globalThis.setImmediate === 'function' ? (fn) => void globalThis.setImmediate(fn) : throughChannel()

/** Resolves in a task of its own, after all promise reactions that are due. */
export function nextMacrotask(): Promise<void> {
  return new Promise((resolve) => macrotask(resolve))
}

function throughChannel(): (fn: () => void) => void {
  let channel: MessageChannel | undefined
  const waiting: (() => void)[] = []
  return (fn) => {
    if (channel === undefined) {
      channel = new MessageChannel()
      channel.port1.onmessage = () => waiting.shift()?.()
    }
    waiting.push(fn)
    channel.port2.postMessage(undefined)
  }
}

/** Milliseconds of real time, from some moment on. */
export function realNow(): number {
  return performance.now()
}
