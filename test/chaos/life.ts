import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** A report that the victim says was acknowledged. */
export interface Acknowledged {
  readonly trial: number
  readonly iteration: number
  /** Milliseconds since 1970. */
  readonly at: number
  readonly loss: number
}

/** One process of the victim, from its start to its end. */
export interface Life {
  readonly acknowledged: readonly Acknowledged[]
  /** Milliseconds since 1970 at which it was killed; undefined when it ended before that. */
  readonly killedAt: number | undefined
  readonly lastLine: string
  readonly exitCode: number | null
  readonly errors: string
}

/** When it is killed: so many milliseconds after it said a line that begins so. */
export interface Moment {
  readonly after: 'up' | 'ack'
  readonly ms: number
}

/**
 * Lets the victim live, and ends it as `kill -9` does.
 * @param args - The program, and what it is told.
 * @param moment - Never, when undefined.
 */
export async function live(args: readonly string[], moment: Moment | undefined): Promise<Life> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const acknowledged: Acknowledged[] = []
  let killedAt: number | undefined
  let timer: NodeJS.Timeout | undefined
  let lastLine = ''
  let errors = ''
  child.stderr.on('data', (text) => (errors += String(text)))
  createInterface({ input: child.stdout }).on('line', (line) => {
    lastLine = line
    const [what, trial, iteration, at, loss] = line.split(' ')
    if (what === 'ack')
      acknowledged.push({
        trial: Number(trial),
        iteration: Number(iteration),
        at: Number(at),
        loss: Number(loss),
      })
    if (what === moment?.after)
      timer ??= setTimeout(() => {
        const now = Date.now()
        if (child.kill('SIGKILL')) killedAt = now
      }, moment?.ms)
  })
  // Not before all that it said has been read.
  await new Promise((resolve) => child.once('close', resolve))
  clearTimeout(timer)
  // It may have ended by itself in the very moment.
  if (child.signalCode !== 'SIGKILL') killedAt = undefined
  return { acknowledged, killedAt, lastLine, exitCode: child.exitCode, errors }
}
