import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** What stands between a client and a PostgreSQL server. */
export interface LosingProxy {
  /** The same as that of the server, but through here. */
  readonly url: string
  /** The next COMMIT comes to the server, and the connection breaks before the answer comes back. */
  loseNextCommit(): void
  lostCount(): number
  stop(): void
}

export async function startProxy(url: string): Promise<LosingProxy> {
  const { hostname, port } = new URL(url)
  const sockets = new Set<Socket>()
  let isToLose = false
  let lostCount = 0
  const proxy = createServer((client) => {
    const server = connect(Number(port), hostname)
    let isLosing = false
    for (const socket of [client, server]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    client.on('data', (data) => {
      if (isToLose && data.includes('COMMIT')) {
        isToLose = false
        isLosing = true
      }
      server.write(data)
    })
    server.on('data', (data) => {
      if (!isLosing) return void client.write(data)
      lostCount++
      client.destroy()
      server.destroy()
    })
    client.on('close', () => server.destroy())
    server.on('close', () => client.destroy())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  return {
    url: url.replace(`:${port}`, `:${(proxy.address() as AddressInfo).port}`),
    loseNextCommit: () => void (isToLose = true),
    lostCount: () => lostCount,
    stop() {
      proxy.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
