import { setTimeout as sleep } from 'node:timers/promises'
import { Turns } from './turns.ts'

/** How a database is connected to, and what to do when it fails. */
export interface ConnectionPorts<Connection> {
  readonly connect: () => Promise<Connection>
  readonly isBroken?: (connection: Connection) => boolean
  readonly close: (connection: Connection) => Promise<void> | void
  /**
   * Milliseconds after which something that failed is worth another try; undefined when it is not.
   * @param tried - How often it was, from 1.
   * @param forMs - For how long.
   */
  readonly pauseMs: (error: unknown, tried: number, forMs: number) => number | undefined
  /** What the user hears in the end. */
  readonly told: (error: unknown) => unknown
}

/** The one connection of a store: made when it is used, and again after `close`; whoever wants it waits for their turn. */
export class OneConnection<Connection> {
  readonly #ports: ConnectionPorts<Connection>
  readonly #turns = new Turns()
  #connection: Connection | undefined

  constructor(ports: ConnectionPorts<Connection>) {
    this.#ports = ports
  }

  /** Works with the connection, once more where that may help. */
  use<T>(work: (connection: Connection) => T | Promise<T>): Promise<T> {
    return this.#turns.take(async () => {
      const beganAt = performance.now()
      for (let tried = 1; ; tried++) {
        try {
          return await work(await this.#connected())
        } catch (error) {
          const pauseMs = this.#ports.pauseMs(error, tried, performance.now() - beganAt)
          if (pauseMs === undefined) throw this.#ports.told(error)
          await sleep(pauseMs)
        }
      }
    })
  }

  close(): Promise<void> {
    return this.#turns.take(async () => {
      const connection = this.#connection
      this.#connection = undefined
      if (connection !== undefined) await this.#ports.close(connection)
    })
  }

  async #connected(): Promise<Connection> {
    const { connect, isBroken } = this.#ports
    if (this.#connection === undefined || isBroken?.(this.#connection) === true)
      this.#connection = await connect()
    return this.#connection
  }
}
