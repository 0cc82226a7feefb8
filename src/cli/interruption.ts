import type { Tuner } from '../tuner/tuner.ts'
import { Page } from './page.ts'
import { EXIT, type Shell } from './shell.ts'

/**
 * Ctrl-C and its kin while an experiment runs: once lets what runs come to its end, twice interrupts it, a third time
 * leaves without waiting for anybody. SIGTERM is as good as twice.
 */
export class Interruption {
  readonly #tuner: Tuner<unknown>
  readonly #shell: Shell
  readonly #page: Page
  readonly #unlisten: () => void
  #demands = 0

  constructor(tuner: Tuner<unknown>, shell: Shell) {
    this.#tuner = tuner
    this.#shell = shell
    this.#page = new Page(shell, shell.stderr)
    this.#unlisten = shell.onSignal((signal) => this.#demand(signal === 'SIGTERM' ? 2 : 1))
  }

  /** Whether somebody interrupted it. */
  get happened(): boolean {
    return this.#demands > 0
  }

  close(): void {
    this.#unlisten()
  }

  #demand(weight: number): void {
    const before = this.#demands
    this.#demands = before === 0 ? weight : before + 1
    switch (this.#demands) {
      case 1:
        this.#say(
          'Stopping: trials that run are let to their ends, none starts. Ctrl-C again to stop at once.',
        )
        void this.#tuner.stop({ graceful: true })
        break
      case 2:
        this.#say('Stopping at once: trials that run are interrupted. Ctrl-C again to leave them behind.')
        void this.#tuner.stop()
        break
      default:
        this.#say('Left.')
        this.#shell.exit(EXIT.interrupted)
    }
  }

  // On a line of its own: the terminal has just printed ^C.
  #say(text: string): void {
    this.#page.print('', this.#page.paint('yellow', text))
  }
}
