import process, { cwd, env, exit, stderr, stdout } from 'node:process'
import { openStore } from '../stores/open-store.ts'
import { main } from './main.ts'
import type { EndSignal, Shell } from './shell.ts'

const SIGNALS: readonly EndSignal[] = ['SIGINT', 'SIGTERM']

/** The shell that this process was started from. */
export const nodeShell: Shell = {
  stdout,
  stderr,
  env,
  cwd: cwd(),
  now: () => Date.now(),
  openStore,
  onSignal(listener) {
    for (const signal of SIGNALS) process.on(signal, listener)
    return () => {
      for (const signal of SIGNALS) process.off(signal, listener)
    }
  },
  exit,
}

/** Runs a command line, and ends this process with its code. */
export async function runInProcess(argv: readonly string[], shell: Shell): Promise<void> {
  // A reader that has seen enough, such as head, is no failure.
  stdout.on('error', (error: Error & { readonly code?: string }) => {
    if (error.code !== 'EPIPE') throw error
    exit(0)
  })
  const code = await main(argv, shell)
  // Whatever user code has left open is not waited for. What is on its way to a pipe is.
  stdout.write('', () => stderr.write('', () => exit(code)))
}
